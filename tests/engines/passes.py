"""What the tests of the native engine's passes share."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid.engines import ENGINES
from pellucid.graph import Graph

native_only = pytest.mark.skipif("native" not in ENGINES, reason="the compiled module was not built")


def graph_of(function, *shapes, dtype=np.float32):
    return pellucid.compile(function).graph(*(np.ones(shape, dtype) for shape in shapes))


def names(graph: Graph) -> list[str]:
    return [node.primitive.name for node in graph.nodes if node.primitive is not None]


def agrees(function, *arrays, **tolerance):
    """The native engine's outputs are the reference's."""
    results = []
    for name in ("reference", "native"):
        with pellucid.engine(name):
            results.append(pellucid.compile(function)(*arrays))
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), **tolerance)
