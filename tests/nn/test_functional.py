"""nn.functional: what it adds to the operations."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid import nn
from pellucid.errors import DTypeError, PellucidError
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


def test_scale_pixels_divides_in_the_models_dtype() -> None:
    pixels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(functional.scale_pixels(pixels, dtype="float64").numpy(), pixels / 255)


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


def test_pad_takes_pytorchs_order() -> None:
    x = np.arange(6.0).reshape(1, 2, 3)
    for pad, widths in {
        (1, 2): ((0, 0), (0, 0), (1, 2)),
        (1, 2, 0, 3): ((0, 0), (0, 3), (1, 2)),
        (0, 1, 2, 3, 4, 5): ((4, 5), (2, 3), (0, 1)),
    }.items():
        expected = np.pad(x, widths, constant_values=7)
        np.testing.assert_array_equal(functional.pad(x, pad, value=7).numpy(), expected)
    np.testing.assert_array_equal(functional.pad(x, (-1, 0), "constant").numpy(), x[:, :, 1:])


PAD = "give two numbers for each axis, the last axis first: (left, right, top, bottom)"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pad": 1}, f"pad: pad=1 does not fit (2, 3); {PAD}"),
        ({"pad": (1, 1, 1)}, f"pad: pad=(1, 1, 1) does not fit (2, 3); {PAD}"),
        ({"pad": (1,) * 6}, f"pad: pad=(1, 1, 1, 1, 1, 1) does not fit (2, 3); {PAD}"),
        ({"pad": (1, 1), "mode": "reflect"}, "pad: there is no mode 'reflect'; there is 'constant'"),
    ],
)
def test_pad_says_what_it_takes(options, message: str) -> None:
    with pytest.raises(PellucidError) as error:
        functional.pad(np.zeros((2, 3)), **options)
    assert str(error.value) == message
