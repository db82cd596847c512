"""Many steps of training in one call: mini-batch, gradient, update and loss, without Python between them.

The steps are those that `gradient`, `optimizer.update` and `loss` make one after the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pellucid.book.arrays import array_of
from pellucid.book.networks.network import Network
from pellucid.book.optimizer import Optimizer
from pellucid.compile import compile
from pellucid.tensor import Buffer, Parameter, Tensor, no_grad

AT_ONCE = 1000  # steps: a loss is not seen before the call that makes it has come back


class Steps:
    """A network and an optimiser as one function that an engine runs again and again."""

    def __init__(self, network: Network, optimizer: Optimizer) -> None:
        self.network, self.optimizer = network, optimizer
        optimizer.start(network.params)
        self._weights = {key: Parameter(w) for key, w in network.params.items()}
        self._slots = {
            (slot, key): Buffer(getattr(optimizer, slot)[key]) for slot in optimizer.slots for key in self._weights
        }
        self._running = [Buffer(x) for x in network.running()]
        self._numbers = Buffer(np.zeros((AT_ONCE, len(optimizer.numbers()))))
        self._at = Buffer(np.zeros((), np.int64))
        self._compiled: tuple[Any, Any] | None = None  # the settings that it has built in, and the function

    @staticmethod
    def fit(network: Any, optimizer: Any) -> bool:
        """Whether they can be run so: not where masks are drawn in each step, or where a step is the reader's own."""
        own = (getattr(type(network), name, None) is not getattr(Network, name) for name in ("gradient", "loss"))
        arrays = getattr(network, "params", {}).values()
        return (
            isinstance(network, Network)
            and not network.masks
            and not any(own)
            and isinstance(optimizer, Optimizer)
            and type(optimizer).update is Optimizer.update
            and all(isinstance(w, np.ndarray) and w.dtype in (np.float32, np.float64) for w in arrays)
        )

    def run(self, x: np.ndarray, t: np.ndarray, rows: np.ndarray) -> list[float]:
        """A step for each row of positions in x and t; the loss behind each, on the same examples.

        Shapes: x (N, ...), t (N,) or (N, classes), rows (steps, batch)
        """
        settings, losses = self.network.settings(), list[float]()
        if self._compiled is None or self._compiled[0] != settings:
            self._compiled = settings, compile(self._one)
        for start in range(0, len(rows), AT_ONCE):
            some = rows[start : start + AT_ONCE]
            self._take()
            table = np.zeros((AT_ONCE, len(self.optimizer.numbers())))
            for i in range(len(some)):
                table[i] = self.optimizer.next_numbers()
            with no_grad():
                self._numbers.assign(Tensor(table))
                self._at.assign(Tensor(np.zeros((), np.int64)))
            losses += self._compiled[1].scan(some, x, t).numpy().tolist()
            self._give_back()
        return losses

    def _one(self, x: Tensor, t: Tensor) -> Tensor:
        numbers = self._numbers[self._at]
        weights = list(self._weights.values())
        _, *found = self.network.loss_and_gradients_of(True, x, t, *weights, *self._running)
        with no_grad():
            for key, slope in zip(self._weights, found, strict=False):
                self._update(key, slope, numbers)
            for buffer, value in zip(self._running, found[len(weights) :], strict=True):
                buffer.assign(value)
            self._at.assign(self._at + 1)
            return self.network.loss_of(False, x, t, *weights, *self._running)[0]

    def _update(self, key: str, slope: Tensor, numbers: Tensor) -> None:
        w, slots = self._weights[key], [self._slots[slot, key] for slot in self.optimizer.slots]
        given = [numbers[i].to(w.dtype) for i in range(numbers.shape[0])]
        change, *new = self.optimizer.rule(slope, *slots, *given)
        w.assign(w + change)
        for slot, value in zip(slots, new, strict=True):
            slot.assign(value)

    # ---- the network's own arrays

    def _pairs(self) -> list[tuple[Any, np.ndarray]]:
        weights = [(tensor, self.network.params[key]) for key, tensor in self._weights.items()]
        return weights + [(tensor, getattr(self.optimizer, slot)[key]) for (slot, key), tensor in self._slots.items()]

    def _take(self) -> None:
        """What the program's arrays hold now, which it may have changed since."""
        with no_grad():
            for tensor, array in self._pairs():
                tensor.assign(Tensor(array))
            for buffer, array in zip(self._running, self.network.running(), strict=True):
                buffer.assign(Tensor(array))

    def _give_back(self) -> None:
        for tensor, array in self._pairs():
            array[...] = tensor.numpy()
        self.network.set_running([array_of(buffer) for buffer in self._running])
