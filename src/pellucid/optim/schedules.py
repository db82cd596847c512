"""Schedules: each one a closed formula of the step count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from pellucid.errors import OptionError
from pellucid.ops.arithmetic import clip
from pellucid.ops.comparison import where
from pellucid.ops.elementwise import floor
from pellucid.optim.groups import BELOW_ONE, NOT_NEGATIVE, POSITIVE, UNIT, Group, whole, within
from pellucid.optim.optimizer import Optimizer
from pellucid.optim.scheduler import LRScheduler, by_cosine, by_line
from pellucid.tensor import Tensor


class StepLR(LRScheduler):
    """The rate times gamma after every `step_size` steps.

    Math: lr(t) = lr · gamma^⌊t/step_size⌋

    >>> from pellucid.optim.sgd import SGD
    >>> from pellucid.tensor import Parameter
    >>> StepLR(SGD([Parameter([1.0])], lr=0.8), step_size=2, gamma=0.5).lr_at([0, 1, 2, 3, 4])
    array([0.8, 0.8, 0.4, 0.4, 0.2])
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size = whole("StepLR", "step_size", step_size)
        self.gamma = within(NOT_NEGATIVE, "StepLR", "gamma", gamma)
        super().__init__(optimizer)

    def formula(self, lr: Tensor, step: Tensor) -> Tensor:
        return lr * self.gamma ** floor(step / self.step_size)


class CosineAnnealingLR(LRScheduler):
    """Half a cosine wave down from the rate to `eta_min` in `T_max` steps; it goes up again after that.

    Math:      lr(t) = eta_min + (lr - eta_min) · (1 + cos(π·t/T_max))/2
    Reference: I. Loshchilov, F. Hutter, "SGDR: Stochastic gradient descent with warm restarts", 2017

    >>> from pellucid.optim.sgd import SGD
    >>> from pellucid.tensor import Parameter
    >>> CosineAnnealingLR(SGD([Parameter([1.0])], lr=0.8), T_max=2).lr_at([0, 1, 2]).round(9)
    array([0.8, 0.4, 0. ])
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max = whole("CosineAnnealingLR", "T_max", T_max)
        self.eta_min = within(NOT_NEGATIVE, "CosineAnnealingLR", "eta_min", eta_min)
        super().__init__(optimizer)

    def formula(self, lr: Tensor, step: Tensor) -> Tensor:
        return by_cosine(lr, self.eta_min, step / self.T_max)


class LinearLR(LRScheduler):
    """A straight line between two multiples of the rate, which then stays: warm-up, mostly.

    Math: lr(t) = lr · (start_factor + (end_factor - start_factor) · min(t, total_iters)/total_iters)

    >>> from pellucid.optim.sgd import SGD
    >>> from pellucid.tensor import Parameter
    >>> schedule = LinearLR(SGD([Parameter([1.0])], lr=0.8), start_factor=0.5, total_iters=2)
    >>> schedule.lr_at([0, 1, 2, 3]).round(9)
    array([0.4, 0.6, 0.8, 0.8])
    """

    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1 / 3, end_factor: float = 1.0, total_iters: int = 5
    ) -> None:
        self.start_factor = within(NOT_NEGATIVE, "LinearLR", "start_factor", start_factor)
        self.end_factor = within(NOT_NEGATIVE, "LinearLR", "end_factor", end_factor)
        self.total_iters = whole("LinearLR", "total_iters", total_iters)
        super().__init__(optimizer)

    def formula(self, lr: Tensor, step: Tensor) -> Tensor:
        return lr * by_line(self.start_factor, self.end_factor, clip(step / self.total_iters, None, 1.0))


class SequentialLR(LRScheduler):
    """One schedule after the other: the next takes over at each milestone and counts from 0 there.

    >>> from pellucid.optim.sgd import SGD
    >>> from pellucid.tensor import Parameter
    >>> optimizer = SGD([Parameter([1.0])], lr=0.8)
    >>> warm_up = LinearLR(optimizer, start_factor=0.5, total_iters=2)
    >>> cosine = CosineAnnealingLR(optimizer, T_max=2)
    >>> SequentialLR(optimizer, [warm_up, cosine], milestones=[2]).lr_at(range(5)).round(9)
    array([0.4, 0.6, 0.8, 0.4, 0. ])
    """

    def __init__(self, optimizer: Optimizer, schedulers: Sequence[LRScheduler], milestones: Sequence[int]) -> None:
        self.schedulers, self.milestones = list(schedulers), [0, *milestones]
        self._check(optimizer)
        super().__init__(optimizer)

    def formula(self, lr: Tensor, step: Tensor) -> Tensor:
        rate = self.schedulers[0].formula(lr, step)
        for start, schedule in zip(self.milestones[1:], self.schedulers[1:], strict=True):
            rate = where(step < start, rate, schedule.formula(lr, step - start))
        return rate

    def _check(self, optimizer: Optimizer) -> None:
        starts = self.milestones
        if not self.schedulers or len(starts) != len(self.schedulers):
            given = f"{len(self.schedulers)} schedules and {len(starts) - 1} milestones"
            raise OptionError(f"SequentialLR: got {given}; give one milestone between every two schedules")
        if any(a >= b for a, b in pairwise(starts)):
            raise OptionError(f"SequentialLR: milestones is {starts[1:]}; give growing step counts above 0")
        for schedule in self.schedulers:
            name = type(schedule).__name__
            if schedule.optimizer is not optimizer:
                raise OptionError(f"SequentialLR: {name} was made for another optimizer; give all the same one")
            if schedule.varies != ("lr",):
                raise OptionError(f"SequentialLR: {name} changes more than lr; give it cycle_momentum=False")


class OneCycleLR(LRScheduler):
    """Up from a low rate to `max_lr` and down to almost nothing; the momentum goes the other way.

    Math:      from max_lr/div_factor to max_lr in the first pct_start of the steps, then down to
               max_lr/(div_factor·final_div_factor); with three_phase first down as fast as up.
               Adam's beta1 counts as momentum; cycle_momentum=False leaves it alone.
    Raises:    OptionError when neither total_steps nor epochs and steps_per_epoch are given, or an option is
               out of its range
    Note:      after the last step the rate stays where it is.
    Reference: L. Smith, N. Topin, "Super-convergence: very fast training of neural networks using large
               learning rates", 2017

    >>> from pellucid.optim.sgd import SGD
    >>> from pellucid.tensor import Parameter
    >>> optimizer = SGD([Parameter([1.0])], lr=0.1, momentum=0.9)
    >>> OneCycleLR(optimizer, 0.8, total_steps=5, pct_start=0.6, div_factor=8).lr_at([0, 1, 2, 3]).round(3)
    array([0.1 , 0.45, 0.8 , 0.4 ])
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ) -> None:
        total = _total(total_steps, epochs, steps_per_epoch)
        up = within(UNIT, "OneCycleLR", "pct_start", pct_start) * total
        div = within(POSITIVE, "OneCycleLR", "div_factor", div_factor)
        final_div = within(POSITIVE, "OneCycleLR", "final_div_factor", final_div_factor)
        low = within(BELOW_ONE, "OneCycleLR", "base_momentum", base_momentum)
        high = within(BELOW_ONE, "OneCycleLR", "max_momentum", max_momentum)
        if anneal_strategy not in CURVES:
            raise OptionError(f"OneCycleLR: anneal_strategy is {anneal_strategy!r}; give 'cos' or 'linear'")
        self.curve = CURVES[anneal_strategy]
        # A phase ends at each of `ends` and leads from a mark to the next; rates are multiples of the first.
        self.ends = [up - 1, 2 * up - 2, total - 1] if three_phase else [up - 1, total - 1]
        self.rates = [1, div, 1, 1 / final_div] if three_phase else [1, div, 1 / final_div]
        self.momenta = [high, low, high, high][: len(self.rates)]
        starts = [rate / div for rate in _rates(optimizer, max_lr)]
        if cycle_momentum:
            self.varies = ("lr", _momentum_name(optimizer))
        for group, start in zip(optimizer.param_groups, starts, strict=True):
            group.initial_lr.assign(Tensor(np.float64(start)))
        super().__init__(optimizer)

    def formula(self, lr: Tensor, step: Tensor) -> Tensor:
        return lr * self._along(self.rates, step)

    def values(self, group: Group, step: Tensor) -> dict[str, Tensor]:
        momenta = {name: self._along(self.momenta, step) for name in self.varies[1:]}
        return {**super().values(group, step), **momenta}

    def _along(self, marks: Sequence[float], step: Tensor) -> Tensor:
        """The point on the way over the marks: in which phase the step is, and how far in it."""
        value, start = None, 0.0
        for end, (mark, following) in zip(self.ends, pairwise(marks), strict=True):
            part = clip((step - start) / ((end - start) or 1.0), None, 1.0)
            here = self.curve(mark, following, part)
            value = here if value is None else where(step <= start, value, here)
            start = end
        assert value is not None, "there are two phases at least"
        return value


CURVES: dict[str, Callable[[Any, Any, Tensor], Tensor]] = {"cos": by_cosine, "linear": by_line}


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total_steps is not None:
        return whole("OneCycleLR", "total_steps", total_steps)
    if epochs is None or steps_per_epoch is None:
        raise OptionError("OneCycleLR: it has no length; give total_steps, or epochs and steps_per_epoch")
    return whole("OneCycleLR", "epochs", epochs) * whole("OneCycleLR", "steps_per_epoch", steps_per_epoch)


def _rates(optimizer: Optimizer, max_lr: float | Sequence[float]) -> list[float]:
    """One highest rate for each group."""
    count = len(optimizer.param_groups)
    rates = list(max_lr) if isinstance(max_lr, list | tuple) else [max_lr] * count
    if len(rates) != count:
        raise OptionError(f"OneCycleLR: max_lr has {len(rates)} rates for {count} groups; give one for each")
    return [within(NOT_NEGATIVE, "OneCycleLR", "max_lr", rate) for rate in rates]


def _momentum_name(optimizer: Optimizer) -> str:
    for name in ("beta1", "momentum"):
        if name in optimizer.param_groups[0]:
            return name
    raise OptionError(f"OneCycleLR: {optimizer.name} has no momentum to cycle; give cycle_momentum=False")
