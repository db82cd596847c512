"""Compiled functions give what eager ones give, see what has changed, and say what they cannot do."""

from __future__ import annotations

import warnings
from functools import partial

import numpy as np
import pytest

import pellucid
from pellucid import Buffer, Parameter, Tensor, compile, engine, gradients, no_grad, uniform, where
from pellucid.engines import ENGINES
from pellucid.engines.reference import ReferenceEngine
from pellucid.errors import GradientError, ShapeError

engines = pytest.mark.parametrize("name", list(ENGINES))


class Counter:
    """Counts how often the function was watched (Python ran) rather than run as a plan."""

    def __init__(self, function) -> None:
        self.function, self.watched = function, 0
        self.compiled = compile(self._watch)

    def _watch(self, *args, **options):
        self.watched += 1
        return self.function(*args, **options)

    def __call__(self, *args, **options):
        return self.compiled(*args, **options)


class Network:
    """Two layers, a running mean and dropout: everything that a training step has."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.w = Parameter(rng.standard_normal((3, 4)) * 0.5)
        self.v = Parameter(rng.standard_normal((4, 2)) * 0.5)
        self.mean = Buffer(np.zeros(4))
        self.speed = {id(p): Buffer(np.zeros(p.shape)) for p in (self.w, self.v)}

    def step(self, x: Tensor, t: Tensor) -> Tensor:
        h = (x @ self.w).tanh()
        with no_grad():
            self.mean.assign(self.mean * 0.9 + h.mean(0) * 0.1)
        h = where(uniform(h.shape, dtype="float64") > 0.3, h - self.mean, 0.0)
        loss = ((h @ self.v - t) * (h @ self.v - t)).mean()
        self.w.grad = self.v.grad = None
        loss.backward()
        with no_grad():
            for p in (self.w, self.v):
                speed = self.speed[id(p)]
                speed *= 0.9
                speed += p.grad
                p -= 0.1 * speed
        return loss

    def state(self) -> list[list]:
        return [x.tolist() for x in (self.w, self.v, self.mean, self.w.grad, self.v.grad, *self.speed.values())]


@engines
def test_a_training_step_gives_what_eager_gives_step_after_step(name: str) -> None:
    rng = np.random.default_rng(1)
    batches = [(Tensor(rng.standard_normal((5, 3))), Tensor(rng.standard_normal((5, 2)))) for _ in range(4)]
    eager, compiled = Network(), Network()
    pellucid.seed(3)
    expected = [eager.step(*batch).item() for batch in batches]
    step = Counter(compiled.step)
    pellucid.seed(3)
    with engine(name):
        found = [step(*batch).item() for batch in batches]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    for a, b in zip(compiled.state(), eager.state(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14)
    assert step.watched <= 2  # once without gradients from before, once with


def test_a_gradient_from_before_is_added_to_and_its_absence_is_noticed() -> None:
    w = Parameter([1.0, 2.0])
    step = Counter(lambda x: (w * x).sum().backward())
    for n in range(1, 4):
        step(Tensor([1.0, 10.0]))
        assert w.grad.tolist() == [n, 10.0 * n]
    assert step.watched == 2
    w.grad = None
    step(Tensor([1.0, 10.0]))
    assert w.grad.tolist() == [1.0, 10.0] and step.watched == 2


def test_a_gradient_taken_away_inside_is_gone_outside() -> None:
    w = Parameter([1.0])
    w.grad = Tensor([5.0])

    def clear() -> None:
        w.grad = None

    compile(clear)()
    assert w.grad is None


def test_second_derivatives_are_compiled_too() -> None:
    def curvature(x: Tensor) -> list[Tensor]:
        (slope,) = gradients((x * x * x).sum(), [x], create_graph=True)
        return gradients(slope.sum(), [x])

    x = Tensor([1.0, 2.0], requires_grad=True)
    assert compile(curvature)(x)[0].tolist() == curvature(x)[0].tolist() == [6.0, 12.0]
    assert x.grad is None


def test_another_plan_is_made_for_another_shape_dtype_value_engine_or_need(monkeypatch) -> None:
    double = Counter(lambda x, factor=2: x * factor)
    x = Tensor([1.0, 2.0])
    for again in (x, Tensor([3.0, 4.0]), np.ones(2, np.float32)):
        double(again)
    assert double.watched == 1
    assert double(Tensor([1.0])).tolist() == [2.0] and double.watched == 2
    assert double(x.to("float64")).dtype == np.float64 and double.watched == 3
    assert double(x, 3).tolist() == [3.0, 6.0] and double.watched == 4
    assert double(x, 2.0).tolist() == [2.0, 4.0] and double.watched == 5
    assert double(x, True).tolist() == [1.0, 2.0] and double.watched == 6
    double(Tensor([1.0, 2.0], requires_grad=True))
    assert double.watched == 7
    with no_grad():
        double(x)
    assert double.watched == 8
    other = ReferenceEngine()
    other.name = "other"
    monkeypatch.setitem(ENGINES, "other", other)
    with engine("other"):
        double(x)
    assert double.watched == 9
    double(x), double(x, 3), double(Tensor([1.0]))
    assert double.watched == 9


def test_a_parameter_that_is_frozen_later_is_noticed() -> None:
    w = Parameter([1.0])
    x = Tensor([2.0], requires_grad=True)
    step = compile(lambda x: (w * x).sum().backward())
    step(x)
    w.grad, w.requires_grad = None, False
    step(x)
    assert w.grad is None


def test_state_that_changed_its_shape_outside_is_noticed() -> None:
    b = Buffer([1.0])
    add = compile(lambda x: x + b)
    assert add(Tensor([1.0, 2.0])).tolist() == [2.0, 3.0]
    b.assign([5.0])
    assert add(Tensor([1.0, 2.0])).tolist() == [6.0, 7.0]
    b._value = np.array([1.0, 1.0])
    assert add(Tensor([1.0, 2.0])).dtype == np.float64


def test_arguments_and_results_may_be_nested() -> None:
    @compile
    def mix(pair, *, options):
        a, b = pair
        return {"sum": a + b, "rest": [b, (options["scale"] * a, "text", None, 3)]}

    found = mix((Tensor([1.0]), np.array([2.0])), options={"scale": 10})
    assert found["sum"].tolist() == [3.0]
    assert found["rest"][1][0].tolist() == [10.0] and found["rest"][1][1:] == ("text", None, 3)
    assert mix([Tensor([1.0]), np.array([2.0])], options={"scale": 10})["sum"].tolist() == [3.0]


def test_a_result_is_no_window_into_an_argument() -> None:
    kept = Buffer(np.zeros(2))

    @compile
    def keep(x):
        kept.assign(x)
        return x, x.reshape(2, 1)

    array = np.array([1.0, 2.0])
    found = keep(array)
    array[:] = 9
    assert [x.tolist() for x in found] == [[1.0, 2.0], [[1.0], [2.0]]]
    assert kept.tolist() == [1.0, 2.0]


def test_a_compiled_function_inside_another_is_part_of_its_graph() -> None:
    w = Parameter([3.0])
    inner = Counter(lambda x: x * w)
    outer = compile(lambda x: inner(x).sum().backward())
    outer(Tensor([2.0]))
    assert w.grad.tolist() == [2.0] and inner.watched == 1
    assert inner(Tensor([1.0])).tolist() == [3.0]


def test_what_comes_out_remembers_nothing() -> None:
    w = Parameter([3.0])
    found = compile(lambda x: x * w)(Tensor([1.0]))
    assert not found.requires_grad
    with pytest.raises(GradientError, match=r"or a compiled function$"):
        found.backward()


# ---- scan


@engines
def test_a_scan_is_a_loop(name: str) -> None:
    rng = np.random.default_rng(0)
    x, t = rng.standard_normal((6, 3)), Tensor(rng.standard_normal((6, 2)))
    rows = np.array([[0, 1], [5, 5], [3, 2]])
    looped, scanned = Network(), Network()
    pellucid.seed(1)
    expected = [looped.step(Tensor(x[row]), t[row]).item() for row in rows]
    pellucid.seed(1)
    with engine(name):
        found = compile(scanned.step).scan(rows, x, t)
    assert found.shape == (3,)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)
    for a, b in zip(scanned.state(), looped.state(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-14)


def test_scanned_results_are_stacked_in_their_structure() -> None:
    found = compile(lambda x: {"x": x, "pair": (x.sum(), x * 2)}).scan(np.array([[0], [2]]), np.array([1.0, 2.0, 3.0]))
    assert found["x"].tolist() == [[1.0], [3.0]] and found["pair"][0].tolist() == [1.0, 3.0]
    assert found["pair"][1].shape == (2, 1)


def test_what_is_no_tensor_comes_out_of_a_scan_as_it_is() -> None:
    rows = np.array([[0], [2]])
    assert compile(lambda x: None).scan(rows, np.ones(3)) is None
    found = compile(lambda x: {"x": x, "kind": "text"}).scan(rows, np.ones(3))
    assert (found["x"].shape, found["kind"]) == ((2, 1), "text")


def test_rows_that_do_not_fit_are_refused() -> None:
    same = compile(lambda x: x)
    for rows, message in [
        (np.array([0, 1]), "scan: rows must be integers (steps, batch), got int64 (2,)"),
        (np.array([[0.5]]), "scan: rows must be integers (steps, batch), got float64 (1, 1)"),
        (np.zeros((0, 4), int), "scan: rows (0, 4) has no step; give one at least"),
        (np.array([[0, 3]]), "scan: rows reach from 0 to 3, an array has 3"),
        (np.array([[-1, 2]]), "scan: rows reach from -1 to 2, an array has 3"),
    ]:
        with pytest.raises(ShapeError) as caught:
            same.scan(rows, np.ones(3))
        assert str(caught.value) == message


# ---- printing


def test_the_graph_of_a_call_prints_readably_and_computes_nothing() -> None:
    w = Parameter(np.ones((3, 2), np.float32))

    @compile
    def layer(x, factor):
        """What a layer does."""
        return (x @ w * factor).sum(0)

    assert layer.__name__ == "layer" and layer.__doc__ == "What a layer does."
    assert str(layer.graph(Tensor(np.ones((4, 3), np.float32)), 0.5)).splitlines() == [
        "%x                                    (4, 3) float32",
        "%state0                               (3, 2) float32",
        "%0 = matmul(%x, %state0)              (4, 2) float32",
        "%1 = broadcast_to(0.5, shape=(4, 2))  (4, 2) float32",
        "%2 = multiply(%0, %1)                 (4, 2) float32",
        "%3 = sum(%2, axes=(0,))               (2,) float32",
        "return %3",
    ]


def test_inputs_are_named_after_the_parameters_that_they_were_given_for() -> None:
    function = compile(lambda a, b: a - b)
    names = str(function.graph(b=Tensor([1.0]), a=Tensor([2.0]))).splitlines()
    assert names[2].startswith("%0 = subtract(%a, %b)")
    nested = compile(lambda pair, *rest, c: pair[0] + pair[1] + rest[0] + c)
    lines = str(nested.graph([Tensor(1.0), Tensor(1.0)], Tensor(1.0), c=Tensor(1.0))).splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["%pair0", "%pair1", "%in2", "%c"]


def test_state_is_named_where_names_are_given() -> None:
    w = Parameter([1.0])
    w.grad = Tensor([0.0])
    step = compile(lambda x: (w * x).sum().backward(), names=lambda: [("layer.weight", w)])
    lines = str(step.graph(Tensor([1.0]))).splitlines()
    assert {line.split()[0] for line in lines} >= {"%x", "%layer.weight", "%layer.weight.grad"}


def test_functools_partial_methods_and_builtins_compile() -> None:
    X = Tensor([1.0, 2.0])
    assert compile(partial(pellucid.multiply, 2.0))(X).tolist() == [2.0, 4.0]
    assert compile(X.sum)().item() == 3.0


def test_a_method_can_be_compiled_in_the_class():
    class Scale:
        def __init__(self, factor):
            self.factor = factor

        @compile
        def twice(self, x):
            return x * self.factor * 2

    double, triple = Scale(2.0), Scale(3.0)
    assert double.twice(Tensor([1.0])).tolist() == [4.0]
    assert triple.twice(Tensor([1.0])).tolist() == [6.0]


# ---- how many plans


def test_of_many_plans_the_oldest_goes_and_that_is_told_once() -> None:
    scale = Counter(lambda x, factor: x * factor)
    x = Tensor([1.0])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for factor in range(70):
            assert scale(x, float(factor)).item() == factor
    (told,) = caught
    assert str(told.message) == (
        "compile: _watch has made more than 64 plans, and the oldest goes for each new one; "
        "give numbers that change from call to call as Tensors, and arrays in fewer shapes"
    )
    assert told.filename == __file__
    assert scale.watched == 70
    scale(x, 69.0), scale(x, 6.0)
    assert scale.watched == 70
    scale(x, 5.0)
    assert scale.watched == 71
