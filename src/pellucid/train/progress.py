"""What a training run shows on the terminal: a moving bar, and one line an epoch that stays."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from pellucid.train.callbacks import Callback

if TYPE_CHECKING:
    from pellucid.train.position import Position
    from pellucid.train.trainer import Trainer


class ProgressBar(Callback):
    """On a terminal a bar with loss, accuracy, images a second and time left; elsewhere one plain line an epoch."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._seen, self._since = 0, 0.0

    def on_start(self, trainer: Trainer, position: Position) -> None:
        self._seen, self._since = 0, time.monotonic()
        if sys.stderr.isatty():
            self._open(position)

    def _open(self, position: Position) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[numbers]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True, highlight=False),
            transient=True,
        )
        total = position.epochs * position.batches
        self._task = self._bar.add_task(_epoch(position, position.epoch), total=total, numbers="")
        self._bar.start()
        self._show(position)

    def on_steps(self, trainer: Trainer, position: Position) -> None:
        self._seen += position.latest
        if self._bar is not None:
            self._show(position)

    def _show(self, position: Position) -> None:
        rate = self._seen / max(time.monotonic() - self._since, 1e-9)
        numbers = [f"{_short(name)} {_number(name, value)}" for name, value in position.means().items()]
        self._bar.update(
            self._task,
            completed=position.epoch * position.batches + position.batch,
            description=_epoch(position, min(position.epoch + 1, position.epochs)),
            numbers="  ".join([*numbers, f"{rate:,.0f} images/s"]) if self._seen else "",
        )

    def on_epoch(self, trainer: Trainer, position: Position, record: dict[str, Any]) -> None:
        line = epoch_line(position, record)
        if self._bar is not None:
            self._bar.console.print(line, soft_wrap=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def on_end(self, trainer: Trainer, position: Position) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def epoch_line(position: Position, record: dict[str, Any]) -> str:
    """One epoch in one line, which fits 80 columns with a loss and an accuracy of both kinds of data."""
    words = [_epoch(position, record["epoch"])]
    shown = [name for name in record if name not in ("epoch", "steps", "seconds", "learning_rate")]
    words += [f"{_short(name)} {_number(name, record[name])}" for name in shown]
    return "  ".join([*words, f"{record['seconds']:.1f} s"])


def _short(name: str) -> str:
    """A column's name where there is little room."""
    return name.replace("validation_", "val ").replace("accuracy", "acc").replace("_", " ")


def _epoch(position: Position, epoch: int) -> str:
    return f"epoch {epoch:{len(str(position.epochs))}}/{position.epochs}"


def _number(name: str, value: float) -> str:
    if "loss" in name:
        return f"{value:.4f}" if abs(value) < 100 else f"{value:.4g}"
    share = f"{100 * value:5.2f}"
    return f"{share[:5]} %"  # 100.0, so that the column keeps its width
