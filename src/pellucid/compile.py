"""compile(fn): watch a function run once with shapes in place of numbers, then run what it did without Python.

Everything that the function does to Tensors becomes one graph: the forward pass, the backward pass, the
optimiser's update, random draws. A Tensor that it finds outside itself (a parameter, a running mean, the random
generator) is state: the graph takes its value as an input, and its new value as an output when it is changed.

A plan is made for each combination of shapes, dtypes and other arguments, and kept. What it relies on besides (the
attributes of the Modules that it called, whether a `.grad` is there) is a guard: when it has changed, a new plan is
made. Other Python values that the function looks at, such as a global number, are taken as they were.
"""

from __future__ import annotations

import inspect
import reprlib
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MethodType
from typing import Any

import numpy as np

from pellucid import tree
from pellucid.engines import Engine, ExplainedPlan, ScanPlan, current_engine
from pellucid.errors import ShapeError, TraceError
from pellucid.graph import Graph, Node
from pellucid.tensor import DTYPES, Tensor, context, to_array
from pellucid.trace import Slot, Tracer, tracing

MOST = 64  # plans of one function that are kept; each may hold megabytes of constants
Names = Callable[[], Iterable[tuple[str, Tensor]]]


class Traced:
    """One traced call: its graph, the slots that it reads and writes, and the plan that an engine made of it."""

    def __init__(
        self,
        function: Callable[..., Any],
        structure: Any,
        leaves: list[Any],
        engine: Engine,
        names: Mapping[int, str],
    ) -> None:
        tracer = Tracer(names)
        arguments = _arguments(function, structure, leaves)
        with tracing(tracer):
            inside = [_inside(x, leaf) for x, leaf in zip(arguments, leaves, strict=True)]
            args, options = tree.rebuild(structure, inside)
            outputs, self.structure = tree.flatten(function(*args, **options))
            nodes = [tracer.node(x) if isinstance(x, Tensor) else x for x in outputs]
            changes = tracer.changes()
        self.rest = [None if isinstance(x, Node) else x for x in nodes]
        self.is_output = [isinstance(x, Node) for x in nodes]
        self.reads, self.writes, self.guards = list(tracer.inputs), list(changes), tracer.guards
        self.written = [slot for slot, node in changes.items() if node is not None]
        self.graph = Graph(
            inputs=(*(x for x in arguments if isinstance(x, Node)), *tracer.inputs.values()),
            outputs=(
                *(x for x in nodes if isinstance(x, Node)),
                *(node for node in changes.values() if node is not None),
            ),
        )
        self.specs = [_spec(slot) for slot in tracer.inputs]
        given, kept = len(self.graph.inputs) - len(self.reads), sum(self.is_output)
        fed = [(kept + i, given + self.reads.index(x)) for i, x in enumerate(self.written) if x in self.reads]
        self.engine, self.plan = engine.name, engine.plan(self.graph, fed)

    def holds(self) -> bool:
        """Whether all that the trace relied on is still so."""
        return all(read() == expected for read, expected in self.guards) and all(
            _spec(slot) == spec for slot, spec in zip(self.reads, self.specs, strict=True)
        )

    def explain(self, arrays: Sequence[np.ndarray]) -> str:
        """What becomes of the graph, in words; some runs are timed, and what they give is thrown away."""
        operations = sum(node.primitive is not None for node in self.graph.nodes)
        head = f"as traced: {operations:,} operations\n{self.graph}\n\n"
        if isinstance(self.plan, ExplainedPlan):
            return head + self.plan.explain([*arrays, *(slot.read() for slot in self.reads)])
        return f"{head}The {self.engine} engine runs this graph as it stands, one operation after the other."

    def run(self, arrays: Sequence[np.ndarray], borrowed: Sequence[np.ndarray]) -> Any:
        """Run the plan, put the new values into the state, and give back what the function gave back.

        borrowed: the caller's own arrays, which may change later; no value may lie in one of them
        """
        values = self.plan([*arrays, *(slot.read() for slot in self.reads)])
        results = iter([_own(x, borrowed) for x in values])
        outputs = [
            Tensor._wrap(next(results)) if mine else x for mine, x in zip(self.is_output, self.rest, strict=True)
        ]
        new = dict(zip(self.written, results, strict=True))
        for slot in self.writes:
            slot.write(new.get(slot))
        return tree.rebuild(self.structure, outputs)

    @property
    def scans(self) -> bool:
        """Whether the plan can run many steps by itself: it must, and no step may change what a guard looks at."""
        return isinstance(self.plan, ScanPlan) and not any(slot.is_grad for slot in self.written)

    def scan(self, rows: np.ndarray, sources: Sequence[np.ndarray]) -> Any:
        """`run` for each row of positions in the sources, in one call of the plan; what they give, stacked."""
        assert isinstance(self.plan, ScanPlan), "the caller has looked at `scans`"
        kept = sum(self.is_output)
        columns, values = self.plan.scan(rows, sources, [slot.read() for slot in self.reads], kept)
        new = dict(zip(self.written, values, strict=True))
        for slot in self.writes:
            slot.write(new.get(slot))
        stacked = map(Tensor._wrap, columns)
        outputs = [next(stacked) if mine else x for mine, x in zip(self.is_output, self.rest, strict=True)]
        return tree.rebuild(self.structure, outputs)


class Compiled:
    """A function that runs as plans. `compile` makes it."""

    def __init__(self, function: Callable[..., Any], names: Names | None = None) -> None:
        self.function, self.names = function, names
        self.__name__ = getattr(function, "__name__", "compiled")
        self.__doc__ = function.__doc__
        self._traced: dict[Any, list[Traced]] = {}
        self._ages: deque[Any] = deque()  # the key of every plan, the oldest first
        self._warned = False

    def __call__(self, *args: Any, **options: Any) -> Any:
        if context.trace is not None:  # inside another compiled function: part of its graph
            return self.function(*args, **options)
        leaves, structure = tree.flatten((args, options))
        arrays = [_as_array(x) for x in leaves]
        borrowed = [x for x in leaves if isinstance(x, np.ndarray)]
        return self._find(structure, arrays, leaves).run([x for x in arrays if x is not None], borrowed)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """As a method: the instance is an argument, fixed in the graph like any other that is no Tensor."""
        return self if instance is None else MethodType(self, instance)

    def graph(self, *args: Any, **options: Any) -> Graph:
        """The graph that a call with these arguments runs; prints readably. Nothing is computed."""
        leaves, structure = tree.flatten((args, options))
        return self._find(structure, [_as_array(x) for x in leaves], leaves).graph

    def explain(self, *args: Any, **options: Any) -> str:
        """What a call with these arguments runs, stage by stage from the graph to the kernels, to be printed.

        The native engine tells what it simplified, fused and placed in memory, and times each kernel call on these
        arguments, for about a second. State (parameters, optimiser, random numbers) stays as it is.
        """
        leaves, structure = tree.flatten((args, options))
        arrays = [_as_array(x) for x in leaves]
        return self._find(structure, arrays, leaves).explain([x for x in arrays if x is not None])

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
        traced = self._find(tree.flatten((tuple(first), {}))[1], list(first), first)
        if traced.scans:
            return traced.scan(rows, sources)
        outputs = [tree.flatten(self(*(source[row] for source in sources))) for row in rows]
        columns = zip(*(leaves for leaves, _ in outputs), strict=True)
        return tree.rebuild(outputs[-1][1], [_stacked(column) for column in columns])

    def _find(self, structure: Any, arrays: list[np.ndarray | None], leaves: list[Any]) -> Traced:
        engine = current_engine()
        static = [None if array is not None else (type(x), x) for array, x in zip(arrays, leaves, strict=True)]
        specs = tuple(
            x if array is None else (array.shape, array.dtype, _needs_grad(leaf))
            for array, x, leaf in zip(arrays, static, leaves, strict=True)
        )
        key = (structure, specs, engine.name, context.recording)
        try:
            known = self._traced.get(key, ())
        except TypeError:
            bad = next(x for array, x in zip(arrays, leaves, strict=True) if array is None and not _hashable(x))
            raise TraceError(
                f"compile: {self.__name__} was given a {type(bad).__name__}, which is neither a Tensor, an array, "
                "a plain value nor a list, tuple or dict of them"
            ) from None
        traced = next((x for x in known if x.holds()), None)
        if traced is None:
            names = {id(tensor): name for name, tensor in (self.names() if self.names else ())}
            traced = Traced(self.function, structure, leaves, engine, names)
            self._keep(key, traced)
        return traced

    def _keep(self, key: Any, traced: Traced) -> None:
        """Keep a plan, and drop the oldest where there are MOST."""
        self._traced.setdefault(key, []).append(traced)
        self._ages.append(key)
        if len(self._ages) <= MOST:
            return
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


def _as_array(leaf: Any) -> np.ndarray | None:
    """The array of a Tensor or array argument; None for anything else, which is fixed in the graph."""
    if isinstance(leaf, Tensor):
        return leaf._array("compile")
    if isinstance(leaf, np.ndarray):
        return leaf if leaf.dtype in DTYPES else to_array(leaf)
    return None


def _arguments(function: Callable[..., Any], structure: Any, leaves: list[Any]) -> list[Any]:
    """A graph input for each array, named after the function's parameter that it was given for."""
    arrays = [_as_array(x) for x in leaves]
    return [
        x if array is None else Node(shape=array.shape, dtype=array.dtype, name=name)
        for array, x, name in zip(arrays, leaves, _leaf_names(function, structure, len(leaves)), strict=True)
    ]


def _leaf_names(function: Callable[..., Any], structure: Any, count: int) -> list[str]:
    """x for an argument x; x0, x1, ... for the arrays inside of one that is nested."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        parameters = ()
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    names = [f"in{i}" for i in range(count)]
    args, options = tree.rebuild(structure, range(count))
    for name, part in [*zip(positional, args, strict=False), *options.items()]:
        for k, i in enumerate(tree.flatten(part)[0]):
            names[i] = name if part is i else f"{name}{k}"
    return names


def _inside(argument: Any, leaf: Any) -> Any:
    """What the traced function gets for an argument: a Tensor around its node, or the plain value itself."""
    if not isinstance(argument, Node):
        return argument
    tensor = Tensor._wrap(argument)
    tensor.requires_grad = _needs_grad(leaf)
    return tensor


def _needs_grad(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.requires_grad


def _spec(slot: Slot) -> tuple[Any, ...]:
    """What a plan relies on in a Tensor from outside."""
    return slot.tensor.shape, slot.tensor.dtype, slot.tensor.requires_grad


def _source(value: Any) -> np.ndarray:
    array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    return array if array.dtype in DTYPES else to_array(array)


def _stacked(column: Sequence[Any]) -> Any:
    """What one place in the results of a scan's calls becomes."""
    return Tensor._wrap(np.stack([x.numpy() for x in column])) if isinstance(column[0], Tensor) else column[-1]


def _own(value: np.ndarray, borrowed: Sequence[np.ndarray]) -> np.ndarray:
    return value.copy() if any(np.may_share_memory(value, array) for array in borrowed) else value


def _hashable(value: Any) -> bool:
    try:
        hash(value)
    except TypeError:
        return False
    return True
