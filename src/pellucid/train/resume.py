"""The checkpoint of a run: everything that its remaining steps depend on, kept in one file."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.errors import CheckpointError, PellucidError
from pellucid.nn.state import named_state
from pellucid.ops.random import default_generator
from pellucid.tensor import Tensor
from pellucid.train.callbacks import EarlyStopping
from pellucid.train.checkpoint import join, part, read_arrays, write_arrays
from pellucid.train.history import History

if TYPE_CHECKING:
    from pellucid.train.position import Position
    from pellucid.train.trainer import Trainer


NO_BEST = {"best": None, "best_epoch": 0}  # what early stopping goes on from where a run was made without it


def snapshot(trainer: Trainer) -> dict[str, np.ndarray]:
    """Every array that a training step changes: weights, optimiser, schedule, random generator."""
    parts: dict[str, Any] = {"model": trainer.model.state_dict(), "optimizer": trainer.optimizer.state_dict()}
    if trainer.scheduler is not None:
        parts["scheduler"] = trainer.scheduler.state_dict()
    return {**join(parts), "generator": default_generator.state.numpy()}


def held(trainer: Trainer) -> list[tuple[Tensor, np.ndarray]]:
    """Every Tensor that a training step changes, with its array.

    Note: nothing is copied. A Tensor that changes is given another array; into one that it has, nobody writes.
    """
    tensors = [tensor for _, tensor in named_state(trainer.model)]
    tensors += trainer.optimizer._buffers().values()
    if trainer.scheduler is not None:
        tensors += trainer.scheduler._buffers().values()
    return [(tensor, tensor._array("fit")) for tensor in (*tensors, default_generator.state)]


def put_back(state: list[tuple[Tensor, np.ndarray]]) -> None:
    """Give every Tensor the array that it had when `held` looked."""
    for tensor, array in state:
        tensor._value = array
        tensor._version += 1


def restore(trainer: Trainer, arrays: dict[str, np.ndarray]) -> None:
    """Go back to a snapshot: to all of it, or to nothing.

    Raises: CheckpointError when it is of another model, optimiser or schedule
    """
    before = snapshot(trainer)
    try:
        _put(trainer, arrays)
    except (PellucidError, KeyError) as error:
        _put(trainer, before)
        raise CheckpointError(f"resume: the checkpoint is of another run: {error}") from None


def _put(trainer: Trainer, arrays: dict[str, np.ndarray]) -> None:
    trainer.model.load_state_dict(part(arrays, "model"))
    trainer.optimizer.load_state_dict(part(arrays, "optimizer"))
    if trainer.scheduler is not None:
        trainer.scheduler.load_state_dict(part(arrays, "scheduler"))
    default_generator.state.assign(arrays["generator"])


def _form(note: Any) -> Any:
    """What a note must have in common with the one that would be written: the keys, or the type."""
    return set(note) if isinstance(note, dict) else type(note)


class Keeper:
    """Writes a run's checkpoint when it is due, and reads it when the run is resumed."""

    def __init__(
        self,
        trainer: Trainer,
        path: str | Path | None,
        every: float,
        run: dict[str, Any],
        early_stopping: EarlyStopping | None,
    ) -> None:
        self.trainer, self.path, self.every = trainer, None if path is None else Path(path), every
        self.run, self.early_stopping = run, early_stopping
        self._last = time.monotonic()

    def save_if_due(self, position: Position, history: History) -> None:
        """Save when `every` seconds have gone by since the last time."""
        if time.monotonic() - self._last >= self.every:
            self.save(position, history)

    def save(self, position: Position, history: History) -> None:
        if self.path is None:
            return
        notes: dict[str, Any] = {"run": self.run, "position": asdict(position), "history": history.records}
        arrays = snapshot(self.trainer)
        if self.early_stopping is not None:
            notes["early_stopping"] = self.early_stopping.notes()
            arrays |= join({"best": self.early_stopping.weights})
        write_arrays(self.path, arrays, notes)
        self._last = time.monotonic()

    def resume(self, position: Position, history: History) -> tuple[Position, History]:
        """Where the checkpoint was, with everything restored; the arguments as they are when there is none yet."""
        if self.path is None:
            raise CheckpointError("resume: there is no file to resume from; give fit(checkpoint=...)")
        if not self.path.exists():
            return position, history
        arrays, notes = read_arrays(self.path, advice="delete it and train again")
        self._check(notes, position)
        restore(self.trainer, arrays)
        if self.early_stopping is not None:
            self.early_stopping.resume(notes.get("early_stopping", NO_BEST), part(arrays, "best"))
        kept = {**notes["position"], "epochs": position.epochs}
        return type(position)(**kept), History(notes["history"])

    def _check(self, notes: dict[str, Any], position: Position) -> None:
        if not {"run", "position", "history"} <= notes.keys():
            raise CheckpointError(f"resume: {self.path} holds weights but no run; load them with pellucid.load instead")
        wanted = {"run": self.run, "position": asdict(position), "history": [], "early_stopping": NO_BEST}
        for name, value in wanted.items():
            if _form(notes.get(name, value)) != _form(value):
                raise CheckpointError(
                    f"resume: {self.path} has a {name} that this version of Pellucid does not write; "
                    "go on with the version that wrote it, or start anew in another folder"
                )
        for name, value in self.run.items():
            if notes["run"].get(name) != value:
                raise CheckpointError(
                    f"resume: {self.path} was made with {name}={notes['run'].get(name)}, this run has {name}={value}; "
                    f"give the same {name}, or start anew in another folder"
                )
