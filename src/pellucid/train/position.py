"""Where a training run is."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Position:
    """Where a run is. Callbacks may read all of it and set `stop`."""

    epochs: int
    batches: int  # in an epoch
    epoch: int = 0  # epochs that are finished
    batch: int = 0  # batches of the current epoch that are finished
    examples: int = 0  # in those batches
    seconds: float = 0.0  # of the current epoch
    latest: int = 0  # examples since the last look
    sums: dict[str, float] = field(default_factory=dict)  # of loss and metrics over the examples
    stop: bool = False

    def means(self) -> dict[str, float]:
        """Loss and metrics of the current epoch so far."""
        return {name: total / self.examples for name, total in self.sums.items()} if self.examples else {}
