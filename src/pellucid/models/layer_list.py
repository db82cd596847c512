"""Fully connected networks from a list of sizes, such as 784-100-10."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from pellucid.errors import ShapeError
from pellucid.nn import init
from pellucid.nn.activation import ReLU
from pellucid.nn.container import Sequential
from pellucid.nn.convolution import Conv2d
from pellucid.nn.linear import Linear
from pellucid.nn.module import Module
from pellucid.nn.shape import Flatten


def layer_list(sizes: Sequence[int], input_shape: Sequence[int], classes: int) -> Sequential:
    """Linear layers of these sizes, input and output included, with ReLU between; He's initial values.

    Raises: ShapeError unless the first size is that of the data and the last the number of classes
    """
    inputs = math.prod(input_shape)
    fitting = "-".join(map(str, (inputs, *sizes[1:-1], classes)))
    name = "-".join(map(str, sizes))
    if name != fitting or 0 in sizes:
        data = f"{'×'.join(map(str, input_shape))} = {inputs} numbers and {classes} classes"
        hint = "every size must be 1 or more" if 0 in sizes else f"write {fitting}"
        raise ShapeError(f"model {name}: the data has {data}; {hint}")
    layers: list[Module] = [Flatten()]
    for before, after in pairwise(sizes):
        layers += [Linear(before, after), ReLU()]
    return initialize(Sequential(*layers[:-1]))


def initialize(network: Sequential) -> Sequential:
    """He's initial values, which keep the variance through layers with ReLU, and biases of 0.

    Reference: K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers", 2015
    """
    for layer in network.modules():
        if isinstance(layer, Linear | Conv2d):
            init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                init.zeros_(layer.bias)
    return network
