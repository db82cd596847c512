"""Networks of any number of fully connected layers: chapter 6's, plain.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, chapter 6 and its common/multi_layer_net.py
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.book.layers import Affine, Relu, Sigmoid
from pellucid.book.networks.network import Layers, Network, Params
from pellucid.errors import OptionError, nearest

ACTIVATIONS = {"relu": Relu, "sigmoid": Sigmoid}
SCALES = {"relu": 2.0, "he": 2.0, "sigmoid": 1.0, "xavier": 1.0}
"""The variance of an initial weight times the number of inputs, by the names that weight_init_std may have."""


class MultiLayerNet(Network):
    """input → (Affine → activation) for each hidden layer → Affine → classes.

    hidden_size_list:    the widths of the hidden layers
    activation:          "relu" or "sigmoid"
    weight_init_std:     the standard deviation of the initial weights, or "relu" or "he" for √(2/n), "sigmoid" or
                         "xavier" for √(1/n), n being a layer's inputs
    weight_decay_lambda: λ of ½λΣW², which the loss has over all weights
    Raises:              OptionError for another activation or another name of initial weights
    """

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        activation: str = "relu",
        weight_init_std: str | float = "relu",
        weight_decay_lambda: float = 0,
    ) -> None:
        self.input_size, self.output_size = input_size, output_size
        self.hidden_size_list, self.hidden_layer_num = list(hidden_size_list), len(hidden_size_list)
        self.weight_decay_lambda = weight_decay_lambda
        self.activation = _known(type(self).__name__, "activation", activation, ACTIVATIONS)
        super().__init__(self._initial(weight_init_std))

    @property
    def sizes(self) -> list[int]:
        """The width of each layer, the input's first."""
        return [self.input_size, *self.hidden_size_list, self.output_size]

    def _initial(self, weight_init_std: str | float) -> Params:
        params: Params = {}
        for i, (n, m) in enumerate(zip(self.sizes[:-1], self.sizes[1:], strict=True), 1):
            params[f"W{i}"] = self._std(weight_init_std, n) * np.random.randn(n, m)
            params[f"b{i}"] = np.zeros(m)
        return params

    def _std(self, given: str | float, inputs: int) -> float:
        if not isinstance(given, str):
            return given
        name = _known(type(self).__name__, "weight_init_std", given, SCALES)
        return float(np.sqrt(SCALES[name] / inputs))

    def make_layers(self, params: Params) -> Layers:
        layers: Layers = OrderedDict()
        for i in range(1, self.hidden_layer_num + 1):
            layers[f"Affine{i}"] = Affine(params[f"W{i}"], params[f"b{i}"])
            self._between(i, params, layers)
        last = self.hidden_layer_num + 1
        layers[f"Affine{last}"] = Affine(params[f"W{last}"], params[f"b{last}"])
        return layers

    def _between(self, i: int, params: Params, layers: Layers) -> None:
        """What stands behind the i-th hidden Affine."""
        layers[f"Activation_function{i}"] = ACTIVATIONS[self.activation]()

    def penalty(self, params: Params) -> Any:
        if not self.weight_decay_lambda:
            return None
        squares = [(w * w).sum() for key, w in params.items() if key.startswith("W")]
        return sum(squares[1:], squares[0]) * (0.5 * self.weight_decay_lambda)

    def settings(self) -> tuple[Any, ...]:
        return (self.weight_decay_lambda, *super().settings())


def _known(network: str, option: str, given: str, names: dict[str, Any]) -> str:
    """The name in small letters, as the book takes it in any."""
    if str(given).lower() not in names:
        raise OptionError(f"{network}: {option}={given!r} is unknown{nearest(str(given).lower(), names)}")
    return given.lower()
