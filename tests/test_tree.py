"""Nested lists, tuples and dictionaries."""

from __future__ import annotations

from collections import namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pellucid import tree

leaves = st.integers() | st.text(max_size=2) | st.none() | st.just("*")
trees = st.recursive(
    leaves,
    lambda part: (
        st.lists(part, max_size=3)
        | st.lists(part, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=2), part, max_size=3)
    ),
    max_leaves=8,
)


@given(trees)
def test_what_is_taken_apart_is_put_together_again(whole) -> None:
    parts, structure = tree.flatten(whole)
    assert tree.rebuild(structure, parts) == whole
    hash(structure)


@given(trees, trees)
def test_different_trees_have_different_structures(a, b) -> None:
    (first, one), (second, other) = tree.flatten(a), tree.flatten(b)
    if one == other and first == second:
        assert a == b and type(a) is type(b)


def test_leaves_come_in_the_order_of_reading() -> None:
    assert tree.flatten({"b": [1, (2, 3)], "a": 4})[0] == [1, 2, 3, 4]


def test_subclasses_are_leaves() -> None:
    pair = namedtuple("pair", "x y")(1, 2)
    assert tree.flatten([pair])[0] == [pair]


def test_too_few_leaves_are_an_error() -> None:
    with pytest.raises((StopIteration, RuntimeError)):
        tree.rebuild(tree.flatten([1, 2])[1], [1])
