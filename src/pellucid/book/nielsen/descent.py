"""Stochastic gradient descent on the native engine: an epoch is one call, however many mini-batches it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pellucid import ops
from pellucid.autodiff import gradients
from pellucid.compile import compile
from pellucid.tensor import Parameter, Tensor, as_tensor, no_grad

Delta = Callable[[Tensor, Tensor, Tensor], Any]
"""The slope of the cost by the last layer's weighted inputs z, from (z, a, y), each (m, outputs)."""

BLOCK = 10_000  # examples that go through a network at a time
FEW = 500  # fewer than so many, but for a single one, are not worth a plan for their number


def last_layer(weights: Sequence[Any], biases: Sequence[Any], a: Any) -> tuple[Any, Any]:
    """The weighted inputs z of the last layer, and its activations, for examples that are rows.

    Math:   z = a wᵀ + bᵀ, a = σ(z), layer by layer
    Shapes: weights (k, j), biases (k, 1), a (m, inputs) → (m, outputs) each
    """
    z = a
    for w, b in zip(weights, biases, strict=True):
        z = ops.linalg.matmul(a, w.T) + b.T
        a = ops.elementwise.sigmoid(z)
    return z, a


def slopes(weights: Sequence[Tensor], biases: Sequence[Tensor], x: Tensor, y: Tensor, delta: Delta, rate: float) -> Any:
    """The gradients of the cost by the weights and by the biases, summed over the examples, times `rate`.

    Shapes: x (m, inputs), y (m, outputs) → two lists like `weights` and `biases`
    Note:   the rate is multiplied into delta, of a few numbers, in place of the gradients, of thousands
    """
    z, a = last_layer(weights, biases, x)
    with no_grad():
        start = delta(z.detach(), a.detach(), y) * rate
    found = gradients(z, [*weights, *biases], start)
    return found[: len(weights)], found[len(weights) :]


def by_columns(function: Callable[..., Any], *rows: Tensor) -> Tensor:
    """A function of the reader's own, which the book gives columns, of examples that are rows."""
    return function(*(x.T for x in rows)).T


def outputs(weights: Sequence[np.ndarray], biases: Sequence[np.ndarray], x: np.ndarray, dtype: Any) -> np.ndarray:
    """What the network puts out for examples that are rows.

    dtype:  of the products; the last sigmoid is in float64 always, for in float32 all above 1 - 3e-8 is 1
    Shapes: x (N, inputs) → (N, outputs) float64
    """
    parts = [np.asarray(part, dtype) for part in (*weights, *biases)]
    forward = _forward if 1 < len(x) < FEW else _compiled_forward
    with no_grad():
        return np.concatenate([forward(x[i : i + BLOCK], *parts).numpy() for i in range(0, len(x), BLOCK)])


def _forward(x: Any, *parts: Any) -> Tensor:
    weights, biases = halves([as_tensor(part) for part in parts])
    z, _ = last_layer(weights, biases, as_tensor(x).to(weights[0].dtype))
    return ops.elementwise.sigmoid(z.to("float64"))


_compiled_forward = compile(_forward)


def halves(parts: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The weights and the biases of a list that has both. A compiled function is quickest without lists."""
    return list(parts[: len(parts) // 2]), list(parts[len(parts) // 2 :])


class Descent:
    """The weights and biases of a network while they are trained on the examples (x, y).

    delta: what makes the cost; see `Delta`
    keep:  what of the weights a step keeps: 1 - ηλ/n with L2 regularisation of strength λ
    dtype: in which the steps are computed
    """

    def __init__(
        self,
        weights: Sequence[np.ndarray],
        biases: Sequence[np.ndarray],
        x: np.ndarray,
        y: np.ndarray,
        *,
        delta: Delta,
        eta: float,
        keep: float = 1.0,
        dtype: Any,
    ) -> None:
        self._weights = [Parameter(np.asarray(w, dtype)) for w in weights]
        self._biases = [Parameter(np.asarray(b, dtype)) for b in biases]
        self.x, self.y, self.dtype = x, y.astype(dtype, copy=False), np.dtype(dtype)
        self.delta, self.eta, self.keep = delta, eta, keep
        self._compiled_step = compile(self._step)

    def epoch(self, order: Sequence[int], batch_size: int) -> None:
        """A step for each mini-batch of so many examples, in this order; the last one has what is left."""
        places = np.array(order, np.int64)
        whole = len(places) // batch_size * batch_size
        for part, size in ((places[:whole], batch_size), (places[whole:], len(places) - whole)):
            if len(part):
                self._compiled_step.scan(part.reshape(-1, size), self.x, self.y)

    @property
    def weights(self) -> list[np.ndarray]:
        return [w.numpy().astype(np.float64) for w in self._weights]

    @property
    def biases(self) -> list[np.ndarray]:
        return [b.numpy().astype(np.float64) for b in self._biases]

    def _step(self, x: Tensor, y: Tensor) -> None:
        by_weights, by_biases = slopes(
            self._weights, self._biases, x.to(self.dtype), y, self.delta, self.eta / x.shape[0]
        )
        with no_grad():
            for w, slope in zip(self._weights, by_weights, strict=True):
                w.assign((w if self.keep == 1.0 else self.keep * w) - slope)
            for b, slope in zip(self._biases, by_biases, strict=True):
                b.assign(b - slope)
