"""What the tests of operations share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from pellucid.engines import ENGINES, engine
from pellucid.engines.reference import ReferenceEngine
from pellucid.graph import Primitive


class SpecChecker(ReferenceEngine):
    """The reference engine, which also compares every result with what the shape rule foretold."""

    name = "checker"

    def evaluate(self, primitive: Primitive, inputs: Sequence[np.ndarray], options: Mapping[str, Any]) -> np.ndarray:
        found = super().evaluate(primitive, inputs, options)
        assert (found.shape, found.dtype) == primitive.spec(*inputs, **options), (
            f"{primitive}: {found.dtype} {found.shape}"
        )
        return found


@pytest.fixture
def checked_specs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Inside the test, every primitive that runs must give the shape and dtype that its rule foretells."""
    monkeypatch.setitem(ENGINES, "checker", SpecChecker())
    with engine("checker"):
        yield
