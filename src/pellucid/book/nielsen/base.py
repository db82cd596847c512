"""What the networks of chapters 1 and 3 have in common: layers of sigmoid neurons, and how they learn."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np

from pellucid.autodiff import leaf_of
from pellucid.book.arrays import as_floats
from pellucid.book.nielsen import pairs
from pellucid.book.nielsen.descent import Descent, halves, last_layer, outputs, slopes
from pellucid.book.nielsen.order import shuffle
from pellucid.compile import Compiled, compile
from pellucid.errors import OptionError, check_whole
from pellucid.tensor import Tensor

Arrays = list[np.ndarray]
# Where a program of the reader's own has another one of these, training goes through it, batch by batch.
STEPS = ("update_mini_batch", "backprop")


class SigmoidLayers:
    """Layers of sigmoid neurons, `sizes[0]` inputs first; the networks differ in initial values and cost.

    Shapes: weights[i] (sizes[i + 1], sizes[i]), biases[i] (sizes[i + 1], 1), all float64
    """

    weights: Arrays
    biases: Arrays
    _compiled: tuple[Any, Compiled] | None = None  # the gradients of a mini-batch, and the cost that they are of

    def __init__(self, sizes: Sequence[int]) -> None:
        if not isinstance(sizes, list | tuple) or len(sizes) < 2:
            raise OptionError(
                f"Network: sizes={sizes!r}; give the neurons of two layers or more, such as [784, 30, 10]"
            )
        for size in sizes:
            check_whole("Network", size=size)
        self.num_layers = len(sizes)
        self.sizes = sizes

    def _draw(self) -> None:
        """Biases, and then weights, of standard deviation 1, from NumPy's global generator."""
        self.biases = [np.random.randn(k, 1) for k in self.sizes[1:]]
        self.weights = [np.random.randn(k, j) for j, k in pairwise(self.sizes)]

    def feedforward(self, a: Any) -> Any:
        """The network's output for the input a, or for each column of it.

        Shapes: a (inputs, m) → (outputs, m)
        Raises: ShapeError for an input without columns, or one of another size
        """
        if np.ndim(a) != 2 or len(a) != self.sizes[0]:
            pairs.column(
                "feedforward", a, self.sizes[0], "the input", f"the network's first layer has {self.sizes[0]} neurons"
            )
        if isinstance(a, Tensor):
            return last_layer([Tensor(w) for w in self.weights], [Tensor(b) for b in self.biases], a.T)[1].T
        return np.ascontiguousarray(outputs(self.weights, self.biases, as_floats(a).T, np.float64).T)

    def backprop(self, x: Any, y: Any) -> tuple[Arrays, Arrays]:
        """The gradients of the cost of one example: (nabla_b, nabla_w).

        Shapes: x (inputs, 1), y (outputs, 1) → like `biases` and `weights`
        Raises: ShapeError for x or y of another shape
        """
        return self._slopes("backprop", [(x, y)])

    # ---- what a network defines

    def _delta(self, z: Tensor, a: Tensor, y: Tensor) -> Any:
        """The slope of the cost by the weighted inputs z of the last layer; a = σ(z). Shapes: (m, outputs) all"""
        raise NotImplementedError

    def _cost_rule(self) -> Any:
        """What `_delta` is made of: another one makes another plan."""
        raise NotImplementedError

    # ---- what it shares

    def _outputs(self, x: np.ndarray, dtype: Any = np.float64) -> np.ndarray:
        """The output for each row of x, (N, inputs) → (N, outputs)."""
        if self._changed("feedforward"):
            return np.concatenate([np.reshape(self.feedforward(row[:, np.newaxis]), (1, -1)) for row in x])
        return outputs(self.weights, self.biases, x, dtype)

    def _slopes(self, place: str, examples: Sequence[tuple[Any, Any]]) -> tuple[Arrays, Arrays]:
        """The gradients, summed over the examples: (nabla_b, nabla_w)."""
        cost = self._cost_rule()
        if self._compiled is None or self._compiled[0] != cost:
            self._compiled = cost, compile(self._traced_slopes)
        parts = [np.asarray(part, np.float64) for part in (*self.weights, *self.biases)]
        by_weights, by_biases = halves(self._compiled[1](*self._matrices(place, examples), *parts))
        return [np.array(g) for g in by_biases], [np.array(g) for g in by_weights]

    def _traced_slopes(self, x: Tensor, y: Tensor, *parts: Tensor) -> list[Tensor]:
        weights, biases = halves([leaf_of(part) for part in parts])
        by_weights, by_biases = slopes(weights, biases, x.to("float64"), y.to("float64"), self._delta, 1.0)
        return [*by_weights, *by_biases]

    def __getstate__(self) -> dict[str, Any]:
        """What a copy gets: all but the plans."""
        return {**vars(self), "_compiled": None}

    def _step(self, mini_batch: pairs.Pairs, eta: float, keep: float = 1.0) -> None:
        """One step on a mini-batch, from the weights as they are; `keep` as in Descent."""
        examples = pairs.listed("update_mini_batch", mini_batch)
        if self._changed("backprop"):  # a subclass has its own
            found = [self.backprop(x, y) for x, y in examples]
            nabla_b, nabla_w = ([sum(parts) for parts in zip(*part, strict=True)] for part in zip(*found, strict=True))
        else:
            nabla_b, nabla_w = self._slopes("update_mini_batch", examples)
        rate = eta / len(examples)
        self.weights = [keep * w - rate * g for w, g in zip(self.weights, nabla_w, strict=True)]
        self.biases = [b - rate * g for b, g in zip(self.biases, nabla_b, strict=True)]

    def _matrices(self, place: str, examples: Sequence[tuple[Any, Any]]) -> tuple[np.ndarray, np.ndarray]:
        """(N, inputs) and (N, outputs) of pairs with vectors."""
        return pairs.images(place, examples, self.sizes[0]), pairs.vectors(place, examples, self.sizes[-1])

    def _epochs(
        self,
        examples: Sequence[tuple[Any, Any]],
        matrices: tuple[np.ndarray, np.ndarray],
        epochs: int,
        batch_size: int,
        eta: float,
        lmbda: float,
        dtype: Any,
    ) -> Iterator[int]:
        """Train, and come up after each epoch with its number, from 0; weights and biases are then those of its end.

        examples, matrices: the same data as pairs and as rows
        """
        check_whole("SGD", epochs=epochs, least=0)
        check_whole("SGD", mini_batch_size=batch_size)
        n, order = len(examples), list(range(len(examples)))
        keep = 1.0 - _number("eta", eta) * _number("lmbda", lmbda) / n
        descent = Descent(
            self.weights, self.biases, *matrices, delta=self._delta, eta=float(eta), keep=keep, dtype=dtype
        )
        for j in range(epochs):
            shuffle(order)
            if self._changed(*STEPS):
                for start in range(0, n, batch_size):
                    batch = [examples[i] for i in order[start : start + batch_size]]
                    self._update(batch, eta, lmbda, n)
            else:
                descent.epoch(order, batch_size)
                self.weights, self.biases = descent.weights, descent.biases
            yield j

    def _update(self, mini_batch: list[tuple[Any, Any]], eta: float, lmbda: float, n: int) -> None:
        """`update_mini_batch` with the arguments that it takes in this network."""
        raise NotImplementedError

    def _changed(self, *names: str) -> bool:
        """Whether a program of the reader's own has put another method in the place of one of these."""
        return any(not getattr(self, name).__module__.startswith("pellucid.book.nielsen") for name in names)


def precision(dtype: Any, x: np.ndarray) -> np.dtype:
    """The dtype that was asked for; where none was, that of the pixels. Raises: OptionError for no float"""
    if dtype is None:
        return x.dtype
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in (np.float32, np.float64):
        raise OptionError(f"SGD: dtype={dtype!r}; give 'float32' or 'float64'")
    return found


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise OptionError(f"SGD: {name}={value!r} must be a number, such as 3.0")
    return float(value)
