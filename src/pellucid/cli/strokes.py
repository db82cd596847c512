"""From a grey picture of something on plain ground to the strokes alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pellucid.errors import DataError

GRAIN = 0.05  # of the contrast: weaker than that is paper, not stroke
NOISE = 4.0  # so many times the ground's own noise is paper too
VISIBLE = 0.2  # of the contrast: where a stroke ends when its size is measured
SMALLEST_CONTRAST = 16  # of 255 levels: below it there is nothing to see


def strokes(grey: np.ndarray, path: Path) -> np.ndarray:
    """What differs from the ground, bright on 0: dark on light and light on dark come out the same.

    Shapes: (H, W) → (H, W)
    Units:  0..255
    Note:   the ground may be a slope, as paper under a lamp is: a plane through the border's brightness
    Raises: DataError when nothing stands out
    """
    ground, noise = _ground(grey)
    stroke = ground - grey if np.median(ground) > 127 else grey - ground
    most = float(np.percentile(stroke, 99.9) if stroke.size > 10_000 else stroke.max())
    if most < max(SMALLEST_CONTRAST, 2 * NOISE * noise):
        raise DataError(f"predict: {path} is blank: nothing on it stands out from its border")
    stroke[stroke < max(GRAIN * most, NOISE * noise)] = 0
    return np.minimum(stroke * (255 / most), 255)


def cropped(stroke: np.ndarray) -> np.ndarray:
    """The smallest part with all that is clearly visible."""
    top, bottom, left, right = box(stroke, 255 * VISIBLE)
    return stroke[top:bottom, left:right]


def box(stroke: np.ndarray, least: float) -> tuple[int, int, int, int]:
    """Top, bottom, left and right (ends excluded) of what is more than `least`.

    >>> box(np.array([[0, 0, 0], [0, 5, 1]]), 0)
    (1, 2, 1, 3)
    """
    rows, columns = np.flatnonzero((stroke > least).any(1)), np.flatnonzero((stroke > least).any(0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def centre_of_mass(stroke: np.ndarray) -> tuple[float, float]:
    """Row and column, in pixels from the top left corner of the top left pixel.

    >>> centre_of_mass(np.array([[0.0, 0.0], [0.0, 3.0]]))
    (1.5, 1.5)
    """
    total = float(stroke.sum()) or 1.0
    row = float(stroke.sum(1) @ (np.arange(stroke.shape[0]) + 0.5)) / total
    return row, float(stroke.sum(0) @ (np.arange(stroke.shape[1]) + 0.5)) / total


def _ground(grey: np.ndarray) -> tuple[np.ndarray, float]:
    """The brightness of the paper everywhere, and the standard deviation of its noise."""
    rows, columns = (x.astype(np.float64) / max(x.max(), 1) for x in np.indices(grey.shape))
    edge = np.zeros(grey.shape, bool)
    edge[[0, -1]] = edge[:, [0, -1]] = True
    points, levels = np.stack([np.ones(edge.sum()), rows[edge], columns[edge]], 1), grey[edge]
    plane, noise = np.array([np.median(levels), 0.0, 0.0]), 0.0
    for _ in range(3):  # again without what is no paper: a stroke or a table's edge that reaches the border
        off = np.abs(levels - points @ plane)
        noise = 1.48 * float(np.median(off))  # of a normal distribution, and deaf to a few strokes
        near = off <= max(2.5 * noise, 2.0)
        plane = np.linalg.lstsq(points[near], levels[near], rcond=None)[0]
    return plane[0] + plane[1] * rows + plane[2] * columns, noise
