"""A case: one use of a primitive or an operation, with its inputs and what must come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pellucid.graph import Primitive
from pellucid.operators import OPERATIONS
from pellucid.tensor import Tensor, apply


@dataclass(frozen=True)
class Input:
    """One input of a case: numbers drawn for a shape, or given ones."""

    shape: tuple[int, ...] = ()
    low: float = -2.0
    high: float = 2.0
    dtype: str | None = None  # None: the float dtype under test
    value: Any = None

    def draw(self, rng: np.random.Generator, dtype: str, position: int) -> np.ndarray:
        if self.value is not None:
            return np.array(self.value, self.dtype or dtype)
        if self.dtype is not None:
            return rng.integers(int(self.low), int(self.high), self.shape).astype(self.dtype)
        # Evenly spread and shuffled: no two are equal, none is 0, and no two inputs agree, so that the kinks
        # of abs, max and maximum are farther away than the step of the differences.
        count = int(np.prod(self.shape))
        gap = (self.high - self.low) / max(count, 1)
        at = self.low + gap * (np.arange(count) + 0.3 + 0.17 * position)
        return rng.permutation(at).reshape(self.shape).astype(dtype)


def floats(*shape: int, low: float = -2.0, high: float = 2.0) -> Input:
    """Distinct floats between `low` and `high`, of the dtype under test."""
    return Input(shape, low, high)


def positive(*shape: int) -> Input:
    return Input(shape, 0.4, 3.0)


def integers(*shape: int, low: int = -4, high: int = 5, dtype: str = "int64") -> Input:
    """Integers from `low` to `high` - 1."""
    return Input(shape, low, high, dtype)


def bools(*shape: int) -> Input:
    return Input(shape, 0, 2, "bool")


def given(value: Any, dtype: str | None = None) -> Input:
    """These numbers and no others."""
    return Input(np.shape(value), value=value, dtype=dtype)


@dataclass(frozen=True)
class Case:
    """One use of a primitive, or of an operation composed of primitives.

    oracle:  (*arrays, **options) → the expected result, from NumPy or SciPy
    fixed:   positions of float inputs by which no gradient is taken
    flat:    why its gradient is zero everywhere, where it is; "" where a zero gradient would be a defect
    extreme: whether inf, nan, huge and tiny inputs must give the oracle's result; False: they must not fail
    smooth:  False where there is no gradient at all
    """

    name: str
    inputs: Sequence[Input]
    oracle: Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    fixed: tuple[int, ...] = ()
    flat: str = ""
    extreme: bool = True
    smooth: bool = True
    run: Callable[..., Tensor] | None = None

    def __str__(self) -> str:
        shapes = "x".join(str(x.shape).replace(" ", "") for x in self.inputs)
        return f"{self.name}{shapes}{self.note and '-' + self.note}"

    def __call__(self, *tensors: Tensor) -> Tensor:
        if self.run is not None:
            return self.run(*tensors, **self.options)
        if self.is_primitive:
            return apply(Primitive.registry[self.name], *tensors, **self.options)
        return OPERATIONS[self.name](*tensors, **self.options)

    @property
    def is_primitive(self) -> bool:
        return self.run is None and self.name in Primitive.registry

    @property
    def is_empty(self) -> bool:
        return any(0 in x.shape for x in self.inputs)

    @property
    def is_floating(self) -> bool:
        return any(x.dtype is None for x in self.inputs)

    def slopes(self) -> list[int]:
        """The positions of the inputs by which there is a gradient."""
        return [i for i, x in enumerate(self.inputs) if self.smooth and x.dtype is None and i not in self.fixed]

    def arrays(self, dtype: str) -> list[np.ndarray]:
        """The inputs, the same at each call; read-only, so that a change in place is an error."""
        rng = np.random.default_rng(7)
        return [frozen(x.draw(rng, dtype, i)) for i, x in enumerate(self.inputs)]


def public(name: str, inputs: Sequence[Input], oracle: Callable[..., Any], **more: Any) -> Case:
    """A case of the operation that users call, where a primitive has the same name."""
    return Case(name, inputs, oracle, run=OPERATIONS[name], **{"note": "public", **more})


def frozen(array: Any) -> np.ndarray:
    array = np.asarray(array)
    array.flags.writeable = False
    return array
