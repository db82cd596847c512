"""Arithmetic, element by element."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import Tensor, add, clip, divide, maximum, minimum, negative, power, subtract
from pellucid.autodiff import gradients
from pellucid.errors import DTypeError, ShapeError
from tests.ops.harness import Case, checks, floats, given, integers, positive, public

BINARY = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
}


def safe_clip(x: np.ndarray, *, low: float | None, high: float | None) -> np.ndarray:
    return np.clip(x, low, high)


CASES = [
    *(
        Case(name, [floats(*shape), positive(*shape)], oracle)
        for name, oracle in BINARY.items()
        for shape in [(3, 4), (), (0, 3), (2, 1, 3)]
    ),
    *(
        public(name, [positive(*a), positive(*b)], oracle, note="broadcast")
        for name, oracle in [*BINARY.items(), ("minimum", np.minimum), ("power", np.power)]
        for a, b in [((3, 1), (4,)), ((), (2, 3)), ((2, 0), (2, 1)), ((1, 3), (2, 3))]
    ),
    *(
        Case(name, [integers(3, 4, dtype=dtype, low=0), integers(3, 4, dtype=dtype, low=0)], oracle, note=dtype)
        for name, oracle in BINARY.items()
        for dtype in ["uint8", "int32", "int64", "uint64"]
        if name != "divide"
    ),
    Case("negative", [floats(3, 4)], np.negative),
    Case("negative", [floats()], np.negative),
    Case("negative", [floats(0, 3)], np.negative),
    Case("power", [positive(3, 4), floats(3, 4)], np.power),
    Case("power", [positive(), floats()], np.power),
    Case("power", [positive(0, 3), floats(0, 3)], np.power),
    Case("power", [floats(3, 4), given(np.full((3, 4), 3.0))], np.power, note="negative-base", fixed=(1,)),
    Case("power", [integers(3, 4), integers(3, 4, low=0)], np.power, note="integers"),
    *(
        Case(
            "power",
            [make(3, 4)],
            lambda x, exponent=e: np.power(x, exponent),
            run=lambda x, exponent=e: power(x, exponent),
            note=f"by-{e}",
        )
        for e, make in [(2, floats), (3, floats), (0.5, positive), (-1, positive), (2.5, positive)]
    ),
    *(
        Case("clip", [floats(3, 4)], safe_clip, {"low": low, "high": high}, note=f"{low}-{high}")
        for low, high in [(-1.05, 1.03), (None, 0.53), (0.51, None)]
    ),
    Case("clip", [floats(0, 3)], safe_clip, {"low": 0, "high": 1}),
]

TestArithmetic = checks(CASES)


def test_minimum_and_maximum_take_nan_from_either_side() -> None:
    a, b = Tensor([np.nan, 1.0, 2.0]), Tensor([1.0, np.nan, 3.0])
    np.testing.assert_array_equal(maximum(a, b).numpy(), [np.nan, np.nan, 3.0])
    np.testing.assert_array_equal(minimum(a, b).numpy(), [np.nan, np.nan, 2.0])


def test_equal_numbers_share_the_gradient_of_maximum_and_minimum() -> None:
    for operation in (maximum, minimum):
        a, b = Tensor([1.0, 2.0], requires_grad=True), Tensor([1.0, 2.0], requires_grad=True)
        slopes = gradients(operation(a, b).sum(), [a, b])
        assert [g.tolist() for g in slopes] == [[0.5, 0.5], [0.5, 0.5]]


@pytest.mark.parametrize("dtype", ["uint8", "uint64", "int32", "int64", "bool", "float32"])
def test_minimum_is_the_smaller_in_every_dtype(dtype: str) -> None:
    limits = [0, 1] if dtype in ("bool", "float32") else [np.iinfo(dtype).min, 0, 1, np.iinfo(dtype).max]
    a, b = (np.array(x, dtype).ravel() for x in np.meshgrid(*[np.array(limits, dtype)] * 2))
    found = minimum(Tensor(a), Tensor(b))
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.numpy(), np.minimum(a, b))


def test_the_slope_of_a_power_is_right_at_zero() -> None:
    x = Tensor([0.0, 0.0, 0.0], requires_grad=True)
    (slope,) = gradients(power(x, Tensor([0.0, 1.0, 3.0])).sum(), [x])
    assert slope.tolist() == [0.0, 1.0, 0.0]
    exponent = Tensor([2.0], requires_grad=True)
    assert gradients(power(Tensor([0.0]), exponent).sum(), [exponent])[0].tolist() == [0.0]


def test_a_quotient_of_integers_is_a_float() -> None:
    found = divide(Tensor([1, 3]), Tensor([2, 2]))
    assert (found.dtype, found.tolist()) == (np.float32, [0.5, 1.5])


def test_clip_keeps_the_gradient_at_its_bounds() -> None:
    x = Tensor([-1.0, 0.0, 0.5, 1.0, 2.0], requires_grad=True)
    assert gradients(clip(x, 0, 1).sum(), [x])[0].tolist() == [0, 1, 1, 1, 0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            lambda: add(Tensor(np.zeros((2, 3))), Tensor(np.zeros(2))),
            "add: shapes (2, 3) and (2,) do not broadcast; from the last axis backwards, sizes must be equal or 1",
        ),
        (
            lambda: add(Tensor([1], "int64"), Tensor([1], "uint64")),
            "add: int64 and uint64 have no common integer dtype; cast one of them",
        ),
        (
            lambda: subtract(Tensor([True]), Tensor([False])),
            "subtract: takes numbers, got bool; cast it with .to('int64')",
        ),
        (lambda: negative(Tensor([True])), "negative: takes numbers, got bool; cast it with .to('int64')"),
        (
            lambda: power(Tensor([2]), Tensor([-1])),
            "power: integers to a negative power are no integers; cast one of them with .to('float32')",
        ),
        (
            lambda: power(Tensor([True]), Tensor([True])),
            "power: takes numbers, got bool; cast it with .to('int64')",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(wrong, message: str) -> None:
    with pytest.raises((ShapeError, DTypeError)) as caught:
        wrong()
    assert str(caught.value) == message
