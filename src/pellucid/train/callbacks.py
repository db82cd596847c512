"""What can listen to a training run, and stop it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.errors import OptionError

if TYPE_CHECKING:
    from pellucid.train.position import Position
    from pellucid.train.trainer import Trainer


class Callback:
    """Override what you need. Set `position.stop = True` to end the run after this epoch."""

    def on_start(self, trainer: Trainer, position: Position) -> None:
        """Before the first step, also when a run is resumed."""

    def on_steps(self, trainer: Trainer, position: Position) -> None:
        """After some steps: several times a second, not after each."""

    def on_epoch(self, trainer: Trainer, position: Position, record: dict[str, Any]) -> None:
        """After an epoch and its validation; `record` is its line in the history."""

    def on_end(self, trainer: Trainer, position: Position) -> None:
        """After the last epoch, and also when the run is interrupted or fails."""


class EarlyStopping(Callback):
    """Stops when `monitor` has not become better for `patience` epochs, and goes back to the best weights.

    monitor:   a column of the history
    mode:      "min" when smaller is better, "max" when larger is; left out, it is "max" for a monitor with
               "accuracy" or "top" in its name and "min" for any other
    min_delta: how much better counts as better
    Note:      a run that starts anew forgets what an earlier one has left here; a resumed one goes on from it.

    >>> EarlyStopping(patience=3).monitor
    'validation_loss'
    """

    def __init__(
        self,
        patience: int = 5,
        *,
        monitor: str = "validation_loss",
        mode: str | None = None,
        min_delta: float = 0.0,
    ) -> None:
        if patience < 1:
            raise OptionError(f"EarlyStopping: patience={patience} epochs; give 1 or more")
        if mode not in (None, "min", "max"):
            raise OptionError(f"EarlyStopping: mode={mode!r}; give 'min' or 'max', or leave it out")
        self.patience, self.monitor, self.min_delta = patience, monitor, min_delta
        self.mode = mode or ("max" if "accuracy" in monitor or "top" in monitor else "min")
        self.reset()

    def reset(self) -> None:
        """Forget the best epoch."""
        self.best: float | None = None
        self.best_epoch = 0
        self.weights: dict[str, np.ndarray] = {}

    def on_start(self, trainer: Trainer, position: Position) -> None:
        if position.epoch == 0:  # also where a checkpoint was read: before the first epoch there was no best one
            self.reset()

    def on_epoch(self, trainer: Trainer, position: Position, record: dict[str, Any]) -> None:
        if self.monitor not in record:
            raise OptionError(
                f"EarlyStopping: there is no {self.monitor!r} to watch; there is {', '.join(record)}; "
                "give fit(validation=...) or another monitor"
            )
        value = float(record[self.monitor])
        gain = 0.0 if self.best is None else value - self.best if self.mode == "max" else self.best - value
        if self.best is None or gain > self.min_delta:
            self.best, self.best_epoch = value, record["epoch"]
            self.weights = trainer.model.state_dict()
        elif record["epoch"] - self.best_epoch >= self.patience:
            position.stop = True

    def restore(self, trainer: Trainer) -> None:
        """Give the model its best weights."""
        if self.weights:
            trainer.model.load_state_dict(self.weights)

    def notes(self) -> dict[str, Any]:
        """What a checkpoint keeps of it, besides the weights."""
        return {"best": self.best, "best_epoch": self.best_epoch}

    def resume(self, notes: dict[str, Any], weights: dict[str, np.ndarray]) -> None:
        """Go on from what a checkpoint has kept."""
        self.best, self.best_epoch, self.weights = notes["best"], notes["best_epoch"], weights
