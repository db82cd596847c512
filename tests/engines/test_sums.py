"""A sum that follows from others is no pass over memory."""

from __future__ import annotations

from pellucid.engines.native.simplify import fold_and_share, simplify
from pellucid.engines.native.sums import sums_of_sums
from tests.engines.passes import graph_of, names


def test_a_sum_that_follows_from_others_is_no_pass_over_memory():
    def f(x, g):
        mean = x.mean(0)
        return x.sum(0), g.sum(0), (g * 2.0 - (x - mean) * 3.0).sum(0)

    simple = simplify(graph_of(f, (500, 20), (500, 20)))
    assert names(simple).count("sum") == 3
    assert names(fold_and_share(sums_of_sums(simple))).count("sum") == 2


def test_a_sum_whose_parts_nobody_has_stays_as_it_is():
    simple = simplify(graph_of(lambda x, g: (g.sum(0), (g * 2.0 + x * 3.0).sum(0)), (500, 20), (500, 20)))
    assert names(sums_of_sums(simple)) == names(simple)
