"""The optimisers: each formula against one written apart."""

import numpy as np
import pytest

import pellucid as pl
from pellucid import book
from pellucid.errors import DTypeError, ShapeError

# The formulas in plain NumPy: w, g, what is kept (a dictionary of arrays), the step's number → the new w.


def sgd(w, g, kept, step):
    return w - 0.01 * g


def momentum(w, g, kept, step):
    kept["v"] = 0.9 * kept["v"] - 0.01 * g
    return w + kept["v"]


def nesterov(w, g, kept, step):
    kept["v"] = 0.9 * kept["v"] - 0.01 * g
    return w + 0.9 * kept["v"] - 0.01 * g


def adagrad(w, g, kept, step):
    kept["h"] = kept["h"] + g**2
    return w - 0.01 * g / (np.sqrt(kept["h"]) + 1e-7)


def rmsprop(w, g, kept, step):
    kept["h"] = 0.99 * kept["h"] + (1 - 0.99) * g**2
    return w - 0.01 * g / (np.sqrt(kept["h"]) + 1e-7)


def adam(w, g, kept, step):
    kept["m"] = 0.9 * kept["m"] + (1 - 0.9) * g
    kept["v"] = 0.999 * kept["v"] + (1 - 0.999) * g**2
    rate = 0.001 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    return w - rate * kept["m"] / (np.sqrt(kept["v"]) + 1e-7)


CASES = [
    ("SGD", sgd, ()),
    ("Momentum", momentum, ("v",)),
    ("Nesterov", nesterov, ("v",)),
    ("AdaGrad", adagrad, ("h",)),
    ("RMSprop", rmsprop, ("h",)),
    ("Adam", adam, ("m", "v")),
]
NAMES = [name for name, _, _ in CASES]


@pytest.mark.parametrize(("name", "formula", "slots"), CASES)
def test_updates_are_the_books_formulas_and_in_place(name, formula, slots):
    generator = np.random.default_rng(0)
    start = {"W1": generator.normal(size=(5, 4)), "b1": np.zeros(4), "W2": generator.normal(size=(3, 4)).T}
    params = {key: w.copy(order="K") for key, w in start.items()}
    arrays = dict(params)
    kept = {key: {slot: np.zeros_like(w) for slot in slots} for key, w in start.items()}
    optimizer = getattr(book, name)()
    for step in range(1, 21):
        grads = {key: generator.normal(size=w.shape) for key, w in start.items()}
        optimizer.update(params, grads)
        start = {key: formula(w, grads[key], kept[key], step) for key, w in start.items()}
    for key, expected in start.items():
        assert params[key] is arrays[key]
        np.testing.assert_allclose(params[key], expected, rtol=1e-12, atol=1e-12)
        for slot in slots:
            np.testing.assert_allclose(getattr(optimizer, slot)[key], kept[key][slot], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("name", "formula", "slots"), CASES)
def test_plain_numbers_are_replaced(name, formula, slots):
    """As in the book's pictures of x²/20 + y²."""
    params, optimizer = {"x": -7.0, "y": 2}, getattr(book, name)()
    kept, x = {slot: np.float64(0) for slot in slots}, -7.0
    for step in range(1, 6):
        optimizer.update(params, {"x": params["x"] / 10.0, "y": 2.0 * params["y"]})
        x = formula(x, x / 10.0, kept, step)
    assert params["x"] == pytest.approx(x, rel=1e-12)
    assert type(params["x"]) is float and params["y"] < 2


@pytest.mark.parametrize("name", NAMES)
def test_float32_stays_float32(name):
    params, twin = {"W": np.ones((3, 2), np.float32)}, {"W": np.ones((3, 2))}
    g = np.random.default_rng(0).normal(size=(3, 2))
    for target in (params, twin):
        optimizer = getattr(book, name)()
        for _ in range(3):
            optimizer.update(target, {"W": g})
    assert params["W"].dtype == np.float32
    np.testing.assert_allclose(params["W"], twin["W"], rtol=1e-5)


def test_a_rate_that_changes_counts_at_once():
    params, optimizer = {"W": np.zeros(2)}, book.SGD(lr=1.0)
    for rate in (1.0, 0.1):
        optimizer.lr = rate
        optimizer.update(params, {"W": np.ones(2)})
    np.testing.assert_allclose(params["W"], -1.1)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_arguments_are_the_books(name):
    assert getattr(book, name)(0.5).lr == 0.5


REFUSED = [
    (
        {"W": np.zeros((2, 3))},
        {"W": np.zeros((3, 2))},
        ShapeError,
        "Momentum: params['W'] is (2, 3) but its gradient (3, 2); they must agree",
    ),
    (
        {"W": np.zeros(2, int)},
        {"W": np.zeros(2)},
        DTypeError,
        "Momentum: params['W'] is int64, into which no step fits; give floats",
    ),
    ({"W": np.zeros(2)}, {"w": np.zeros(2)}, KeyError, "'W'"),
]


@pytest.mark.parametrize(("params", "grads", "kind", "message"), REFUSED)
def test_what_does_not_fit_is_refused(params, grads, kind, message):
    with pytest.raises(kind) as caught:
        book.Momentum().update(params, grads)
    assert str(caught.value) == message


@pytest.mark.parametrize(("name", "formula", "slots"), CASES)
def test_rules_hold_for_tensors_inside_a_compiled_step(name, formula, slots):
    generator = np.random.default_rng(0)
    w, g = generator.normal(size=(4, 3)), generator.normal(size=(4, 3))
    optimizer, params = getattr(book, name)(), {"W": w.copy()}
    optimizer.update(params, {"W": g})
    start = [np.zeros_like(w) for _ in slots]
    numbers = [np.array(number) for number in optimizer.numbers()]
    found = pl.compile(optimizer.rule)(g, *start, *numbers)
    for tensor, expected in zip(found, [params["W"] - w, *(getattr(optimizer, s)["W"] for s in slots)], strict=True):
        np.testing.assert_allclose(tensor.numpy(), expected, rtol=1e-12, atol=1e-15)
