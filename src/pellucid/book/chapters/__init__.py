"""The books' experiments as programs that read as their chapters: a few sentences, code, result.

Each is a module with `run(page)`: it prints what the book prints, draws what the book draws, and shows the book's
number beside ours. `pellucid book NAME` runs one. Where chance matters it seeds its generators with `page.seed`, and
its `SEEDS` says how many seeds tell enough: RESULTS.md has their mean and spread.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from pellucid.errors import OptionError, nearest

NAMES = (
    "ch02-gates",
    "ch03-activations",
    "ch03-three-layer",
    "ch03-softmax",
    "ch03-mnist",
    "ch04-losses",
    "ch04-gradient",
    "ch04-simple-net",
    "ch04-differences",
    "ch05-apples",
    "ch05-gradient-check",
    "ch05-train",
    "ch06-valley",
    "ch06-optimizers",
    "ch06-activations",
    "ch06-initial-weights",
    "ch06-batch-norm",
    "ch06-batch-norm-check",
    "ch06-overfitting",
    "ch06-hyperparameters",
    "ch07-convolution",
    "ch07-im2col",
    "ch07-train",
    "ch07-edges",
    "ch08-stacks",
    "ch08-deep-convnet",
    "ch08-dropout",
    "ch08-half-precision",
    "nielsen-1-baselines",
    "nielsen-1-svm",
    "nielsen-1-network",
    "nielsen-1-hidden",
    "nielsen-3-cross-entropy",
    "nielsen-3-overfitting",
    "nielsen-3-regularization",
    "nielsen-3-early-stopping",
    "nielsen-3-expanded",
    "nielsen-3-weights",
    "nielsen-5-gradients",
)


def program(name: str) -> ModuleType:
    """The module of one program.

    Raises: OptionError for an unknown name
    """
    if name not in NAMES:
        known = nearest(name, (*NAMES, "list", "run"), "; `pellucid book list` shows all")
        raise OptionError(f"book: there is no program {name!r}{known}")
    return import_module(f"pellucid.book.chapters.{name.replace('-', '_')}")


def seeds(name: str) -> int:
    """With how many seeds a program should run, for its numbers to tell enough: 1 where nothing is drawn."""
    return getattr(program(name), "SEEDS", 1)


def summary(name: str) -> str:
    """What a program shows: the first line of its text."""
    return (program(name).__doc__ or "").partition("\n")[0]
