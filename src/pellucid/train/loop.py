"""The loop of epochs and batches.

It runs as many steps in one call as fit into a tenth of a second, and looks up in between: for Ctrl-C, for a loss
that is no longer finite, for the checkpoint and the progress bar. The numbers do not depend on how the steps are
cut into calls.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.data import ArrayDataset, Loader
from pellucid.data.order import epoch_generator
from pellucid.errors import ShapeError
from pellucid.train.callbacks import Callback
from pellucid.train.diagnosis import explain_non_finite, refuse_broken_loss, refuse_broken_parameters
from pellucid.train.history import History
from pellucid.train.interrupt import held_interrupt
from pellucid.train.position import Position
from pellucid.train.resume import Keeper, held, put_back

if TYPE_CHECKING:
    from pellucid.train.trainer import Trainer

LOOK_UP_SECONDS = 0.1  # how long the loop stays away: Ctrl-C and the progress bar wait about that long


class Loop:
    """One run of a trainer: all that is left to do from `position` on."""

    def __init__(
        self,
        trainer: Trainer,
        dataset: ArrayDataset,
        loader: Loader,
        validation: ArrayDataset | None,
        epochs: int,
        listeners: Sequence[Callback],
        keeper: Keeper,
    ) -> None:
        self.trainer, self.dataset, self.loader, self.validation = trainer, dataset, loader, validation
        self.listeners, self.keeper = listeners, keeper
        self.position, self.history = Position(epochs, len(loader)), History()
        self.steps = 1  # in the next chunk: as many as fit into LOOK_UP_SECONDS, going by the last one

    def run(self) -> None:
        """All epochs that are left. Ctrl-C saves the checkpoint before it goes on up."""
        try:
            for listener in self.listeners:
                listener.on_start(self.trainer, self.position)
            with held_interrupt() as interrupted:
                self.keeper.save(self.position, self.history)
                for _ in self._chunks():
                    if interrupted():
                        self.keeper.save(self.position, self.history)
                        raise KeyboardInterrupt
                    self.keeper.save_if_due(self.position, self.history)
                self.keeper.save(self.position, self.history)
        finally:
            for listener in self.listeners:
                listener.on_end(self.trainer, self.position)

    def _chunks(self) -> Iterator[None]:
        """Everything there is to do; comes up after each chunk of steps and after each epoch."""
        position = self.position
        while position.epoch < position.epochs and not position.stop:
            for _ in self._epoch():
                for listener in self.listeners:
                    listener.on_steps(self.trainer, position)
                yield
            record = self._end_epoch()
            self.history.records.append(record)
            for listener in self.listeners:
                listener.on_epoch(self.trainer, position, record)
            yield

    def _epoch(self) -> Iterator[None]:
        """The rest of the current epoch; comes up after each chunk of steps."""
        position = self.position
        self.trainer.model.train()
        order = self.loader.order(position.epoch)
        while position.batch < position.batches:
            start = time.monotonic()
            count = self._chunk(order[position.batch * self.loader.batch_size :], self.steps)
            spent = time.monotonic() - start
            position.seconds += spent
            self.steps = max(1, min(2 * self.steps, int(count * LOOK_UP_SECONDS / max(spent, 1e-9))))
            yield

    def _chunk(self, order: np.ndarray, steps: int) -> int:
        """Up to `steps` steps of equal batches, in one call; the number that it was."""
        trainer, position = self.trainer, self.position
        size = min(self.loader.batch_size, len(order))
        steps = min(steps, len(order) // size)
        x, t, rows = self._examples(order[: steps * size].reshape(steps, size))
        before = held(trainer)
        try:
            losses, sums = trainer.run_steps(rows, x, t)
        except ShapeError as error:
            if position.batch and size < self.loader.batch_size:  # the batches before it did fit
                fault, rest = error.message.partition(";")[0], f"{size} example{'s' * (size > 1)}"
                error.message = f"{fault}; the last batch has only {rest}, and drop_last=True leaves it out"
            raise
        if not np.isfinite(losses).all():
            put_back(before)
            raise explain_non_finite(trainer, losses, rows, x, t, position)
        for name, column in {"loss": losses * np.float64(size), **sums}.items():
            position.sums[name] = _added(position.sums.get(name, 0.0), column)
        position.batch += steps
        position.latest = steps * size
        position.examples += position.latest
        return steps

    def _examples(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The arrays to take these rows from: the data set itself, or its examples changed batch by batch."""
        loader, position = self.loader, self.position
        if loader.transform is None:
            return self.dataset.x, self.dataset.t, rows
        changed = [
            loader.transform(self.dataset.x[row], epoch_generator(loader.seed, position.epoch, position.batch + i + 1))
            for i, row in enumerate(rows)
        ]
        return np.concatenate(changed), self.dataset.t[rows.ravel()], np.arange(rows.size).reshape(rows.shape)

    def _end_epoch(self) -> dict[str, Any]:
        """The record of the epoch that has just ended; moves the position to the next."""
        trainer, position, start = self.trainer, self.position, time.monotonic()
        refuse_broken_parameters(trainer, position)
        record: dict[str, Any] = {"epoch": position.epoch + 1, **position.means()}
        if self.validation is not None:
            record |= {f"validation_{name}": value for name, value in trainer.evaluate(self.validation).items()}
            refuse_broken_loss(trainer, position, record["validation_loss"])
        record |= {"learning_rate": trainer.optimizer.lr, "steps": position.batches}
        record["seconds"] = position.seconds + time.monotonic() - start
        if trainer.scheduler is not None and trainer.schedule_each == "epoch":
            trainer.scheduler.step()
        position.epoch, position.batch, position.examples, position.seconds = position.epoch + 1, 0, 0, 0.0
        position.sums = {}
        return record


def _added(total: float, column: np.ndarray) -> float:
    """The total with one number of the column after the other added, so that it does not matter how they were cut."""
    return float(np.add.accumulate(np.concatenate([[total], column]), dtype=np.float64)[-1])
