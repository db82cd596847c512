"""Ready networks: `create("simple-conv", (1, 28, 28), 10)`."""

from pellucid.models.fast_conv import fast_conv
from pellucid.models.layer_list import layer_list
from pellucid.models.perceptron import perceptron
from pellucid.models.registry import MODELS, RECIPES, create, names, recipe
from pellucid.models.simple_conv import simple_conv
from pellucid.models.two_layer import two_layer

__all__ = [
    "MODELS",
    "RECIPES",
    "create",
    "fast_conv",
    "layer_list",
    "names",
    "perceptron",
    "recipe",
    "simple_conv",
    "two_layer",
]
