"""Maximum pooling is one node each way, and comes before bias and relu."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import pellucid
from pellucid.engines.native.simplify import simplify
from tests.engines.passes import agrees, graph_of, names, native_only

F = pellucid.nn.functional


def test_maximum_pooling_becomes_one_node_each_way():
    def step(x):
        x.requires_grad = True
        y = pellucid.nn.functional.max_pool2d(x, 2)
        return y, pellucid.gradients((y * y).sum(), [x])[0]

    found = names(simplify(graph_of(step, (2, 3, 4, 4))))
    assert "max_pool2d_argmax" not in found
    assert {"max_pool2d", "max_pool2d_position", "max_pool2d_gradient"} <= set(found)


def pooling_step(x, b):
    """A convolution's bias and relu, pooling, and the gradient back through all of them."""
    x.requires_grad = b.requires_grad = True
    y = F.max_pool2d(F.relu(x + b.reshape(1, -1, 1, 1)), 3, stride=2, padding=1)
    return y, *pellucid.gradients((y * y).sum(), [x, b])


def test_bias_and_relu_come_behind_the_pooling():
    graph = simplify(graph_of(pooling_step, (2, 3, 9, 9), (3,)))
    large = [node.primitive.name for node in graph.nodes if node.primitive and node.shape == (2, 3, 9, 9)]
    assert large == ["max_pool2d_gradient"]


@native_only
def test_pooling_before_bias_and_relu_agrees_with_the_reference():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4, 3, 9, 9))
    x[0, 0], x[0, 1, :5], x[1, 2, 3, 3] = -5, 0, np.nan
    agrees(pooling_step, x, np.array([0.1, -0.5, 0.0]), rtol=1e-12)


def pooled(x, b):
    return F.max_pool2d(F.relu(x + b.reshape(1, -1, 1, 1)), 2)


@native_only
@pytest.mark.parametrize("bias", [np.inf, -np.inf, np.nan, 3e38, 1.0])
@pytest.mark.filterwarnings("ignore:.* encountered:RuntimeWarning")
def test_any_four_numbers_before_any_bias_give_what_the_reference_gives(bias):
    windows = np.array(list(itertools.product([0, -3, 2, np.inf, -np.inf, np.nan, 3e38], repeat=4)), np.float32)
    x, b = windows.reshape(-1, 1, 2, 2), np.array([bias], np.float32)
    found = {}
    for name in ("reference", "native"):
        with pellucid.engine(name):
            found[name] = pellucid.compile(pooled)(x, b).numpy().ravel()
    lowest = np.isneginf(windows)
    lost = (bias == np.inf) & lowest.any(1) & ~lowest.all(1) & ~np.isnan(windows).any(1)
    np.testing.assert_array_equal(found["native"][~lost], found["reference"][~lost])
    assert np.isnan(found["reference"][lost]).all() and np.isposinf(found["native"][lost]).all()
