"""The pictures of pixels: Pillow packs them into PNG, which becomes text in the page."""

from __future__ import annotations

import base64
import io

import numpy as np

POSITIVE, NEGATIVE = (58, 127, 198), (217, 107, 38)  # the ends of the diverging map; 0 is the page itself
LARGEST_SIDE = 96  # pixels; larger images are made smaller


def png(pixels: np.ndarray, largest: int = LARGEST_SIDE) -> str:
    """Pixels (height, width) or (height, width, 3 or 4) uint8 as a data URI; no side is longer than `largest`."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((largest, largest))
    buffer = io.BytesIO()
    image.save(buffer, "png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def photograph(x: np.ndarray, low: float, high: float) -> np.ndarray:
    """An input (C, height, width) as pixels; `low` and `high` become black and white."""
    pixels = np.rint((x.astype(np.float64) - low) / max(high - low, 1e-12) * 255).clip(0, 255).astype(np.uint8)
    return pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)


def diverging(w: np.ndarray, limit: float) -> np.ndarray:
    """Weights (height, width) as pixels: blue above 0, orange below, the nearer to 0 the more transparent."""
    strength = np.clip(np.abs(w.astype(np.float64)) / limit, 0, 1)
    colour = np.where((w > 0)[..., None], POSITIVE, NEGATIVE)
    return np.concatenate([colour, np.rint(255 * strength)[..., None]], axis=-1).astype(np.uint8)
