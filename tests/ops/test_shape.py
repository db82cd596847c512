"""Operations that move numbers without changing them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pellucid import (
    Tensor,
    add,
    broadcast_to,
    concatenate,
    flatten,
    pad,
    reshape,
    squeeze,
    stack,
    swapaxes,
    transpose,
    unsqueeze,
)
from pellucid.autodiff import gradients
from pellucid.errors import PellucidError, ShapeError
from tests.ops.harness import Case, checks, floats, integers, public


def padded(x: np.ndarray, *, widths, value: float) -> np.ndarray:
    """Element by element: what stands at i in the result stood at i - before, or is `value`."""
    y = np.full([n + b + a for n, (b, a) in zip(x.shape, widths, strict=True)], value, x.dtype)
    for i in np.ndindex(*y.shape):
        source = tuple(k - b for k, (b, _) in zip(i, widths, strict=True))
        if all(0 <= k < n for k, n in zip(source, x.shape, strict=True)):
            y[i] = x[source]
    return y


def moved(name: str, of: tuple[int, ...], oracle, make=floats, **options) -> Case:
    words = "-".join(str(x).replace(" ", "") for x in options.values())
    return Case(name, [make(*of)], oracle, options, note=words)


CASES = [
    *(
        moved("reshape", shape, lambda x, *, shape: x.reshape(shape), make, shape=to)
        for shape, to in [((3, 4), (2, 6)), ((3, 4), (12,)), ((), (1, 1)), ((0, 3), (3, 0, 2)), ((1,), ())]
        for make in (floats, integers)
    ),
    *(
        moved("transpose", shape, lambda x, *, axes: x.transpose(axes), axes=axes)
        for shape, axes in [
            ((3, 4), (1, 0)),
            ((2, 3, 4), (2, 0, 1)),
            ((0, 3), (1, 0)),
            ((2, 3, 1, 2), (0, 2, 3, 1)),
        ]
    ),
    *(
        moved("broadcast_to", shape, lambda x, *, shape: np.broadcast_to(x, shape), shape=to)
        for shape, to in [
            ((4,), (3, 4)),
            ((3, 1), (3, 4)),
            ((), (2, 3)),
            ((1, 3), (0, 3)),
            ((0, 1), (0, 3)),
            ((2, 1, 1), (2, 2, 3)),
            ((1,), (1,)),
        ]
    ),
    *(
        moved("pad", shape, padded, widths=widths, value=value)
        for shape, widths, value in [
            ((3, 4), ((1, 2), (0, 1)), 0.0),
            ((3, 4), ((-1, 0), (2, -2)), 7.5),
            ((4,), ((-3, 5),), -1.0),
            ((0, 2), ((1, 1), (0, 0)), 0.0),
        ]
    ),
    public("pad", [floats()], padded, options={"widths": (), "value": 0.0}),
    Case("pad", [floats(3)], padded, {"widths": ((1, 1),), "value": -np.inf}, note="inf", smooth=False),
    *(
        Case(
            "concatenate",
            [floats(*shape) for shape in shapes],
            lambda *x, axis: np.concatenate(x, axis),
            {"axis": axis},
            note=f"{axis}",
        )
        for shapes, axis in [
            ([(2, 3), (1, 3)], 0),
            ([(2, 1), (2, 2), (2, 0)], 1),
            ([(2, 1)] * 3, 0),
            ([(3,)], 0),
            ([(0, 3), (0, 3)], 0),
        ]
    ),
    Case("flatten", [floats(2, 3, 2)], lambda x, *, start, end: x.reshape(2, 6), {"start": 1, "end": -1}),
    Case("flatten", [floats()], lambda x: x.reshape(1)),
    Case("squeeze", [floats(1, 3, 1)], lambda x, *, axis: np.squeeze(x, axis), {"axis": -1}),
    Case("squeeze", [floats(1, 3, 1)], np.squeeze),
    Case("unsqueeze", [floats(2, 3)], lambda x, *, axis: np.expand_dims(x, axis), {"axis": -2}),
    Case("swapaxes", [floats(2, 3, 4)], lambda x, *, a, b: np.swapaxes(x, a, b), {"a": 0, "b": -1}),
    Case("stack", [floats(2, 3)] * 3, lambda *x: np.stack(x, 1), run=lambda *x: stack(x, 1)),
]

TestShape = checks(CASES)

shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def numbered(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)


@examples(arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3))
def test_shapes_broadcast_as_in_numpy_and_the_gradient_undoes_it(pair) -> None:
    a, b = (Tensor(numbered(shape), requires_grad=True) for shape in pair.input_shapes)
    found = add(a, b)
    assert found.shape == pair.result_shape
    np.testing.assert_array_equal(found.numpy(), a.numpy() + b.numpy())
    for x, slope in zip((a, b), gradients(found.sum(), [a, b]), strict=True):
        times = found.size / x.size if x.size else 0
        np.testing.assert_array_equal(slope.numpy(), np.full(x.shape, times))


@examples(shapes, shapes)
def test_shapes_that_numpy_refuses_are_refused(first, second) -> None:
    try:
        expected = np.broadcast_shapes(first, second)
    except ValueError:
        with pytest.raises(ShapeError):
            add(Tensor(numbered(first)), Tensor(numbered(second)))
    else:
        assert add(Tensor(numbered(first)), Tensor(numbered(second))).shape == expected


@examples(shapes, st.lists(st.integers(-1, 4), max_size=4))
def test_reshape_is_numpys(shape, to) -> None:
    x = numbered(shape)
    try:
        expected = x.reshape(to)
    except ValueError:
        with pytest.raises(ShapeError):
            reshape(Tensor(x), to)
    else:
        np.testing.assert_array_equal(reshape(Tensor(x), to).numpy(), expected, strict=True)


@examples(shapes, st.data())
def test_transpose_is_numpys(shape, data) -> None:
    x = numbered(shape)
    axes = data.draw(st.permutations(range(-len(shape), 0)) | st.none())
    np.testing.assert_array_equal(transpose(Tensor(x), axes).numpy(), x.transpose(axes), strict=True)


@examples(shapes, st.data())
def test_pad_is_the_reverse_of_cutting_off(shape, data) -> None:
    widths = [data.draw(st.tuples(st.integers(0, 2), st.integers(0, 2))) for _ in shape]
    x = numbered(shape)
    grown = pad(Tensor(x), widths, 9)
    np.testing.assert_array_equal(grown.numpy(), np.pad(x, widths or 0, constant_values=9) if shape else x)
    np.testing.assert_array_equal(pad(grown, [(-b, -a) for b, a in widths]).numpy(), x)


def test_the_methods_take_sizes_and_axes_one_by_one_or_together() -> None:
    x = Tensor(numbered((2, 3)))
    assert x.reshape(3, 2).shape == x.reshape((3, 2)).shape == x.reshape([3, -1]).shape == (3, 2)
    assert x.transpose(1, 0).shape == x.transpose((1, 0)).shape == x.transpose().shape == x.T.shape == (3, 2)
    assert x.flatten().shape == x.reshape(-1).shape == (6,)
    assert x.unsqueeze(0).squeeze(0).swapaxes(0, 1).broadcast_to((4, 3, 2)).shape == (4, 3, 2)


ZEROS = Tensor(np.zeros((2, 3)))
LINE = Tensor([1.0])
NOT_FITTING = {
    "reshape: (2, 3) has 6 elements, which do not make (4, 2)": lambda: reshape(ZEROS, (4, 2)),
    "reshape: (2, 3) has 6 elements, which do not make (-1, 4)": lambda: reshape(ZEROS, (-1, 4)),
    "reshape: (2, 3) has 6 elements, which do not make (-1, -1)": lambda: reshape(ZEROS, (-1, -1)),
    "transpose: axes=(0, 0) does not name each of the 2 axes of (2, 3) once": lambda: transpose(ZEROS, (0, 0)),
    "broadcast_to: (2, 3) does not broadcast to (2, 4); only axes of size 1 are repeated": lambda: broadcast_to(
        ZEROS, (2, 4)
    ),
    "broadcast_to: (2, 3) does not broadcast to (3,); only axes of size 1 are repeated": lambda: broadcast_to(
        ZEROS, (3,)
    ),
    "pad: widths=[(1, 1)] does not fit the 2 axes of (2, 3); give whole numbers (before, after) for each axis": (
        lambda: pad(ZEROS, [(1, 1)])
    ),
    "pad: widths=1 does not fit the 2 axes of (2, 3); give whole numbers (before, after) for each axis": (
        lambda: pad(ZEROS, 1)
    ),
    "pad: widths=((1.5, 0), (0, 0)) does not fit the 2 axes of (2, 3); "
    "give whole numbers (before, after) for each axis": lambda: pad(ZEROS, ((1.5, 0), (0, 0))),
    "pad: widths ((-2, -1), (0, 0)) cut more off (2, 3) than there is": lambda: pad(ZEROS, [(-2, -1), (0, 0)]),
    "squeeze: axis=1 of (2, 3) has another size than 1; only axes of size 1 can go": lambda: squeeze(ZEROS, 1),
    "unsqueeze: axis=4 does not fit 3 axes; give one number from -3 to 2": lambda: unsqueeze(ZEROS, 4),
    "swapaxes: axis=2 does not fit 2 axes; give one number from -2 to 1": lambda: swapaxes(ZEROS, 2, 0),
    "flatten: axis=5 does not fit 2 axes; give one number from -2 to 1": lambda: flatten(ZEROS, 5),
    "concatenate: got no Tensors; give one at least": lambda: concatenate([]),
    "stack: got no Tensors; give one at least": lambda: stack([]),
    "concatenate: numbers have no axis to be joined along; stack() makes one": lambda: concatenate([1.0, 2.0]),
    "stack: got (2, 3) float64 and (1,) float32; all must be the same": lambda: stack([ZEROS, LINE]),
    "stack: got (1,) float32 and (1,) int64; all must be the same": lambda: stack([LINE, Tensor([1])]),
    "stack: axis=5 does not fit 2 axes; give one number from -2 to 1": lambda: stack([LINE], 5),
    "reshape: 'ab' is no shape; give whole numbers from -1 on, such as (2, 3)": lambda: reshape(ZEROS, "ab"),
    "reshape: (1.5, 4) is no shape; give whole numbers from -1 on, such as (2, 3)": lambda: reshape(ZEROS, (1.5, 4)),
    "broadcast_to: (-1, 3) is no shape; give whole numbers from 0 on, such as (2, 3)": lambda: broadcast_to(
        ZEROS, (-1, 3)
    ),
    "transpose: axis='a' does not fit 2 axes; give one number from -2 to 1": lambda: transpose(ZEROS, "ab"),
    "concatenate: (2, 3) float64 and (1,) float32 do not fit along axis 0; the dtypes and all other axes must agree": (
        lambda: concatenate([ZEROS, LINE])
    ),
}


@pytest.mark.parametrize("message", list(NOT_FITTING))
def test_what_does_not_fit_is_refused_in_a_sentence(message: str) -> None:
    with pytest.raises(PellucidError) as caught:
        NOT_FITTING[message]()
    assert str(caught.value) == message
