"""Which groups run when, in chains of a few rows, and what is changed in place."""

from __future__ import annotations

import numpy as np

import pellucid
from pellucid.engines.native.engine import NativePlan
from pellucid.engines.native.limits import limits
from tests.engines.passes import graph_of, native_only


def plan_of(function, *shapes, fed=(), **changed):
    with limits(**changed):
        return NativePlan(graph_of(function, *shapes), fed)


def layers(x, v, w):
    return ((x @ v).relu() @ w).exp()


@native_only
def test_layers_run_as_one_chain_for_a_few_rows_at_a_time():
    plan = plan_of(layers, (400, 100), (100, 100), (100, 100))
    (phase,) = plan.assembled.phases
    (task,) = phase.tasks
    assert task.blocks > 1 and len(task.lines) == 4


@native_only
def test_rows_that_cannot_be_divided_fall_into_blocks_of_two_sizes():
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape).astype(np.float32) / 10 for shape in ((97, 100), (100, 100), (100, 100))]
    plan = plan_of(layers, (97, 100), (100, 100), (100, 100), two_blocks=1_000.0)
    tasks = plan.assembled.phases[0].tasks
    rows = [task.lines[0].writes[0].shape[0] for task in tasks]
    assert rows[0] == rows[1] + 1
    assert sum(task.blocks * n for task, n in zip(tasks, rows, strict=True)) == 97
    x, v, w = arrays
    np.testing.assert_allclose(plan(arrays)[0], np.exp(np.maximum(x @ v, 0) @ w), rtol=1e-5)


@native_only
def test_a_sum_over_the_rows_is_summed_from_a_part_of_each_block():
    plan = plan_of(lambda x: (x * x).exp().sum(0), (1000, 300))
    first, second = plan.assembled.phases
    assert first.tasks[0].blocks > 1 and [line.kernel for line in second.lines] == ["reduce_sum_float32"]
    x = np.random.default_rng(0).standard_normal((1000, 300)).astype(np.float32)
    np.testing.assert_allclose(plan([x])[0], np.exp(x.astype(np.float64) ** 2).sum(0), rtol=1e-5)


@native_only
def test_a_weight_too_large_for_the_cache_is_multiplied_by_all_threads_together():
    plan = plan_of(lambda x, w: (x @ w).relu(), (128, 1000), (1000, 1000))
    assert plan.assembled.phases[0].tasks[0].blocks == 0


@native_only
def test_state_is_changed_in_place_where_nobody_reads_the_old_value_later():
    def step(x, w):
        w.requires_grad = True
        loss = (x @ w).sum()
        return w - pellucid.gradients(loss, [w])[0] * 0.1, loss

    assert plan_of(step, (50, 40), (40, 30), fed=[(0, 1)]).assembled.in_place == [True]

    def old_and_new(x, w):
        new = w * 2.0
        return new, new @ w

    assert plan_of(old_and_new, (30, 40), (40, 40), fed=[(0, 1)]).assembled.in_place == [False]
