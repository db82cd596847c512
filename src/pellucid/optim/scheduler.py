"""What all schedules share: a learning rate that is a function of the step.

Each schedule is one closed formula of the step count, written with Tensor operations on Buffers, so `step()`
can stand inside a compiled training step. Whether a step is a mini-batch or an epoch is the caller's choice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from pellucid.errors import OptionError
from pellucid.ops.elementwise import cos
from pellucid.optim.groups import Group
from pellucid.optim.optimizer import Optimizer
from pellucid.optim.state import fitting, put, take
from pellucid.tensor import Buffer, Tensor, context, no_grad


class LRScheduler:
    """The base of all schedules. One of your own needs `formula`.

    The rate from which a schedule starts is that of the optimiser when it was made, or the last one that was
    set by hand. The schedule then sets the rate, first when it is made (step 0), and at each `step()`. Of the
    schedules of one optimiser only the latest can step; `SequentialLR` makes one of several.

    >>> from pellucid.optim.sgd import SGD
    >>> from pellucid.tensor import Parameter
    >>> class Halving(LRScheduler):
    ...     def formula(self, lr, step):
    ...         return lr * 0.5**step
    >>> optimizer = SGD([Parameter([1.0])], lr=0.8)
    >>> schedule = Halving(optimizer)
    >>> schedule.step()
    >>> optimizer.lr, schedule.lr_at(2)
    (0.4, 0.2)
    """

    varies: tuple[str, ...] = ("lr",)

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        optimizer.schedule = self
        self._count = Buffer(np.float64(0))
        for group in self._groups:
            for name in self.varies:
                group.vary(name)
        self._set()

    def formula(self, lr: Tensor, step: Tensor) -> Tensor:
        """The rate at a step, from the rate at which the schedule starts."""
        raise NotImplementedError(f"{type(self).__name__} has no formula()")

    def values(self, group: Group, step: Tensor) -> dict[str, Tensor]:
        """All options that the schedule sets for a group, by name."""
        return {"lr": self.formula(group.initial_lr, step)}

    def step(self) -> None:
        """Go on by one step, and set the rate.

        Raises: OptionError when another schedule was made for the optimiser since, which sets the rate now
        """
        self._check_latest()
        with no_grad():
            self._count.assign(self._count + 1)
            self._set()

    def lr_at(self, step: Any, group: int = 0) -> Any:
        """The rate at a step, without going there: a float for a number, an array for an array of steps."""
        with no_grad():
            at = Tensor(np.asarray(step, np.float64))
            rates = self.values(self._groups[group], at)["lr"].numpy()
        return rates if rates.ndim else rates.item()

    def get_last_lr(self) -> list[float]:
        """The rate now, of each group."""
        return [group["lr"] for group in self._groups]

    def state_dict(self) -> dict[str, np.ndarray]:
        """The step count and what the schedule has set, by name."""
        return take(self._buffers())

    def load_state_dict(self, arrays: Mapping[str, Any]) -> None:
        """Put back what `state_dict` gave: all of it, or nothing.

        Raises: CheckpointError when it does not fit this schedule
        """
        put(self._buffers(), fitting(type(self).__name__, self._buffers(), arrays))

    @property
    def _groups(self) -> list[Group]:
        return self.optimizer.param_groups

    def _check_latest(self) -> None:
        if context.trace is not None:
            context.trace.guard(lambda: self.optimizer.schedule is self, True, [(self.optimizer, "schedule")])
        if self.optimizer.schedule is not self:
            raise OptionError(
                f"{type(self).__name__}: {type(self.optimizer.schedule).__name__} was made for the same optimizer "
                "later, and only one can set its rate; make one of the two with SequentialLR"
            )

    def _set(self) -> None:
        for group in self._groups:
            for name, value in self.values(group, self._count).items():
                group.varying[name].assign(value)

    def _buffers(self) -> dict[str, Buffer]:
        named = {"step": self._count}
        for i, group in enumerate(self._groups):
            named[f"initial_lr.{i}"] = group.initial_lr
            named |= {f"{name}.{i}": group.varying[name] for name in self.varies}
        return named


# ---- for writing formulas; `part` runs from 0 to 1


def by_cosine(start: Any, end: Any, part: Tensor) -> Tensor:
    """From start to end along half a cosine wave."""
    return end + (start - end) * (1 + cos(math.pi * part)) / 2


def by_line(start: Any, end: Any, part: Tensor) -> Tensor:
    """From start to end along a straight line."""
    return start + (end - start) * part
