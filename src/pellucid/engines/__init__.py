"""Engines run graphs. One is current; `pellucid.engine(name)` chooses another for a while."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import numpy as np

from pellucid.engines.reference import ReferenceEngine
from pellucid.errors import OptionError
from pellucid.graph import Graph, Primitive

Plan = Callable[[Sequence[np.ndarray]], list[np.ndarray]]


class Engine(Protocol):
    """What an engine must offer: one primitive at once (eager), and a graph made into a plan (compiled)."""

    name: str

    def evaluate(
        self, primitive: Primitive, inputs: Sequence[np.ndarray], options: Mapping[str, Any]
    ) -> np.ndarray: ...

    def plan(self, graph: Graph) -> Plan: ...


ENGINES: dict[str, Engine] = {"reference": ReferenceEngine()}
_default = ENGINES["reference"]
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
