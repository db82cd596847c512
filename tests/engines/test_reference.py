"""The reference engine, and the choice of one."""

from __future__ import annotations

import threading
import weakref

import numpy as np
import pytest

from pellucid import Tensor, engine, set_engine
from pellucid import engines as engines_module
from pellucid.engines import ENGINES, current_engine
from pellucid.engines.reference import ReferenceEngine
from pellucid.errors import OptionError, ShapeError
from pellucid.graph import Graph, Node, Primitive
from pellucid.ops.arithmetic import add_p, divide_p, multiply_p

reference = ReferenceEngine()


def line(n: int) -> Node:
    return Node(shape=(n,), dtype=np.dtype("float64"))


def test_a_plan_runs_a_graph_again_and_again() -> None:
    x, y = line(2), line(2)
    total = add_p.node(x, y)
    plan = reference.plan(Graph(inputs=(x, y), outputs=(multiply_p.node(total, x), total)))
    for a, b in ([1.0, 2.0], [3.0, 4.0]), ([0.0, 1.0], [1.0, 1.0]):
        product, found = plan([np.array(a), np.array(b)])
        np.testing.assert_array_equal(found, np.add(a, b))
        np.testing.assert_array_equal(product, np.add(a, b) * a)


def test_an_input_or_a_constant_may_be_an_output_and_an_output_may_stand_twice() -> None:
    x, three = line(1), Node.constant(np.array([3.0]))
    y = add_p.node(x, three)
    found = reference.plan(Graph(inputs=(x,), outputs=(x, three, y, y)))([np.array([1.0])])
    assert [z.tolist() for z in found] == [[1.0], [3.0], [4.0], [4.0]]


def test_an_input_that_nothing_needs_is_taken() -> None:
    x, unused = line(1), line(5)
    assert reference.plan(Graph(inputs=(x, unused), outputs=(x,)))([np.ones(1), np.ones(5)])[0].tolist() == [1.0]


def test_values_are_dropped_after_their_last_use() -> None:
    alive: list[weakref.ref] = []
    most = 0

    def value(x: np.ndarray) -> np.ndarray:
        nonlocal most
        y = x + 1
        alive.append(weakref.ref(y))
        most = max(most, sum(ref() is not None for ref in alive))
        return y

    step = Primitive("step_for_this_test", spec=lambda x: (x.shape, x.dtype), value=value)
    try:
        x = y = line(4)
        for _ in range(10):
            y = step.node(y)
        reference.plan(Graph(inputs=(x,), outputs=(y,)))([np.zeros(4)])
    finally:
        del Primitive.registry["step_for_this_test"]
    assert most == 2


def test_overflow_and_division_by_zero_give_inf_and_nan_without_a_warning() -> None:
    found = reference.evaluate(divide_p, [np.array([1.0, 0.0]), np.zeros(2)], {})
    np.testing.assert_array_equal(found, [np.inf, np.nan])


def test_what_does_not_fit_is_refused_before_it_is_computed() -> None:
    with pytest.raises(ShapeError, match=r"^elementwise: inputs must agree, got \(2,\) float64 and \(1,\) float64; "):
        reference.evaluate(add_p, [np.zeros(2), np.zeros(1)], {})


def test_a_plan_of_ten_thousand_operations_runs() -> None:
    x = y = line(1)
    for _ in range(10_000):
        y = add_p.node(y, x)
    assert reference.plan(Graph(inputs=(x,), outputs=(y,)))([np.ones(1)])[0].item() == 10_001


def test_an_engine_is_chosen_for_a_while_and_given_back_also_after_an_exception(monkeypatch) -> None:
    class Counting(ReferenceEngine):
        name = "counting"
        calls = 0

        def evaluate(self, primitive, inputs, options):
            self.calls += 1
            return super().evaluate(primitive, inputs, options)

    counting = Counting()
    monkeypatch.setitem(ENGINES, "counting", counting)
    before = current_engine()

    def fails() -> None:
        with engine("counting") as chosen:
            assert chosen is current_engine() is counting
            Tensor([1.0]) + 1
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert current_engine() is before
    assert counting.calls > 0
    seen = []
    with engine("counting"):
        thread = threading.Thread(target=lambda: seen.append(current_engine()))
        thread.start()
        thread.join()
    assert seen == [before]  # the choice is for this thread alone


def test_the_default_engine_can_be_set(monkeypatch) -> None:
    other = ReferenceEngine()
    monkeypatch.setitem(ENGINES, "other", other)
    monkeypatch.setattr(engines_module, "_default", engines_module._default)
    set_engine("other")
    assert current_engine() is other


def test_an_unknown_engine_is_refused() -> None:
    for choose in (set_engine, lambda name: engine(name).__enter__()):
        with pytest.raises(OptionError) as caught:
            choose("abacus")
        assert str(caught.value) == f"engine: there is no engine 'abacus'; there is {', '.join(ENGINES)}"
