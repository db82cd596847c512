"""Why a loss is no longer finite: goes back to the step before, and looks for the first layer that broke."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.errors import TrainingError
from pellucid.nn.module import Module
from pellucid.tensor import Tensor, no_grad

if TYPE_CHECKING:
    from pellucid.train.position import Position
    from pellucid.train.trainer import Trainer


def explain_non_finite(
    trainer: Trainer, losses: np.ndarray, rows: np.ndarray, x: np.ndarray, t: np.ndarray, position: Position
) -> TrainingError:
    """The error for a chunk of steps whose losses are not all finite; the trainer stands before the chunk.

    The steps up to the bad one are run again: they are the same to the bit, so the layers then show what they
    showed when it happened. The model is left there, before the update that made it useless.
    """
    bad = int(np.argmin(np.isfinite(losses)))
    if bad:
        trainer.run_steps(rows[:bad], x, t)
    step = position.epoch * position.batches + position.batch + bad + 1
    fault = _fault(trainer, x[rows[bad]], first=step == 1)
    when = f"step {step} (epoch {position.epoch + 1}, batch {position.batch + bad + 1})"
    return TrainingError(f"fit: the loss is {losses[bad]} at {when}; {fault}")


def refuse_broken_parameters(trainer: Trainer, position: Position) -> None:
    """Raises: TrainingError when the last update of an epoch, which no loss came after, broke a parameter"""
    for name, w in trainer.model.named_parameters():
        if not np.isfinite(w.numpy()).all():
            when = f"after epoch {position.epoch + 1}"
            raise TrainingError(f"fit: the parameter {name} is not finite {when}; {_advice(trainer)}")


def refuse_broken_loss(trainer: Trainer, position: Position, loss: float) -> None:
    """Raises: TrainingError when the loss on the validation data is not finite"""
    if not np.isfinite(loss):
        when = f"after epoch {position.epoch + 1}"
        raise TrainingError(f"fit: the validation loss is {loss} {when}; {_advice(trainer)}")


def _fault(trainer: Trainer, x: np.ndarray, first: bool) -> str:
    """What broke and what would help; before the `first` step no learning rate can have broken a parameter."""
    for name, w in trainer.model.named_parameters():
        if not np.isfinite(w.numpy()).all():
            if first:
                return f"the parameter {name} itself is not finite; give it finite numbers before training"
            return f"the parameter {name} is not finite since the step before; {_advice(trainer)}"
    if not np.isfinite(x).all():
        return "the input itself is not finite; mend or leave out the examples that hold nan or inf"
    return f"{first_non_finite(trainer, x)}; {_advice(trainer)}"


def _advice(trainer: Trainer) -> str:
    return f"try a smaller lr than {trainer.optimizer.lr:g}, or clip_norm=1"


def first_non_finite(trainer: Trainer, x: np.ndarray) -> str:
    """In words: the first layer whose numbers are not finite, or else the loss function."""
    broken: list[str] = []

    def look(name: str) -> Any:
        def hook(module: Module, args: Any, output: Any) -> None:
            if isinstance(output, Tensor) and not np.isfinite(output.numpy()).all():
                broken.append(f"the first layer whose output is not finite is {name} ({module!r})")

        return hook

    leaves = [(name, module) for name, module in trainer.model.named_modules() if not list(module.children())]
    handles = [module.register_forward_hook(look(name or "the model")) for name, module in leaves]
    try:
        with no_grad():
            trainer._output(Tensor(x))
    finally:
        for handle in handles:
            handle.remove()
    return broken[0] if broken else "every layer's output is finite, so it comes from the loss function"
