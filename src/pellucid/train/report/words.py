"""The sentences of the report that depend on the numbers, and the numbers as people write them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pellucid.train.report.findings import Run

# The options of `pellucid train` that decide what a run computes, in the order in which they are shown.
OPTIONS = (
    *("data", "model", "epochs", "batch_size", "optimizer", "lr", "momentum", "weight_decay", "schedule"),
    *("validation", "patience", "augment", "clip_norm", "label_smoothing", "dtype", "seed", "engine", "threads"),
)
RISE = 1.03  # a validation loss this much above its lowest is said to rise
NEIGHBOURS = 1  # epochs on either side that a smoothed loss is the mean of
CHANCE = 0.1  # right answers up to this part of the way from guessing to perfect are near guessing
FAR = 2.0  # a loss above this many times that of guessing is far above it
HARDLY = 0.97  # a training loss still above this share of its first value has hardly fallen


def percent(share: float, digits: int = 2) -> str:
    """99.996 % of something is not all of it, so it is never rounded up to 100 %."""
    rounded = round(100 * share, digits)
    if rounded == 100 and share < 1:
        rounded = 100 - 10**-digits
    return f"{rounded:.{digits}f} %" if 0 < share < 1 else f"{rounded:.0f} %"


def duration(seconds: float) -> str:
    """
    >>> duration(0.84), duration(12.34), duration(252), duration(7500)
    ('0.84 s', '12.3 s', '4 min 12 s', '2 h 05 min')
    """
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def counted(count: int, noun: str) -> str:
    """
    >>> counted(1, "image"), counted(1200, "image")
    ('1 image', '1,200 images')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def command(config: Mapping[str, Any]) -> list[str]:
    """The line that repeats the run, an option a string; empty when it was not started from the command line.

    >>> " ".join(command({"data": "my digits", "model": "two-layer", "batch_size": 100, "out": "runs/1"}))
    "pellucid train --data 'my digits' --model two-layer --batch-size 100"
    """
    if not (config.get("data") and config.get("model")):
        return []
    given = [(name, config.get(name)) for name in OPTIONS]
    options = [
        shlex.join(["--" + name.replace("_", "-"), *([] if value is True else [str(value)])])
        for name, value in given
        if value is not None and value is not False
    ]
    return ["pellucid train", *options]


def outcome(run: Run) -> str:
    """The result of the run in one sentence."""
    things = "image" if run.image_shape else "example"
    total = counted(len(run.test), f"test {things}")
    if run.verdict is None:
        return f"On {total} the mean loss is {run.results['loss']:.4g}."
    wrong = len(run.verdict.mistakes)
    if wrong == 0:
        return f"The network gets all {total} right."
    return f"The network gets {len(run.test) - wrong:,} of {total} right and {wrong:,} wrong."


def ending(run: Run) -> str | None:
    """A sentence when the run did not go through all its epochs."""
    planned, done = run.config.get("epochs"), len(run.records)
    if not isinstance(planned, int) or done >= planned:
        return None
    may_stop = run.config.get("patience", True)  # not said: it may have
    why = "it was interrupted" + (", or stopped early because it no longer improved" if may_stop else "")
    length = f"{done} of {counted(planned, 'epoch')}"
    return f"This run ended after {length}: {why}. This is the network as it was left."


def learning(run: Run) -> str:
    """What the curves say, for someone who reads such curves for the first time."""
    train, validation = run.column("loss"), run.column("validation_loss")
    if _diverged(run):
        loss, classes = run.results["loss"], len(run.verdict.names) if run.verdict else 0
        guessing = f"{np.log(classes):.3g}, that of guessing among {classes} classes"
        return f"The test loss is {loss:.3g}, far above {guessing}. That is worse than guessing: try a smaller --lr."
    if len(train) < 2:
        return "One epoch gives one point; train for more epochs to see a curve."
    fell = f"Training loss went from {train[0]:.3g} to {train[-1]:.3g}. "
    if train[-1] > HARDLY * train[0]:
        return fell + "That is hardly any learning: try another learning rate, or a simpler network first."
    if not run.watched:
        return fell + "There was no validation data, so the curves cannot show whether the network overfits."
    smooth = _smoothed(validation)
    low = int(np.nanargmin(smooth))
    if (smooth[-2:] > RISE * smooth[low]).all() and train[-1] < train[low]:
        return (
            f"{fell}{run.watched.capitalize()} loss was lowest around epoch {run.records[low]['epoch']} "
            f"({smooth[low]:.3g}) and has risen to {smooth[-1]:.3g} since: the network has begun to overfit."
        )
    best = int(np.nanargmin(validation))
    if best == len(train) - 1 and train[-1] < train[-2]:
        return fell + "Both losses were still falling at the end: more epochs may help."
    return f"{fell}The {run.watched} loss has not risen much: there is little sign of overfitting."


def _diverged(run: Run) -> bool:
    """Whether a classifier ended near guessing, with a loss far above that of guessing."""
    if run.verdict is None or len(run.verdict.names) < 2:
        return False
    guess = 1 / len(run.verdict.names)
    return run.verdict.accuracy <= guess + CHANCE * (1 - guess) and run.results["loss"] > FAR * -np.log(guess)


def _smoothed(curve: np.ndarray) -> np.ndarray:
    """Every point as the mean of itself and its neighbours; not a number where there is no number."""
    near = [curve[max(i - NEIGHBOURS, 0) : i + NEIGHBOURS + 1] for i in range(len(curve))]
    near = [x[np.isfinite(x)] for x in near]
    return np.array([x.mean() if len(x) else np.nan for x in near])


def curves_hint(run: Run) -> str:
    """What to look for in the curves."""
    if run.watched:
        return (
            f"Look at the gap between the two lines: {run.watched} loss that rises while training loss still "
            "falls is overfitting, the network learns the training examples by heart."
        )
    return (
        "Look for a line that falls fast, then slowly. One that jumps up and down asks for a smaller "
        "learning rate, one that hardly falls for a larger one."
    )
