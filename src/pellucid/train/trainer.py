"""Trainer: a model, a loss and an optimiser, made into one compiled training step; fit, evaluate, predict.

What one step is stands here; how the steps of a run follow each other stands in `pellucid.train.loop`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.compile import compile
from pellucid.data import ArrayDataset, Loader
from pellucid.engines import engine
from pellucid.errors import OptionError, ShapeError, check_whole
from pellucid.graph import Graph
from pellucid.nn.functional import scale_pixels
from pellucid.nn.loss import CrossEntropyLoss, NLLLoss
from pellucid.nn.module import Module, evaluating
from pellucid.ops.random import default_generator
from pellucid.optim.clip import clip_grad_norm_
from pellucid.tensor import Tensor, no_grad
from pellucid.train.callbacks import Callback, EarlyStopping
from pellucid.train.checks import as_dataset, check_labels, check_loss, check_optimizer
from pellucid.train.history import History
from pellucid.train.loop import Loop
from pellucid.train.metrics import Metric, accuracy
from pellucid.train.progress import ProgressBar
from pellucid.train.resume import Keeper

Data = ArrayDataset | tuple[Any, Any]  # a data set, or the arrays (x, t) to make one of


class Trainer:
    """Trains a model on data sets: fit, evaluate, predict.

    loss:      a Module or function of (output, t) that gives the mean over the examples
    metrics:   functions of (output, t) → (N,) by name; accuracy when the targets are labels and none are given
    scheduler: its `step` is called after every update, or after every epoch with schedule_each="epoch"
    clip_norm: the largest norm that the gradient may have, all parameters together

    >>> from pellucid import data, models, nn, optim
    >>> train, test = data.digits()
    >>> model = models.create("perceptron", input_shape=(1, 8, 8), classes=10)
    >>> trainer = Trainer(model, loss=nn.CrossEntropyLoss(), optimizer=optim.Adam(model.parameters(), lr=0.01))
    >>> history = trainer.fit(train, epochs=3, batch_size=100, validation=test, progress=False)
    >>> trainer.evaluate(test)["accuracy"] > 0.8
    True
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[Tensor, Tensor], Tensor],
        optimizer: Any,
        *,
        metrics: Mapping[str, Metric] | None = None,
        scheduler: Any = None,
        schedule_each: str = "step",
        clip_norm: float | None = None,
    ) -> None:
        if schedule_each not in ("step", "epoch"):
            raise OptionError(f"Trainer: schedule_each={schedule_each!r}; give 'step' or 'epoch'")
        if clip_norm is not None and not clip_norm > 0:
            raise OptionError(f"Trainer: clip_norm={clip_norm} leaves no gradient; give a number above 0, or None")
        check_loss(loss)
        check_optimizer(model, optimizer)
        self.model, self.loss, self.optimizer, self.scheduler = model, loss, optimizer, scheduler
        self.metrics, self.schedule_each, self.clip_norm = metrics, schedule_each, clip_norm
        self._compiled_step = compile(self.step, names=self._names)
        self._compiled_measure = compile(self._measure, names=self._names)
        self._compiled_predict = compile(self._predict, names=self._names)

    # ---- what one step is

    def step(self, x: Tensor, t: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """One update of the parameters on one batch; gives the loss and the sum of each metric."""
        output, loss = self._output_and_loss(x, t)
        loss.backward()
        if self.clip_norm is not None:
            clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.scheduler is not None and self.schedule_each == "step":
            self.scheduler.step()
        return loss.detach(), self._metric_sums(output.detach(), t)

    def run_steps(self, rows: np.ndarray, x: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """One step for each row of positions in x and t; the loss of each step, and the sum of each metric.

        Shapes: rows (steps, batch), x and t (N, ...) → (steps,)
        """
        losses, sums = self._compiled_step.scan(rows, x, t)
        return losses.numpy(), {name: column.numpy() for name, column in sums.items()}

    def graph(self, x: Any, t: Any) -> Graph:
        """The whole training step on a batch of these shapes, as the graph that runs; prints readably."""
        with self._as_in_fit():
            return self._compiled_step.graph(np.asarray(x), np.asarray(t))

    def explain(self, x: Any, t: Any) -> str:
        """What one training step on such a batch becomes, stage by stage, and where its time goes; to be printed.

        Nothing is trained: weights, optimiser and random numbers stay as they are. See `Compiled.explain`.
        """
        with self._as_in_fit():
            return self._compiled_step.explain(np.asarray(x), np.asarray(t))

    @contextmanager
    def _as_in_fit(self) -> Iterator[None]:
        """Inside, as `fit` runs a step: in training mode, with no gradients from before; afterwards as it was."""
        modes = [(module, module.training) for module in self.model.modules()]
        gradients = [(w, w._grad) for w in self.optimizer.params()]
        self.model.train()
        self.optimizer.zero_grad()
        try:
            yield
        finally:
            for module, training in modes:
                module.training = training
            for w, gradient in gradients:
                w.grad = gradient

    def _measure(self, x: Tensor, t: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        with evaluating(), no_grad():
            output, loss = self._output_and_loss(x, t)
            return loss, self._metric_sums(output, t)

    def _output_and_loss(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        output = self._output(x)
        loss = self.loss(output, t if t.dtype.kind in "iu" else t.to(output.dtype))
        if loss.shape != ():
            raise ShapeError(f"Trainer: the loss of {len(t)} examples is {loss.shape}; give their mean, a scalar")
        return output, loss

    def _metric_sums(self, output: Tensor, t: Tensor) -> dict[str, Tensor]:
        labels = t.dtype.kind in "iu" and t.ndim == 1 and output.ndim == 2
        metrics = self.metrics if self.metrics is not None else {"accuracy": accuracy} if labels else {}
        values = {name: metric(output, t) for name, metric in metrics.items()}
        for name, value in values.items():
            if value.shape != (len(t),):
                raise ShapeError(
                    f"Trainer: the metric {name} of {len(t)} examples is {value.shape}; "
                    f"give one number for each example, ({len(t)},)"
                )
        return {name: value.sum() for name, value in values.items()}

    def _check_labels(self, place: str, x: np.ndarray, t: np.ndarray) -> None:
        """Look at the labels where they are classes to the loss; to one of the user's own they may be anything."""
        if isinstance(self.loss, CrossEntropyLoss | NLLLoss) and t.dtype.kind in "iu":
            with engine("reference"):  # whose plan is made in no time: only the shape is wanted
                output = self._compiled_predict.graph(x[:1]).outputs[0]
            if len(output.shape) == t.ndim + 1:  # not one-hot
                check_labels(place, t, output.shape[1], self.loss.ignore_index)

    def _predict(self, x: Tensor) -> Tensor:
        with evaluating(), no_grad():
            return self._output(x)

    def _output(self, x: Tensor) -> Tensor:
        return self.model(prepare(x, self._dtype))

    def _names(self) -> Iterator[tuple[str, Tensor]]:
        yield from self.model.named_parameters()
        yield from self.model.named_buffers()
        yield from self.optimizer._buffers().items()
        yield "random", default_generator.state

    @property
    def _dtype(self) -> np.dtype:
        return next((p.dtype for p in self.model.parameters()), np.dtype("float32"))

    # ---- training

    def fit(
        self,
        train: Data,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        validation: Data | float | None = None,
        seed: int = 0,
        transform: Any = None,
        drop_last: bool = False,
        callbacks: Sequence[Callback] = (),
        early_stopping: EarlyStopping | None = None,
        checkpoint: str | Path | None = None,
        checkpoint_every: float = 10.0,
        resume: bool = False,
        progress: bool = True,
    ) -> History:
        """Train for `epochs` epochs, or on until there are that many when a run is resumed.

        train:            a data set, or a pair of arrays (x, t)
        validation:       data to measure after each epoch, or the fraction (or number) of `train` to hold out for it
        seed:             of the order of the examples and of `transform`
        early_stopping:   stops the run and goes back to the best weights; may stand among `callbacks` too
        checkpoint:       the file that the run can be resumed from; written every `checkpoint_every` seconds and
                          at the end
        resume:           go on from `checkpoint` where it is there; the end has the same bits as without a break.
                          The optimiser's state is the checkpoint's, its learning rate included, and a run that
                          was stopped early stays so
        Raises:           OptionError for an option out of its range; RangeError for a label that is no class of the
                          model; CheckpointError when the checkpoint is damaged or from another run, with nothing
                          changed; TrainingError when the loss or a parameter is no longer finite
        """
        check_whole("fit", epochs=epochs)
        train = as_dataset("fit", train)
        if isinstance(validation, int | float):
            train, validation = train.split(validation, seed=seed)
        elif validation is not None:
            validation = as_dataset("fit: validation", validation)
        loader = Loader(train, batch_size, shuffle=True, seed=seed, drop_last=drop_last, transform=transform)
        early_stopping = _one_early_stopping(callbacks, early_stopping)
        others = [x for x in callbacks if x is not early_stopping]
        listeners = [*others, early_stopping, ProgressBar() if progress else None]
        run = {"seed": seed, "batch_size": batch_size, "examples": len(train), "drop_last": drop_last}
        self._check_labels("fit", loader.example(), train.t)
        if validation is not None:
            self._check_labels("fit: validation", validation.x, validation.t)
        keeper = Keeper(self, checkpoint, checkpoint_every, run, early_stopping)
        loop = Loop(self, train, loader, validation, epochs, [x for x in listeners if x is not None], keeper)
        if resume:
            loop.position, loop.history = keeper.resume(loop.position, loop.history)
        self.optimizer.zero_grad()
        loop.run()
        if early_stopping is not None:
            early_stopping.restore(self)
        return loop.history

    # ---- use

    def evaluate(self, dataset: Data, *, batch_size: int = 1000) -> dict[str, float]:
        """The mean loss and metrics over a data set, with the model in evaluation mode.

        Raises: OptionError when there are no examples; RangeError for a label that is no class of the model

        >>> # {"loss": 0.07, "accuracy": 0.98}
        """
        check_whole("evaluate", batch_size=batch_size)
        dataset = as_dataset("evaluate", dataset)
        if len(dataset) == 0:
            raise OptionError("evaluate: the data set has no examples; give one at least")
        self._check_labels("evaluate", dataset.x, dataset.t)
        totals: dict[str, float] = {}
        for start in range(0, len(dataset), batch_size):
            x, t = dataset[start : start + batch_size]
            loss, sums = self._compiled_measure(x, t)
            for name, value in (
                ("loss", loss.item() * len(x)),
                *((n, s.item()) for n, s in sums.items()),
            ):
                totals[name] = totals.get(name, 0.0) + value
        return {name: total / len(dataset) for name, total in totals.items()}

    def predict(self, x: Any, *, batch_size: int = 1000) -> np.ndarray:
        """The model's outputs for a batch of inputs, in evaluation mode. Several threads may ask at once.

        Shapes: x (N, ...) → (N, ...), for a classifier (N, classes) scores before the softmax
        """
        if type(batch_size) is not int or batch_size < 1:
            check_whole("predict", batch_size=batch_size)
        x = x.numpy() if isinstance(x, Tensor) else np.asarray(x)
        if len(x) <= batch_size:
            return self._compiled_predict(x)._value.copy()
        batches = [x[start : start + batch_size] for start in range(0, len(x), batch_size)]
        return np.concatenate([self._compiled_predict(batch).numpy() for batch in batches])


def _one_early_stopping(callbacks: Sequence[Callback], given: EarlyStopping | None) -> EarlyStopping | None:
    """The run's early stopping, wherever it was given. Raises: OptionError when there are two"""
    found = [x for x in callbacks if isinstance(x, EarlyStopping) and x is not given]
    found += [] if given is None else [given]
    if len(found) > 1:
        raise OptionError(
            f"fit: got {len(found)} EarlyStopping, which cannot all give their best weights back; give one"
        )
    return found[0] if found else None


def prepare(x: Tensor, dtype: Any) -> Tensor:
    """What the model gets for a batch: pixels 0..255 become 0..1, floats the model's dtype; integers stay."""
    if x.dtype == np.uint8:
        return scale_pixels(x, dtype=dtype)
    return x.to(dtype) if x.dtype.kind == "f" else x
