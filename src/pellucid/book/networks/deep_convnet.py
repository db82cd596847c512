"""The deep convolutional network of chapter 8, which gets above 99 % on MNIST.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 8.1
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import numpy as np

from pellucid.book.image_layers import Convolution, Pooling
from pellucid.book.layers import Affine, Dropout, Relu
from pellucid.book.networks.network import Layers, Params
from pellucid.book.networks.saved import SavedNetwork

ConvParam = Mapping[str, int]


FILTERS_16: ConvParam = {"filter_num": 16, "filter_size": 3, "pad": 1, "stride": 1}
FILTERS_32: ConvParam = {"filter_num": 32, "filter_size": 3, "pad": 1, "stride": 1}
FILTERS_32_WIDE: ConvParam = {"filter_num": 32, "filter_size": 3, "pad": 2, "stride": 1}
FILTERS_64: ConvParam = {"filter_num": 64, "filter_size": 3, "pad": 1, "stride": 1}


class DeepConvNet(SavedNetwork):
    """(Convolution → Relu) twice and Pooling 2×2, three times; Affine → Relu → Dropout → Affine → Dropout → classes.

    Initial weights are √(2/n)·randn, n being the numbers that one output is made of (K. He et al., 2015).

    Note: the last Dropout stands behind the outputs themselves, as in the book: in training half of the classes have
          the score 0. `layers` is a list, as in the book, where the other networks have a dictionary
    """

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (1, 28, 28),
        conv_param_1: ConvParam = FILTERS_16,
        conv_param_2: ConvParam = FILTERS_16,
        conv_param_3: ConvParam = FILTERS_32,
        conv_param_4: ConvParam = FILTERS_32_WIDE,
        conv_param_5: ConvParam = FILTERS_64,
        conv_param_6: ConvParam = FILTERS_64,
        hidden_size: int = 50,
        output_size: int = 10,
    ) -> None:
        self.conv_params = [conv_param_1, conv_param_2, conv_param_3, conv_param_4, conv_param_5, conv_param_6]
        self.masks = {"Dropout1": (hidden_size,), "Dropout2": (output_size,)}
        channels, size = input_dim[0], input_dim[1]
        shapes: list[tuple[int, ...]] = []
        for i, conv in enumerate(self.conv_params):
            shapes.append((conv["filter_num"], channels, conv["filter_size"], conv["filter_size"]))
            channels = conv["filter_num"]
            size = (size + 2 * conv["pad"] - conv["filter_size"]) // conv["stride"] + 1
            size = size // 2 if i % 2 else size
        shapes += [(channels * size * size, hidden_size), (hidden_size, output_size)]
        params: Params = {}
        for i, shape in enumerate(shapes, 1):
            inputs, outputs = (int(np.prod(shape[1:])), shape[0]) if len(shape) == 4 else shape
            params[f"W{i}"] = np.sqrt(2.0 / inputs) * np.random.randn(*shape)
            params[f"b{i}"] = np.zeros(outputs)
        super().__init__(params)
        self.layers = list(self._layers.values())

    def make_layers(self, params: Params) -> Layers:
        layers: Layers = OrderedDict()
        for i, conv in enumerate(self.conv_params, 1):
            layers[f"Conv{i}"] = Convolution(params[f"W{i}"], params[f"b{i}"], conv["stride"], conv["pad"])
            layers[f"Relu{i}"] = Relu()
            if i % 2 == 0:
                layers[f"Pool{i // 2}"] = Pooling(pool_h=2, pool_w=2, stride=2)
        layers["Affine1"] = Affine(params["W7"], params["b7"])
        layers["Relu7"] = Relu()
        layers["Dropout1"] = Dropout(0.5)
        layers["Affine2"] = Affine(params["W8"], params["b8"])
        layers["Dropout2"] = Dropout(0.5)
        return layers
