"""The passes of the native engine, one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import pellucid
from pellucid.engines.native.allocate import LINE, allocate
from pellucid.engines.native.engine import NativePlan
from pellucid.engines.native.fuse import fuse
from pellucid.engines.native.limits import limits
from pellucid.engines.native.memory import Buffer, Space, View, contiguous_strides, merged_axes
from pellucid.engines.native.recompute import recompute
from pellucid.engines.native.simplify import fold_and_share, simplify
from pellucid.engines.native.sums import sums_of_sums
from pellucid.graph import Graph


def graph_of(function, *shapes, dtype=np.float32):
    return pellucid.compile(function).graph(*(np.ones(shape, dtype) for shape in shapes))


def names(graph: Graph) -> list[str]:
    return [node.primitive.name for node in graph.nodes if node.primitive is not None]


# ---- memory

SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)


def read(view: View, memory: np.ndarray) -> np.ndarray:
    steps = [s * memory.itemsize for s in view.strides]
    return np.lib.stride_tricks.as_strided(memory[view.offset :], view.shape, steps)


def whole(shape):
    array = np.arange(int(np.prod(shape)), dtype=np.int64)
    return View(Buffer(Space.ARENA, array.nbytes), array.dtype, shape, contiguous_strides(shape)), array


@given(SHAPES, st.data())
def test_views_lie_where_numpy_has_them(shape, data):
    view, memory = whole(shape)
    array = memory.reshape(shape)
    axes = data.draw(st.permutations(range(len(shape))))
    view, array = view.transpose(axes), array.transpose(axes)
    slices = [data.draw(st.sampled_from([(0, n, 1), (n - 1, n, -1), (0, 1, 1), (n - 1, 1, 1)])) for n in array.shape]
    view = view.slice(slices)
    array = array[tuple(slice(a, a + c * s if a + c * s >= 0 else None, s) for a, c, s in slices)]
    np.testing.assert_array_equal(read(view, memory), array)
    flat = view.reshape((array.size,))
    if flat is not None:
        np.testing.assert_array_equal(read(flat, memory), array.reshape(-1))


@given(SHAPES)
def test_axes_that_lie_behind_one_another_become_one(shape):
    strides = contiguous_strides(shape)
    sizes, (merged,) = merged_axes(shape, [strides])
    assert (sizes, merged) == (([int(np.prod(shape))], [1]) if np.prod(shape) > 1 else ([], []))


# ---- simplify


def test_constants_are_computed_now_and_equal_nodes_made_once():
    graph = simplify(graph_of(lambda x: x * (pellucid.exp(0.0) + 1.0) + x * 2.0, (3,)))
    assert names(graph) == ["broadcast_to", "multiply", "add"]


def test_the_gradient_of_a_weight_is_made_as_the_weight_lies():
    def step(x, w):
        w.requires_grad = True
        return pellucid.gradients((x @ w.T).sum(), [w])[0]

    assert "transpose" not in names(simplify(graph_of(step, (5, 3), (4, 3))))[-1:]


def test_maximum_pooling_becomes_one_node_each_way():
    def step(x):
        x.requires_grad = True
        y = pellucid.nn.functional.max_pool2d(x, 2)
        return y, pellucid.gradients((y * y).sum(), [x])[0]

    found = names(simplify(graph_of(step, (2, 3, 4, 4))))
    assert "max_pool2d_argmax" not in found
    assert {"max_pool2d", "max_pool2d_position", "max_pool2d_gradient"} <= set(found)


# ---- fuse


def groups_of(function, *shapes):
    return [[n.primitive.name for n in group] for group in fuse(graph_of(function, *shapes)) if group[0].primitive]


def test_elementwise_operations_of_one_shape_run_together():
    assert groups_of(lambda x, y: ((x + y).exp() * x).tanh(), (3,), (3,)) == [["add", "exp", "multiply", "tanh"]]


def test_nobody_joins_a_group_that_waits_for_what_it_makes():
    def f(x, w):
        a = x.exp()
        return a + a @ w  # the sum needs the product, the product needs a: it cannot be in a's group

    assert groups_of(f, (3, 3), (3, 3)) == [["exp"], ["matmul"], ["add"]]


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.booleans()), min_size=1, max_size=25))
def test_any_graph_falls_into_groups_that_can_run_in_order(steps):
    def f(x):
        values = [x]
        for a, b, product in steps:
            left, right = values[a % len(values)], values[b % len(values)]
            values.append(left @ right if product else left + right)
        return tuple(values[1:])

    groups = fuse(graph_of(f, (2, 2)))
    done: set[int] = set()
    for group in groups:
        mine = {node.order for node in group}
        for node in group:
            assert all(x.primitive is None or x.order in done or x.order in mine for x in node.inputs)
        done |= mine


# ---- allocate


@given(st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=4), min_size=1, max_size=12), st.data())
def test_buffers_that_live_at_the_same_time_never_overlap(uses, data):
    buffers = [Buffer(Space.ARENA, data.draw(st.integers(0, 500))) for _ in range(8)]
    size = allocate([[buffers[i] for i in used] for used in uses], Space.ARENA)
    lives = {i: [t for t, used in enumerate(uses) if i in used] for i in range(8)}
    for i, one in lives.items():
        for j, other in lives.items():
            if i < j and one and other and one[0] <= other[-1] and other[0] <= one[-1]:
                a, b = buffers[i], buffers[j]
                assert a.offset + a.nbytes <= b.offset or b.offset + b.nbytes <= a.offset
    assert all(b.offset % LINE == 0 and b.offset + b.nbytes <= size for i, b in enumerate(buffers) if lives[i])


# ---- recompute


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


# ---- sums of sums


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


# ---- schedule and chains


def plan_of(function, *shapes, fed=(), **changed):
    with limits(**changed):
        return NativePlan(graph_of(function, *shapes), fed)


def layers(x, v, w):
    return ((x @ v).relu() @ w).exp()


def test_layers_run_as_one_chain_for_a_few_rows_at_a_time():
    plan = plan_of(layers, (400, 100), (100, 100), (100, 100))
    (phase,) = plan.assembled.phases
    (task,) = phase.tasks
    assert task.blocks > 1 and len(task.lines) == 4


def test_rows_that_fill_no_block_are_a_block_of_their_own():
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(shape).astype(np.float32) / 10 for shape in ((97, 100), (100, 100), (100, 100))]
    plan = plan_of(layers, (97, 100), (100, 100), (100, 100), two_blocks=1_000.0)
    assert [task.blocks for task in plan.assembled.phases[0].tasks][-1] == 1
    x, v, w = arrays
    np.testing.assert_allclose(plan(arrays)[0], np.exp(np.maximum(x @ v, 0) @ w), rtol=1e-5)


def test_a_sum_over_the_rows_is_summed_from_a_part_of_each_block():
    plan = plan_of(lambda x: (x * x).exp().sum(0), (1000, 300))
    first, second = plan.assembled.phases
    assert first.tasks[0].blocks > 1 and [line.kernel for line in second.lines] == ["reduce_sum_float32"]
    x = np.random.default_rng(0).standard_normal((1000, 300)).astype(np.float32)
    np.testing.assert_allclose(plan([x])[0], np.exp(x.astype(np.float64) ** 2).sum(0), rtol=1e-5)


def test_a_weight_too_large_for_the_cache_is_multiplied_by_all_threads_together():
    plan = plan_of(lambda x, w: (x @ w).relu(), (128, 1000), (1000, 1000))
    assert plan.assembled.phases[0].tasks[0].blocks == 0


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
