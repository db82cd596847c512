"""Convolution and pooling against the windows of each image, one after the other."""

import numpy as np
import pytest

import pellucid as pl
from pellucid import book
from pellucid.errors import ShapeError
from tests.book import formulas

CLOSE = {"rtol": 1e-12, "atol": 1e-12}
SIZES = [(3, 1, 0), (3, 1, 1), (2, 2, 0), (3, 2, 0), (3, 3, 2), (5, 1, 2)]  # filter, stride, pad; some do not divide


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@pytest.mark.parametrize(("size", "stride", "pad"), SIZES)
def test_convolution_is_the_books(size, stride, pad, generator):
    x, W, b = generator.normal(size=(2, 3, 8, 7)), generator.normal(size=(4, 3, size, size)), generator.normal(size=4)
    layer = book.Convolution(W, b, stride, pad)
    out = layer.forward(x)
    np.testing.assert_allclose(out, formulas.convolution(x, W, b, stride, pad), **CLOSE)
    np.testing.assert_array_equal(layer.x, x)
    compiled = pl.compile(lambda x, W, b: book.Convolution(W, b, stride=stride, pad=pad).forward(x))
    np.testing.assert_allclose(compiled(x, W, b).numpy(), out, **CLOSE)
    dout = generator.normal(size=out.shape)
    dx = layer.backward(dout)
    col, rows = formulas.columns(x, size, size, stride, pad), dout.transpose(0, 2, 3, 1).reshape(-1, 4)
    np.testing.assert_allclose(layer.dW, (rows.T @ col).reshape(W.shape), **CLOSE)
    np.testing.assert_allclose(layer.db, rows.sum(0), **CLOSE)
    back = book.col2im(rows @ W.reshape(4, -1), x.shape, size, size, stride, pad)
    np.testing.assert_allclose(dx, back, **CLOSE)


def test_convolution_meets_images_of_another_dtype(generator):
    x, W = generator.normal(size=(2, 1, 6, 6)).astype(np.float32), generator.normal(size=(3, 1, 3, 3))
    layer = book.Convolution(W, np.zeros(3))
    assert layer.forward(x).dtype == np.float64
    assert layer.forward((x * 100).astype(np.uint8)).dtype == np.float64


@pytest.mark.parametrize(("height", "width", "stride"), [(2, 2, 2), (3, 3, 1), (2, 3, 1), (3, 3, 2)])
def test_pooling_is_the_books(height, width, stride, generator):
    x = generator.normal(size=(2, 3, 8, 7))
    layer = book.Pooling(height, width, stride)
    out = layer.forward(x)
    np.testing.assert_array_equal(out, formulas.pooling(x, height, width, stride))
    compiled = pl.compile(lambda x: book.Pooling(height, width, stride=stride).forward(x))
    np.testing.assert_array_equal(compiled(x).numpy(), out)
    weights = generator.normal(size=out.shape)
    expected = formulas.slopes(lambda x: np.sum(formulas.pooling(x, height, width, stride) * weights), x)
    np.testing.assert_allclose(layer.backward(weights), expected, atol=1e-8)


def test_pooling_moves_by_one_unless_told():
    assert book.Pooling(2, 2).forward(np.ones((1, 1, 4, 4))).shape == (1, 1, 3, 3)


def test_of_several_largest_the_first_has_the_gradient():
    layer = book.Pooling(2, 2, stride=2)
    layer.forward(np.zeros((1, 1, 2, 2)))
    assert layer.backward(np.ones((1, 1, 1, 1))).tolist() == [[[[1.0, 0.0], [0.0, 0.0]]]]


def test_padding_counts_in_the_size_and_is_never_the_largest():
    out = book.Pooling(2, 2, stride=2, pad=1).forward(-np.arange(1.0, 17.0).reshape(1, 1, 4, 4))
    assert out.tolist() == [[[[-1, -2, -4], [-5, -6, -8], [-13, -14, -16]]]]


REFUSED = [
    (
        lambda: book.Convolution(np.ones((4, 3, 5, 5)), np.zeros(4)).forward(np.ones((1, 1, 28, 28))),
        "conv2d: x has 1 channels but weight takes 3 (groups=1); x (1, 1, 28, 28), weight (4, 3, 5, 5)",
    ),
    (
        lambda: book.Convolution(np.ones((4, 3, 5, 5)), np.zeros(4)).forward(np.ones((10, 784))),
        "conv2d: x must be images (N, C, H, W), got (10, 784); a single image is x.reshape(1, C, H, W)",
    ),
    (
        lambda: book.Pooling(5, 5).forward(np.ones((1, 1, 4, 4))),
        (
            "max_pool2d: the kernel covers 5×5 pixels but the padded image is 4×4; "
            "give larger images, a smaller kernel or more padding"
        ),
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ShapeError) as caught:
        call()
    assert str(caught.value) == message
