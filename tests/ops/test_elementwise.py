"""The functions of mathematics, element by element."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from pellucid import Tensor
from pellucid.autodiff import gradients
from pellucid.operators import OPERATIONS
from tests.ops.harness import Case, checks, floats, positive

SMOOTH = {
    "exp": (floats, np.exp),
    "expm1": (floats, np.expm1),
    "log": (positive, np.log),
    "log1p": (positive, np.log1p),
    "sqrt": (positive, np.sqrt),
    "abs": (floats, np.abs),
    "sin": (floats, np.sin),
    "cos": (floats, np.cos),
    "tanh": (floats, np.tanh),
    "sigmoid": (floats, special.expit),
    "erf": (floats, special.erf),
}
STEPS = {"sign": np.sign, "floor": np.floor}
SHAPES = [(3, 4), (), (0, 3), (2, 1, 3)]

CASES = [
    *(Case(name, [make(*shape)], oracle) for name, (make, oracle) in SMOOTH.items() for shape in SHAPES),
    *(Case(name, [floats(*shape)], oracle, smooth=False) for name, oracle in STEPS.items() for shape in SHAPES),
]

TestElementwise = checks(CASES)


@pytest.mark.parametrize("name", list(SMOOTH))
def test_integers_and_bools_are_taken_as_float32(name: str) -> None:
    for dtype in ("bool", "uint8", "int32", "int64", "uint64"):
        x = np.array([0, 1, 1], dtype)
        found = OPERATIONS[name](Tensor(x))
        if name == "abs":
            assert found.dtype == dtype
        else:
            assert found.dtype == np.float32
        with np.errstate(divide="ignore"):
            expected = SMOOTH[name][1](x.astype(np.float64))
        np.testing.assert_allclose(found.numpy().astype(np.float64), expected, rtol=1e-6)


def test_expm1_and_log1p_keep_their_digits_near_zero() -> None:
    tiny = Tensor([1e-7])
    assert OPERATIONS["expm1"](tiny).item() == pytest.approx(1e-7, rel=1e-6)
    assert OPERATIONS["log1p"](tiny).item() == pytest.approx(1e-7, rel=1e-6)


def test_sigmoid_neither_overflows_nor_loses_its_tail() -> None:
    assert OPERATIONS["sigmoid"](Tensor([-80.0])).item() == pytest.approx(np.exp(-80.0), rel=1e-5)


def test_abs_has_slope_zero_at_zero() -> None:
    x = Tensor([-2.0, 0.0, 3.0], requires_grad=True)
    assert gradients(OPERATIONS["abs"](x).sum(), [x])[0].tolist() == [-1, 0, 1]
