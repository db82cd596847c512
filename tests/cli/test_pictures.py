"""How images become what a model was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pellucid.cli.pictures import NoPicture, Picture, from_plain
from pellucid.cli.strokes import box, centre_of_mass
from pellucid.data import ArrayDataset, image_folder
from pellucid.errors import CheckpointError, DataError


def dataset(images: np.ndarray) -> ArrayDataset:
    return ArrayDataset(images, np.zeros(len(images), np.int64))


def like_mnist(rng: np.random.Generator) -> np.ndarray:
    """Rectangles 20 pixels high, their middle in the middle."""
    x = np.zeros((50, 1, 28, 28), np.uint8)
    for image in x[:, 0]:
        half = rng.integers(2, 10)
        image[4:24, 14 - half : 14 + half] = 255
    return x


def test_the_training_data_is_measured() -> None:
    picture = Picture.of(dataset(like_mnist(np.random.default_rng(0))))
    assert isinstance(picture, Picture)
    assert (picture.framed, picture.light_ground, picture.side) == (True, False, 0.714)
    assert picture.centre == (0.5, 0.5)


def test_a_drawing_gets_the_size_and_place_of_the_training_data(tmp_path: Path) -> None:
    picture = Picture.of(dataset(like_mnist(np.random.default_rng(0))))
    page = np.full((300, 200), 255, np.uint8)
    page[20:120, 130:170] = 0
    Image.fromarray(page).save(tmp_path / "x.png")
    pixels = picture.convert(tmp_path / "x.png")
    assert (pixels.shape, pixels.dtype, pixels.max()) == ((1, 28, 28), np.uint8, 255)
    top, bottom, left, right = box(pixels[0], 50)
    assert (bottom - top, right - left) == (20, 8)
    assert centre_of_mass(pixels[0]) == pytest.approx((14, 14), abs=0.5)


def test_training_data_on_a_light_ground_gives_dark_on_light(tmp_path: Path) -> None:
    picture = Picture.of(dataset(255 - like_mnist(np.random.default_rng(0))))
    assert isinstance(picture, Picture)
    assert picture.light_ground
    page = np.zeros((60, 60), np.uint8)
    page[10:30, 20:40] = 200
    Image.fromarray(page).save(tmp_path / "x.png")
    pixels = picture.convert(tmp_path / "x.png")[0]
    assert (pixels[0, 0], pixels[14, 14]) == (255, 0)


def test_floats_stay_floats_between_0_and_1(tmp_path: Path) -> None:
    picture = Picture.of(dataset(like_mnist(np.random.default_rng(0)).astype(np.float32) / 255))
    Image.fromarray(np.pad(np.full((20, 10), 255, np.uint8), 10)).save(tmp_path / "x.png")
    pixels = picture.convert(tmp_path / "x.png")
    assert (pixels.dtype, pixels.min(), pixels.max()) == (np.float32, 0, 1)


def photographs() -> dict[str, Image.Image]:
    """Images of which every conversion of its own would make something else."""
    rng = np.random.default_rng(0)
    grey, colour = rng.integers(0, 256, (40, 30)).astype(np.uint8), rng.integers(0, 256, (40, 30, 4)).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = Image.fromarray(colour[..., :3])
    turned.info["exif"] = exif.tobytes()
    return {
        "grey": Image.fromarray(grey),
        "small": Image.fromarray(grey[:3, :2]),
        "sixteen bits": Image.fromarray(grey.astype(np.uint16) * 100 + 2000),
        "colour": Image.fromarray(colour[..., :3]),
        "transparent": Image.fromarray(colour),
        "transparent grey": Image.fromarray(colour[..., :2]),
        "turned": turned,
    }


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", photographs())
def test_images_without_plain_ground_are_read_as_training_images_are(kind: str, channels: int, tmp_path: Path) -> None:
    path = tmp_path / "photographs" / "class" / "x.png"
    path.parent.mkdir(parents=True)
    image = photographs()[kind]
    image.save(path, exif=image.info.get("exif", b""))
    noise = np.random.default_rng(0).integers(0, 256, (20, channels, 8, 6)).astype(np.uint8)
    trained = image_folder(tmp_path / "photographs", size=(8, 6), channels=channels)
    picture = Picture.of(dataset(noise))
    assert isinstance(picture, Picture) and not picture.framed
    np.testing.assert_array_equal(picture.convert(path), trained.x[0])
    floats = Picture.of(dataset(noise.astype(np.float32) / 255))
    np.testing.assert_allclose(floats.convert(path), trained.x[0].astype(np.float32) / 255, rtol=1e-6)


@pytest.mark.parametrize(
    ("x", "reason"),
    [
        (np.zeros((5, 7), np.float32), "examples of 7 numbers, not images of 1 or 3 channels"),
        (np.zeros((5, 2, 4, 4), np.uint8), "examples of 2×4×4 numbers, not images of 1 or 3 channels"),
        (np.full((5, 1, 4, 4), -1.0), "numbers outside of 0..1, so what white is cannot be told"),
    ],
)
def test_data_that_are_no_images_say_why(x: np.ndarray, reason: str, tmp_path: Path) -> None:
    found = from_plain(Picture.of(dataset(x)).plain())
    assert isinstance(found, NoPicture)
    with pytest.raises(DataError) as error:
        found.convert(tmp_path / "x.png")
    assert str(error.value).endswith(f"x.png cannot be converted: the run was trained on {reason}")


def test_measures_survive_a_configuration_file() -> None:
    picture = Picture.of(dataset(like_mnist(np.random.default_rng(0))))
    assert from_plain({**picture.plain(), "centre": list(picture.plain()["centre"])}) == picture
    with pytest.raises(CheckpointError) as error:
        from_plain({"channels": 1})
    assert str(error.value) == "predict: the run's config.json has no usable `picture`; train again"
