"""Where a value lies: Buffers, and Views of them.

A View is a shape with strides over a Buffer, as a NumPy array is. Reshapes, transposes, broadcasts and slices are
other Views of the same Buffer and cost nothing; only a kernel that cannot take strides asks for a copy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from pellucid.graph import Shape


class Space(IntEnum):
    """The same numbers as in native/plan.hpp."""

    ARENA = 0
    INPUT = 1
    OUTPUT = 2
    CONSTANT = 3
    LOCAL = 4


@dataclass(eq=False)
class Buffer:
    """Contiguous memory: a part of the arena or of the constants, one input or output of the graph, or a thread's own.

    What a block of rows leaves for others is a part of a whole buffer: `start` bytes from its beginning for the first
    block, `nbytes` further for each one after that.
    """

    space: Space
    nbytes: int
    index: int = 0
    offset: int = 0  # in bytes; the allocator fills it in for the arena and for what is a thread's own
    whole: Buffer | None = None
    start: int = 0


@dataclass(frozen=True, eq=False)
class View:
    """A shape over a buffer. Offset, strides and step, from one block of rows to the next, count elements."""

    buffer: Buffer
    dtype: np.dtype
    shape: Shape
    strides: Shape
    offset: int = 0
    step: int = 0

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def is_contiguous(self, order: Sequence[int] | None = None) -> bool:
        """Whether the elements lie one after the other, with the axes in this order (outermost first)."""
        expected = 1
        for axis in reversed(range(len(self.shape)) if order is None else order):
            if self.shape[axis] != 1 and self.strides[axis] != expected:
                return False
            expected *= self.shape[axis]
        return True

    def lies_as(self, other: View) -> bool:
        """Whether the elements of two views of one shape lie at the same distances from each other."""
        triples = zip(self.shape, self.strides, other.strides, strict=True)
        return self.shape == other.shape and all(a == b for n, a, b in triples if n != 1)

    def transpose(self, axes: Sequence[int]) -> View:
        return replace(self, shape=tuple(self.shape[a] for a in axes), strides=tuple(self.strides[a] for a in axes))

    def broadcast_to(self, shape: Shape) -> View:
        missing = len(shape) - len(self.shape)
        strides = [0 if n == 1 else s for n, s in zip(self.shape, self.strides, strict=True)]
        return replace(self, shape=shape, strides=(0,) * missing + tuple(strides))

    def slice(self, slices: Sequence[tuple[int, int, int]]) -> View:
        """Of each axis: start, count, step."""
        offset = self.offset + sum(
            start * s for (start, count, _), s in zip(slices, self.strides, strict=True) if count
        )
        strides = tuple(step * s for (_, _, step), s in zip(slices, self.strides, strict=True))
        return replace(self, shape=tuple(count for _, count, _ in slices), strides=strides, offset=offset)

    def reshape(self, shape: Shape) -> View | None:
        """The view of another shape in C order, or None where the elements do not lie so that there is one."""
        if self.size == 0:
            return replace(self, shape=shape, strides=contiguous_strides(shape))
        strides = _reshaped_strides(self, shape)
        return None if strides is None else replace(self, shape=shape, strides=strides)


def contiguous_strides(shape: Shape, order: Sequence[int] | None = None) -> Shape:
    """The strides of a shape whose axes lie in this order (outermost first)."""
    strides, step = [0] * len(shape), 1
    for axis in reversed(range(len(shape)) if order is None else order):
        strides[axis] = step
        step *= shape[axis]
    return tuple(strides)


def _reshaped_strides(view: View, shape: Shape) -> Shape | None:
    # Each new axis must lie within one of the old, once these are merged. (NumPy, asked by an array of these strides
    # without memory, copies before it refuses, and reads what is not there.)
    sizes, (steps,) = merged_axes(view.shape, [view.strides])
    strides, size, step = [], 1, 1
    for n in reversed(shape):
        if n > 1 and size == 1:
            size, step = sizes.pop(), steps.pop()
        if size % n:
            return None
        strides.append(step)
        size, step = size // n, step * n
    return tuple(reversed(strides))


def merged_axes(shape: Sequence[int], strides: Sequence[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
    """The same iteration in as few axes as there can be: sizes, and the strides of each operand.

    >>> merged_axes((2, 3, 4), [(12, 4, 1), (12, 4, 1)])
    ([24], [[1], [1]])
    """
    sizes: list[int] = []
    merged: list[list[int]] = [[] for _ in strides]
    for axis, n in enumerate(shape):
        if n == 1:
            continue
        steps = [operand[axis] for operand in strides]
        if sizes and all(m[-1] == n * s for m, s in zip(merged, steps, strict=True)):
            sizes[-1] *= n
            for m, s in zip(merged, steps, strict=True):
                m[-1] = s
        else:
            sizes.append(n)
            for m, s in zip(merged, steps, strict=True):
                m.append(s)
    return sizes, merged
