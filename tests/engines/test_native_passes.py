"""The passes of the native engine, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pellucid
from pellucid.engines import ENGINES
from pellucid.engines.native.allocate import LINE, allocate
from pellucid.engines.native.engine import NativePlan
from pellucid.engines.native.fuse import fuse
from pellucid.engines.native.limits import limits
from pellucid.engines.native.memory import Buffer, Space, View, contiguous_strides, merged_axes
from pellucid.engines.native.recompute import recompute
from pellucid.engines.native.simplify import fold_and_share, simplify
from pellucid.engines.native.sums import sums_of_sums
from pellucid.graph import Graph

native_only = pytest.mark.skipif("native" not in ENGINES, reason="the compiled module was not built")


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


def agrees(function, *arrays, **tolerance):
    """The native engine's outputs are the reference's."""
    results = []
    for name in ("reference", "native"):
        with pellucid.engine(name):
            results.append(pellucid.compile(function)(*arrays))
    for expected, found in zip(*results, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), **tolerance)


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


def test_powers_that_are_products_or_roots_become_these():
    assert names(simplify(graph_of(lambda x: x**2, (3,)))) == ["multiply"]
    assert names(simplify(graph_of(lambda x: x**1 * 1.0, (3,)))) == []
    assert names(simplify(graph_of(lambda x: x**-1, (3,)))) == ["broadcast_to", "divide"]
    assert "sqrt" in names(simplify(graph_of(lambda x: x**0.5, (3,))))
    assert "power" in names(simplify(graph_of(lambda x: x**3, (3,))))


@native_only
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [2.0, 1.0, 0.5, -1.0])
def test_such_powers_are_numpys(exponent, dtype):
    info = np.finfo(dtype)
    x = [0.0, -0.0, 1, -1, 2, 0.3, -0.3, np.inf, -np.inf, np.nan, info.max, info.tiny, info.smallest_subnormal]
    x = np.array(x, dtype)
    with np.errstate(all="ignore"):
        expected = np.power(x, dtype(exponent))
    for shape in ((13,), (1,), ()):
        with pellucid.engine("native"):
            found = pellucid.compile(lambda x: (x**exponent,))(x[: max(1, 13 * (shape == (13,)))].reshape(shape))
        y = np.atleast_1d(found[0].numpy())
        np.testing.assert_array_equal(y, expected[: y.size])
        np.testing.assert_array_equal(np.signbit(y)[~np.isnan(y)], np.signbit(expected[: y.size])[~np.isnan(y)])


def relu_step(x, w, v):
    w.requires_grad = True
    v.requires_grad = True
    loss = (F.relu(x @ w) @ v).sum()
    return loss, *pellucid.gradients(loss, [w, v])


def test_the_mask_of_a_gradient_is_taken_from_the_output_that_is_kept():
    graph = simplify(graph_of(relu_step, (5, 4), (4, 3), (3, 2)))
    (mask,) = [node for node in graph.nodes if node.primitive and node.primitive.name == "less_equal"]
    assert mask.inputs[0].primitive.name == "maximum"
    (choice,) = [node for node in graph.nodes if node.primitive and node.primitive.name == "where"]
    assert choice.inputs[0] is mask and choice.inputs[2].primitive.name == "matmul"


def test_a_relu_without_a_gradient_is_one_operation():
    assert names(simplify(graph_of(lambda x: F.relu(x), (3,)))) == ["broadcast_to", "maximum"]


@native_only
def test_a_relu_keeps_nan_and_gives_no_negative_zero():
    x = np.array([-1, 2, -0.0, 0.0, np.nan, np.inf, -np.inf] * 5, np.float32)
    with pellucid.engine("native"):
        y = pellucid.compile(lambda x: (F.relu(x),))(x)[0].numpy()
    np.testing.assert_array_equal(y, np.where(x <= 0, 0, x))
    assert not np.signbit(y[~np.isnan(y)]).any()


def test_a_mask_stays_where_its_output_is_not_kept():
    def step(x):
        x.requires_grad = True
        return pellucid.gradients((F.relu(x * 2) ** 2).exp().sum(), [x])[0]

    graph = simplify(graph_of(step, (2, 3, 4, 4)))
    (mask,) = [node for node in graph.nodes if node.primitive and node.primitive.name == "less_equal"]
    assert mask.inputs[0].primitive.name == "multiply"


@native_only
def test_masks_from_outputs_agree_with_the_reference_for_zeros_and_nan():
    x = np.random.default_rng(0).standard_normal((6, 4))
    x[0], x[1, 0] = 0, np.nan
    x[2] = -0.0
    agrees(relu_step, x, np.eye(4), np.ones((4, 2)), rtol=1e-12)


# ---- pooling


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


# ---- programs


@native_only
@pytest.mark.parametrize(
    "function", [lambda x: x.to("float32") / 255, lambda x: (x.to("float32"), x.to("float32") / 7)]
)
def test_pixels_are_scaled_to_the_bit(function):
    x = np.arange(256, dtype=np.uint8)
    found = {}
    for name in ("reference", "native"):
        with pellucid.engine(name):
            made = pellucid.compile(function)(x)
            found[name] = [y.numpy() for y in (made if isinstance(made, tuple) else (made,))]
    for expected, y in zip(found["reference"], found["native"], strict=True):
        np.testing.assert_array_equal(y, expected)


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
