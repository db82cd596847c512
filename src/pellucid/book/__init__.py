"""The books' names: for those who read "Deep Learning from Scratch" (K. Saitoh) or "Neural Networks and Deep Learning"
(M. Nielsen) and type their programs in.

NumPy arrays in, NumPy arrays out; underneath are Pellucid's operations and gradients. Random numbers come from NumPy's
global generator in the book's order, so that `np.random.seed(0)` gives what the book's own code gives.

>>> from pellucid.book import softmax
>>> softmax([1000.0, 1000.0])
array([0.5, 0.5])
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pellucid.book.functions import (
        cross_entropy_error,
        identity_function,
        mean_squared_error,
        relu,
        relu_grad,
        sigmoid,
        sigmoid_grad,
        softmax,
        softmax_loss,
        step_function,
        sum_squared_error,
    )
    from pellucid.book.gates import AND, NAND, OR, XOR
    from pellucid.book.gradient import gradient_descent, numerical_diff, numerical_gradient, numerical_gradient_2d
    from pellucid.book.image_layers import Convolution, Pooling
    from pellucid.book.layers import (
        AddLayer,
        Affine,
        BatchNormalization,
        Dropout,
        MulLayer,
        Relu,
        Sigmoid,
        SoftmaxWithLoss,
    )
    from pellucid.book.mnist import load_mnist
    from pellucid.book.networks.deep_convnet import DeepConvNet
    from pellucid.book.networks.multi_layer_net import MultiLayerNet
    from pellucid.book.networks.multi_layer_net_extend import MultiLayerNetExtend
    from pellucid.book.networks.simple_convnet import SimpleConvNet
    from pellucid.book.networks.simple_net import simpleNet
    from pellucid.book.networks.two_layer_net import TwoLayerNet
    from pellucid.book.nielsen.mnist_loader import load_data_wrapper, vectorized_result
    from pellucid.book.nielsen.network import Network
    from pellucid.book.optimizer import SGD, AdaGrad, Adam, Momentum, Nesterov, RMSprop
    from pellucid.book.trainer import Trainer
    from pellucid.book.util import col2im, conv_output_size, im2col, shuffle_dataset, smooth_curve
    from pellucid.book.weights import load_params, save_params

# What each room offers; it is loaded when the first of its names is asked for.
ROOMS = {
    "gates": ("AND", "NAND", "OR", "XOR"),
    "functions": (
        "identity_function", "step_function", "sigmoid", "sigmoid_grad", "relu", "relu_grad", "softmax",
        "mean_squared_error", "sum_squared_error", "cross_entropy_error", "softmax_loss",
    ),
    "gradient": ("numerical_diff", "numerical_gradient", "numerical_gradient_2d", "gradient_descent"),
    "util": ("smooth_curve", "shuffle_dataset", "conv_output_size", "im2col", "col2im"),
    "layers": (
        "MulLayer", "AddLayer", "Relu", "Sigmoid", "Affine", "SoftmaxWithLoss", "Dropout", "BatchNormalization",
    ),
    "image_layers": ("Convolution", "Pooling"),
    "optimizer": ("SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam"),
    "networks.simple_net": ("simpleNet",),
    "networks.two_layer_net": ("TwoLayerNet",),
    "networks.multi_layer_net": ("MultiLayerNet",),
    "networks.multi_layer_net_extend": ("MultiLayerNetExtend",),
    "networks.simple_convnet": ("SimpleConvNet",),
    "networks.deep_convnet": ("DeepConvNet",),
    "trainer": ("Trainer",),
    "mnist": ("load_mnist",),
    "nielsen.mnist_loader": ("load_data_wrapper", "vectorized_result"),
    "nielsen.network": ("Network",),
    "weights": ("save_params", "load_params"),
}  # fmt: skip

_ROOM_OF = {name: room for room, names in ROOMS.items() for name in names}

__all__ = list(_ROOM_OF)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'pellucid.book' has no attribute {name!r}")
    value = getattr(import_module(f"pellucid.book.{_ROOM_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOM_OF])
