"""The two-layer network of chapters 4 and 5, which learns MNIST in a minute.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, sections 4.5 and 5.7
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from pellucid.book.functions import softmax
from pellucid.book.layers import Affine, Relu, Sigmoid
from pellucid.book.networks.network import Layers, Network, Params
from pellucid.errors import OptionError


class TwoLayerNet(Network):
    """input → Affine → Relu → Affine → classes. Weights come from np.random.randn, biases are 0.

    chapter: 4 for the one of chapter 4, with a sigmoid between, whose predict gives probabilities; the gradients are
             those of the same loss

    >>> np.random.seed(0)
    >>> network = TwoLayerNet(784, 50, 10)
    >>> {key: array.shape for key, array in network.params.items()}
    {'W1': (784, 50), 'b1': (50,), 'W2': (50, 10), 'b2': (10,)}
    """

    def __init__(
        self, input_size: int, hidden_size: int, output_size: int, weight_init_std: float = 0.01, *, chapter: int = 5
    ) -> None:
        if chapter not in (4, 5):
            raise OptionError(f"TwoLayerNet: chapter={chapter}; the book has one in chapter 4 and one in chapter 5")
        self.chapter = chapter
        super().__init__(
            {
                "W1": weight_init_std * np.random.randn(input_size, hidden_size),
                "b1": np.zeros(hidden_size),
                "W2": weight_init_std * np.random.randn(hidden_size, output_size),
                "b2": np.zeros(output_size),
            }
        )

    def make_layers(self, params: Params) -> Layers:
        between = ("Relu1", Relu()) if self.chapter == 5 else ("Sigmoid1", Sigmoid())
        return OrderedDict(
            [
                ("Affine1", Affine(params["W1"], params["b1"])),
                between,
                ("Affine2", Affine(params["W2"], params["b2"])),
            ]
        )

    def answer(self, y: Any) -> Any:
        return softmax(y) if self.chapter == 4 else y
