"""compile(fn): watch a function run once with shapes in place of numbers, then run what it did without Python.

Everything that the function does to Tensors becomes one graph: the forward pass, the backward pass, the
optimiser's update, random draws. A Tensor that it finds outside itself (a parameter, a running mean, the random
generator) is state: the graph takes its value as an input, and its new value as an output when it is changed.

A plan is made for each combination of shapes, dtypes and other arguments, and kept. What it relies on besides (the
attributes of the Modules that it called, whether a `.grad` is there) is a guard: when it has changed, a new plan is
made. Other Python values that the function looks at, such as a global number, are taken as they were.
"""

from __future__ import annotations

import os
import reprlib
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from types import MethodType
from typing import Any

import numpy as np

from pellucid import tree
from pellucid.engines import current_engine
from pellucid.errors import ShapeError, TraceError
from pellucid.graph import Graph
from pellucid.tensor import DTYPES, Tensor, context, to_array
from pellucid.traced import Run, Traced, as_array, needs_grad

MOST = 64  # plans of one function that are kept; each may hold megabytes of constants
Names = Callable[[], Iterable[tuple[str, Tensor]]]
_tracing = threading.RLock()  # a plan that several threads ask for at once is made once


def _renew_lock() -> None:
    """A forked child has none of the other threads, and the lock may be held by one of them."""
    global _tracing
    _tracing = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_lock)


class Compiled:
    """A function that runs as plans. `compile` makes it."""

    def __init__(self, function: Callable[..., Any], names: Names | None = None) -> None:
        self.function, self.names = function, names
        self.__name__ = getattr(function, "__name__", "compiled")
        self.__doc__ = function.__doc__
        self._traced: dict[Any, list[Traced]] = {}
        self._flat: dict[Any, list[Traced]] = {}  # the same lists by a key that is quickly made
        self._ages: deque[Any] = deque()  # the key of every plan, the oldest first
        self._warned = False

    def __call__(self, *args: Any, **options: Any) -> Any:
        if context.trace is not None:  # inside another compiled function: part of its graph
            return self.function(*args, **options)
        flat = None if options else _flat(args)
        if flat is not None:
            arrays, key = flat
            for traced in self._flat.get(key, ()):
                run = traced.ready()
                if run is not None:
                    return traced.run(run, arrays, args)
        leaves, structure = tree.flatten((args, options))
        arrays = [as_array(x) for x in leaves]
        traced, run = self._find(structure, arrays, leaves, None if flat is None else flat[1])
        return traced.run(run, [x for x in arrays if x is not None], leaves)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method: the instance is an argument, fixed in the graph like any other that is no Tensor."""
        return self if instance is None else MethodType(self, instance)

    def graph(self, *args: Any, **options: Any) -> Graph:
        """The graph that a call with these arguments runs; prints readably. Nothing is computed."""
        leaves, structure = tree.flatten((args, options))
        return self._find(structure, [as_array(x) for x in leaves], leaves)[0].graph

    def explain(self, *args: Any, **options: Any) -> str:
        """What a call with these arguments runs, stage by stage from the graph to the kernels, to be printed.

        The native engine tells what it simplified, fused and placed in memory, and times each kernel call on these
        arguments, for about a second. State (parameters, optimiser, random numbers) stays as it is.
        """
        leaves, structure = tree.flatten((args, options))
        arrays = [as_array(x) for x in leaves]
        return self._find(structure, arrays, leaves)[0].explain([x for x in arrays if x is not None])

    def scan(self, rows: np.ndarray, *arrays: Any) -> Any:
        """Many calls: call i gets the rows `rows[i]` of each array. A training epoch is one scan.

        Shapes: rows (steps, batch) int64, each array (N, ...) → what the function gives back: Tensors stacked,
                (steps, ...), and anything else as the last call gave it
        Raises: ShapeError when rows is not a matrix, has no step or reaches outside an array
        """
        sources = [_source(x) for x in arrays]
        rows = np.asarray(rows)
        if rows.ndim != 2 or rows.dtype.kind not in "iu":
            raise ShapeError(f"scan: rows must be integers (steps, batch), got {rows.dtype} {rows.shape}")
        if len(rows) == 0:
            raise ShapeError(f"scan: rows {rows.shape} has no step; give one at least")
        for source in sources:
            if rows.size and not 0 <= rows.min() <= rows.max() < len(source):
                raise ShapeError(f"scan: rows reach from {rows.min()} to {rows.max()}, an array has {len(source)}")
        first = [source[rows[0]] for source in sources]
        traced, _ = self._find(tree.flatten((tuple(first), {}))[1], list(first), first)
        if traced.scans:
            return traced.scan(rows, sources)
        outputs = [tree.flatten(self(*(source[row] for source in sources))) for row in rows]
        columns = zip(*(leaves for leaves, _ in outputs), strict=True)
        return tree.rebuild(outputs[-1][1], [_stacked(column) for column in columns])

    def _find(
        self, structure: Any, arrays: list[np.ndarray | None], leaves: list[Any], flat: Any = None
    ) -> tuple[Traced, Run]:
        """The plan for such arguments, made if there is none, with the state as it is. flat: what `_flat` gave"""
        engine = current_engine()
        static = [None if array is not None else (type(x), x) for array, x in zip(arrays, leaves, strict=True)]
        specs = tuple(
            x if array is None else (array.shape, array.dtype, needs_grad(leaf))
            for array, x, leaf in zip(arrays, static, leaves, strict=True)
        )
        key = (structure, specs, engine.name, context.recording, context.training)
        try:
            known = self._traced.get(key, ())
        except TypeError:
            bad = next(x for array, x in zip(arrays, leaves, strict=True) if array is None and not _hashable(x))
            raise TraceError(
                f"compile: {self.__name__} was given a {type(bad).__name__}, which is neither a Tensor, an array, "
                "a plain value nor a list, tuple or dict of them"
            ) from None
        found = _first_ready(known)
        if found is None:
            with _tracing:
                found = _first_ready(self._traced.get(key, ()))  # another thread may have made it meanwhile
                if found is None:
                    names = {id(tensor): name for name, tensor in (self.names() if self.names else ())}
                    traced = Traced(self.function, structure, leaves, engine, names)
                    self._keep(key, traced)
                    found = traced, traced.first()
        if flat is not None:
            self._flat[flat] = self._traced[key]
        return found

    def _keep(self, key: Any, traced: Traced) -> None:
        """Keep a plan, and drop the oldest where there are MOST."""
        self._traced.setdefault(key, []).append(traced)
        self._ages.append(key)
        if len(self._ages) <= MOST:
            return
        self._flat.clear()
        oldest = self._ages.popleft()
        del self._traced[oldest][0]
        if not self._traced[oldest]:
            del self._traced[oldest]
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"compile: {self.__name__} has made more than {MOST} plans, and the oldest goes for each new one; "
                "give numbers that change from call to call as Tensors, and arrays in fewer shapes",
                stacklevel=4,
            )


def compile(function: Callable[..., Any], *, names: Names | None = None) -> Compiled:
    """The same function, traced once for each combination of shapes and then run as a plan, without Python.

    Tensors and arrays among the arguments are inputs of the graph; any other argument (a number, a string) is
    fixed in it, and another value makes another plan. Can be used as a decorator.

    names:  what Tensors from outside are called where the graph is printed, such as `model.named_parameters`
    Note:   an argument is a value: changing it in place, or the `.grad` it gets inside, is not seen outside.
            The 64 latest plans are kept, and with them the Tensors and Modules that they use and the arguments that
            are fixed in them (of a decorated method, the instance)
    Raises: TraceError when the function asks for a value while there are only shapes (`if loss > 1:`, `.item()`),
            or is none

    >>> @compile
    ... def area(r):
    ...     return r * r * 3.0
    >>> area(Tensor(2.0))
    Tensor(12., float32)
    >>> print(area.graph(Tensor(2.0)))
    %r                      () float32
    %0 = multiply(%r, %r)   () float32
    %1 = multiply(%0, 3.0)  () float32
    return %1
    """
    if not callable(function):
        raise TraceError(f"compile: takes a function; got {reprlib.repr(function)}")
    return Compiled(function, names)


def _flat(args: tuple[Any, ...]) -> tuple[list[np.ndarray], Any] | None:
    """The arrays of arguments that are nothing but Tensors and arrays, and a key for their plans; or None."""
    arrays: list[np.ndarray] = []
    key: list[Any] = [current_engine().name, context.recording, context.training]
    for x in args:
        if type(x) is np.ndarray:
            array, needed = x, False
        elif isinstance(x, Tensor):
            array, needed = x._value, x.requires_grad
            if type(array) is not np.ndarray:
                return None
        else:
            return None
        arrays.append(array)
        key += (array.shape, array.dtype, needed)
    return arrays, tuple(key)


def _first_ready(known: Iterable[Traced]) -> tuple[Traced, Run] | None:
    """The first plan whose guards hold, with the state as it is."""
    for traced in known:
        run = traced.ready()
        if run is not None:
            return traced, run
    return None


def _source(value: Any) -> np.ndarray:
    array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    return array if array.dtype in DTYPES else to_array(array)


def _stacked(column: Sequence[Any]) -> Any:
    """What one place in the results of a scan's calls becomes."""
    return Tensor._wrap(np.stack([x.numpy() for x in column])) if isinstance(column[0], Tensor) else column[-1]


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
