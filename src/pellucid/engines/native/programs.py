"""Programs: a group of elementwise nodes as a small program for the kernel `elementwise`.

The kernel's file (native/kernels/elementwise.cpp) tells how a program is written down in numbers. Whatever does not
depend on where the operands lie is found out here, once, and not in each of a million calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

from pellucid.engines.native.lower import Lowering
from pellucid.engines.native.memory import View, merged_axes
from pellucid.engines.native.patterns import constant_of, is_a
from pellucid.graph import Node

# Of one place in a tile, and of all. The latter is twice an L1 cache: of the 17 places of Adam's step most are read
# once a tile, so longer tiles save more in calls than the L2 cache costs: 40,000 numbers took 105 µs with 28 KiB, 82
# with 48 and 75 with 80.
TILE_BYTES, CACHE_BYTES = 4096, 65536

WORTH_COPYING = 1 << 10  # elements


@cache
def operation_codes() -> dict[str, int]:
    """The number of each operation that the kernel knows, such as add_float32."""
    return {name: code for code, name in enumerate(import_module("pellucid._native").operations())}


def lower_program(low: Lowering, nodes: Sequence[Node], wanted: Callable[[Node], bool]) -> None:
    """The line of one group. `wanted` says of a node whether somebody outside the group reads it."""
    made = [node for node in nodes if wanted(node)]
    program = _Program(_steps(nodes, made), made)
    inputs = [low.views[x.order] for x in program.inputs]
    shape = nodes[0].shape
    order = _order_of(inputs, shape)
    outputs = [low.new(shape, node.dtype, order) for node in program.outputs]
    low.views.update((node.order, view) for node, view in zip(program.outputs, outputs, strict=True))
    if outputs[0].size == 0:
        return
    inputs = [low.ordered(view, order) if _jumps(view, order) else view for view in inputs]
    strides = [view.transpose(order).strides for view in (*outputs, *inputs)]
    nbytes = [view.dtype.itemsize for view in (*outputs, *inputs)]
    numbers = program_numbers(
        [shape[a] for a in order], strides, nbytes, len(outputs), program.temporaries, program.instructions
    )
    low.emit("elementwise", outputs, inputs, numbers, outputs[0].size * len(nodes))


def _order_of(inputs: Sequence[View], shape: tuple[int, ...]) -> list[int]:
    """The order of axes in which the first input that is there in full lies: what comes in so, goes out so."""
    for view in inputs:
        if all(s != 0 for s, n in zip(view.strides, shape, strict=True) if n != 1):
            return sorted(range(len(shape)), key=lambda a: -abs(view.strides[a]) if shape[a] != 1 else -math.inf)
    return list(range(len(shape)))


def _jumps(view: View, order: Sequence[int]) -> bool:
    """Whether each element of an array lies far from the one before: then it is faster to lay it out anew first."""
    steps = [view.strides[a] for a in order if view.shape[a] != 1]
    return view.size >= WORTH_COPYING and abs(steps[-1]) > 1 and all(steps)


# ---- which place holds what


@dataclass(frozen=True)
class Instruction:
    """One step of a program. Places are the inputs, then the temporaries, then the outputs."""

    operation: int
    nbytes: int  # of an element of what it makes
    destination: int
    sources: tuple[int, ...]


@dataclass(frozen=True)
class _Step:
    """What one instruction makes of what."""

    node: Node
    operation: str
    inputs: tuple[Node, ...]


def _steps(nodes: Sequence[Node], outputs: Sequence[Node]) -> list[_Step]:
    """The nodes as operations of the kernel, without those whose part another operation does."""
    steps = [_step(node) for node in nodes]
    read = {x.order for step in steps for x in step.inputs} | {node.order for node in outputs}
    return [step for step in steps if step.node.order in read]


def _step(node: Node) -> _Step:
    assert node.primitive is not None, "inputs and constants are in no group"
    name, x = node.primitive.name, node.inputs[0]
    if name == "cast":
        return _Step(node, f"cast_{x.dtype}_{node.dtype}", node.inputs)
    if name == "divide" and _is_byte(x) and _is_normal(constant_of(node.inputs[1])):
        return _Step(node, f"divide_bytes_{node.dtype}", (x.inputs[0], node.inputs[1]))
    return _Step(node, f"{name}_{node.inputs[-1].dtype}", node.inputs)


def _is_byte(node: Node) -> bool:
    """Whether it is a number that was a byte: 0 to 255."""
    return is_a(node, "cast") and node.inputs[0].dtype.itemsize == 1


def _is_normal(divisor: float | None) -> bool:
    return divisor is not None and 2.0**-60 < abs(divisor) < 2.0**60


@dataclass
class _Program:
    """Places for the nodes of a group. A temporary's is free after its last use."""

    steps: Sequence[_Step]
    outputs: Sequence[Node]
    inputs: list[Node] = field(default_factory=list)
    instructions: list[Instruction] = field(default_factory=list)
    temporaries: int = 0

    def __post_init__(self) -> None:
        places = self._inputs_and_temporaries()
        first = len(self.inputs) + self.temporaries
        places.update((node.order, first + o) for o, node in enumerate(self.outputs))
        for step in self.steps:
            code, size = operation_codes()[step.operation], step.node.dtype.itemsize
            sources = tuple(places[x.order] for x in step.inputs)
            self.instructions.append(Instruction(code, size, places[step.node.order], sources))

    def _inputs_and_temporaries(self) -> dict[int, int]:
        inside = {step.node.order for step in self.steps}
        places: dict[int, int] = {}
        for x in (x for step in self.steps for x in step.inputs):
            if x.order not in inside and x.order not in places:
                places[x.order] = len(self.inputs)
                self.inputs.append(x)
        last = {x.order: i for i, step in enumerate(self.steps) for x in step.inputs}
        kept = {node.order for node in self.outputs}
        free: list[int] = []
        for i, step in enumerate(self.steps):
            size = step.node.dtype.itemsize
            done = {x.order: x for x in step.inputs if last[x.order] == i and x.order in inside - kept}
            # A step may write where it reads only if the elements have the same size.
            free += [places[x.order] for x in done.values() if x.dtype.itemsize == size]
            if step.node.order not in kept:
                places[step.node.order] = free.pop() if free else self._new()
            free += [places[x.order] for x in done.values() if x.dtype.itemsize != size]
        return places

    def _new(self) -> int:
        self.temporaries += 1
        return len(self.inputs) + self.temporaries - 1


# ---- the program in numbers


def program_numbers(
    shape: Sequence[int],
    strides: Sequence[Sequence[int]],
    nbytes: Sequence[int],
    outputs: int,
    temporaries: int,
    instructions: Sequence[Instruction],
) -> list[int]:
    """What the kernel reads.

    strides, nbytes: of each operand, in elements and of an element; first the outputs, so many, then the inputs
    """
    sizes, strides = merged_axes(shape, strides)
    total, inputs = math.prod(shape), len(nbytes) - outputs
    made = {step.destination: time for time, step in enumerate(instructions)}
    read = {source: time for time, step in enumerate(instructions) for source in step.sources}
    times = [*(made[inputs + temporaries + o] for o in range(outputs)), *(read.get(i, 0) for i in range(inputs))]
    largest = max(*nbytes, *(step.nbytes for step in instructions))
    numbers = [len(sizes), total, _tile(total, inputs + temporaries + outputs, largest), largest]
    numbers += [outputs, inputs, temporaries, len(instructions), *sizes]
    for size, steps, time in zip(nbytes, strides, times, strict=True):
        numbers += [size, *_form(sizes, steps), time, *steps]
    for step in instructions:
        numbers += [step.operation, step.destination, *step.sources, *[0] * (3 - len(step.sources))]
    return numbers


def _tile(total: int, places: int, nbytes: int) -> int:
    """Elements that go through together: no more than there are, so that a small program's registers lie close."""
    tile = min(TILE_BYTES, CACHE_BYTES // places) // nbytes
    return max(1, min(tile // 64, -(-total // 64))) * 64


def _form(sizes: Sequence[int], strides: Sequence[int]) -> tuple[int, int]:
    """How the elements of an operand lie, as the kernel numbers it, and its period."""
    axis, period = len(sizes) - 1, 1
    while axis >= 0 and strides[axis] == period:
        period *= sizes[axis]
        axis -= 1
    dense, scalar, periodic, strided = range(4)
    if axis < 0:
        return dense, period
    if any(strides[: axis + 1]):
        return strided, period
    return (scalar if period == 1 else periodic), period
