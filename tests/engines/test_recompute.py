"""What is made anew instead of being kept."""

from __future__ import annotations

import numpy as np

import pellucid
from pellucid.engines.native.fuse import fuse
from pellucid.engines.native.recompute import recompute
from pellucid.engines.native.simplify import simplify
from tests.engines.passes import graph_of, names


def normalised(x, scale):
    """The backward pass of a batch normalisation and a relu, and a convolution behind them."""
    x.requires_grad = True
    mean = x.mean((0, 2, 3), keepdims=True)
    y = ((x - mean) * scale).relu()
    w = pellucid.Tensor(np.ones((4, 4, 3, 3), np.float32), requires_grad=True)
    return pellucid.gradients(pellucid.nn.functional.conv2d(y, w).exp().sum(), [x, w])


def test_what_a_few_cheap_operations_make_of_one_array_is_made_anew_by_its_readers():
    simple = simplify(graph_of(normalised, (20, 4, 20, 20), (1, 4, 1, 1)))
    graph, copies = recompute(simple, fuse(simple))
    assert names(graph).count("subtract") > names(simple).count("subtract") == 1
    assert copies <= {node.order for node in graph.nodes}


def test_what_is_dear_or_small_or_made_of_two_arrays_is_kept():
    def dear(x, w):
        y = x.exp()
        return y + (y @ w).sum(0)

    def of_two(x, w):
        y = x + w
        return y * (y @ y).sum(0)

    for function in (dear, of_two):
        simple = simplify(graph_of(function, (200, 200), (200, 200)))
        assert names(recompute(simple, fuse(simple))[0]) == names(simple)
    small = simplify(graph_of(normalised, (2, 4, 5, 5), (1, 4, 1, 1)))
    assert names(recompute(small, fuse(small))[0]) == names(small)
