"""A weight's update is the end of the product that makes its gradient."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid import Parameter, Tensor, nn, optim
from pellucid.engines.native.simplify import simplify
from pellucid.tensor import no_grad
from tests.engines.passes import names, native_only

RNG = np.random.default_rng(0)


def weight(*shape: int, dtype: type = np.float32) -> Parameter:
    return Parameter(RNG.standard_normal(shape).astype(dtype))


def step(w: Parameter, change):
    """A function that sets w to change(w, x, g), as it is and as a graph."""

    def run(x, g):
        with no_grad():
            w.assign(change(w, x, g))

    return pellucid.compile(run)


CHANGES = {
    "minus lr g": (lambda w, x, g: w - 0.1 * (x.T @ g), True),
    "plus g lr": (lambda w, x, g: w + (x.T @ g) * -0.1, True),
    "g lr plus": (lambda w, x, g: (x.T @ g) * -0.1 + w, True),
    "minus g": (lambda w, x, g: w - x.T @ g, True),
    "g minus w": (lambda w, x, g: x.T @ g - w, False),
    "minus w's own part": (lambda w, x, g: w * 0.9 - x.T @ g, False),
    "a number for each row": (lambda w, x, g: w - x[0].reshape(-1, 1) * (x.T @ g), False),
}


@pytest.mark.parametrize("name", CHANGES)
def test_steps_of_gradient_descent_become_one_node(name):
    change, whole = CHANGES[name]
    graph = step(weight(20, 7), change).graph(np.ones((5, 20), np.float32), np.ones((5, 7), np.float32))
    found = names(simplify(graph))
    assert ("matmul_update" in found) is whole
    assert ("matmul" in found) is not whole


def test_a_gradient_that_is_read_elsewhere_stays():
    w = weight(20, 7)

    def run(x, g):
        with no_grad():
            slope = x.T @ g
            w.assign(w - 0.1 * slope)
            return slope.sum()

    graph = pellucid.compile(run).graph(np.ones((5, 20), np.float32), np.ones((5, 7), np.float32))
    assert "matmul_update" not in names(simplify(graph))


def test_a_deep_product_is_added_up_in_pieces_and_stays():
    change, _ = CHANGES["minus g"]
    graph = step(weight(20, 7), change).graph(np.ones((513, 20), np.float32), np.ones((513, 7), np.float32))
    assert "matmul_update" not in names(simplify(graph))


@native_only
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(784, 50), (30, 784), (1, 9), (9, 1)], ids=str)
@pytest.mark.parametrize("name", CHANGES)
def test_steps_agree_with_the_reference(name, shape, dtype):
    x, g = (Tensor(RNG.standard_normal((12, n)).astype(dtype)) for n in shape)
    start, found = weight(*shape, dtype=dtype), []
    for engine in ("reference", "native"):
        w = Parameter(start.numpy().copy())
        with pellucid.engine(engine):
            run = step(w, CHANGES[name][0])
            for _ in range(3):
                run(x, g)
        found.append(w.numpy())
    np.testing.assert_allclose(found[1], found[0], rtol=0, atol=2e3 * np.finfo(dtype).eps)


@native_only
def test_a_weight_that_is_multiplied_with_itself_is_not_written_over_too_early():
    start = RNG.standard_normal((60, 60)) / 10
    w = Parameter(start.copy())
    with pellucid.engine("native"):
        step(w, lambda w, x, g: w - w @ w)(np.ones(1), np.ones(1))
    np.testing.assert_allclose(w.numpy(), start - start @ start, atol=1e-13)


@native_only
def test_explain_shows_the_product_that_changes_a_layers_weight():
    model = nn.Linear(40, 30)
    optimizer = optim.SGD(model.parameters(), lr=0.1)

    def train(x):
        loss = (model(x) ** 2).sum()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    with pellucid.engine("native"):
        lines = pellucid.compile(train).explain(np.ones((8, 40), np.float32))
    assert "  matmul_update  " in lines
