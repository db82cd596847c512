"""Views of buffers lie where NumPy's views lie."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pellucid.engines.native.memory import Buffer, Space, View, contiguous_strides, merged_axes

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


def read(view: View, memory: np.ndarray) -> np.ndarray:
    steps = [s * memory.itemsize for s in view.strides]
    return np.lib.stride_tricks.as_strided(memory[view.offset :], view.shape, steps)


def whole(shape):
    array = np.arange(int(np.prod(shape)), dtype=np.int64)
    return View(Buffer(Space.ARENA, array.nbytes), array.dtype, shape, contiguous_strides(shape)), array


@given(SHAPES, st.data())
def test_views_lie_where_numpy_has_them(shape, data):
    view, memory = whole(shape)
    array = memory.reshape(shape)
    axes = data.draw(st.permutations(range(len(shape))))
    view, array = view.transpose(axes), array.transpose(axes)
    slices = [data.draw(st.sampled_from([(0, n, 1), (n - 1, n, -1), (0, 1, 1), (n - 1, 1, 1)])) for n in array.shape]
    view = view.slice(slices)
    array = array[tuple(slice(a, a + c * s if a + c * s >= 0 else None, s) for a, c, s in slices)]
    np.testing.assert_array_equal(read(view, memory), array)
    flat = view.reshape((array.size,))
    if flat is not None:
        np.testing.assert_array_equal(read(flat, memory), array.reshape(-1))


@given(SHAPES)
def test_axes_that_lie_behind_one_another_become_one(shape):
    strides = contiguous_strides(shape)
    sizes, (merged,) = merged_axes(shape, [strides])
    assert (sizes, merged) == (([int(np.prod(shape))], [1]) if np.prod(shape) > 1 else ([], []))
