"""The native engine, the way into the compiled kernels, and what to know where they were not built.

`pellucid._native` and the passes that make plans are loaded on first use, so that `import pellucid` does not wait. A
graph becomes a plan in these passes, each a file that can be read by itself, in this order:

    simplify    the same values from fewer nodes (patterns, softmax, pooling, updates), then sums
    fuse        which nodes run together
    recompute   what is made anew instead of being kept; then fuse again
    schedule    which groups run when, by what they cost (cost, limits) and whether they go row by row (blocks)
    assemble    groups as kernel calls (lower, programs, rules, image_rules), and in chains for a few rows at a time
    allocate    a place in memory for every buffer (memory)
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from pellucid.engines.reference import ReferenceEngine
from pellucid.errors import DTypeError, OptionError, ShapeError
from pellucid.graph import Graph, Primitive


class NativeEngine:
    """Graphs as plans in C++. A single operation, called eagerly, is NumPy's: nothing is gained by a plan for it."""

    name = "native"

    def __init__(self) -> None:
        self._reference = ReferenceEngine()

    def evaluate(self, primitive: Primitive, inputs: Sequence[np.ndarray], options: Mapping[str, Any]) -> np.ndarray:
        return self._reference.evaluate(primitive, inputs, options)

    def plan(
        self, graph: Graph, fed: Sequence[tuple[int, int]] = ()
    ) -> Callable[[Sequence[np.ndarray]], list[np.ndarray]]:
        """A plan of kernel calls; the reference's, with a warning, where the compiled module is broken."""
        native, reason = load()
        if native is None:
            warnings.warn(f"engine: {reason}", stacklevel=2)
            return self._reference.plan(graph, fed)
        return import_module("pellucid.engines.native.engine").NativePlan(graph, fed)


def available() -> bool:
    """Whether the compiled kernels were built for this Python.

    Raises: OptionError when PELLUCID_ISA names an instruction set that this machine does not have, or
            PELLUCID_THREADS is no number of threads
    """
    return load()[0] is not None


def info() -> dict[str, Any]:
    """What `pellucid info` prints about the compiled kernels.

    >>> list(info())
    ['available', 'reason', 'version', 'compiler', 'isa', 'isas', 'cores', 'threads']
    """
    native, reason = load()
    if native is None:
        facts = {"version": None, "compiler": None, "isa": None, "isas": [], "cores": os.cpu_count() or 1, "threads": 0}
    else:
        facts = {name: getattr(native, name)() for name in ("version", "compiler", "isa", "isas", "cores", "threads")}
    return {"available": native is not None, "reason": reason, **facts}


def matmul(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """The product of two matrices, by the compiled kernel, or by NumPy where that was not built.

    Shapes: x (N, D), w (D, M) → (N, M); any strides
    Raises: ShapeError, DTypeError when they are not two float32 or two float64 matrices that fit
    Note:   sums run in another order than NumPy's, so the last bits differ
    """
    if x.ndim != 2 or w.ndim != 2:
        raise ShapeError(f"matmul: the kernel takes two matrices; x {x.shape}, w {w.shape}")
    if x.shape[1] != w.shape[0]:
        raise ShapeError(f"matmul: x has {x.shape[1]} columns but w has {w.shape[0]} rows; x {x.shape}, w {w.shape}")
    if x.dtype != w.dtype or x.dtype not in (np.float32, np.float64):
        raise DTypeError(f"matmul: the kernel takes float32 or float64, the same twice; x {x.dtype}, w {w.dtype}")
    native, _ = load()
    if native is None:
        return x @ w
    return native.matmul(_aligned(x), _aligned(w))


@cache
def load() -> tuple[ModuleType | None, str | None]:
    """The compiled module, or None and why there is none."""
    try:
        _native = import_module("pellucid._native")
    except ModuleNotFoundError:
        return None, "pellucid._native was not built: no working C++ compiler when Pellucid was installed"
    except ImportError as error:
        return None, f"pellucid._native cannot be loaded: {error}; the reference engine runs in its place"
    try:
        _native.isa()
        _native.threads()
    except ValueError as error:
        raise OptionError(str(error)) from None
    return _native, None


def _aligned(x: np.ndarray) -> np.ndarray:
    # A structured array's field may have strides that are no whole number of elements: unaligned, to NumPy.
    return x if x.flags.aligned else x.copy()
