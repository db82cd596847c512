"""The libraries that are compared, each in a file of its own as its users would write it.

A file offers `Runner(workload, problem, dtype, threads)` with `epochs(count, order) -> (seconds, losses)`, one number
an epoch of each: the epoch's whole time, gathering of the mini-batches, forward pass, backward pass and update, and the
mean loss of its examples. Pixels arrive as uint8 and are divided by 255 on the way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from benchmarks.problem import Problem
from benchmarks.workloads import Conv, Workload

Order = Callable[[int], np.ndarray]  # of an epoch: the positions of its examples, (N,) int64


class Runner(Protocol):
    def epochs(self, count: int, order: Order) -> tuple[list[float], list[float]]: ...


@dataclass(frozen=True)
class Library:
    """needs:   the packages by their names on the registry and in Python
    cannot:  why a workload or a dtype is not run, or None
    """

    name: str
    title: str
    module: str
    needs: tuple[tuple[str, str], ...] = ()
    cannot: Callable[[Workload, str], str | None] = lambda workload, dtype: None
    options: tuple[tuple[str, Any], ...] = ()

    def why_not(self, workload: Workload, dtype: str) -> str | None:
        """The reason for skipping it in one line, or None when it can run."""
        for package, module in self.needs:
            if find_spec(module) is None:
                return f"{package} is not installed; pip install {package}"
        return self.cannot(workload, dtype)

    def load(self) -> ModuleType:
        """Import the library."""
        return import_module(f"benchmarks.libraries.{self.module}")

    def runner(self, workload: Workload, problem: Problem, dtype: str, threads: int) -> Runner:
        return self.load().Runner(workload, problem, dtype, threads, **dict(self.options))


def timed(epoch: Callable[[np.ndarray], float], count: int, order: Order) -> tuple[list[float], list[float]]:
    """Run `epoch` on the order of each; the drawing of the order is part of the time."""
    seconds, losses = [], []
    for number in range(count):
        start = time.perf_counter()
        losses.append(float(epoch(order(number))))
        seconds.append(time.perf_counter() - start)
    return seconds, losses


def _no_native(workload: Workload, dtype: str) -> str | None:
    found = find_spec("pellucid._native") is not None
    return None if found else "pellucid._native was not built: install Pellucid where there is a C++ compiler"


def _dense_only(workload: Workload, dtype: str) -> str | None:
    convolutions = any(isinstance(layer, Conv) for layer in workload.layers)
    return "written for fully connected networks only" if convolutions else None


def _classifier_only(workload: Workload, dtype: str) -> str | None:
    if any(isinstance(layer, Conv) for layer in workload.layers):
        return "scikit-learn has no convolutions"
    if workload.loss != "cross-entropy":
        return "scikit-learn has no sigmoid outputs with a squared error"
    return None


_TORCH = (("torch", "torch"),)

LIBRARIES = {
    library.name: library
    for library in (
        Library("pellucid", "Pellucid", "with_pellucid", cannot=_no_native),
        Library("torch", "PyTorch", "with_torch", _TORCH),
        Library("torch-compile", "PyTorch compiled", "with_torch", _TORCH, options=(("compiled", True),)),
        Library("jax", "JAX", "with_jax", (("jax", "jax"),)),
        Library("sklearn", "scikit-learn", "with_sklearn", (("scikit-learn", "sklearn"),), cannot=_classifier_only),
        Library("numpy", "NumPy, as in the book", "with_numpy", cannot=_dense_only),
    )
}
