"""The convolutional network of chapter 7.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 7.5
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

import numpy as np

from pellucid.book.image_layers import Convolution, Pooling
from pellucid.book.layers import Affine, Relu
from pellucid.book.networks.network import Layers, Params
from pellucid.book.networks.saved import SavedNetwork

CONVOLUTION = {"filter_num": 30, "filter_size": 5, "pad": 0, "stride": 1}


class SimpleConvNet(SavedNetwork):
    """Convolution → Relu → Pooling 2×2 → Affine → Relu → Affine → classes.

    input_dim:  channels, height and width of an image; height and width are equal
    conv_param: filter_num, filter_size, pad and stride of the convolution
    """

    def __init__(
        self,
        input_dim: tuple[int, int, int] = (1, 28, 28),
        conv_param: Mapping[str, int] = CONVOLUTION,
        hidden_size: int = 100,
        output_size: int = 10,
        weight_init_std: float = 0.01,
    ) -> None:
        self.conv_param = dict(conv_param)
        filters, size = conv_param["filter_num"], conv_param["filter_size"]
        conv_size = (input_dim[1] - size + 2 * conv_param["pad"]) // conv_param["stride"] + 1
        pooled = filters * (conv_size // 2) ** 2
        super().__init__(
            {
                "W1": weight_init_std * np.random.randn(filters, input_dim[0], size, size),
                "b1": np.zeros(filters),
                "W2": weight_init_std * np.random.randn(pooled, hidden_size),
                "b2": np.zeros(hidden_size),
                "W3": weight_init_std * np.random.randn(hidden_size, output_size),
                "b3": np.zeros(output_size),
            }
        )

    def make_layers(self, params: Params) -> Layers:
        stride, pad = self.conv_param["stride"], self.conv_param["pad"]
        return OrderedDict(
            [
                ("Conv1", Convolution(params["W1"], params["b1"], stride, pad)),
                ("Relu1", Relu()),
                ("Pool1", Pooling(pool_h=2, pool_w=2, stride=2)),
                ("Affine1", Affine(params["W2"], params["b2"])),
                ("Relu2", Relu()),
                ("Affine2", Affine(params["W3"], params["b3"])),
            ]
        )
