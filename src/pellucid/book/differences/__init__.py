"""The numerical gradient of a loss, fast: every difference is taken, but only what it reaches is computed again.

The book computes the whole network twice for each element of each parameter. One element of the first layer's weight
changes one unit of the hidden layer, though, and what follows from it. The loss is traced once, as `pellucid.compile`
does it; a walk through its graph (walk, with the rules in pointwise, products and images) finds for each value where it
changes (forms); and what comes out runs as a plan for hundreds of perturbations at a time (plan).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pellucid.book.differences.plan import BlockPlan
from pellucid.book.differences.run import by_rows, whole
from pellucid.book.differences.walk import UnsplitError
from pellucid.engines import current_engine
from pellucid.errors import DTypeError, ShapeError, TraceError
from pellucid.graph import Graph, Node
from pellucid.tensor import Tensor, no_grad
from pellucid.trace import Tracer, tracing
from pellucid.traced import as_array

Loss = Callable[..., Tensor]


def differences(loss: Loss, params: Mapping[str, np.ndarray], *data: Any, h: float = 1e-4) -> dict[str, np.ndarray]:
    """The gradient of a loss by every element of its parameters, by central differences in float64.

    loss: a function of a dict of Tensors, named as in `params`, and of `data`, to one number; it is called once, with
          Tensors that have only shapes
    data: arrays that the loss takes besides, such as x and t

    Math:    ∂L/∂w ≈ (L(w + h) - L(w - h)) / 2h
    Shapes:  as in params, which stay as they are
    Raises:  ShapeError when the loss is no single number; DTypeError when a parameter or the loss is not float64;
             TraceError when the loss asks for a value, as compile does
    Note:    what the loss changes besides (running means, the random generator) stays as it was
    Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 4.4

    >>> differences(lambda p: (p["w"] ** 2).sum(), {"w": np.array([3.0, 4.0])})["w"].round(6)
    array([6., 8.])
    """
    return Differences(loss)(params, *data, h=h)


class Differences:
    """`differences` of one loss, again and again: traced and planned once for each combination of shapes."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self._known: dict[Any, _Traced] = {}

    def __call__(self, params: Mapping[str, np.ndarray], *data: Any, h: float = 1e-4) -> dict[str, np.ndarray]:
        """The gradient, as `differences` gives it."""
        for name, w in params.items():
            _check(name, w)
        arrays = [as_array(x) for x in data]
        specs = tuple(x if a is None else (a.shape, a.dtype) for a, x in zip(arrays, data, strict=True))
        key = (*((name, w.shape) for name, w in params.items()), specs, current_engine().name)
        traced = self._known.get(key)
        if traced is None or not traced.holds():
            traced = self._known[key] = _Traced(self.loss, params, data)
        return traced.gradient(params, [a for a in arrays if a is not None], h)


def plain_seconds(once: Callable[[], Any], params: Mapping[str, np.ndarray], *, passes: int = 5) -> float:
    """How many seconds the book's way would take: the whole loss twice for each element, from a few that are timed.

    once: computes the loss once, the way that is to be compared with

    >>> plain_seconds(lambda: np.zeros(1000).sum(), {"w": np.zeros(1000)}) > 0
    True
    """
    times = []
    for _ in range(passes + 1):  # the first one warms up
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    return 2 * sum(w.size for w in params.values()) * float(np.median(times[1:]))


def _check(name: str, w: Any) -> None:
    if not isinstance(w, np.ndarray) or w.dtype != np.float64:
        kind = w.dtype if isinstance(w, np.ndarray | Tensor) else type(w).__name__
        raise DTypeError(
            f"differences: params[{name!r}] is {kind}; differences need float64 arrays, since those of float32 are "
            f"mostly rounding: give np.asarray({name}, dtype=np.float64)"
        )


class _Traced:
    """A loss as a graph, and the plans for each of its parameters."""

    def __init__(self, loss: Loss, params: Mapping[str, np.ndarray], data: tuple[Any, ...]) -> None:
        self.tracer = Tracer({})
        self.params = {name: Node(shape=w.shape, dtype=w.dtype, name=name) for name, w in params.items()}
        arrays = [as_array(x) for x in data]
        inputs = [None if a is None else Node(shape=a.shape, dtype=a.dtype) for a in arrays]
        rest = [x if node is None else Tensor._wrap(node) for node, x in zip(inputs, data, strict=True)]
        with tracing(self.tracer), no_grad():
            output = loss({name: Tensor._wrap(node) for name, node in self.params.items()}, *rest)
            _check_loss(output)
            node = self.tracer.node(output)
        self.slots = list(self.tracer.inputs)
        given = (*self.params.values(), *(x for x in inputs if x is not None), *self.tracer.inputs.values())
        self.whole, self.addends = Graph(given, (node,)), [Graph(given, (x,)) for x in _addends(node)]
        self._plans: dict[tuple[str, Graph, bool], BlockPlan | None] = {}

    def holds(self) -> bool:
        """Whether what the trace relied on outside of the loss is as it was."""
        same = (
            (slot.read().shape, slot.read().dtype) == (node.shape, node.dtype)
            for slot, node in self.tracer.inputs.items()
        )
        return all(guard.holds() for guard in self.tracer.guards) and all(same)

    def gradient(self, params: Mapping[str, np.ndarray], data: list[np.ndarray], h: float) -> dict[str, np.ndarray]:
        arrays = [*params.values(), *data, *(slot.read() for slot in self.slots)]
        return {name: self._one(name, w, arrays, h) for name, w in params.items()}

    def _one(self, name: str, w: np.ndarray, arrays: list[np.ndarray], h: float) -> np.ndarray:
        if w.size == 0:
            return np.zeros_like(w)
        # Weight decay, added to the loss, has no rows; what it is added to is still taken apart by them.
        apart = [graph for graph in (self.whole, *self.addends) if self._plan(name, graph, split=True) is not None]
        terms = self.addends if apart and self.whole not in apart else [self.whole]
        return np.sum([self._term(name, w, graph, arrays, h) for graph in terms], 0)

    def _term(self, name: str, w: np.ndarray, graph: Graph, arrays: list[np.ndarray], h: float) -> np.ndarray:
        """The gradient of the whole loss, or of one addend."""
        parts = self._plan(name, graph, split=True)
        slope = None if parts is None else by_rows(parts, w, arrays, h)
        if slope is not None:
            return slope
        plan = self._plan(name, graph, split=False)
        assert plan is not None, "only taking apart can be impossible"
        return whole(plan, w, arrays, h)

    def _plan(self, name: str, graph: Graph, *, split: bool) -> BlockPlan | None:
        """The plan for a parameter, made when it is first asked for; None where it cannot be taken apart."""
        key = name, graph, split
        if key not in self._plans:
            try:
                self._plans[key] = BlockPlan(self.tracer, graph, self.params[name], split=split)
            except UnsplitError:
                self._plans[key] = None
        return self._plans[key]


def _addends(node: Node) -> list[Node]:
    if node.primitive is None or node.primitive.name != "add":
        return [node]
    return [addend for x in node.inputs for addend in _addends(x)]


def _check_loss(loss: Any) -> None:
    if not isinstance(loss, Tensor):
        raise TraceError(
            f"differences: the loss is a {type(loss).__name__}; it must be a Tensor, computed from the params with "
            "Pellucid's operations; numerical_gradient takes any function"
        )
    if loss.size != 1:
        raise ShapeError(f"differences: the loss has shape {loss.shape}; it must be one number: reduce it with .sum()")
    if loss.dtype != np.float64:
        raise DTypeError(
            f"differences: the loss is {loss.dtype}; differences need float64, so nothing on its way may be cast"
        )
