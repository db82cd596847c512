"""Augmentation: what each transform may do to a picture, and what it must leave alone."""

import numpy as np
import pytest

from pellucid.data import Compose, Crop, Flip, Rotate, Shift
from pellucid.data.transforms import rotate_by
from pellucid.errors import DataError, OptionError

EVERY = [
    Shift(2),
    Crop(6, padding=1),
    Crop((4, 5)),
    Flip(),
    Flip("vertical"),
    Rotate(30),
    Compose(Shift(1), Rotate(5)),
]


def pictures(dtype, n=12):
    return np.random.default_rng(0).integers(0, 256, (n, 3, 8, 8)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("transform", EVERY, ids=repr)
def test_the_dtype_is_kept_the_input_unchanged_and_the_generator_decides(transform, dtype):
    images = pictures(dtype)
    before = images.copy()
    first, again, other = (transform(images, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(first, again)
    assert first.dtype == dtype
    assert not np.array_equal(first, other)
    assert not np.shares_memory(first, images)


@pytest.mark.parametrize("transform", EVERY, ids=repr)
def test_an_empty_batch_stays_empty(transform):
    assert len(transform(pictures(np.uint8, 0), np.random.default_rng(0))) == 0


def test_a_shift_moves_each_image_by_whole_pixels_and_fills_with_zero():
    images = np.full((200, 1, 5, 5), 9, np.uint8)
    images[:, :, 2, 2] = 77
    moved = Shift(1)(images, np.random.default_rng(0))
    where = np.argwhere(moved == 77)[:, 2:]
    assert {tuple(place) for place in where.tolist()} == {(r, c) for r in (1, 2, 3) for c in (1, 2, 3)}
    for image, (row, column) in zip(moved, where, strict=True):
        expected = np.zeros((7, 7), np.uint8)
        expected[row - 1 : row + 4, column - 1 : column + 4] = images[0, 0]
        np.testing.assert_array_equal(image[0], expected[1:6, 1:6])


def test_a_crop_is_a_window_of_the_padded_image_in_every_channel():
    images = pictures(np.uint8)
    cut = Crop((4, 5), padding=2)(images, np.random.default_rng(0))
    assert cut.shape == (12, 3, 4, 5)
    padded = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (4, 5), axis=(2, 3))
    for window, image in zip(windows, cut, strict=True):
        assert (window == image[:, None, None]).all(axis=(0, 3, 4)).any()


@pytest.mark.parametrize(("direction", "axis"), [("horizontal", 3), ("vertical", 2)])
def test_a_flip_mirrors_all_or_none_by_its_probability(direction, axis):
    images = pictures(np.uint8)
    generator = np.random.default_rng(0)
    np.testing.assert_array_equal(Flip(direction, probability=1.0)(images, generator), np.flip(images, axis))
    np.testing.assert_array_equal(Flip(direction, probability=0.0)(images, generator), images)


@pytest.mark.parametrize("turns", [-1, 0, 1, 2])
@pytest.mark.parametrize("size", [7, 8])
def test_quarter_turns_are_exact_and_anticlockwise(turns, size):
    images = pictures(np.uint8)[:, :, :size, :size]
    turned = rotate_by(images, np.full(len(images), 90.0 * turns))
    np.testing.assert_array_equal(turned, np.rot90(images, turns, axes=(2, 3)))


def test_a_turn_by_a_little_agrees_with_scipy():
    scipy = pytest.importorskip("scipy.ndimage", reason="SciPy is the oracle of this test")
    image = np.zeros((1, 1, 16, 16))
    image[0, 0, 4:12, 5:11] = np.random.default_rng(0).random((8, 6))
    expected = scipy.rotate(image[0, 0], 20, reshape=False, order=1)
    np.testing.assert_allclose(rotate_by(image, np.array([20.0]))[0, 0], expected, atol=1e-9)


def test_no_turn_is_no_change():
    images = pictures(np.float32)
    np.testing.assert_array_equal(Rotate(0)(images, np.random.default_rng(0)), images)


EITHER = '"horizontal" or "vertical"'
REFUSED = [
    (lambda: Shift(-1), "Shift(pixels=-1): this cannot be; give pixels of at least 0"),
    (
        lambda: Crop(0),
        "Crop(size=0, padding=0): this cannot be; give a size of at least 1 and a padding of at least 0",
    ),
    (
        lambda: Flip("up"),
        f"Flip(direction='up', probability=0.5): this cannot be; give the direction {EITHER}",
    ),
    (
        lambda: Flip(probability=2),
        "Flip(direction='horizontal', probability=2): this cannot be; give a probability in 0..1",
    ),
    (lambda: Rotate(181), "Rotate(degrees=181): this cannot be; give degrees in 0..180"),
]


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_options_out_of_range_are_refused(make, message):
    with pytest.raises(OptionError) as caught:
        make()
    assert str(caught.value) == message


def test_a_crop_larger_than_the_image_is_refused():
    with pytest.raises(DataError) as caught:
        Crop(9)(pictures(np.uint8), np.random.default_rng(0))
    fault = "images of 8×8 pixels are too small; give a smaller size or more padding"
    assert str(caught.value) == f"Crop(size=9, padding=0): {fault}"


@pytest.mark.parametrize("transform", [Shift(1), Crop(2), Flip(), Rotate(1)], ids=repr)
def test_what_is_no_batch_of_images_is_refused(transform):
    with pytest.raises(DataError) as caught:
        transform(np.zeros((28, 28), np.uint8), np.random.default_rng(0))
    assert str(caught.value) == f"{transform}: got (28, 28) uint8; images are (N, C, H, W), uint8 or float"
