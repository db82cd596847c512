"""The charts of the report, each a function from numbers to an SVG element."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pellucid.train.report.pictures import NEGATIVE, POSITIVE, png
from pellucid.train.report.plot import GAP, SIZE, Margins, Plot, room_for, span, ticks

if TYPE_CHECKING:
    from pellucid.train.report.findings import Run, Verdict
    from pellucid.train.report.inside import Activation

MARKED = 40  # with more epochs than this the dots run into one another
NUMBERED = 20  # with more classes than this the confusion matrix shows colours only
FULL = 4  # mistakes of a kind: fewer never fill a cell with colour
LONGEST_NAME = 16  # characters of a class on an axis
TITLED = 1.5 * SIZE + GAP  # room for the title of an axis
LABELLED = SIZE + GAP  # room for the labels under an axis
DOTS = "1.5 2.5"


def curve(run: Run, name: str, label: str, *, factor: float = 1.0) -> str:
    """A column of the history over the epochs, for training and validation; the test result is dotted."""
    known = ((name, "blue"), (f"validation_{name}", "orange"))
    lines = {colour: factor * run.column(column) for column, colour in known if run.has(column)}
    dotted = factor * run.results[name] if name in run.results and run.watched != "test" else math.nan
    low, high = span([*np.concatenate(list(lines.values())), dotted])
    plot = _over_epochs(run, label, low, min(high, 100 + 0.03 * (high - low)) if factor == 100.0 else high)
    if math.isfinite(dotted):
        plot.across(dotted, "muted", dash=DOTS)
    for colour, y in lines.items():
        plot.line(run.column("epoch"), y, colour, marked=len(y) <= MARKED)
    return plot.svg(f"{name} by epoch")


def learning_rates(run: Run) -> str:
    """The learning rate over the epochs."""
    rates = run.column("learning_rate")
    plot = _over_epochs(run, "learning rate", *span(rates))
    plot.line(run.column("epoch"), rates, "muted", marked=len(rates) <= MARKED)
    return plot.svg("Learning rate by epoch")


def _over_epochs(run: Run, label: str, low: float, high: float) -> Plot:
    first, last = run.records[0]["epoch"], run.records[-1]["epoch"]
    margin = 0.5 if first == last else 0.03 * (last - first)
    heights, words = ticks(low, high, 6)
    margins = Margins(left=TITLED + room_for(words) + GAP, bottom=LABELLED + TITLED)
    plot = Plot(360, 236, (first - margin, last + margin), (low, high), margins)
    for height in heights:
        plot.across(height, "line")
    plot.y_axis(heights, words, title=label)
    plot.x_axis(*ticks(first - margin, last + margin, 8, whole=True), title="epoch")
    plot.base()
    return plot


def confusion(verdict: Verdict) -> str:
    """The confusion matrix: right in blue by its share of the row, wrong in orange by its count."""
    count = len(verdict.names)
    numbered = count <= NUMBERED
    cell = 54 if count <= 4 else 32 if count <= 10 else 26
    side = cell * count if numbered else 360
    names = [short(name) for name in verdict.names]
    slanted = numbered and max(len(name) for name in names) > 3
    places, words = (list(range(count)), names) if numbered else ticks(0, count - 1, 6, whole=True)
    below = 0.75 * room_for(words) + SIZE if slanted else LABELLED
    margins = Margins(left=TITLED + room_for(words) + GAP, bottom=below + TITLED)
    size = (side + margins.left + margins.right, side + margins.bottom + margins.top)
    plot = Plot(*size, (-0.5, count - 0.5), (count - 0.5, -0.5), margins)
    strength = _strength(verdict.confusion)
    if numbered:
        _cells(plot, verdict.confusion, strength, cell)
    else:
        plot.image(_mosaic(strength))
    more = "" if numbered else " (class number)"
    plot.x_axis(places, words, title=f"the network says{more}", slanted=slanted)
    plot.y_axis(places, words, title=f"true class{more}")
    return plot.svg("Confusion matrix: rows are the true classes, columns the predicted ones")


def short(name: str) -> str:
    """A class name as it fits on an axis."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _strength(counts: np.ndarray) -> np.ndarray:
    """How full every cell's colour is, 0..1: the share of the row that is right, or of the worst mistake."""
    wrong = counts - np.diag(np.diag(counts))
    strength = np.where(wrong > 0, 0.1 + 0.9 * wrong / max(wrong.max(), FULL), 0.0)
    share = np.diag(counts) / np.maximum(counts.sum(axis=1), 1)
    np.fill_diagonal(strength, np.where(share > 0, 0.15 + 0.85 * share, 0.0))
    return np.minimum(strength, 1.0)  # a sum of 0.1 and 0.9 shares is 1.0000000000000002 for some


def _cells(plot: Plot, counts: np.ndarray, strength: np.ndarray, cell: int) -> None:
    size = min(0.36 * cell, 10.5, 1.5 * cell / len(str(counts.max())))
    for (row, column), count in np.ndenumerate(counts):
        colour = "line" if not count else "blue" if row == column else "orange"
        fill = float(strength[row, column]) if count else 0.28
        plot.box((column - 0.47, column + 0.47), (row - 0.47, row + 0.47), colour, fill)
        if count:
            plot.text(column, row, f"{count}", "paper" if fill > 0.8 else "ink", size)


def _mosaic(strength: np.ndarray) -> str:
    """A pixel a cell, for many classes."""
    colour = np.where(np.eye(len(strength), dtype=bool)[..., None], POSITIVE, NEGATIVE)
    opacity = np.rint(255 * strength)[..., None]
    return png(np.concatenate([colour, opacity], axis=-1).astype(np.uint8), largest=len(strength))


def histogram(activation: Activation) -> str:
    """How often a layer put out which value; a line stands at 0."""
    edges = activation.edges
    low, high = min(edges[0], 0.0), max(edges[-1], 0.0)
    room = 0.03 * (high - low)
    x, y = (low - room, high + room), (0.0, max(1.05 * activation.counts.max(), 1))
    plot = Plot(240, 112, x, y, Margins(bottom=LABELLED + GAP))
    plot.stairs(activation.counts, edges, "blue")
    plot.upright(0, "ink")
    plot.x_axis(*ticks(*x, 5))
    plot.base()
    return plot.svg(f"Histogram of the outputs of {activation.path or activation.kind}")
