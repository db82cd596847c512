"""nn.functional: what it adds to the operations."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid import nn
from pellucid.errors import DTypeError
from pellucid.nn import functional
from pellucid.tensor import Tensor


def test_every_name_is_there() -> None:
    assert all(callable(getattr(functional, name)) for name in functional.__all__)


def test_linear_is_a_weighted_sum() -> None:
    x, w, b = np.random.default_rng(0).random((3, 4, 4))
    y = functional.linear(x, w, b[0])
    np.testing.assert_allclose(y.numpy(), x @ w.T + b[0], rtol=1e-14)
    pellucid.check_gradients(functional.linear, x, w, b[0])
    np.testing.assert_allclose(functional.linear(x, w).numpy(), x @ w.T, rtol=1e-14)


def test_softmax_takes_dim() -> None:
    x = Tensor(np.random.default_rng(0).random((2, 3, 4)))
    for dim in (0, 1, -1):
        np.testing.assert_allclose(functional.softmax(x, dim=dim).sum(dim).numpy(), 1.0)
        np.testing.assert_allclose(functional.log_softmax(x, dim=dim).exp().numpy(), functional.softmax(x, dim).numpy())


def test_scale_pixels_scales_inside_the_graph() -> None:
    pixels = np.arange(256, dtype=np.uint8)
    expected = pixels.astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(functional.scale_pixels(pixels).numpy(), expected)
    compiled = pellucid.compile(functional.scale_pixels)
    np.testing.assert_array_equal(compiled(pixels).numpy(), expected)
    assert compiled.graph(pixels).inputs[0].dtype == np.uint8


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_scale_pixels_takes_uint8_only(dtype: str) -> None:
    with pytest.raises(DTypeError) as error:
        functional.scale_pixels(np.ones(3, dtype))
    assert str(error.value) == (
        f"scale_pixels: takes uint8 pixels from 0 to 255, got {dtype}, which may be scaled already"
    )


def test_step_is_a_layer_too() -> None:
    assert nn.Step()(Tensor([-1.0, 0.0, 2.0])).tolist() == [0.0, 0.0, 1.0]


def test_identity_takes_any_arguments() -> None:
    x = Tensor([1.0])
    assert nn.Identity(3, unused=True)(x) is x
