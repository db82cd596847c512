"""Comparisons, logic, and choosing by a condition."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import Tensor, where
from pellucid.errors import ShapeError
from pellucid.graph import Node
from pellucid.ops.comparison import where_p
from tests.ops.harness import Case, bools, checks, floats, given, integers, public

COMPARISONS = {"equal": np.equal, "less": np.less, "less_equal": np.less_equal}
LOGIC = {"logical_and": np.logical_and, "logical_or": np.logical_or}
SHAPES = [(3, 4), (), (0, 3)]

CASES = [
    *(
        Case(name, [make(*shape), make(*shape)], oracle, note=make.__name__, smooth=False)
        for name, oracle in COMPARISONS.items()
        for make in (floats, integers, bools)
        for shape in SHAPES
    ),
    *(
        Case(name, [given([1.0, 2.0]), given([1.0, 3.0])], oracle, note="equals", smooth=False)
        for name, oracle in COMPARISONS.items()
    ),
    *(
        public(name, [floats(3, 1), integers(4)], oracle, note="mixed", smooth=False)
        for name, oracle in [*COMPARISONS.items(), ("not_equal", np.not_equal)]
    ),
    *(Case(name, [bools(*shape), bools(*shape)], oracle) for name, oracle in LOGIC.items() for shape in SHAPES),
    *(public(name, [floats(3, 1), integers(4)], oracle, note="mixed", smooth=False) for name, oracle in LOGIC.items()),
    *(Case("logical_not", [bools(*shape)], np.logical_not) for shape in SHAPES),
    *(Case("isfinite", [floats(*shape)], np.isfinite, smooth=False) for shape in SHAPES),
    Case("isfinite", [integers(3)], np.isfinite),
    *(Case("where", [bools(*shape), floats(*shape), floats(*shape)], np.where) for shape in [(3, 4), (0, 3)]),
    Case("where", [given(True, "bool"), floats(), floats()], np.where),
    public("where", [bools(3, 1), floats(4), floats(2, 1, 1)], np.where, note="broadcast"),
    public(
        "where",
        [floats(3), floats(3), integers(3)],
        lambda c, a, b: np.where(c != 0, a, b),
        note="mixed",
        fixed=(0,),
    ),
]

TestComparison = checks(CASES)


def test_where_takes_numbers_beside_a_tensor() -> None:
    x = Tensor([1.0, -1.0])
    assert where(x > 0, x, 0).tolist() == [1.0, 0.0]
    assert where(x > 0, 1, 0).dtype == np.int64
    assert where([True, False], 1, 2.5).tolist() == [1.0, 2.5]


def test_the_primitive_where_refuses_inputs_that_do_not_agree() -> None:
    nodes = [Node(shape=(2,), dtype=np.dtype("bool")), Node(shape=(2,)), Node(shape=(3,))]
    with pytest.raises(ShapeError) as caught:
        where_p.node(*nodes)
    assert str(caught.value) == "where: inputs must agree, got (2,), (2,) float32 and (3,) float32"
