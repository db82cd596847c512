"""history.json while a run is under way."""

from __future__ import annotations

from typing import Any

from pellucid.cli.runs import Run
from pellucid.train import Callback, Position, Trainer


class HistoryFile(Callback):
    """Writes the history after each epoch, so that a run that is killed leaves its curves too."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.records: list[dict[str, Any]] = []

    def on_start(self, trainer: Trainer, position: Position) -> None:
        """Start from the epochs that the checkpoint has; the run, if it was finished, is so no longer."""
        self.records = self.run.read_history()["epochs"][: position.epoch]
        self.run.write_history(self.records)
        self.run.weights.unlink(missing_ok=True)

    def on_epoch(self, trainer: Trainer, position: Position, record: dict[str, Any]) -> None:
        self.records.append(record)
        self.run.write_history(self.records)
