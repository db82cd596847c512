"""Nested lists, tuples and dictionaries, taken apart into their leaves and put together again.

>>> leaves, structure = flatten({"a": 1, "b": [2, 3]})
>>> leaves, rebuild(structure, [x * 10 for x in leaves])
([1, 2, 3], {'a': 10, 'b': [20, 30]})
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

LEAF = "*"


def flatten(tree: Any) -> tuple[list[Any], Any]:
    """The leaves in order, and a hashable description of what was around them."""
    leaves: list[Any] = []

    def describe(part: Any) -> Any:
        if type(part) in (list, tuple):
            return type(part).__name__, tuple(describe(x) for x in part)
        if type(part) is dict:
            return "dict", tuple((key, describe(x)) for key, x in part.items())
        leaves.append(part)
        return LEAF

    return leaves, describe(tree)


def rebuild(structure: Any, leaves: Sequence[Any]) -> Any:
    """The tree that `flatten` took apart, with other leaves."""
    return _rebuild(structure, iter(leaves))


def _rebuild(structure: Any, leaves: Iterator[Any]) -> Any:
    if structure == LEAF:
        return next(leaves)
    kind, parts = structure
    if kind == "dict":
        return {key: _rebuild(part, leaves) for key, part in parts}
    built = [_rebuild(part, leaves) for part in parts]
    return built if kind == "list" else tuple(built)
