"""Optimisers, learning-rate schedules and gradient clipping.

Each update is an expression of Tensor operations, and all that changes from step to step is state in Tensors,
so that a whole training step can be compiled.
"""

from pellucid.optim.adagrad import AdaGrad, Adagrad
from pellucid.optim.adam import Adam
from pellucid.optim.adamw import AdamW
from pellucid.optim.clip import clip_grad_norm_, clip_grad_value_
from pellucid.optim.momentum import Momentum, Nesterov
from pellucid.optim.names import create, default_lr, names
from pellucid.optim.optimizer import Optimizer
from pellucid.optim.rmsprop import RMSprop
from pellucid.optim.scheduler import LRScheduler
from pellucid.optim.schedules import CosineAnnealingLR, LinearLR, OneCycleLR, SequentialLR, StepLR
from pellucid.optim.sgd import SGD

__all__ = [
    "SGD",
    "AdaGrad",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineAnnealingLR",
    "LRScheduler",
    "LinearLR",
    "Momentum",
    "Nesterov",
    "OneCycleLR",
    "Optimizer",
    "RMSprop",
    "SequentialLR",
    "StepLR",
    "clip_grad_norm_",
    "clip_grad_value_",
    "create",
    "default_lr",
    "names",
]
