"""Activations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from pellucid import Tensor
from pellucid.autodiff import gradients
from pellucid.errors import OptionError
from pellucid.operators import OPERATIONS
from tests.ops.harness import Case, checks, floats, integers


def gelu(x: np.ndarray, *, approximate: str = "none") -> np.ndarray:
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return x * stats.norm.cdf(x)


ORACLES = {
    "identity": (lambda x: x, {}),
    "relu": (lambda x: np.maximum(x, 0), {}),
    "leaky_relu": (
        lambda x, *, negative_slope: np.where(x > 0, x, negative_slope * x),
        {"negative_slope": 0.1},
    ),
    "elu": (lambda x, *, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))), {"alpha": 0.7}),
    "silu": (lambda x: x * special.expit(x), {}),
    "gelu": (gelu, {}),
    "softplus": (lambda x, *, beta: np.logaddexp(0, beta * x) / beta, {"beta": 2.0}),
    "softmax": (lambda x, *, axis: special.softmax(x, axis), {"axis": -1}),
    "log_softmax": (lambda x, *, axis: special.log_softmax(x, axis), {"axis": 0}),
}

CASES = [
    *(
        Case(name, [floats(*shape)], oracle, options, extreme=name in ("identity", "relu"))
        for name, (oracle, options) in ORACLES.items()
        for shape in [(3, 4), (2, 0, 3)[: 3 if "softmax" not in name else 1]]
    ),
    Case("gelu", [floats(3, 4)], gelu, {"approximate": "tanh"}, note="tanh", extreme=False),
    Case(
        "softmax",
        [floats(2, 3, 2)],
        lambda x, *, axis: special.softmax(x, axis),
        {"axis": 1},
        note="middle",
        extreme=False,
    ),
    Case("softplus", [floats(3, 4)], lambda x: np.logaddexp(0, x), note="primitive"),
    Case("softplus", [floats()], lambda x: np.logaddexp(0, x)),
    Case("softplus", [floats(0, 3)], lambda x: np.logaddexp(0, x)),
    Case("step", [floats(3, 4)], lambda x: np.heaviside(x, 0), smooth=False, extreme=False),
    Case("relu", [integers(3, 4)], lambda x: np.maximum(x, 0)),
]
CASES = [
    Case(
        case.name,
        case.inputs,
        case.oracle,
        case.options,
        case.note,
        extreme=case.extreme,
        run=OPERATIONS["softplus"],
    )
    if case.name == "softplus" and "beta" in case.options
    else case
    for case in CASES
]

TestActivation = checks(CASES)
LARGE = [-1e30, -1000.0, -50.0, 0.0, 50.0, 1000.0, 1e30]


@pytest.mark.parametrize("name", [name for name in ORACLES if "softmax" not in name])
def test_values_and_slopes_stay_finite_far_from_zero(name: str) -> None:
    x = Tensor(np.array(LARGE, np.float32), requires_grad=True)
    y = OPERATIONS[name](x)
    (slope,) = gradients(y.sum(), [x])
    assert np.isfinite(y.numpy()).all() and np.isfinite(slope.numpy()).all()
    assert (np.abs(slope.numpy()) <= 1.2).all()


def test_softmax_of_large_numbers_is_finite_and_sums_to_one() -> None:
    x = Tensor(np.array([LARGE, LARGE[::-1]], np.float32), requires_grad=True)
    for axis in (0, 1):
        np.testing.assert_allclose(OPERATIONS["softmax"](x, axis).numpy().sum(axis), 1, rtol=1e-6)
    (slope,) = gradients(OPERATIONS["log_softmax"](x)[:, 0].sum(), [x])
    assert np.isfinite(slope.numpy()).all()


@pytest.mark.parametrize(
    ("name", "at_zero"), [("relu", 0.0), ("leaky_relu", 0.01), ("elu", 1.0), ("gelu", 0.5), ("softplus", 0.5)]
)
def test_the_slope_at_zero_is_the_stated_one(name: str, at_zero: float) -> None:
    x = Tensor([0.0], requires_grad=True)
    assert gradients(OPERATIONS[name](x).sum(), [x])[0].item() == pytest.approx(at_zero)


def test_nan_stays_nan() -> None:
    for name in ("relu", "leaky_relu", "elu", "gelu", "silu", "softplus"):
        assert np.isnan(OPERATIONS[name](Tensor([np.nan])).item())


def test_an_unknown_approximation_is_refused() -> None:
    with pytest.raises(OptionError) as caught:
        OPERATIONS["gelu"]([1.0], "sigmoid")
    assert str(caught.value) == "gelu: there is no approximation 'sigmoid'; give 'none' or 'tanh'"
