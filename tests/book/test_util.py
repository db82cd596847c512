"""Smoothing, shuffling, and images as columns."""

import numpy as np
import pytest

import pellucid as pl
from pellucid import book
from pellucid.errors import ShapeError
from tests.book import formulas


def test_im2col_has_the_books_shapes():
    assert book.im2col(np.zeros((1, 3, 7, 7)), 5, 5, stride=1, pad=0).shape == (9, 75)
    assert book.im2col(np.zeros((10, 3, 7, 7)), 5, 5, stride=1, pad=0).shape == (90, 75)


WINDOWS = [(3, 3, 1, 0), (2, 3, 2, 0), (3, 2, 1, 1), (2, 2, 3, 2), (5, 5, 2, 1)]


@pytest.mark.parametrize(("height", "width", "stride", "pad"), WINDOWS)
def test_im2col_is_every_window_and_col2im_its_transpose(height, width, stride, pad):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(2, 3, 7, 6))
    col = book.im2col(x, height, width, stride=stride, pad=pad)
    np.testing.assert_array_equal(col, formulas.columns(x, height, width, stride, pad))
    back = generator.normal(size=col.shape)
    image = book.col2im(back, x.shape, height, width, stride, pad)
    assert image.shape == x.shape
    assert np.sum(col * back) == pytest.approx(np.sum(x * image), rel=1e-12)  # <Ax, y> = <x, Aᵀy>


def test_columns_of_integers_are_floats_and_of_tensors_tensors():
    assert book.im2col(np.ones((1, 1, 4, 4), np.uint8), 2, 2).dtype == np.float64
    col = book.im2col(pl.Tensor(np.ones((1, 1, 4, 4))), 2, 2)
    assert isinstance(col, pl.Tensor) and isinstance(book.col2im(col, (1, 1, 4, 4), 2, 2), pl.Tensor)


def test_im2col_refuses_what_is_no_batch_of_images():
    with pytest.raises(ShapeError) as caught:
        book.im2col(np.zeros((3, 7, 7)), 5, 5)
    assert str(caught.value) == (
        "im2col: x must be images (N, C, H, W), got (3, 7, 7); a single image is x.reshape(1, C, H, W)"
    )


def test_conv_output_size_is_divided_as_in_the_book():
    assert book.conv_output_size(28, 5) == 24.0
    assert book.conv_output_size(7, 3, stride=2) == 3.0
    assert book.conv_output_size(28, 5, stride=2, pad=1) == 13.5


def test_smooth_curve_keeps_lines_and_is_mirrored_at_the_ends():
    x = np.random.default_rng(0).normal(size=40)
    weights = np.kaiser(11, 2) / np.kaiser(11, 2).sum()
    mirrored = np.concatenate([x[10:0:-1], x, x[-2:-12:-1]])
    expected = np.array([mirrored[i + 5 : i + 16] @ weights for i in range(40)])
    np.testing.assert_allclose(book.smooth_curve(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(book.smooth_curve([2.0] * 11), 2.0)


def test_smooth_curve_refuses_one_that_is_too_short():
    with pytest.raises(ShapeError) as caught:
        book.smooth_curve([1.0, 2.0])
    assert str(caught.value) == "smooth_curve: x must be one curve of 11 values or more, got (2,)"


@pytest.mark.parametrize("shape", [(6, 3), (6, 1, 2, 2)])
def test_shuffle_dataset_draws_as_the_book_does(shape):
    x, t = np.arange(np.prod(shape)).reshape(shape), np.arange(6)
    np.random.seed(3)
    order = np.random.permutation(6)
    np.random.seed(3)
    shuffled, labels = book.shuffle_dataset(x, t)
    np.testing.assert_array_equal(shuffled, x[order])
    np.testing.assert_array_equal(labels, order)


def test_shuffle_dataset_refuses_different_lengths():
    with pytest.raises(ShapeError) as caught:
        book.shuffle_dataset(np.zeros((6, 3)), np.zeros(5))
    assert str(caught.value) == "shuffle_dataset: x has 6 examples but t has 5; x (6, 3), t (5,)"
