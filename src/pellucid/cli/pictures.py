"""Photographs and drawings as a run's model expects its images.

Grey images of one thing on plain ground are made as MNIST was, with the measures of the run's own training
data (for MNIST: light strokes on black, the longer side 20 of 28 pixels, the centre of mass in the middle):

1. what is transparent becomes paper, dark behind light strokes and light behind dark ones;
2. grey; larger ones averaged down to 256 pixels a side;
3. the ground, a plane through the border's brightness, taken away, so that light on dark and dark on light
   come out the same, and the contrast stretched; what is weaker than the ground's noise becomes ground;
4. cropped to what is left, and scaled so that its longer side is as long as in the training data;
5. put with its centre (of mass or of the crop, whichever varies less in the training data) where theirs is.

Other images are read as a folder of training images is, and scaled to the model's size.

Reference: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits"
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.cli.strokes import VISIBLE, box, centre_of_mass, cropped, strokes
from pellucid.data.images import pixels_of, read_image
from pellucid.errors import CheckpointError, DataError

if TYPE_CHECKING:
    from PIL.Image import Image

    from pellucid.data import ArrayDataset

LARGEST = 256  # pixels a side; averaging larger pictures down to it takes away a camera's noise
SAMPLE = 1000  # training images that are measured


@dataclass(frozen=True)
class Picture:
    """What a run's training images are like.

    Units: ground and range as the training data has them, the longer side as a part of the image's
    """

    channels: int
    height: int
    width: int
    is_float: bool = False  # 0..1 instead of 0..255
    framed: bool = False  # one thing on plain ground; the rest is only used then
    light_ground: bool = False
    side: float = 1.0
    by_mass: bool = True
    centre: tuple[float, float] = (0.5, 0.5)

    @classmethod
    def of(cls, dataset: ArrayDataset) -> Picture | NoPicture:
        """Measured on the training data."""
        x = dataset.x
        if x.ndim != 4 or x.shape[1] not in (1, 3):
            return NoPicture(x.shape[1:])
        channels, height, width = map(int, x.shape[1:])
        is_float = x.dtype.kind == "f"
        if is_float and (x.min() < 0 or x.max() > 1):
            return NoPicture(x.shape[1:], "numbers outside of 0..1, so what white is cannot be told")
        sample = x[:SAMPLE, 0].astype(np.float32) / (1 if is_float else 255)
        measured = _measures(sample) if channels == 1 else {}
        return cls(channels, height, width, is_float, **measured)

    def plain(self) -> dict[str, Any]:
        return asdict(self)

    def convert(self, path: Path) -> np.ndarray:
        """One image file as the model's input.

        Shapes: → (channels, height, width) in the training data's dtype
        Raises: DataError when it is no image, or there is nothing on it
        """
        image = read_image("predict", _file(path))
        if self.framed:
            pixels = self._framed(image, path)[np.newaxis]
        else:
            pixels = pixels_of(image, self.channels, (self.height, self.width))
        return (pixels / 255).astype(np.float32) if self.is_float else np.rint(pixels).astype(np.uint8)

    def _framed(self, image: Image, path: Path) -> np.ndarray:
        grey = np.asarray(_on_paper(_stretched(image)).convert("L"), np.float32)
        found = self._placed(strokes(_reduced(grey), path))
        return 255 - found if self.light_ground else found

    def _placed(self, stroke: np.ndarray) -> np.ndarray:
        """The stroke, bright on 0, in the size and at the place of the training data."""
        crop = cropped(stroke)
        scale = self.side * max(self.height, self.width) / max(crop.shape)
        height = min(max(round(crop.shape[0] * scale), 1), self.height)
        width = min(max(round(crop.shape[1] * scale), 1), self.width)
        small = np.asarray(_resized(_image(crop), width, height), np.float32)
        small = small * (255 / max(float(small.max()), 1.0))
        own = centre_of_mass(small) if self.by_mass else (height / 2, width / 2)
        top = _start(self.centre[0] * self.height - own[0], self.height - height)
        left = _start(self.centre[1] * self.width - own[1], self.width - width)
        page = np.zeros((self.height, self.width), np.float32)
        page[top : top + height, left : left + width] = small
        return page


class NoPicture:
    """Data that no image file can be made into, and why."""

    def __init__(self, shape: Any, reason: str = "") -> None:
        numbers = "×".join(map(str, shape))
        self.reason = reason or f"examples of {numbers} numbers, not images of 1 or 3 channels"

    def plain(self) -> dict[str, Any]:
        return {"none": self.reason}

    def convert(self, path: Path) -> np.ndarray:
        raise DataError(f"predict: {path} cannot be converted: the run was trained on {self.reason}")


def from_plain(plain: Any) -> Picture | NoPicture:
    """What `plain` gave, from a configuration."""
    if isinstance(plain, dict) and "none" in plain:
        found = NoPicture(())
        found.reason = plain["none"]
        return found
    try:
        return Picture(**{**plain, "centre": tuple(plain["centre"])})
    except (TypeError, KeyError):
        raise CheckpointError("predict: the run's config.json has no usable `picture`; train again") from None


# ---- measuring the training data


def _measures(images: np.ndarray) -> dict[str, Any]:
    """Ground, size and place of the thing in grey images (N, H, W) in 0..1."""
    edges = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    grounds = np.median(edges, axis=1)
    ground = float(np.median(grounds))
    if min(ground, 1 - ground) > 0.1 or np.mean(np.abs(grounds - ground) < 0.1) < 0.9:
        return {}  # no plain ground: only scaled
    seen = [stroke for stroke in np.abs(images - ground) if stroke.max() > VISIBLE]
    boxes = [box(stroke, VISIBLE) for stroke in seen]
    if not boxes:
        return {}
    size = np.array(images.shape[1:])
    masses = np.array([centre_of_mass(stroke) for stroke in seen]) / size
    middles = np.array([((top + bottom) / 2, (left + right) / 2) for top, bottom, left, right in boxes]) / size
    by_mass = bool(masses.std(0).sum() <= middles.std(0).sum())
    centre = (masses if by_mass else middles).mean(0)
    sides = [max(bottom - top, right - left) for top, bottom, left, right in boxes]
    return {
        "framed": True,
        "light_ground": ground > 0.5,
        "side": round(float(np.median(sides)) / float(size.max()), 3),
        "by_mass": by_mass,
        "centre": tuple(round(float(place), 3) for place in centre),
    }


# ---- cleaning


def _file(path: Path) -> Path:
    """The path itself. Raises: DataError when there is no file"""
    if not path.exists():
        raise DataError(f"predict: there is no file {path}")
    if path.is_dir():
        raise DataError(f"predict: {path} is a folder; give image files, such as {path}/*.png")
    return path


def _stretched(image: Image) -> Image:
    """Sixteen bits a pixel, or floats, stretched to eight: Pillow's own way makes white of all beyond 255."""
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    pixels = np.asarray(image, np.float64)
    low, high = float(pixels.min()), float(pixels.max())
    return _image((pixels - low) * (255 / (high - low)) if high > low else np.zeros(pixels.shape))


def _on_paper(image: Image) -> Image:
    """Without transparency: on black when what can be seen is light, else on white."""
    from PIL.Image import alpha_composite, new

    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    grey, alpha = np.asarray(image.convert("RGB").convert("L"), np.float32), np.asarray(image)[:, :, 3]
    seen = float(np.average(grey, weights=alpha)) if alpha.any() else 0.0
    paper: Any = new("RGBA", image.size, "black" if seen > 127 and not alpha.all() else "white")
    return alpha_composite(paper, image).convert("RGB")


def _reduced(grey: np.ndarray) -> np.ndarray:
    scale = LARGEST / max(grey.shape)
    if scale >= 1:
        return grey
    height, width = (max(round(n * scale), 1) for n in grey.shape)
    return np.asarray(_resized(_image(grey), width, height), np.float32)


def _start(wanted: float, room: int) -> int:
    """Where a crop begins: as wanted, but within the page."""
    return min(max(round(wanted), 0), room)


def _resized(image: Image, width: int, height: int) -> Image:
    from PIL.Image import Resampling

    return image.resize((width, height), Resampling.BOX if image.width >= width else Resampling.BILINEAR)


def _image(pixels: np.ndarray) -> Image:
    from PIL.Image import fromarray

    return fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
