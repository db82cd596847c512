"""The narrow waist: a graph of primitives.

A `Primitive` is one small operation and all that is known of it. A `Node` is one use of a primitive, known by
its shape and dtype only. A `Graph` is the nodes between some inputs and some outputs. Tensors, layers and
optimisers stand above and only make graphs; engines stand below and only run them.

>>> double = Primitive("double", spec=lambda x: (x.shape, x.dtype), value=lambda x: 2 * x)
>>> x = Node(shape=(3,), dtype=np.dtype("float32"), name="x")
>>> print(Graph(inputs=(x,), outputs=(double.node(double.node(x)),)))
%x               (3,) float32
%0 = double(%x)  (3,) float32
%1 = double(%0)  (3,) float32
return %1
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import numpy as np

Shape = tuple[int, ...]


class Spec(Protocol):
    """What a shape rule may look at: arrays, Nodes and Tensors all have it."""

    @property
    def shape(self) -> Shape: ...
    @property
    def dtype(self) -> np.dtype: ...


class Primitive:
    """One small operation: its name, shape rule, meaning in NumPy, and gradient.

    spec:      (*inputs, **options) → (shape, dtype) of the output; raises where inputs do not fit together
    value:     (*arrays, **options) → the output as a NumPy array; this is what the primitive means
    gradients: one function an input, (g, y, *inputs, **options) → x̄, or None where there is no gradient.
               g is the gradient by the output y; all are Tensors, so a gradient can be differentiated again.
               For any number of inputs: one function, (position, g, y, *inputs, **options) → x̄.
    registered: False for what an engine makes of others for itself
    """

    registry: ClassVar[dict[str, Primitive]] = {}

    def __init__(
        self,
        name: str,
        *,
        spec: Callable[..., tuple[Shape, np.dtype]],
        value: Callable[..., Any],
        gradients: Sequence[Callable[..., Any] | None] | Callable[..., Any] = (),
        registered: bool = True,
    ) -> None:
        self.name = name
        self.spec = spec
        self.value = value
        self.gradients = gradients
        if registered:
            Primitive.registry[name] = self

    def gradient(self, position: int) -> Callable[..., Any] | None:
        """The rule for the gradient by the input at `position`, or None if that input has none."""
        if callable(self.gradients):
            rule = self.gradients
            return lambda *args, **options: rule(position, *args, **options)
        return self.gradients[position] if position < len(self.gradients) else None

    def node(self, *inputs: Node, **options: Any) -> Node:
        """Remember one use of this primitive in a graph; checks shapes, computes nothing."""
        shape, dtype = self.spec(*inputs, **options)
        return Node(self, inputs, options, shape, dtype)

    def __repr__(self) -> str:
        return f"Primitive({self.name})"


_order = itertools.count()
_FLOAT32 = np.dtype("float32")


@dataclass(eq=False, slots=True)
class Node:
    """One value in a graph: an input (no primitive), a constant (with a value), or what a primitive gives."""

    primitive: Primitive | None = None
    inputs: tuple[Node, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    shape: Shape = ()
    dtype: np.dtype = _FLOAT32
    value: np.ndarray | None = None
    name: str = ""
    order: int = field(default_factory=_order.__next__)

    @staticmethod
    def constant(value: np.ndarray) -> Node:
        return Node(shape=value.shape, dtype=value.dtype, value=value)


@dataclass(frozen=True, eq=False)
class Graph:
    """The nodes between `inputs` and `outputs`."""

    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]

    @property
    def nodes(self) -> list[Node]:
        """Every constant and every use of a primitive that an output needs, in the order of their making."""
        given = {node.order for node in self.inputs}
        found: dict[int, Node] = {}
        waiting = list(self.outputs)
        while waiting:
            node = waiting.pop()
            if node.order not in found and node.order not in given:
                found[node.order] = node
                waiting.extend(node.inputs)
        return [found[order] for order in sorted(found)]

    def __str__(self) -> str:
        return print_graph(self)


def print_graph(graph: Graph) -> str:
    """One line a node: `%4 = matmul(%x, %w)  (100, 50) float32`."""
    names = {node.order: f"%{node.name or f'in{i}'}" for i, node in enumerate(graph.inputs)}
    rows = [(names[node.order], node) for node in graph.inputs]
    numbers = itertools.count()
    for node in graph.nodes:
        if node.value is not None and node.value.size == 1:
            names[node.order] = repr(node.value.reshape(-1)[0].item())
            continue
        names[node.order] = f"%{next(numbers)}"
        rows.append((f"{names[node.order]} = {_expression(node, names)}", node))
    width = max((len(text) for text, _ in rows), default=0)
    lines = [f"{text:{width}}  {node.shape} {node.dtype}" for text, node in rows]
    return "\n".join([*lines, "return " + ", ".join(names[node.order] for node in graph.outputs)])


def _expression(node: Node, names: Mapping[int, str]) -> str:
    if node.primitive is None:
        return "constant"
    words = [names[x.order] for x in node.inputs]
    words += [f"{key}={value}" for key, value in node.options.items()]
    return f"{node.primitive.name}({', '.join(words)})"
