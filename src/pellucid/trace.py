"""Watching a function: the Tracer stands in the way of Tensors and puts down what is done to them.

A Tensor from outside the function (a parameter, a running mean, the random generator) is state. Its value and its
`.grad` are Slots: read when the function first looks at them, written back when it has changed them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.graph import Node
from pellucid.tensor import Tensor, context
from pellucid.watch import Place


@dataclass(frozen=True)
class Slot:
    """A place that outlives a call: the value or the gradient of a Tensor from outside the function."""

    tensor: Tensor
    is_grad: bool = False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slot) and self.tensor is other.tensor and self.is_grad == other.is_grad

    def __hash__(self) -> int:
        return hash((id(self.tensor), self.is_grad))

    def places(self) -> list[Place]:
        """Where its array and `requires_grad` are, in this order, and what else says which array it is."""
        if not self.is_grad:
            return [(self.tensor, "_value"), (self.tensor, "requires_grad")]
        grad = self.tensor._grad
        assert grad is not None, "a guard has checked that the gradient is there"
        return [(grad, "_value"), (self.tensor, "requires_grad"), (self.tensor, "_grad")]

    def read(self) -> np.ndarray:
        tensor = self.tensor._grad if self.is_grad else self.tensor
        assert tensor is not None, "a guard has checked that the gradient is there"
        return tensor._array("compile")

    def write(self, value: np.ndarray | None) -> None:
        if self.is_grad:
            self.tensor._grad = None if value is None else Tensor._wrap(value)
        else:
            self.tensor._value = value
            self.tensor._version += 1


@dataclass(frozen=True)
class Guard:
    """What was traced holds only as long as `read()` gives `expected`.

    watched: dictionaries and places (object, attribute): as long as the same objects are in them, `read()` gives the
             same; None where that cannot be said
    """

    read: Callable[[], Any]
    expected: Any
    watched: Sequence[dict[str, Any] | Place] | None

    def holds(self) -> bool:
        return bool(self.read() == self.expected)


class Tracer:
    """Stands in the way of Tensors while a function is watched (see `pellucid.tensor.Trace`)."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self.names = names
        self.first = Node().order
        self.inputs: dict[Slot, Node] = {}
        self.values: dict[Slot, Node] = {}
        self.grads: dict[Slot, Tensor | None] = {}
        self.written_grads: dict[Slot, None] = {}  # an ordered set
        self.versions: dict[Slot, int] = {}
        self.guards: list[Guard] = []

    def node(self, tensor: Tensor) -> Node:
        """The node of a Tensor: its own when it was made inside, that of its slot when it comes from outside."""
        if isinstance(tensor._value, Node):
            if tensor._value.order < self.first:
                tensor._array("compile")  # from another trace: raises
            return tensor._value
        slot = Slot(tensor)
        if slot not in self.values:
            self._take(slot)
        return self.values[slot]

    def write(self, tensor: Tensor, node: Node) -> None:
        if isinstance(tensor._value, Node):
            tensor._value = node
            return
        self.node(tensor)
        self.versions.setdefault(Slot(tensor), tensor._version)
        self.values[Slot(tensor)] = node

    def read_grad(self, tensor: Tensor) -> Tensor | None:
        if isinstance(tensor._value, Node):
            return tensor._grad
        slot = Slot(tensor, is_grad=True)
        if slot not in self.grads:
            present = tensor._grad is not None
            self.guard(lambda: tensor._grad is not None, present, None if present else [(tensor, "_grad")])
            self.grads[slot] = Tensor._wrap(self._take(slot)) if present else None
        return self.grads[slot]

    def write_grad(self, tensor: Tensor, grad: Tensor | None) -> None:
        if isinstance(tensor._value, Node):
            tensor._grad = grad
        else:
            slot = Slot(tensor, is_grad=True)
            self.grads[slot] = grad
            self.written_grads[slot] = None

    def guard(
        self, read: Callable[[], Any], expected: Any, watched: Sequence[dict[str, Any] | Place] | None = None
    ) -> None:
        self.guards.append(Guard(read, expected, watched))

    def changes(self) -> dict[Slot, Node | None]:
        """The slots that have another value at the end than they had at the start; None for a gradient removed."""
        ends: dict[Slot, Node | None] = dict(self.values)
        for slot in self.written_grads:
            grad = self.grads[slot]
            ends[slot] = None if grad is None else self.node(grad)
        return {slot: end for slot, end in ends.items() if end is None or end is not self.inputs.get(slot)}

    def restore(self) -> None:
        """Undo the version counts of Tensors from outside: tracing has not changed them."""
        for slot, version in self.versions.items():
            slot.tensor._version = version

    def _take(self, slot: Slot) -> Node:
        array = slot.read()
        name = self.names.get(id(slot.tensor), f"state{len(self.inputs)}") + ".grad" * slot.is_grad
        self.inputs[slot] = self.values[slot] = Node(shape=array.shape, dtype=array.dtype, name=name)
        return self.inputs[slot]


@contextmanager
def tracing(tracer: Tracer) -> Any:
    """Inside, the tracer watches; afterwards whoever did before, for a trace may be made within another."""
    before, context.trace = context.trace, tracer
    try:
        yield
    finally:
        context.trace = before
        tracer.restore()
