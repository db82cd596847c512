"""Casts, and the dtypes in which operations meet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from pellucid import Tensor, cast
from pellucid.errors import DTypeError
from pellucid.operators import OPERATIONS
from pellucid.tensor import DTYPES
from tests.ops.harness import Case, bools, checks, floats, integers

CASES = [
    *(
        Case(
            "cast",
            [floats(3, 4, low=lowest)],
            lambda x, *, dtype: x.astype(dtype),
            {"dtype": np.dtype(dtype)},
            note=dtype,
            smooth=False,
            extreme=False,
        )
        for dtype, lowest in [("int64", -2.0), ("int32", -2.0), ("uint8", 0.0), ("bool", -2.0)]
    ),
    *(
        Case(
            "cast",
            [make(3, 4)],
            lambda x, *, dtype: x.astype(dtype),
            {"dtype": np.dtype(dtype)},
            note=f"{make.__name__}-{dtype}",
        )
        for dtype in ["float32", "float64", "int64", "uint8"]
        for make in (bools, integers)
    ),
    Case("cast", [floats(3, 4)], lambda x, *, dtype: x.astype(dtype), {"dtype": np.dtype("float64")}),
    Case("cast", [integers(0, 3)], lambda x, *, dtype: x.astype(dtype), {"dtype": np.dtype("float32")}),
]

TestCast = checks(CASES)
BINARY = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "maximum",
    "minimum",
    "power",
    "equal",
    "less",
    "logical_and",
]
UNARY = [
    "negative",
    "abs",
    "sign",
    "floor",
    "exp",
    "sigmoid",
    "erf",
    "logical_not",
    "isfinite",
    "sum",
    "mean",
    "max",
    "min",
    "argmin",
]


def met(a: np.dtype, b: np.dtype) -> np.dtype:
    """The rule: the widest float if there is one, else what NumPy says."""
    kept = [d for d in (a, b) if d.kind == "f"] or [a, b]
    return np.result_type(*kept)


@pytest.mark.parametrize(("a", "b"), list(itertools.product(map(str, DTYPES), repeat=2)))
def test_two_dtypes_meet_in_the_widest_float_or_in_the_common_integer(a: str, b: str) -> None:
    x, y = np.array([1, 1, 0], a), np.array([1, 0, 1], b)
    expected = met(x.dtype, y.dtype)
    if {a, b} in ({"int32", "uint64"}, {"int64", "uint64"}):
        with pytest.raises(
            DTypeError, match=r"^add: u?int\d+ and uint64 have no common integer dtype; cast one of them$"
        ):
            Tensor(x) + Tensor(y)
        return
    found = Tensor(x) + Tensor(y)
    assert found.dtype == expected
    np.testing.assert_array_equal(found.numpy(), x.astype(expected) + y.astype(expected))


@pytest.mark.parametrize(("name", "dtype"), list(itertools.product(BINARY + UNARY, map(str, DTYPES))))
def test_every_dtype_works_or_is_refused_in_a_sentence(name: str, dtype: str, checked_specs: None) -> None:
    x = Tensor(np.array([1, 0, 1, 1], dtype))
    inputs = [x, Tensor(np.array([1, 1, 0, 1], dtype))] if name in BINARY else [x]
    if dtype == "bool" and name in ("subtract", "negative", "power", "sign"):
        message = f"^{name}: takes numbers, got bool; cast it with .to\\('int64'\\)$"
        with pytest.raises(DTypeError, match=message):
            OPERATIONS[name](*inputs)
    else:
        assert OPERATIONS[name](*inputs).shape in (x.shape, ())


@pytest.mark.parametrize("number", [2, 0.5, True])
def test_python_numbers_keep_the_dtype_of_a_float_tensor(number: float) -> None:
    for dtype in ("float32", "float64"):
        x = Tensor(np.ones(3, dtype))
        for found in (
            x + number,
            number + x,
            x * number,
            number - x,
            x / number,
            number / x,
            x**number,
            number**x,
        ):
            assert found.dtype == dtype


def test_python_integers_keep_the_dtype_of_an_integer_tensor() -> None:
    for dtype in ("uint8", "int32", "int64", "uint64"):
        assert (Tensor(np.array([1, 2], dtype)) + 1).dtype == dtype
    assert (Tensor([True]) + 1).dtype == np.int64
    assert (Tensor([1, 2]) * 0.5).tolist() == [0.5, 1.0]


def test_a_python_integer_that_does_not_fit_is_refused() -> None:
    with pytest.raises(DTypeError) as caught:
        Tensor(np.array([1], np.uint8)) + 300
    assert str(caught.value) == "Tensor: cannot make an array of int: Python integer 300 out of bounds for uint8"


def test_a_cast_through_integers_has_no_gradient() -> None:
    x = Tensor([1.5], requires_grad=True)
    assert not cast(x, "int64").requires_grad
    cast(x, "float64").sum().backward()
    assert x.grad is not None and x.grad.dtype == np.float32


@pytest.mark.parametrize("dtype", ["float16", "complex64", "text", object, None, 7])
def test_an_unknown_dtype_is_refused(dtype: object) -> None:
    names = "bool, uint8, int32, int64, uint64, float32, float64"
    with pytest.raises(DTypeError) as caught:
        cast([1.0], dtype)
    assert str(caught.value) == f"cast: there is no dtype {dtype!r}; give one of {names}"


def test_floats_are_cut_off_towards_zero() -> None:
    assert cast([1.9, -1.9, 0.2], "int64").tolist() == [1, -1, 0]
    assert cast(Tensor([np.nan]), "bool").tolist() == [True]
