"""summary: a table of a model's layers, from shapes alone.

The model is traced as `compile` does it, so nothing is computed and no state changes; hooks note when each
module starts and what comes out. The multiply-adds are counted in the graph, so they are those of any code in
a `forward`, not of known layers only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.compile import compile
from pellucid.errors import OptionError
from pellucid.graph import Graph, Node, Shape
from pellucid.nn.hooks import only_hooks
from pellucid.tensor import Tensor

if TYPE_CHECKING:
    from pellucid.nn.module import Module

BATCH = 2  # batch normalisation needs two examples; the table shows one


@dataclass
class Row:
    """One module: its path and kind, what comes out for one example, and what it has and does itself."""

    path: str
    kind: str
    output_shape: Shape | None
    parameters: int
    multiply_adds: int


@dataclass
class Summary:
    """The table; prints itself. Multiply-adds are those of one example, forwards."""

    input_shape: Shape
    rows: list[Row]
    trained: int

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        return sum(row.multiply_adds for row in self.rows)

    def __str__(self) -> str:
        cells = [
            ("layer", "output shape", "parameters", "multiply-adds"),
            ("input", str(self.input_shape), "", ""),
        ]
        cells += [(f"{row.path} {row.kind}".strip(), _shape(row), *_numbers(row)) for row in self.rows]
        total = ("total", "", f"{self.parameters:,}", f"{self.multiply_adds:,}")
        widths = [max(len(line[column]) for line in (*cells, total)) for column in range(4)]
        lines = [_line(line, widths) for line in cells]
        rule = "-" * max(map(len, lines))
        lines = [lines[0], rule, *lines[1:], rule, _line(total, widths)]
        fixed = self.parameters - self.trained
        return "\n".join(lines + [f"{fixed:,} of the parameters are not trained"] * (fixed > 0))

    __repr__ = __str__


def _shape(row: Row) -> str:
    return "" if row.output_shape is None else str(row.output_shape)


def _numbers(row: Row) -> tuple[str, str]:
    return f"{row.parameters:,}", f"{row.multiply_adds:,}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    left = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
    right = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
    return "  ".join(left + right).rstrip()


@dataclass
class _Call:
    """One call of a module. Its own nodes are those from `start` to `end`, less those of calls inside."""

    module: Module
    start: int
    end: int = 0
    output: Any = None
    inside: list[_Call] = field(default_factory=list)


class _Watcher:
    """Hooks that note every call of every module, in order and nested."""

    def __init__(self) -> None:
        self.calls: list[_Call] = []
        self.open: list[_Call] = []

    def enter(self, module: Module, inputs: Any) -> None:
        call = _Call(module, start=Node().order)
        if self.open:
            self.open[-1].inside.append(call)
        self.calls.append(call)
        self.open.append(call)

    def leave(self, module: Module, inputs: Any, output: Any) -> None:
        call = self.open.pop()
        call.end, call.output = Node().order, output


def summarize(model: Module, input_shape: Sequence[int]) -> Summary:
    """See `Module.summary`."""
    shape = _checked(input_shape)
    dtype = next((x.dtype for x in model.parameters()), np.dtype("float32"))
    watcher = _Watcher()
    with only_hooks(model.modules(), {0: watcher.enter}, {0: watcher.leave}):
        graph = compile(lambda x: model(x)).graph(np.zeros((BATCH, *shape), dtype))
    trained = sum(x.size for x in model.parameters() if x.requires_grad)
    return Summary(shape, _rows(model, watcher.calls, graph), trained)


def _checked(input_shape: Sequence[int]) -> Shape:
    shape = (input_shape,) if isinstance(input_shape, int) else tuple(input_shape)
    if not shape or not all(isinstance(n, int | np.integer) and n > 0 for n in shape):
        raise OptionError(
            f"summary: input_shape={input_shape!r} must be the sizes of one example, such as (1, 28, 28) or (784,)"
        )
    return shape


def _rows(model: Module, calls: list[_Call], graph: Graph) -> list[Row]:
    """A row for each call of a module that has no other inside, or has parameters or work of its own."""
    costs = {node.order: _multiply_adds(node) for node in graph.nodes}
    paths = {id(module): path for path, module in model.named_modules()}
    counted: set[int] = set()
    rows = []
    for call in calls:
        own = [x for x in call.module.parameters(recurse=False) if id(x) not in counted]
        counted.update(map(id, own))
        work = _work(call, costs) - sum(_work(inner, costs) for inner in call.inside)
        if own or work or not call.inside:
            shape = call.output.shape[1:] if isinstance(call.output, Tensor) else None
            kind = type(call.module).__name__
            rows.append(Row(paths[id(call.module)], kind, shape, sum(x.size for x in own), work))
    return rows


def _work(call: _Call, costs: dict[int, int]) -> int:
    return sum(cost for order, cost in costs.items() if call.start < order < call.end)


def _multiply_adds(node: Node) -> int:
    """The multiply-adds of one example in a matrix product or convolution; of anything else, 0."""
    name = "" if node.primitive is None else node.primitive.name
    if name == "matmul":
        return math.prod(node.shape) * node.inputs[0].shape[-1] // BATCH
    if name == "conv2d":
        return math.prod(node.shape) * math.prod(node.inputs[1].shape[1:]) // BATCH
    if name == "conv2d_input_gradient":  # transposed convolution
        return math.prod(node.inputs[0].shape) * math.prod(node.inputs[1].shape[1:]) // BATCH
    return 0
