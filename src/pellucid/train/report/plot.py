"""A plotter of one pair of axes, straight into SVG: what the charts of the report need, and no more.

Colours are roles, not values: every role is a CSS variable of the page, so that a picture follows the reader from
light to dark and onto paper. It is our own because the usual library takes a second to load and to draw four charts,
which is a fifth of a short run.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

import numpy as np

SIZE = 10.0  # of a letter, in SVG units
WIDE = 0.58  # of that, about the width of a digit
GAP = 4.0  # between an axis and its labels
STEPS = (1, 2, 2.5, 5, 10)
MARK = 1.8  # radius of the dot at a point

Range = tuple[float, float]


@dataclass(frozen=True)
class Margins:
    """Room around the axes, in SVG units."""

    left: float = 6.0
    bottom: float = 6.0
    right: float = 8.0
    top: float = 8.0


class Plot:
    """Axes from `x` to `y`, drawn on with the methods; `svg` gives the whole. Sizes in SVG units, about CSS pixels."""

    def __init__(self, width: float, height: float, x: Range, y: Range, margins: Margins) -> None:
        self.width, self.height, self.x, self.y, self.margins = width, height, x, y, margins
        self.parts: list[str] = []

    # ---- from numbers to places

    @property
    def left(self) -> float:
        return self.margins.left

    @property
    def right(self) -> float:
        return self.width - self.margins.right

    @property
    def bottom(self) -> float:
        return self.height - self.margins.bottom

    def at(self, x: float, y: float) -> tuple[float, float]:
        return (
            self.left + (x - self.x[0]) / (self.x[1] - self.x[0]) * (self.right - self.left),
            self.bottom - (y - self.y[0]) / (self.y[1] - self.y[0]) * (self.bottom - self.margins.top),
        )

    # ---- what is drawn

    def line(self, x: np.ndarray, y: np.ndarray, role: str, *, marked: bool) -> None:
        """A curve; it has a gap where a number is missing."""
        stretches = groupby(zip(x, y, strict=True), key=lambda point: bool(np.isfinite(point[1])))
        for points in [[self.at(*point) for point in points] for known, points in stretches if known]:
            self._path(f"M{' '.join(_pair(*point) for point in points)}", f"fill:none;{_stroke(role, 1.8)}")
            if marked:
                self.parts += [f'<circle cx="{_n(a)}" cy="{_n(b)}" r="{MARK}" {_fill(role)}/>' for a, b in points]

    def across(self, y: float, role: str, *, dash: str = "") -> None:
        """A straight line from left to right."""
        height = self.at(self.x[0], y)[1]
        self._path(f"M{_pair(self.left, height)}H{_n(self.right)}", _stroke(role, 1 if dash else 0.6, dash))

    def upright(self, x: float, role: str, width: float = 0.9) -> None:
        """A straight line from bottom to top."""
        place = self.at(x, self.y[0])[0]
        self._path(f"M{_pair(place, self.bottom)}V{_n(self.margins.top)}", _stroke(role, width))

    def stairs(self, heights: np.ndarray, edges: np.ndarray, role: str) -> None:
        """A filled histogram."""
        path = f"M{_pair(*self.at(edges[0], 0))}"
        for height, left, right in zip(heights, edges, edges[1:], strict=False):
            path += f"L{_pair(*self.at(left, height))}H{_n(self.at(right, height)[0])}"
        self._path(f"{path}V{_n(self.at(0, 0)[1])}Z", f"fill:var(--{role});fill-opacity:0.8")

    def box(self, x: Range, y: Range, role: str, opacity: float) -> None:
        """A filled rectangle."""
        (a, b), (c, d) = self.at(x[0], y[0]), self.at(x[1], y[1])
        place = f'x="{_n(min(a, c))}" y="{_n(min(b, d))}" width="{_n(abs(c - a))}" height="{_n(abs(d - b))}"'
        self.parts.append(f"<rect {place} {_fill(role, opacity)}/>")

    def image(self, source: str) -> None:
        """A picture that fills the axes, its pixels as squares."""
        size = f'width="{_n(self.right - self.left)}" height="{_n(self.bottom - self.margins.top)}"'
        place = f'x="{_n(self.left)}" y="{_n(self.margins.top)}" {size} preserveAspectRatio="none"'
        self.parts.append(f'<image {place} style="image-rendering:pixelated" href="{source}"/>')
        frame = f"M{_pair(self.left, self.margins.top)}H{_n(self.right)}V{_n(self.bottom)}H{_n(self.left)}Z"
        self._path(frame, f"fill:none;{_stroke('line', 0.8)}")

    def text(self, x: float, y: float, words: str, role: str, size: float) -> None:
        """Words in the middle of a place of the axes."""
        self._words(*self.at(x, y), words, role, size=size)

    # ---- axes

    def x_axis(self, ticks: Sequence[float], words: Sequence[str], *, title: str = "", slanted: bool = False) -> None:
        for tick, word in zip(ticks, words, strict=True):
            place = self.at(tick, self.y[0])[0]
            if slanted:
                self._words(place, self.bottom + GAP + 0.3 * SIZE, word, "muted", anchor="end", turn=-45)
            else:
                self._words(place, self.bottom + GAP + 0.5 * SIZE, word, "muted")
        if title:
            self._words((self.left + self.right) / 2, self.height - 0.6 * SIZE, title, "muted")

    def y_axis(self, ticks: Sequence[float], words: Sequence[str], *, title: str = "") -> None:
        for tick, word in zip(ticks, words, strict=True):
            self._words(self.left - GAP, self.at(self.x[0], tick)[1], word, "muted", anchor="end")
        if title:
            self._words(0.6 * SIZE, (self.margins.top + self.bottom) / 2, title, "muted", turn=-90)

    def base(self) -> None:
        """The line that the axes stand on."""
        self._path(f"M{_pair(self.left, self.bottom)}H{_n(self.right)}", _stroke("line", 0.8))

    def svg(self, title: str) -> str:
        """The whole as an SVG element."""
        style = f"max-width:{1.3 * self.width:.0f}px"
        head = f'<svg viewBox="0 0 {_n(self.width)} {_n(self.height)}" style="{style}"'
        return f'{head} role="img" aria-label="{escape(title)}">{"".join(self.parts)}</svg>'

    # ---- elements

    def _path(self, path: str, style: str) -> None:
        self.parts.append(f'<path d="{path}" style="{style}"/>')

    def _words(
        self,
        x: float,
        y: float,
        words: str,
        role: str,
        *,
        size: float = SIZE,
        anchor: str = "middle",
        turn: int = 0,
    ) -> None:
        where = f'x="{_n(x)}" y="{_n(y)}" dy="0.35em"'
        turned = f' transform="rotate({turn} {_n(x)} {_n(y)})"' if turn else ""
        style = f"font-size:{_n(size)}px;text-anchor:{anchor};fill:var(--{role})"
        self.parts.append(f'<text {where}{turned} style="{style}">{escape(words)}</text>')


def _n(number: float) -> str:
    """A number without what no eye can see.

    >>> _n(2.50001), _n(3.0)
    ('2.5', '3')
    """
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _pair(x: float, y: float) -> str:
    return f"{_n(x)} {_n(y)}"


def _stroke(role: str, width: float, dash: str = "") -> str:
    return f"stroke:var(--{role});stroke-width:{width}" + (f";stroke-dasharray:{dash}" if dash else "")


def _fill(role: str, opacity: float = 1.0) -> str:
    return f'style="fill:var(--{role})' + (f";fill-opacity:{_n(opacity)}" if opacity < 1 else "") + '"'


# ---- round numbers


def span(values: Sequence[float] | np.ndarray) -> Range:
    """What an axis shows of these numbers: from the least to the most, and a little around it.

    >>> span([1.0, 3.0])
    (0.9, 3.1)
    >>> span([2.0, float("nan")])
    (1.9, 2.1)
    """
    known = np.asarray(values, float)
    known = known[np.isfinite(known)]
    if not known.size:
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    spread = high - low
    if spread <= max(1e-12 * max(abs(low), abs(high)), 1e-300):  # as good as one number
        spread = abs(low) or 1.0
    return low - 0.05 * spread, high + 0.05 * spread


def ticks(low: float, high: float, most: int, *, whole: bool = False) -> tuple[list[float], list[str]]:
    """Round numbers from `low` to `high`, about `most` at most, and how they are written.

    >>> ticks(0.0, 1.0, 5)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0'])
    >>> ticks(0.5, 3.5, 8, whole=True)[1]
    ['1', '2', '3']
    >>> ticks(-3e-7, 3e-7, 4)[1]
    ['−2e-07', '0', '2e-07']
    """
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(x * power for x in STEPS if x * power >= rough * (1 - 1e-9))
    step = max(1.0, float(math.ceil(step))) if whole else step
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    places = [float(f"{i * step:.12g}") for i in range(first, last + 1)]
    return places, [_written(place, step, max(abs(low), abs(high))) for place in places]


def _written(value: float, step: float, largest: float) -> str:
    if step >= 1e-4 and largest < 1e6:
        digits = next(d for d in range(7) if abs(round(step, d) - step) < 1e-9 * step)
        word = f"{value:.{digits}f}"
    else:
        word = f"{value:.{max(1, math.ceil(math.log10(largest / step)) + 1)}g}"
    return word.replace("-", "−", 1) if value < 0 else word


def room_for(words: Sequence[str]) -> float:
    """How wide the longest of these words is, about."""
    return WIDE * SIZE * max((len(word) for word in words), default=0)
