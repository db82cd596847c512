"""Engines run graphs. One is current; `pellucid.engine(name)` chooses another for a while.

Where the compiled module was built, the native engine is the current one from the start; elsewhere the reference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec
from typing import Any, Protocol, runtime_checkable

import numpy as np

from pellucid.engines.native import NativeEngine
from pellucid.engines.reference import ReferenceEngine
from pellucid.errors import OptionError
from pellucid.graph import Graph, Primitive

Plan = Callable[[Sequence[np.ndarray]], list[np.ndarray]]


@runtime_checkable
class ScanPlan(Protocol):
    """A plan that can also run many steps in one call."""

    def __call__(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]: ...

    def scan(
        self, rows: np.ndarray, sources: Sequence[np.ndarray], state: Sequence[np.ndarray], kept: int
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """A step for each row of positions in the sources, which are the first inputs; `state` are the others.

        kept: the first so many outputs are given for each step, stacked; the others as the last step leaves them
        """
        ...


@runtime_checkable
class BoundPlan(Protocol):
    """A plan that can be given its last inputs for many calls at once. What it gives are arrays of its own."""

    def __call__(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]: ...

    def bound(self, state: Sequence[np.ndarray]) -> Plan:
        """The same with these arrays as its last inputs; it takes the ones before them."""
        ...


@runtime_checkable
class ExplainedPlan(Protocol):
    """A plan that can say what it does and where its time goes."""

    def __call__(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]: ...

    def explain(self, arrays: Sequence[np.ndarray]) -> str:
        """In words, with the times of some runs on these arrays; nothing is done with what comes out."""
        ...


class Engine(Protocol):
    """What an engine must offer: one primitive at once (eager), and a graph made into a plan (compiled)."""

    name: str

    def evaluate(
        self, primitive: Primitive, inputs: Sequence[np.ndarray], options: Mapping[str, Any]
    ) -> np.ndarray: ...

    def plan(self, graph: Graph, fed: Sequence[tuple[int, int]] = ()) -> Plan:
        """fed: pairs (output, input) that are the same state: what one step gives there, the next one takes."""
        ...


ENGINES: dict[str, Engine] = {"reference": ReferenceEngine()}
if find_spec("pellucid._native") is not None:
    ENGINES["native"] = NativeEngine()
_default: Engine = ENGINES.get("native") or ENGINES["reference"]
_chosen: ContextVar[Engine | None] = ContextVar("engine", default=None)


def current_engine() -> Engine:
    """The engine that runs the next operation."""
    return _chosen.get() or _default


def set_engine(name: str) -> None:
    """Make the engine called `name` the one that runs wherever `engine` does not say otherwise.

    Raises: OptionError when there is no such engine
    """
    global _default
    _default = _find(name)


@contextmanager
def engine(name: str) -> Iterator[Engine]:
    """Run what stands inside on the engine called `name`.

    >>> with engine("reference") as e:
    ...     e.name
    'reference'
    """
    token = _chosen.set(_find(name))
    try:
        yield current_engine()
    finally:
        _chosen.reset(token)


def _find(name: str) -> Engine:
    if name not in ENGINES:
        raise OptionError(f"engine: there is no engine {name!r}; there is {', '.join(ENGINES)}")
    return ENGINES[name]
