"""Initialisers: what does not need PyTorch to be known."""

from __future__ import annotations

import math

import numpy as np
import pytest

import pellucid
from pellucid.errors import OptionError, PellucidError, ShapeError
from pellucid.nn import init
from pellucid.tensor import Parameter

FANS = {"(400, 300)": ((400, 300), 300), "(60, 40, 7, 7)": ((60, 40, 7, 7), 40 * 49)}


def filled(initialise, shape: tuple[int, ...], dtype: str = "float32") -> np.ndarray:
    w = Parameter(np.zeros(shape, dtype))
    assert initialise(w) is w
    assert w.requires_grad
    assert w.dtype == dtype
    return w.numpy()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FANS)
@pytest.mark.parametrize("initialise", [init.lecun_normal_, init.lecun_uniform_])
def test_lecun_has_a_variance_of_one_over_fan_in(initialise, name: str, dtype: str) -> None:
    shape, fan_in = FANS[name]
    w = filled(initialise, shape, dtype)
    assert w.std() == pytest.approx(1 / math.sqrt(fan_in), rel=0.01)
    assert abs(w.mean()) < 0.02 / math.sqrt(fan_in)
    if initialise is init.lecun_uniform_:
        assert np.abs(w).max() == pytest.approx(math.sqrt(3 / fan_in), rel=1e-3)


@pytest.mark.parametrize("shape", [(20, 20), (30, 20), (20, 30), (8, 3, 5, 5)], ids=str)
def test_orthogonal_has_orthogonal_rows_or_columns(shape: tuple[int, ...]) -> None:
    w = filled(lambda w: init.orthogonal_(w, 2.0), shape, "float64").reshape(shape[0], -1)
    product = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)


def test_orthogonal_favours_no_sign() -> None:
    corners = [filled(init.orthogonal_, (3, 3))[0, 0] for _ in range(200)]
    assert 70 < np.sum(np.array(corners) > 0) < 130


def test_constants() -> None:
    assert (filled(init.zeros_, (2, 3)) == 0).all()
    assert (filled(init.ones_, (2, 3)) == 1).all()
    assert (filled(lambda w: init.constant_(w, 0.5), (3,)) == 0.5).all()


def test_a_seed_and_a_generator_fix_the_values() -> None:
    draw = lambda **options: filled(lambda w: init.normal_(w, **options), (5,))  # noqa: E731
    pellucid.seed(1)
    first = draw()
    other = draw()
    pellucid.seed(1)
    np.testing.assert_array_equal(draw(), first)
    assert (first != other).any()
    np.testing.assert_array_equal(draw(generator=pellucid.Generator(1)), first)


NEED_FANS = [
    init.xavier_uniform_,
    init.xavier_normal_,
    init.kaiming_uniform_,
    init.kaiming_normal_,
    init.lecun_uniform_,
    init.lecun_normal_,
    init.orthogonal_,
]


@pytest.mark.parametrize("initialise", NEED_FANS, ids=lambda function: function.__name__)
def test_a_vector_has_no_fan_in(initialise) -> None:
    with pytest.raises(ShapeError) as error:
        initialise(Parameter(np.zeros(5)))
    assert str(error.value) == (
        f"{initialise.__name__}: a Tensor (5,) has no fan-in; give a weight (outputs, inputs, ...)"
    )


def test_unknown_modes_and_functions_are_named() -> None:
    w = Parameter(np.zeros((2, 2)))
    with pytest.raises(OptionError) as error:
        init.kaiming_normal_(w, mode="fan")
    assert str(error.value) == "kaiming_normal_: there is no mode 'fan'; there is fan_in, fan_out"
    with pytest.raises(PellucidError) as error:
        init.calculate_gain("swish")
    assert str(error.value) == (
        "calculate_gain: there is no nonlinearity 'swish'; "
        "there is linear, conv2d, conv_transpose2d, sigmoid, tanh, relu, selu, leaky_relu"
    )
