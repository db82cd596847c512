"""A sum that follows from others is no pass over memory."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid.engines.native.simplify import fold_and_share, simplify
from pellucid.engines.native.sums import sums_of_sums
from tests.engines.passes import graph_of, names, native_only


def sums_left(function, *shapes):
    """How many sums the function has, before and after the pass."""
    simple = simplify(graph_of(function, *shapes))
    return names(simple).count("sum"), names(fold_and_share(sums_of_sums(simple))).count("sum")


def test_a_sum_that_follows_from_others_is_no_pass_over_memory():
    def f(x, g, scale, slope):
        mean = x.mean(0)
        gradient = g * scale - (x - mean) * slope
        return x.sum(0), g.sum(0), gradient - gradient.mean(0)

    assert sums_left(f, (500, 20), (500, 20), (20,), (20,)) == (3, 2)


def test_the_gradient_of_a_batch_normalisation_needs_no_further_sum():
    def f(x, g, scale, shift):
        x.requires_grad = scale.requires_grad = shift.requires_grad = True
        y = pellucid.nn.functional.batch_norm(x, None, None, scale, shift, training=True)
        return pellucid.gradients((y * g).sum(), [x, scale, shift])

    before, after = sums_left(f, (500, 20), (500, 20), (20,), (20,))
    assert after == before - 1


def test_a_sum_whose_parts_nobody_has_stays_as_it_is():
    def f(x, g, scale):
        y = g * scale + x * scale
        return g.sum(0), y - y.mean(0)

    assert sums_left(f, (500, 20), (500, 20), (20,)) == (2, 2)


def distances(x, c):
    return x.sum(0), (x - c).sum(0)


def spread_distances(x, c):
    return x.sum(0), x - c - (x - c).mean(0)


def difference_of_two(x, c):
    y = x * 1.0001
    return x.sum(0), y.sum(0), y - x - (y - x).mean(0)


def distances_from_the_mean(x, c):
    mean = x.mean(0)
    return mean, (x - mean).sum(0)


def twice_without_mean(x, c):
    y = x - x.mean(0)
    return y.mean(0), y - y.mean(0)


ASKED_FOR = [distances, spread_distances, difference_of_two, distances_from_the_mean, twice_without_mean]


@pytest.mark.parametrize("function", ASKED_FOR)
def test_a_sum_that_the_rounding_of_others_would_spoil_is_summed(function):
    before, after = sums_left(function, (500, 20), (20,))
    assert before == after


@native_only
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_far_from_0_keep_their_digits(dtype):
    x = (1e4 + np.random.default_rng(0).standard_normal((5000, 20))).astype(dtype)
    eps = float(np.finfo(dtype).eps)
    exact = x - np.longdouble(1e4)
    with pellucid.engine("native"):
        c = np.full(20, 1e4, dtype)
        centred = pellucid.compile(spread_distances)(x, c)[1].numpy()
        np.testing.assert_allclose(centred, exact - exact.mean(0), rtol=0, atol=20 * eps)
        mean, total = (y.numpy() for y in pellucid.compile(distances_from_the_mean)(x, c))
        np.testing.assert_allclose(total, (exact - (mean - np.longdouble(1e4))).sum(0), rtol=0, atol=len(x) * 20 * eps)
