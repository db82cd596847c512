"""The pictures: matplotlib draws lines into SVG, Pillow packs pixels into PNG; both become text in the page.

Colours are roles, not values: in the SVG every role becomes a CSS variable of the page, so that a picture
follows the reader from light to dark and onto paper.
"""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.errors import PellucidError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# What matplotlib is told to draw with; no other colour occurs in a picture.
ROLES = {
    "ink": "#010101",
    "muted": "#010102",
    "line": "#010103",
    "paper": "#010104",
    "blue": "#010105",
    "orange": "#010106",
}
POSITIVE, NEGATIVE = (58, 127, 198), (217, 107, 38)  # the ends of the diverging map; 0 is the page itself
LARGEST_SIDE = 96  # pixels; larger images are made smaller

_STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "pellucid",  # the same picture gives the same bytes
    "text.parse_math": False,  # a class may be called $x$
    "font.size": 10,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": ROLES["line"],
    "axes.labelcolor": ROLES["muted"],
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "text.color": ROLES["ink"],
    "xtick.color": ROLES["line"],
    "ytick.color": ROLES["line"],
    "xtick.labelcolor": ROLES["muted"],
    "ytick.labelcolor": ROLES["muted"],
    "grid.color": ROLES["line"],
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
}


@contextmanager
def drawing() -> Iterator[None]:
    """Inside, matplotlib draws in the report's style; afterwards the user's settings are back.

    Raises: PellucidError when matplotlib is not installed
    """
    try:
        from matplotlib import style
    except ImportError as error:
        raise PellucidError("report: needs matplotlib, which is not installed; pip install matplotlib") from error
    with warnings.catch_warnings(), style.context(_STYLE, after_reset=True):
        warnings.simplefilter("ignore")  # a glyph that matplotlib's font lacks: the reader's browser has it
        yield


def figure(width: float, height: float) -> tuple[Figure, Any]:
    """A figure with one pair of axes; sizes in SVG units, about CSS pixels."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width / 72, height / 72), layout="constrained")
    return drawn, drawn.subplots()


def svg(drawn: Figure, name: str, title: str) -> str:
    """The figure as an SVG element. `name` keeps its ids apart from the other pictures' ids.

    Note: the XML head and the name spaces, which HTML does not need, are left out
    """
    buffer = io.StringIO()
    drawn.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    text = buffer.getvalue()
    start = re.search(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', text)
    assert start is not None, "matplotlib writes a viewBox"
    body = re.sub(r"<defs>\s*<style.*?</style>\s*</defs>", "", text[start.end() :], flags=re.DOTALL)
    body = re.sub(r"<[^<>]*>", lambda tag: _own_ids(_css_colours(tag.group()), name), body)
    widest = f"{1.3 * float(start.group(1).split()[2]):.0f}px"
    head = f'<svg viewBox="{start.group(1)}" style="max-width:{widest}" role="img" aria-label="{escape(title)}">'
    return head + body


def _css_colours(tag: str) -> str:
    for role, colour in ROLES.items():
        tag = tag.replace(colour, f"var(--{role})")
    return tag


def _own_ids(tag: str, name: str) -> str:
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", tag)


def png(pixels: np.ndarray) -> str:
    """Pixels (height, width) or (height, width, 3 or 4) uint8 as a data URI."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
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
