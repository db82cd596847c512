"""Optimisers by name, for the command line."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from pellucid.errors import OptionError, nearest
from pellucid.optim.adagrad import Adagrad
from pellucid.optim.adam import Adam
from pellucid.optim.adamw import AdamW
from pellucid.optim.groups import refuse_unknown
from pellucid.optim.momentum import Momentum, Nesterov
from pellucid.optim.optimizer import Optimizer, Params
from pellucid.optim.rmsprop import RMSprop
from pellucid.optim.sgd import SGD


@dataclass(frozen=True)
class Entry:
    """An optimiser, and a learning rate at which small networks train well with it."""

    kind: type[Optimizer]
    lr: float


OPTIMIZERS = {
    "sgd": Entry(SGD, 0.1),
    "momentum": Entry(Momentum, 0.01),
    "nesterov": Entry(Nesterov, 0.01),
    "adagrad": Entry(Adagrad, 0.01),
    "rmsprop": Entry(RMSprop, 1e-3),
    "adam": Entry(Adam, 1e-3),
    "adamw": Entry(AdamW, 1e-3),
}


def names() -> list[str]:
    """The names that `create` knows.

    >>> names()
    ['sgd', 'momentum', 'nesterov', 'adagrad', 'rmsprop', 'adam', 'adamw']
    """
    return list(OPTIMIZERS)


def default_lr(name: str) -> float:
    """The learning rate that `create` takes when none is given.

    >>> default_lr("sgd")
    0.1
    """
    return _find(name).lr


def create(name: str, params: Params, lr: float | None = None, **options: Any) -> Optimizer:
    """The optimiser called `name`, upper or lower case.

    Raises: OptionError for an unknown name or option, with the nearest one that there is

    >>> from pellucid.tensor import Parameter
    >>> create("momentum", [Parameter([1.0])], momentum=0.5)
    Momentum(lr=0.01, momentum=0.5, dampening=0.0, weight_decay=0.0, nesterov=False)
    """
    entry = _find(name)
    known = [x for x in inspect.signature(entry.kind).parameters if x not in ("params", "lr")]
    refuse_unknown(entry.kind.__name__, options, known)
    return entry.kind(params, lr=entry.lr if lr is None else lr, **options)


def _find(name: str) -> Entry:
    try:
        return OPTIMIZERS[name.lower()]
    except KeyError:
        raise OptionError(f"optim: there is no optimizer {name!r}{nearest(name, OPTIMIZERS)}") from None
