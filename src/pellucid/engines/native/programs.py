"""Programs: a group of elementwise nodes as a small program for the kernel `elementwise`.

The kernel's file (native/kernels/elementwise.cpp) tells how a program is written down in numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

from pellucid.engines.native.lower import Lowering
from pellucid.engines.native.memory import View, merged_axes
from pellucid.graph import Node


@cache
def operation_codes() -> dict[str, int]:
    """The number of each operation that the kernel knows, such as add_float32."""
    return {name: code for code, name in enumerate(import_module("pellucid._native").operations())}


def lower_program(low: Lowering, nodes: Sequence[Node], wanted: Callable[[Node], bool]) -> None:
    """The line of one group. `wanted` says of a node whether somebody outside the group reads it."""
    program = _Program(nodes, [node for node in nodes if wanted(node)])
    inputs = [low.views[x.order] for x in program.inputs]
    shape = nodes[0].shape
    order = _order_of(inputs, shape)
    outputs = [low.new(shape, node.dtype, order) for node in program.outputs]
    low.views.update((node.order, view) for node, view in zip(program.outputs, outputs, strict=True))
    if outputs[0].size == 0:
        return
    operands = [view.transpose(order).strides for view in (*outputs, *inputs)]
    sizes, strides = merged_axes([shape[a] for a in order], operands)
    numbers = [len(sizes), *sizes, len(outputs), len(inputs), program.temporaries, len(nodes)]
    for node, steps in zip(program.outputs, strides, strict=False):
        numbers += [program.registers[node.order], *steps]
    for view, steps in zip(inputs, strides[len(outputs) :], strict=True):
        numbers += [view.dtype.itemsize, *steps]
    for instruction in program.instructions:
        numbers += instruction
    low.emit("elementwise", outputs, inputs, numbers, outputs[0].size * len(nodes))


def _order_of(inputs: Sequence[View], shape: tuple[int, ...]) -> list[int]:
    """The order of axes in which the first input that is there in full lies: what comes in so, goes out so."""
    for view in inputs:
        if all(s != 0 for s, n in zip(view.strides, shape, strict=True) if n != 1):
            return sorted(range(len(shape)), key=lambda a: -abs(view.strides[a]) if shape[a] != 1 else -math.inf)
    return list(range(len(shape)))


@dataclass
class _Program:
    """Which register holds what. Inputs have registers of their own; a temporary's is free after its last use."""

    nodes: Sequence[Node]
    outputs: Sequence[Node]
    inputs: list[Node] = field(default_factory=list)
    registers: dict[int, int] = field(default_factory=dict)
    instructions: list[list[int]] = field(default_factory=list)
    temporaries: int = 0

    def __post_init__(self) -> None:
        inside = {node.order for node in self.nodes}
        for x in (x for node in self.nodes for x in node.inputs):
            if x.order not in inside and x.order not in self.registers:
                self.registers[x.order] = len(self.inputs)
                self.inputs.append(x)
        last = {x.order: i for i, node in enumerate(self.nodes) for x in node.inputs}
        kept = {node.order for node in self.outputs}
        free: list[int] = []
        for i, node in enumerate(self.nodes):
            sources = [self.registers[x.order] for x in node.inputs]
            done = {x.order for x in node.inputs if last[x.order] == i} & inside - kept
            free.extend(self.registers[order] for order in sorted(done))
            self.registers[node.order] = free.pop() if free else self._new()
            code = operation_codes()[_operation(node)]
            self.instructions.append([code, self.registers[node.order], *sources, *[0] * (3 - len(sources))])

    def _new(self) -> int:
        self.temporaries += 1
        return len(self.inputs) + self.temporaries - 1


def _operation(node: Node) -> str:
    assert node.primitive is not None, "inputs and constants are in no group"
    if node.primitive.name == "cast":
        return f"cast_{node.inputs[0].dtype}_{node.dtype}"
    return f"{node.primitive.name}_{node.inputs[-1].dtype}"
