"""One image file as pixels: the same for training data and for what is predicted later."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image


def read_image(name: str, path: Path) -> Image:
    """The image in a file, turned upright.

    name:   who reads it, for the messages
    Raises: DataError when it is no image, is damaged, or has too many pixels
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                image.load()
                return ImageOps.exif_transpose(image)
    except (UnidentifiedImageError, IsADirectoryError, PermissionError) as error:
        raise DataError(f"{name}: {path} is no image that Pillow can read; take it out or replace it") from error
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise DataError(f"{name}: {path} has too many pixels to be trusted; scale it down") from error
    # Pillow's decoders raise these for damaged files.
    except (OSError, ValueError, TypeError, SyntaxError, EOFError, LookupError) as error:
        raise DataError(f"{name}: {path} is a damaged image ({error}); replace it") from error


def pixels_of(image: Image, channels: int | None = None, size: tuple[int, int] | None = None) -> np.ndarray:
    """The image's pixels.

    channels: 1 (grey) or 3 (red, green, blue); without it, 1 if it is grey, else 3
    size:     (height, width) to scale it to, without keeping its proportions
    Shapes:   → (channels, height, width) uint8
    Units:    pixels in 0..255; transparent ones lie on white; sixteen bits a pixel become eight
    """
    from PIL.Image import Resampling

    image = _flat(_eight_bits(image))
    if channels is not None:
        image = image.convert("L" if channels == 1 else "RGB")
    if size is not None and (image.height, image.width) != size:
        image = image.resize((size[1], size[0]), Resampling.BILINEAR)
    pixels = np.asarray(image, np.uint8)
    return pixels[np.newaxis] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)


def _eight_bits(image: Image) -> Image:
    """The image with eight bits a pixel: Pillow's own conversion makes white of all beyond 255."""
    from PIL.Image import fromarray

    if not image.mode.startswith("I;16"):
        return image
    return fromarray((np.asarray(image) >> 8).astype(np.uint8))


def _flat(image: Image) -> Image:
    """The image on white paper, grey ("L") or "RGB": what is transparent may have any colour beneath."""
    from PIL.Image import alpha_composite, new

    grey = image.mode in ("1", "L", "LA", "La")
    if image.has_transparency_data:
        paper: Any = new("RGBA", image.size, "white")
        image = alpha_composite(paper, image.convert("RGBA"))
    return image.convert("L" if grey else "RGB")
