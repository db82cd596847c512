"""One traced call: the graph of all that a function did, the state that it reads and writes, and its plan.

What a plan relies on outside of the graph is looked at before every run: guards, and the dtype, shape and
`requires_grad` of each Tensor that is state. That is done thoroughly once; then, as long as the same objects are in the
same places (see `pellucid.watch`), nothing can have changed.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np

from pellucid import tree
from pellucid.engines import BoundPlan, Engine, ExplainedPlan, ScanPlan
from pellucid.graph import Graph, Node
from pellucid.tensor import DTYPES, Tensor, to_array
from pellucid.trace import Tracer, tracing
from pellucid.watch import Watch

Run = Callable[[Sequence[np.ndarray]], list[np.ndarray]]


class Traced:
    """What became of one call, to be run again and again; several threads may do so at once."""

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
        self.specs = [(node.shape, node.dtype, slot.tensor.requires_grad) for slot, node in tracer.inputs.items()]
        given, kept = len(self.graph.inputs) - len(self.reads), sum(self.is_output)
        fed = [(kept + i, given + self.reads.index(x)) for i, x in enumerate(self.written) if x in self.reads]
        self.engine, self.plan = engine.name, engine.plan(self.graph, fed)
        self._own = isinstance(self.plan, BoundPlan)  # whether what it gives is nobody else's
        self._count = kept
        # Whether the plan can run many steps by itself: it must, and no step may change what a guard looks at.
        self.scans = isinstance(self.plan, ScanPlan) and not any(slot.is_grad for slot in self.written)
        self._alone = self.is_output == [True] and self.structure == tree.LEAF and not self.writes
        self._unwatched = [guard for guard in self.guards if guard.watched is None]
        # Replaced as a whole, never changed: another thread may be looking at it.
        self._seen: tuple[Watch | None, Watch | None, Run | None] = (None, None, None)

    # ---- what it relies on

    def ready(self) -> Run | None:
        """The plan with the state as it is now, or None where anything that the trace relied on has changed."""
        outside, state, run = self._seen
        if outside is None or not outside.same():
            # Watched first and looked at then: what changes meanwhile is seen the next time.
            outside = self._watch()
            if not all(guard.holds() for guard in self.guards):
                return None
            self._seen = outside, state, run
        elif not all(guard.holds() for guard in self._unwatched):
            return None
        return run if state is not None and state.same() else self._bound(outside)

    def first(self) -> Run:
        """The plan with the state as it is now, right after tracing: nothing has changed yet."""
        run = self._bound(None)
        assert run is not None, "the state is what was traced"
        return run

    def _watch(self) -> Watch:
        parts = [part for guard in self.guards if guard.watched is not None for part in guard.watched]
        return Watch([x for x in parts if isinstance(x, dict)], [x for x in parts if not isinstance(x, dict)])

    def _bound(self, outside: Watch | None) -> Run | None:
        """The plan with the state as it is now, if its shapes and dtypes are still the same; remembered."""
        places = [slot.places() for slot in self.reads]
        state = Watch(places=[place for part in places for place in part])
        values, arrays = iter(state.values), []
        for slot, part, (shape, dtype, needs_grad) in zip(self.reads, places, self.specs, strict=True):
            array, needed, *_ = (next(values) for _ in part)
            if not isinstance(array, np.ndarray):
                array = slot.read()  # raises
            if array.shape != shape or array.dtype != dtype or needed != needs_grad:
                return None
            arrays.append(array)
        plan = self.plan
        run = cast(BoundPlan, plan).bound(arrays) if self._own else lambda given: plan([*given, *arrays])
        self._seen = outside, state, run
        return run

    # ---- running

    def run(self, run: Run, arrays: Sequence[np.ndarray], leaves: Sequence[Any]) -> Any:
        """Run the plan, put the new values into the state, and give back what the function gave back.

        run:    what `ready` gave
        leaves: the arguments; arrays among them are the caller's own and may change later: no value may lie in one
        """
        values = run(arrays)
        if not self._own:
            borrowed = [x for x in leaves if isinstance(x, np.ndarray)]
            values = [_apart(x, borrowed) for x in values]
        if self._alone:
            return Tensor._wrap(values[0])
        return self._finished(values[: self._count], values[self._count :])

    def _finished(self, outputs: Sequence[np.ndarray], written: Sequence[np.ndarray]) -> Any:
        new = dict(zip(self.written, written, strict=True))
        for slot in self.writes:
            slot.write(new.get(slot))
        wrapped = map(Tensor._wrap, outputs)
        whole = [next(wrapped) if mine else x for mine, x in zip(self.is_output, self.rest, strict=True)]
        return tree.rebuild(self.structure, whole)

    def scan(self, rows: np.ndarray, sources: Sequence[np.ndarray]) -> Any:
        """`run` for each row of positions in the sources, in one call of the plan; what they give, stacked."""
        plan = cast(ScanPlan, self.plan)  # the caller has looked at `scans`
        return self._finished(*plan.scan(rows, sources, [slot.read() for slot in self.reads], self._count))

    def explain(self, arrays: Sequence[np.ndarray]) -> str:
        """What becomes of the graph, in words; some runs are timed, and what they give is thrown away."""
        operations = sum(node.primitive is not None for node in self.graph.nodes)
        head = f"as traced: {operations:,} operations\n{self.graph}\n\n"
        if isinstance(self.plan, ExplainedPlan):
            return head + self.plan.explain([*arrays, *(slot.read() for slot in self.reads)])
        return f"{head}The {self.engine} engine runs this graph as it stands, one operation after the other."


def as_array(leaf: Any) -> np.ndarray | None:
    """The array of a Tensor or array argument; None for anything else, which is fixed in the graph."""
    if isinstance(leaf, Tensor):
        return leaf._array("compile")
    if isinstance(leaf, np.ndarray):
        return leaf if leaf.dtype in DTYPES else to_array(leaf)
    return None


def _arguments(function: Callable[..., Any], structure: Any, leaves: list[Any]) -> list[Any]:
    """A graph input for each array, named after the function's parameter that it was given for."""
    arrays = [as_array(x) for x in leaves]
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
    tensor.requires_grad = needs_grad(leaf)
    return tensor


def needs_grad(leaf: Any) -> bool:
    return isinstance(leaf, Tensor) and leaf.requires_grad


def _apart(value: np.ndarray, borrowed: Sequence[np.ndarray]) -> np.ndarray:
    return value.copy() if any(np.may_share_memory(value, array) for array in borrowed) else value
