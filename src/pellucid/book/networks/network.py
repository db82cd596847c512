"""What the books' networks share: parameters in a dictionary, layers over them, and gradients by all of them.

A network says of which layers it consists, `make_layers`. The layers in `layers` hold the arrays of `params`, so that a
program can walk through them as the book does. `loss`, `gradient` and `accuracy` watch the same layers go by once, with
Tensors in the place of the arrays, and run what they saw as one plan.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pellucid.autodiff import gradients, leaf_of
from pellucid.book.arrays import array_of, on_tensors, widened
from pellucid.book.differences import Differences
from pellucid.book.layers import BatchNormalization, Dropout, SoftmaxWithLoss
from pellucid.compile import compile
from pellucid.errors import ShapeError
from pellucid.tensor import Tensor

Params = dict[str, Any]
Layers = OrderedDict[str, Any]

GRADIENTS = {"W": "dW", "b": "db", "gamma": "dgamma", "beta": "dbeta"}
"""Where a layer keeps the gradient of what it holds."""


class Network:
    """A stack of layers with softmax and cross-entropy at its end. A subclass writes `make_layers`.

    params: float64 arrays, which a program may change in place: network.params["W1"] -= 0.1 * grads["W1"]
    """

    masks: Mapping[str, tuple[int, ...]] = {}
    """The layers that drop out, and the shape of what each gets of one example."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self.layers: Any = self.make_layers(params)
        self._layers: Layers = self.layers
        self.last_layer = self.lastLayer = SoftmaxWithLoss()
        self._places = [
            (layer, name, key)
            for layer in self._layers.values()
            for name in GRADIENTS
            for key, array in params.items()
            if getattr(layer, name, None) is array
        ]
        self._norms = [key for key, layer in self._layers.items() if isinstance(layer, BatchNormalization)]
        self._plans: dict[tuple[Any, ...], Callable[..., Any]] = {}

    def make_layers(self, params: Params) -> Layers:
        """The layers under the book's names, over these parameters: arrays, or Tensors."""
        raise NotImplementedError

    # ---- what a program calls

    def predict(self, x: Any, train_flg: bool = False) -> Any:
        """What the last layer but the loss gives: a number for each class, the largest for the most likely one.

        Shapes: x (N, ...) → (N, classes)
        """
        if on_tensors(x):
            return self.answer(self._forward(self._layers, x, train_flg))
        return self._run(self._outputs, train_flg, x)[0]

    def loss(self, x: Any, t: Any, train_flg: bool = False) -> Any:
        """The mean cross-entropy of a batch, with the penalty for large weights where the network has one.

        Shapes: x (N, ...), t one-hot (N, classes) or labels (N,) → ()
        """
        if on_tensors(x, t):
            return self._total(self.params, self._layers, self.last_layer, x, t, train_flg)
        return self._run(self.loss_of, train_flg, x, t)[0]

    def accuracy(self, x: Any, t: Any, batch_size: int | None = None) -> float:
        """The share of the examples that get their largest output for the right class.

        batch_size: how many at a time, where all at once would take too much memory
        Shapes:     x (N, ...), t one-hot (N, classes) or labels (N,)
        """
        t = np.asarray(t)
        if len(x) != len(t):
            raise ShapeError(f"accuracy: x has {len(x)} examples but t has {len(t)}")
        size = batch_size or max(len(x), 1)
        return sum(self._right(x[i : i + size], t[i : i + size]) for i in range(0, len(x), size)) / len(x)

    def _right(self, x: Any, t: np.ndarray) -> int:
        """How many of the examples get their largest output for the right class."""
        if type(self).predict is Network.predict:
            return int(self._run(self._right_of, False, x, t)[0])
        return int(np.sum(np.argmax(self.predict(x), axis=1) == _labels(t)))  # a predict of the reader's own

    def gradient(self, x: Any, t: Any) -> dict[str, np.ndarray]:
        """The gradient of the loss in training by each parameter, by backpropagation; the layers keep theirs, too."""
        _, *found = self._run(self.loss_and_gradients_of, True, x, t)
        grads = dict(zip(self.params, found, strict=False))  # running values come behind
        for layer, name, key in self._places:
            setattr(layer, GRADIENTS[name], grads[key])
        return grads

    def numerical_gradient(self, x: Any, t: Any) -> dict[str, np.ndarray]:
        """The same gradient from differences: the loss with each parameter a little larger, and a little smaller.

        As in the book, but only what a parameter reaches is computed anew.
        """
        self._follow()
        x, t = np.asarray(x), np.asarray(t)
        key = ("differences", *self.settings())
        if key not in self._plans:
            self._plans[key] = Differences(
                lambda params, *data: self.loss_of(True, *data[:2], *params.values(), *data[2:])[0]
            )
        return self._plans[key](self.params, x, t, *self._given(x, True))

    # ---- what a subclass may add

    def answer(self, y: Any) -> Any:
        """What `predict` makes of what the last layer gives."""
        return y

    def penalty(self, params: Params) -> Any:
        """What large weights add to the loss, or None."""
        return None

    def settings(self) -> tuple[Any, ...]:
        """The numbers that a plan has built in: with others there is another plan."""
        return tuple(layer.dropout_ratio for layer in self._layers.values() if isinstance(layer, Dropout))

    # ---- one plan

    def _run(self, function: Callable[..., list[Tensor]], train_flg: bool, *data: Any) -> list[Any]:
        """What the function gives, compiled, as arrays; new running values go to their layers."""
        self._follow()
        arrays, params = [widened(x) for x in data], map(widened, self.params.values())
        key = (function.__name__, train_flg, *self.settings())
        if key not in self._plans:
            self._plans[key] = compile(lambda *args: function(train_flg, *args))
        out = self._plans[key](*arrays, *params, *self._given(arrays[0], train_flg))
        found = [array_of(x) for x in out]
        if train_flg:
            self.set_running(found[len(found) - 2 * len(self._norms) :])
        return found

    def running(self, layers: Layers | None = None) -> list[Any]:
        """The running mean and variance of each layer that has them."""
        normalising = [(layers or self._layers)[key] for key in self._norms]
        return [x for layer in normalising for x in (layer.running_mean, layer.running_var)]

    def set_running(self, values: Sequence[np.ndarray]) -> None:
        """Put what `running` gave back into the layers, or what came of it."""
        pairs = zip(values[::2], values[1::2], strict=True)
        for key, (mean, var) in zip(self._norms, pairs, strict=True):
            self._layers[key].running_mean, self._layers[key].running_var = mean, var

    def _follow(self) -> None:
        """Layers hold what params holds, also after params["W1"] = another array."""
        for layer, name, key in self._places:
            setattr(layer, name, self.params[key])

    def _given(self, x: np.ndarray, train_flg: bool) -> list[np.ndarray]:
        """What layers need besides: a step's masks, drawn as the book draws them; running means and variances."""
        masks = [self._layers[key].draw((len(x), *shape)) for key, shape in self.masks.items()] if train_flg else []
        return [*masks, *self.running()]

    def _made(self, args: Sequence[Tensor]) -> tuple[Params, Layers]:
        """Parameters and layers of Tensors: the parameters, and what `_given` gave."""
        params, given = dict(zip(self.params, args, strict=False)), iter(args[len(self.params) :])
        masks = len(args) - len(self.params) - 2 * len(self._norms)
        layers = self.make_layers(params)
        for key, mask in zip(list(self.masks)[:masks], given, strict=False):
            layers[key] = Dropout(layers[key].dropout_ratio, mask=mask)
        for key in self._norms:
            layers[key].running_mean, layers[key].running_var = next(given), next(given)
        return params, layers

    def _outputs(self, train_flg: bool, x: Tensor, *args: Tensor) -> list[Tensor]:
        _, layers = self._made(args)
        return [self.answer(self._forward(layers, x, train_flg)), *self.running(layers)]

    def _right_of(self, train_flg: bool, x: Tensor, t: Tensor, *args: Tensor) -> list[Tensor]:
        y = self._outputs(train_flg, x, *args)[0]
        return [(y.argmax(axis=1) == _labels(t)).sum()]

    def loss_of(self, train_flg: bool, x: Tensor, t: Tensor, *args: Tensor) -> list[Tensor]:
        """The loss of Tensors (parameters, then masks and running values), and the new running values."""
        params, layers = self._made(args)
        return [self._total(params, layers, SoftmaxWithLoss(), x, t, train_flg), *self.running(layers)]

    def loss_and_gradients_of(self, train_flg: bool, x: Tensor, t: Tensor, *args: Tensor) -> list[Tensor]:
        """The same, with the gradients by the parameters behind the loss."""
        count = len(self.params)
        leaves = [leaf_of(w) for w in args[:count]]
        loss, *moved = self.loss_of(train_flg, x, t, *leaves, *args[count:])
        return [loss, *gradients(loss, leaves), *moved]

    def _total(self, params: Params, layers: Layers, last: SoftmaxWithLoss, x: Any, t: Any, train_flg: bool) -> Any:
        loss, penalty = last.forward(self._forward(layers, x, train_flg), t), self.penalty(params)
        return loss if penalty is None else loss + penalty

    def _forward(self, layers: Layers, x: Any, train_flg: bool) -> Any:
        for layer in layers.values():
            x = layer.forward(x, train_flg) if isinstance(layer, Dropout | BatchNormalization) else layer.forward(x)
        return x


def _labels(t: Any) -> Any:
    """Labels of one-hot rows; labels as they are."""
    return t.argmax(axis=1) if t.ndim != 1 else t
