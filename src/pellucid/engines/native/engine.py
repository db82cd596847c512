"""The native plan: a graph through the passes, into a list of kernel calls that C++ runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module

import numpy as np

from pellucid.engines.native.assemble import assemble, operand
from pellucid.engines.native.explain import explain
from pellucid.engines.native.fuse import fuse
from pellucid.engines.native.lower import Line
from pellucid.engines.native.patterns import nbytes
from pellucid.engines.native.recompute import recompute
from pellucid.engines.native.simplify import fold_and_share, simplify
from pellucid.engines.native.sums import sums_of_sums
from pellucid.errors import RangeError
from pellucid.graph import Graph


class NativePlan:
    """A graph that is ready to run."""

    def __init__(self, graph: Graph, fed: Sequence[tuple[int, int]] = ()) -> None:
        simple, self.fed = fold_and_share(sums_of_sums(simplify(graph))), list(fed)
        self.graph, late = recompute(simple, fuse(simple))
        self.groups = fuse(self.graph)
        self.assembled = assemble(self.graph, self.groups, self.fed, late)
        self.native = import_module("pellucid._native").Plan(
            [
                (phase.shared, [(task.blocks, task.cost, list(map(_encoded, task.lines))) for task in phase.tasks])
                for phase in self.assembled.phases
            ],
            self.assembled.arena_bytes,
            self.assembled.local_bytes,
            self.assembled.constants,
            [nbytes(node) for node in graph.inputs],
            [nbytes(node) for node in graph.outputs],
        )

    def __call__(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        return self.bound(())(arrays)

    def bound(self, state: Sequence[np.ndarray]) -> Callable[[Sequence[np.ndarray]], list[np.ndarray]]:
        """The plan with its last inputs given: their addresses are looked up once."""
        held = import_module("pellucid._native").Held([np.asarray(x, order="C") for x in state])
        run, kinds = self.native.run, [(node.shape, node.dtype) for node in self.graph.outputs]

        def call(arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
            outputs = [np.empty(shape, dtype) for shape, dtype in kinds]
            try:
                run(arrays, outputs, held)  # what does not lie in C order is copied on the way in
            except IndexError as error:
                raise RangeError(str(error)) from None
            return outputs

        return call

    def explain(self, arrays: Sequence[np.ndarray]) -> str:
        """The plan in words, and where the time of some runs on these inputs goes."""
        return explain(self, arrays)

    def scan(
        self, rows: np.ndarray, sources: Sequence[np.ndarray], state: Sequence[np.ndarray], kept: int
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Many steps in one call, without Python between them; see `pellucid.engines.ScanPlan`."""
        outputs = [np.empty(node.shape, node.dtype) for node in self.graph.outputs]
        columns = [np.empty((len(rows), *node.shape), node.dtype) for node in self.graph.outputs[:kept]]
        try:
            self.native.scan(
                np.asarray(rows, np.int64, order="C"),
                [_NOTHING] * len(sources) + [np.asarray(x, order="C") for x in state],
                outputs,
                [(i, np.asarray(source, order="C")) for i, source in enumerate(sources)],
                [(*pair, in_place) for pair, in_place in zip(self.fed, self.assembled.in_place, strict=True)],
                list(enumerate(columns)),
            )
        except IndexError as error:
            raise RangeError(str(error)) from None
        return columns, outputs[kept:]


_NOTHING = np.empty(0)  # in the place of an input that each step gathers for itself


def _encoded(line: Line) -> tuple[str, list[tuple[int, int, int, int]], list[int]]:
    return line.kernel, [operand(view) for view in line.views], list(line.numbers)
