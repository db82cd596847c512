"""Softmax, its logarithm, their gradients and a loss at labels are one node each."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid.engines.native.engine import NativePlan
from pellucid.engines.native.simplify import simplify
from tests.engines.passes import agrees, graph_of, names, native_only

F = pellucid.nn.functional


def loss_and_gradient(loss):
    def step(x, *others):
        x.requires_grad = True
        y = loss(x, *others)
        return y, pellucid.gradients(y.sum(), [x])[0]

    return step


def test_a_loss_at_labels_is_one_node_each_way():
    step = loss_and_gradient(F.cross_entropy)
    graph = pellucid.compile(step).graph(np.ones((6, 4), np.float32), np.zeros(6, np.int64))
    found = names(simplify(graph))
    assert {"log_softmax_chosen", "chosen_gradient", "softmax"} <= set(found)
    assert not {"max", "exp", "log", "take_along_axis", "scatter_add_along_axis"} & set(found)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (lambda x: (F.softmax(x, 1) ** 2).sum(), ["softmax", "softmax_gradient"]),
        (lambda x: (F.log_softmax(x, 1) ** 2).sum(), ["log_softmax", "softmax", "log_softmax_gradient"]),
        (lambda x: F.cross_entropy(x, F.softmax(x.detach() * 2, 1)), ["softmax", "log_softmax", "softmax"]),
    ],
)
def test_softmax_and_its_logarithm_are_one_node_each_way(loss, expected):
    found = names(simplify(graph_of(loss_and_gradient(loss), (6, 4))))
    assert [name for name in found if "softmax" in name][: len(expected)] == expected
    assert not {"max", "exp", "log", "divide"} & set(found) - {"divide"}
    assert "exp" not in found


def test_what_only_looks_like_softmax_is_left_alone():
    def over_another_axis(x):
        d = x - x.max(1, keepdims=True)
        return d.exp() / d.exp().sum(0, keepdims=True)

    def of_another_array(x):
        d = x - (x * 2).max(1, keepdims=True)
        return d - d.exp().sum(1, keepdims=True).log()

    for function in (over_another_axis, of_another_array):
        assert not {"softmax", "log_softmax"} & set(names(simplify(graph_of(function, (4, 4)))))


@native_only
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "options"),
    [
        ((5, 10), {}),
        ((5, 10), {"label_smoothing": 0.1}),
        ((5, 10), {"reduction": "none"}),
        ((10,), {}),
        ((2, 10, 3, 4), {}),
        ((2, 10, 3), {"reduction": "sum", "ignore_index": 2}),
    ],
    ids=str,
)
def test_the_loss_and_its_gradient_are_the_references(shape, options, dtype):
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(shape) * 4).astype(dtype)
    x.reshape(-1)[:2] = 1e4, -np.inf
    t = rng.integers(0, 10, shape[:1] * (len(shape) > 1) + shape[2:])
    eps = float(np.finfo(dtype).eps)

    def step(x, t):
        x.requires_grad = True
        y = F.cross_entropy(x, t, **options)
        return y, pellucid.gradients(y.sum(), [x])[0]

    agrees(step, x, t, rtol=20 * eps, atol=20 * eps)


@native_only
def test_all_that_softmax_is_made_of_may_be_asked_for_besides():
    def step(x, g, t):
        x.requires_grad = True
        y, p = F.log_softmax(x, 1), F.softmax(x, 1)
        below = x - x.max(1, keepdims=True)
        powers = below.exp()
        loss = F.cross_entropy(x, t) + (p * g).sum() + (y * g).sum()
        (first,) = pellucid.gradients(loss, [x], create_graph=True)
        (second,) = pellucid.gradients((first * g).sum(), [x])
        return y, p, below, powers, powers.sum(1), loss, first, second

    rng = np.random.default_rng(0)
    x, g = rng.standard_normal((2, 7, 5))
    agrees(step, x, g, rng.integers(0, 5, 7), rtol=1e-11, atol=1e-13)


@native_only
def test_one_line_makes_the_loss_and_the_probabilities_of_its_gradient():
    step = loss_and_gradient(F.cross_entropy)
    plan = NativePlan(pellucid.compile(step).graph(np.ones((6, 4), np.float32), np.zeros(6, np.int64)))
    kernels = [line.kernel for line in plan.assembled.lines]
    assert kernels.count("softmax_float32") == kernels.count("chosen_gradient_float32") == 1
