"""Images and bars in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.cli.screen import bar, percent

if TYPE_CHECKING:
    from rich.text import Text

COLUMNS = 28  # the widest that an image is drawn
SHADES = " ░▒▓█"


def picture(pixels: np.ndarray, colour: bool) -> Text:
    """An image, two pixels above each other in a character; in shades of ink where there is no colour.

    Shapes: pixels (C, H, W) with C 1 or 3
    Units:  0..255
    """
    small = _fitted(pixels)
    if small.shape[1] % 2:
        small = np.concatenate([small, small[:, -1:] * 0], axis=1)
    return _in_colour(small) if colour else _in_shades(small)


def _fitted(pixels: np.ndarray) -> np.ndarray:
    """Scaled by whole numbers where it is small, and down to the widest where it is large."""
    height, width = pixels.shape[1:]
    if width <= COLUMNS:
        times = max(1, 16 // width)
        return pixels.repeat(times, 1).repeat(times, 2)
    rows = np.arange(round(height * COLUMNS / width)) * width // COLUMNS
    return pixels[:, np.minimum(rows, height - 1)][:, :, np.arange(COLUMNS) * width // COLUMNS]


def _in_colour(pixels: np.ndarray) -> Text:
    from rich.style import Style
    from rich.text import Text

    text = Text()
    rgb = np.broadcast_to(pixels, (3, *pixels.shape[1:])).astype(int)
    for row in range(0, rgb.shape[1], 2):
        for upper, lower in zip(rgb[:, row].T, rgb[:, row + 1].T, strict=True):
            text.append("▀", Style(color=_rgb(upper), bgcolor=_rgb(lower)))
        text.append("\n" if row + 2 < rgb.shape[1] else "")
    return text


def _rgb(pixel: Any) -> str:
    return f"rgb({pixel[0]},{pixel[1]},{pixel[2]})"


def _in_shades(pixels: np.ndarray) -> Text:
    from rich.text import Text

    grey = pixels.mean(0)
    pairs = (grey[0::2] + grey[1::2]) / 2
    levels = np.minimum((pairs * len(SHADES) / 256).astype(int), len(SHADES) - 1)
    return Text("\n".join("".join(SHADES[level] for level in row) for row in levels))


def probabilities(names: list[str], values: np.ndarray, most: int = 10, width: int = 24) -> Text:
    """A bar for each class in the classes' order; of more than `most` the likeliest, in theirs."""
    from rich.text import Text

    order = np.argsort(-values, kind="stable")
    shown = range(len(values)) if len(values) <= most else order[:most]
    column = max(len(names[i]) for i in shown)
    lines = []
    for i in shown:
        line = f"{names[i]:>{column}}  {bar(float(values[i]), width)} {percent(float(values[i]))}"
        lines.append(Text(line, style="bold" if i == order[0] else "dim"))
    return Text("\n").join(lines)


def beside(left: Text, right: Text, gap: int = 3) -> Text:
    """Two blocks of lines next to each other, a little indented, with no spaces at the end."""
    from rich.text import Text

    lefts, rights = left.split("\n"), right.split("\n")
    width = max(len(line) for line in lefts)
    lines = []
    for i in range(max(len(lefts), len(rights))):
        line = lefts[i] if i < len(lefts) else Text()
        more = rights[i] if i < len(rights) else Text()
        space = Text(" " * (width - len(line) + gap if more else 0))
        lines.append(Text("  ") + line + space + more)
    return Text("\n").join(lines)
