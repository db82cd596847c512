"""The books' optimisers: `update(params, grads)` changes the arrays of params in place.

Each is one formula for one parameter, `rule`. Written with operators, it holds for arrays and for Tensors: `update`
runs it on the arrays as they are, since a compiled function would first make new ones; a training step that is compiled
whole can have it inside.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 6.1, and its common/optimizer.py
"""

from __future__ import annotations

import math
from collections.abc import Mapping, MutableMapping
from typing import Any

import numpy as np

from pellucid.errors import DTypeError, ShapeError
from pellucid.tensor import Tensor

TINY = 1e-7
"""What keeps a root that is 0 from being divided by."""

BLOCK = 2**13
"""Numbers that are updated at once: Adam's step on 430,000 weights takes half the time of whole arrays."""


class Optimizer:
    """What they share. A subclass names what it keeps for each parameter (`slots`) and writes `numbers` and `rule`."""

    slots: tuple[str, ...] = ()

    def __init__(self, lr: float) -> None:
        self.lr = lr
        for slot in self.slots:
            setattr(self, slot, None)

    def numbers(self) -> tuple[float, ...]:
        """The numbers that `rule` takes, for the step that is to come."""
        return (self.lr,)

    def next_numbers(self) -> tuple[float, ...]:
        """The numbers of one step more."""
        return self.numbers()

    def rule(self, *args: Any, **named: Any) -> tuple[Any, ...]:
        """What is to be added to a parameter, and its new slots, from its gradient, slots and numbers in this order."""
        raise NotImplementedError

    def update(self, params: MutableMapping[str, Any], grads: Mapping[str, Any]) -> None:
        """One step. Plain numbers among params are replaced, since they cannot be changed in place.

        Raises: KeyError when grads lacks one of params; ShapeError when a gradient does not have its parameter's
                shape; DTypeError for a parameter of integers
        """
        weights = {key: _weight(self, key, w) for key, w in params.items()}
        slopes = {key: _slope(self, key, grads[key], w) for key, w in weights.items()}
        self.start(weights)
        numbers = self.next_numbers()
        for key, w in weights.items():
            slots = [getattr(self, slot)[key] for slot in self.slots]
            self._step(w, slopes[key], slots, numbers)
            if w is not params[key]:
                params[key] = float(w)

    def _step(self, w: np.ndarray, g: np.ndarray, slots: list[np.ndarray], numbers: tuple[float, ...]) -> None:
        """One parameter and its slots, in place and block by block: what the formula makes in between stays small."""
        arrays = [w, g, *slots]
        if all(x.flags.c_contiguous for x in (w, *slots)):
            arrays = [x.reshape(-1) for x in arrays]
        for start in range(0, len(arrays[0]), BLOCK):
            some, slope, *kept = (x[start : start + BLOCK] for x in arrays)
            change, *new = self.rule(slope, *kept, *numbers)
            some += change
            for slot, value in zip(kept, new, strict=True):
                slot[...] = value

    def start(self, params: Mapping[str, Any]) -> None:
        """Slots of zeros for each parameter, unless they are there."""
        for slot in self.slots:
            if getattr(self, slot) is None:
                setattr(self, slot, {key: np.zeros(w.shape, w.dtype) for key, w in params.items()})


def _weight(optimizer: Optimizer, key: str, w: Any) -> np.ndarray:
    """The parameter as an array of floats."""
    array = np.asarray(w)
    if array.dtype.kind == "f":
        return array
    if isinstance(w, np.ndarray):
        name = type(optimizer).__name__
        raise DTypeError(f"{name}: params[{key!r}] is {array.dtype}, into which no step fits; give floats")
    return array.astype(np.float64)


def _slope(optimizer: Optimizer, key: str, g: Any, w: np.ndarray) -> np.ndarray:
    """The gradient as an array of the parameter's shape and dtype."""
    array = np.asarray(g, w.dtype)
    if array.shape != w.shape:
        name = type(optimizer).__name__
        raise ShapeError(f"{name}: params[{key!r}] is {w.shape} but its gradient {array.shape}; they must agree")
    return array


def _sqrt(x: Any) -> Any:
    return x.sqrt() if isinstance(x, Tensor) else np.sqrt(x)


class SGD(Optimizer):
    """Steps against the gradient.

    Math: w ← w - lr·g

    >>> params = {"W": np.array([1.0, 2.0])}
    >>> SGD(lr=0.5).update(params, {"W": np.array([1.0, -1.0])})
    >>> params["W"]
    array([0.5, 2.5])
    """

    def __init__(self, lr: float = 0.01) -> None:
        super().__init__(lr)

    def rule(self, g: Any, lr: Any) -> tuple[Any, ...]:
        return (-lr * g,)


class Momentum(Optimizer):
    """Steps with a velocity, as of a ball that rolls downhill.

    Math: v ← momentum·v - lr·g, w ← w + v
    """

    slots = ("v",)

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__(lr)
        self.momentum = momentum

    def numbers(self) -> tuple[float, ...]:
        return self.lr, self.momentum

    def rule(self, g: Any, v: Any, lr: Any, momentum: Any) -> tuple[Any, ...]:
        v = momentum * v - lr * g
        return v, v


class Nesterov(Momentum):
    """Momentum whose gradient is that of the place to which the velocity is about to lead.

    Math: w ← w + momentum²·v - (1 + momentum)·lr·g, v ← momentum·v - lr·g
    Note: the w of the books' code is the place looked ahead to, so that its step has the v from before. The first
          copies of common/optimizer.py change v before w, which follows the newest gradient 1.8 times as far
    Reference: Y. Bengio, N. Boulanger-Lewandowski, R. Pascanu, "Advances in optimizing recurrent networks", 2012
    """

    def rule(self, g: Any, v: Any, lr: Any, momentum: Any) -> tuple[Any, ...]:
        return momentum * momentum * v - (1 + momentum) * lr * g, momentum * v - lr * g


class AdaGrad(Optimizer):
    """Steps that become smaller for each weight by itself, the more it has moved.

    Math: h ← h + g², w ← w - lr·g/(√h + 1e-7)
    """

    slots = ("h",)

    def __init__(self, lr: float = 0.01) -> None:
        super().__init__(lr)

    def rule(self, g: Any, h: Any, lr: Any) -> tuple[Any, ...]:
        h = h + g * g
        return -lr * g / (_sqrt(h) + TINY), h


class RMSprop(Optimizer):
    """AdaGrad that forgets: h is a running mean.

    Math: h ← decay_rate·h + (1 - decay_rate)·g², w ← w - lr·g/(√h + 1e-7)
    """

    slots = ("h",)

    def __init__(self, lr: float = 0.01, decay_rate: float = 0.99) -> None:
        super().__init__(lr)
        self.decay_rate = decay_rate

    def numbers(self) -> tuple[float, ...]:
        return self.lr, self.decay_rate, 1 - self.decay_rate

    def rule(self, g: Any, h: Any, lr: Any, decay_rate: Any, rest: Any) -> tuple[Any, ...]:
        h = decay_rate * h + rest * g * g
        return -lr * g / (_sqrt(h) + TINY), h


class Adam(Optimizer):
    """Momentum and a step of its own for each weight. `iter` counts the steps.

    Math: m ← m + (1 - beta1)·(g - m), v ← v + (1 - beta2)·(g² - v)
          w ← w - lr_t·m/(√v + 1e-7), lr_t = lr·√(1 - beta2ᵗ)/(1 - beta1ᵗ) at step t
    Note: 1e-7 is added to √v and not to its corrected value: not quite `pellucid.optim.Adam`
    """

    slots = ("m", "v")

    def __init__(self, lr: float = 0.001, beta1: float = 0.9, beta2: float = 0.999) -> None:
        super().__init__(lr)
        self.beta1, self.beta2, self.iter = beta1, beta2, 0

    def next_numbers(self) -> tuple[float, ...]:
        self.iter += 1
        return self.numbers()

    def numbers(self) -> tuple[float, ...]:
        step = max(self.iter, 1)
        rate = self.lr * math.sqrt(1.0 - self.beta2**step) / (1.0 - self.beta1**step)
        return rate, 1 - self.beta1, 1 - self.beta2

    def rule(self, g: Any, m: Any, v: Any, rate: Any, rest1: Any, rest2: Any) -> tuple[Any, ...]:
        m = m + rest1 * (g - m)
        v = v + rest2 * (g * g - v)
        return -rate * m / (_sqrt(v) + TINY), m, v
