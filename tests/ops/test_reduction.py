"""Sums, means, variances, the largest and where it is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pellucid import Tensor, argmax, argmin, mean, min, sum, var
from pellucid import max as largest
from pellucid.autodiff import gradients
from pellucid.errors import ShapeError
from pellucid.operators import OPERATIONS
from tests.ops.harness import Case, checks, floats, given, integers, public

AXES = [((3, 4), (0,)), ((3, 4), (1,)), ((2, 3, 4), (0, 2)), ((2, 3), (0, 1)), ((0, 3), (1,)), ((1, 3), (0,))]


def exact_sum(x: np.ndarray, *, axes: tuple[int, ...]) -> np.ndarray:
    """Each sum rounded once, as math.fsum does; NumPy's where inf and nan are among the numbers."""
    if x.dtype.kind != "f" or x.size == 0 or not np.isfinite(x).all() or (np.abs(x) > 1e30).any():
        return np.sum(x, axes)
    rest = [a for a in range(x.ndim) if a not in axes]
    rows = x.transpose(*rest, *axes).reshape(*(x.shape[a] for a in rest), math.prod(x.shape[a] for a in axes))
    return np.array([math.fsum(row) for row in rows.reshape(-1, rows.shape[-1])]).reshape(rows.shape[:-1])


def named(function):
    return lambda x, *, axis=None, **options: function(x, axis=axis, **options)


CASES = [
    *(Case("sum", [floats(*shape)], exact_sum, {"axes": axes}, note=f"axes{axes}") for shape, axes in AXES),
    Case("sum", [floats(0, 3)], exact_sum, {"axes": (0,)}, note="of-nothing"),
    Case("sum", [integers(3, 4)], exact_sum, {"axes": (1,)}),
    *(
        Case("max", [floats(*shape)], lambda x, *, axes: np.max(x, axes), {"axes": axes}, note=f"axes{axes}")
        for shape, axes in AXES
    ),
    Case("max", [integers(3, 4, dtype="uint8", low=0)], lambda x, *, axes: np.max(x, axes), {"axes": (0,)}),
    *(
        Case(
            "argmax",
            [floats(*shape)],
            lambda x, *, axis: np.argmax(x, axis),
            {"axis": axis},
            note=f"{axis}",
            smooth=False,
        )
        for shape, axis in [((3, 4), 0), ((3, 4), 1), ((2, 3, 4), 1), ((0, 3), 1), ((5,), 0)]
    ),
    Case(
        "argmax",
        [given([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])],
        lambda x, *, axis: np.argmax(x, axis),
        {"axis": 1},
        note="ties",
        smooth=False,
    ),
    *(
        public(
            name,
            [floats(3, 4)],
            named(getattr(np, name)),
            options={"axis": axis, "keepdims": keepdims},
            note=f"{axis}-{keepdims}",
            smooth=not name.startswith("arg"),
        )
        for name in ["sum", "mean", "var", "std", "max", "min", "argmax", "argmin"]
        for axis, keepdims in [(None, False), (None, True), (-1, True), (0, False)]
        if name not in ("var", "std")
    ),
    *(
        public(
            name,
            [floats(3, 4)],
            named(getattr(np, name)),
            options={"axis": axis, "ddof": ddof},
            note=f"{axis}-{ddof}",
            extreme=False,
        )
        for name in ["var", "std"]
        for axis, ddof in [(None, 0), (0, 1), ((0, 1), 1), (-1, 0)]
    ),
]

TestReduction = checks(CASES)


@examples(
    x=arrays.arrays(
        st.sampled_from([np.float32, np.float64, np.int64, np.uint8, np.bool_]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=1, max_side=3),
        elements={"min_value": 0, "max_value": 1},
    ),
    data=st.data(),
)
def test_any_axes_reduce_as_in_numpy(x: np.ndarray, data: st.DataObject) -> None:
    axes = data.draw(
        st.none() | st.lists(st.integers(-x.ndim, x.ndim - 1), unique_by=lambda a: a % x.ndim).map(tuple)
        if x.ndim
        else st.none()
    )
    keepdims = data.draw(st.booleans())
    for name in ("sum", "max", "min"):
        found = OPERATIONS[name](Tensor(x), axes, keepdims=keepdims)
        expected = getattr(np, name)(x, axis=axes, keepdims=keepdims)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


def test_equal_numbers_share_the_gradient_of_max_and_min() -> None:
    for operation in (largest, min):
        x = Tensor([2.0, 2.0, 2.0, 2.0], requires_grad=True)
        assert gradients(operation(x), [x])[0].tolist() == [0.25] * 4


@pytest.mark.parametrize("dtype", ["uint8", "uint64", "int32", "int64", "bool"])
def test_the_smallest_is_found_in_every_integer_dtype(dtype: str) -> None:
    ends = [False, True] if dtype == "bool" else [0, np.iinfo(dtype).min, np.iinfo(dtype).max, 1]
    x = np.array(ends, dtype)
    assert min(Tensor(x)).item() == x.min() and min(Tensor(x)).dtype == dtype
    assert argmin(Tensor(x)).item() == x.argmin()
    assert argmax(Tensor(x)).item() == x.argmax()


def test_integers_and_bools_are_summed_as_int64() -> None:
    assert sum(Tensor(np.full(1000, 255, np.uint8))).item() == 255_000
    assert sum(Tensor([True, True])).dtype == np.int64
    assert mean(Tensor([1, 2])).item() == 1.5


def test_the_variance_keeps_its_digits_far_from_zero() -> None:
    x = Tensor(np.array([1e6, 1e6 + 1, 1e6 + 2], np.float32))
    assert var(x).item() == pytest.approx(2 / 3, rel=1e-6)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda: mean(Tensor(np.zeros((0, 3))), 0),
            "mean: (0, 3) has no element along axis=0; give one at least",
        ),
        (lambda: largest(Tensor(np.zeros(0))), "max: (0,) has no element along axis=None; give one at least"),
        (lambda: min(Tensor(np.zeros(0))), "min: (0,) has no element along axis=None; give one at least"),
        (
            lambda: argmin(Tensor(np.zeros((2, 0))), 1),
            "argmin: (2, 0) has no element along axis=1; give one at least",
        ),
        (
            lambda: sum(Tensor(np.zeros((2, 3))), 2),
            "sum: axis=2 does not fit 2 axes; give different numbers from -2 to 1",
        ),
        (
            lambda: sum(Tensor(np.zeros((2, 3))), (0, -2)),
            "sum: axis=(0, -2) does not fit 2 axes; give different numbers from -2 to 1",
        ),
        (
            lambda: sum(Tensor(np.zeros((2, 3))), "a"),
            "sum: axis='a' does not fit 2 axes; give different numbers from -2 to 1",
        ),
        (
            lambda: argmax(Tensor(np.zeros((2, 3))), (0, 1)),
            "argmax: axis=(0, 1) does not fit 2 axes; give one number from -2 to 1",
        ),
    ],
)
def test_what_cannot_be_reduced_is_refused_in_a_sentence(wrong, message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        wrong()
    assert str(caught.value) == message
