"""Chapter 6's networks with dropout and batch normalisation.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, chapter 6 and its common/multi_layer_net_extend.py
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pellucid.book.layers import BatchNormalization, Dropout
from pellucid.book.networks.multi_layer_net import MultiLayerNet
from pellucid.book.networks.network import Layers, Params


class MultiLayerNetExtend(MultiLayerNet):
    """input → (Affine → [BatchNormalization] → activation → [Dropout]) for each hidden layer → Affine → classes.

    use_dropout, dropout_ration: whether, and with which probability, a hidden number is 0 in training (the book's
                                 spelling)
    use_batchnorm:               whether each hidden layer is normalised; params then has gamma1, beta1, ...
    """

    def __init__(
        self,
        input_size: int,
        hidden_size_list: Sequence[int],
        output_size: int,
        activation: str = "relu",
        weight_init_std: str | float = "relu",
        weight_decay_lambda: float = 0,
        use_dropout: bool = False,
        dropout_ration: float = 0.5,
        use_batchnorm: bool = False,
    ) -> None:
        self.use_dropout, self.use_batchnorm, self.dropout_ration = use_dropout, use_batchnorm, dropout_ration
        if use_dropout:
            self.masks = {f"Dropout{i}": (width,) for i, width in enumerate(hidden_size_list, 1)}
        super().__init__(input_size, hidden_size_list, output_size, activation, weight_init_std, weight_decay_lambda)

    def _initial(self, weight_init_std: str | float) -> Params:
        params = super()._initial(weight_init_std)
        for i, width in enumerate(self.hidden_size_list if self.use_batchnorm else (), 1):
            params[f"gamma{i}"], params[f"beta{i}"] = np.ones(width), np.zeros(width)
        return params

    def _between(self, i: int, params: Params, layers: Layers) -> None:
        width = self.hidden_size_list[i - 1]
        if self.use_batchnorm:
            gamma, beta = params[f"gamma{i}"], params[f"beta{i}"]
            layers[f"BatchNorm{i}"] = BatchNormalization(
                gamma, beta, running_mean=np.zeros(width), running_var=np.zeros(width)
            )
        super()._between(i, params, layers)
        if self.use_dropout:
            layers[f"Dropout{i}"] = Dropout(self.dropout_ration)
