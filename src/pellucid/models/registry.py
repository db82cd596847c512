"""Networks by name: for the command line, and for whoever just wants one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pellucid.errors import OptionError, nearest
from pellucid.models.fast_conv import RECIPE, fast_conv
from pellucid.models.layer_list import layer_list
from pellucid.models.perceptron import perceptron
from pellucid.models.simple_conv import simple_conv
from pellucid.models.two_layer import two_layer
from pellucid.nn.module import Module

Shape = tuple[int, ...]

MODELS: dict[str, Callable[[Shape, int], Module]] = {
    "perceptron": perceptron,
    "two-layer": two_layer,
    "simple-conv": simple_conv,
    "fast-conv": fast_conv,
}
RECIPES: dict[tuple[str, str], Mapping[str, Any]] = {("fast-conv", "mnist"): RECIPE}  # by model and data


def names() -> list[str]:
    """The names that `create` knows, besides lists of layer sizes such as "784-100-10"."""
    return list(MODELS)


def recipe(name: str, data: str) -> Mapping[str, Any]:
    """The options that a model trains best with on a data set, as `pellucid train` calls them; mostly none.

    >>> dict(recipe("fast-conv", "digits")), recipe("fast-conv", "mnist")["optimizer"]
    ({}, 'nesterov')
    """
    return MappingProxyType(RECIPES.get((name, data), {}))


def create(name: str, input_shape: Sequence[int], classes: int) -> Module:
    """A network with fresh weights.

    name:        one of `names()`, or the sizes of fully connected layers, such as "784-100-10"
    input_shape: of one example, such as (1, 28, 28)
    classes:     the number of outputs
    Raises:      OptionError for an unknown name; ShapeError when the network does not fit the data

    >>> create("64-32-10", (1, 8, 8), 10)
    Sequential(
      (0): Flatten(start_dim=1, end_dim=-1)
      (1): Linear(in_features=64, out_features=32, bias=True)
      (2): ReLU()
      (3): Linear(in_features=32, out_features=10, bias=True)
    )
    """
    shape = tuple(input_shape)
    if re.fullmatch(r"\d+(-\d+)+", name):
        return layer_list([int(size) for size in name.split("-")], shape, classes)
    if name not in MODELS:
        hint = nearest(name, MODELS, f"; there is {', '.join(MODELS)}, or sizes such as 784-100-10")
        raise OptionError(f"model: there is no {name!r}{hint}")
    return MODELS[name](shape, classes)
