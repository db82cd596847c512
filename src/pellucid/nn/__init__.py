"""Layers, and the Modules that are made of them: PyTorch's names, arguments, shapes and `state_dict` keys."""

from pellucid.nn import functional, init
from pellucid.nn.activation import (
    ELU,
    GELU,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Step,
    Tanh,
)
from pellucid.nn.container import ModuleList, Sequential
from pellucid.nn.convolution import Conv2d, ConvTranspose2d
from pellucid.nn.dropout import Dropout
from pellucid.nn.linear import Linear
from pellucid.nn.loss import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, L1Loss, MSELoss, NLLLoss
from pellucid.nn.module import Module
from pellucid.nn.normalization import BatchNorm1d, BatchNorm2d, LayerNorm, LocalResponseNorm
from pellucid.nn.pooling import AdaptiveAvgPool2d, AvgPool2d, MaxPool2d
from pellucid.nn.shape import Flatten
from pellucid.tensor import Buffer, Parameter

__all__ = [
    "ELU",
    "GELU",
    "AdaptiveAvgPool2d",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "Buffer",
    "Conv2d",
    "ConvTranspose2d",
    "CrossEntropyLoss",
    "Dropout",
    "Flatten",
    "Identity",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Module",
    "ModuleList",
    "NLLLoss",
    "Parameter",
    "ReLU",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Step",
    "Tanh",
    "functional",
    "init",
]
