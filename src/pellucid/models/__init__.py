"""Ready networks: `create("simple-conv", (1, 28, 28), 10)`."""

from pellucid.models.layer_list import layer_list
from pellucid.models.perceptron import perceptron
from pellucid.models.registry import MODELS, create, names
from pellucid.models.simple_conv import simple_conv
from pellucid.models.two_layer import two_layer

__all__ = ["MODELS", "create", "layer_list", "names", "perceptron", "simple_conv", "two_layer"]
