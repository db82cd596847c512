"""The charts of the report, each a function from numbers to an SVG element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.train.report.pictures import NEGATIVE, POSITIVE, ROLES, figure, svg

if TYPE_CHECKING:
    from pellucid.train.report.findings import Run, Verdict
    from pellucid.train.report.inside import Activation

MARKED = 40  # with more epochs than this the dots run into one another
NUMBERED = 20  # with more classes than this the confusion matrix shows colours only
FULL = 4  # mistakes of a kind: fewer never fill a cell with colour
LONGEST_NAME = 16  # characters of a class on an axis


def curve(run: Run, name: str, label: str, *, factor: float = 1.0) -> str:
    """A column of the history over the epochs, for training and validation; the test result is dotted."""
    drawn, axes = figure(360, 236)
    if name in run.results and run.watched != "test":
        axes.axhline(factor * run.results[name], color=ROLES["muted"], linewidth=1, linestyle=(0, (1.5, 2.5)))
    for column, colour in ((name, "blue"), (f"validation_{name}", "orange")):
        if run.has(column):
            _line(axes, run.column("epoch"), factor * run.column(column), ROLES[colour])
    _epoch_axis(axes, run)
    axes.set_ylabel(label)
    if factor == 100.0:
        axes.set_ylim(top=min(axes.get_ylim()[1], 100 + 0.03 * np.ptp(axes.get_ylim())))
    return svg(drawn, name, f"{name} by epoch")


def learning_rates(run: Run) -> str:
    """The learning rate over the epochs."""
    drawn, axes = figure(360, 236)
    _line(axes, run.column("epoch"), run.column("learning_rate"), ROLES["muted"])
    _epoch_axis(axes, run)
    axes.set_ylabel("learning rate")
    return svg(drawn, "rate", "Learning rate by epoch")


def _line(axes: Any, x: np.ndarray, y: np.ndarray, colour: str) -> None:
    axes.plot(x, y, color=colour, marker="o" if len(x) <= MARKED else None, markersize=3.6)


def _epoch_axis(axes: Any, run: Run) -> None:
    from matplotlib.ticker import FixedLocator, MaxNLocator

    first, last = run.records[0]["epoch"], run.records[-1]["epoch"]
    margin = 0.5 if first == last else 0.03 * (last - first)
    axes.set_xlim(first - margin, last + margin)
    axes.xaxis.set_major_locator(FixedLocator([first]) if first == last else MaxNLocator(nbins=8, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.grid(axis="y")
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("epoch")


def confusion(verdict: Verdict) -> str:
    """The confusion matrix: right in blue by its share of the row, wrong in orange by its count."""
    count = len(verdict.names)
    cell = 54 if count <= 4 else 32 if count <= 10 else 26
    side = min(cell * count, cell * NUMBERED) if count <= NUMBERED else 360
    names = [short(name) for name in verdict.names]
    room = 44 + 4 * max(len(name) for name in names) if count <= NUMBERED else 56
    drawn, axes = figure(side + room, side + room)
    strength = _strength(verdict.confusion)
    if count <= NUMBERED:
        _cells(axes, verdict.confusion, strength, cell)
        _name_axes(axes, names)
    else:
        _mosaic(axes, strength)
    axes.set(xlim=(-0.5, count - 0.5), ylim=(count - 0.5, -0.5), aspect="equal")
    axes.set_xlabel("the network says" if count <= NUMBERED else "the network says (class number)")
    axes.set_ylabel("true class" if count <= NUMBERED else "true class (class number)")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(count > NUMBERED)
    return svg(drawn, "confusion", "Confusion matrix: rows are the true classes, columns the predicted ones")


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


def _cells(axes: Any, counts: np.ndarray, strength: np.ndarray, cell: int) -> None:
    from matplotlib.patches import Rectangle

    size = min(0.36 * cell, 10.5, 1.5 * cell / len(str(counts.max())))
    for (row, column), count in np.ndenumerate(counts):
        colour = ROLES["line"] if not count else ROLES["blue"] if row == column else ROLES["orange"]
        fill = strength[row, column] if count else 0.28
        corner = (column - 0.47, row - 0.47)
        axes.add_patch(Rectangle(corner, 0.94, 0.94, facecolor=colour, alpha=fill, linewidth=0))
        if count:
            ink = ROLES["paper"] if fill > 0.8 else ROLES["ink"]
            axes.text(column, row, f"{count}", color=ink, fontsize=size, ha="center", va="center_baseline")


def _name_axes(axes: Any, names: list[str]) -> None:
    places = range(len(names))
    axes.set_yticks(places, names)
    if max(len(name) for name in names) > 3:
        axes.set_xticks(places, names, rotation=45, ha="right", rotation_mode="anchor")
    else:
        axes.set_xticks(places, names)


def _mosaic(axes: Any, strength: np.ndarray) -> None:
    """A pixel a cell, for many classes."""
    colour = np.where(np.eye(len(strength), dtype=bool)[..., None], POSITIVE, NEGATIVE) / 255
    axes.imshow(np.concatenate([colour, strength[..., None]], axis=-1), interpolation="none")


def histogram(activation: Activation, name: str) -> str:
    """How often a layer put out which value; a line stands at 0."""
    from matplotlib.ticker import MaxNLocator

    drawn, axes = figure(240, 112)
    axes.stairs(activation.counts, activation.edges, fill=True, color=ROLES["blue"], alpha=0.8)
    axes.axvline(0, color=ROLES["ink"], linewidth=0.9)
    axes.set_ylim(0, max(1.05 * activation.counts.max(), 1))
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)
    return svg(drawn, name, f"Histogram of the outputs of {activation.path or activation.kind}")
