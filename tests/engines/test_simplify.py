"""The same values from fewer nodes."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid.engines.native.simplify import simplify
from tests.engines.passes import agrees, graph_of, names, native_only

F = pellucid.nn.functional


def test_constants_are_computed_now_and_equal_nodes_made_once():
    graph = simplify(graph_of(lambda x: x * (pellucid.exp(0.0) + 1.0) + x * 2.0, (3,)))
    assert names(graph) == ["broadcast_to", "multiply", "add"]


def test_the_gradient_of_a_weight_is_made_as_the_weight_lies():
    def step(x, w):
        w.requires_grad = True
        return pellucid.gradients((x @ w.T).sum(), [w])[0]

    assert "transpose" not in names(simplify(graph_of(step, (5, 3), (4, 3))))[-1:]


def test_powers_that_are_products_or_roots_become_these():
    assert names(simplify(graph_of(lambda x: x**2, (3,)))) == ["multiply"]
    assert names(simplify(graph_of(lambda x: x**1 * 1.0, (3,)))) == []
    assert names(simplify(graph_of(lambda x: x**-1, (3,)))) == ["broadcast_to", "divide"]
    assert "sqrt" in names(simplify(graph_of(lambda x: x**0.5, (3,))))
    assert names(simplify(graph_of(lambda x: x**3, (3,)))) == ["multiply"] * 2
    assert names(simplify(graph_of(lambda x: x**8, (3,)))) == ["multiply"] * 3
    assert names(simplify(graph_of(lambda x: x**7, (3,), dtype=np.int64))) == ["multiply"] * 4
    assert names(simplify(graph_of(lambda x: x**-2, (3,)))) == ["broadcast_to", "divide", "multiply"]
    for exponent in (9, 2.5, -9.0, np.nan, np.inf):
        assert "power" in names(simplify(graph_of(lambda x, n=exponent: x**n, (3,))))


def test_the_gradient_of_a_power_is_a_power_less():
    def step(x):
        x.requires_grad = True
        return pellucid.gradients((x**3).sum(), [x])[0]

    assert names(simplify(graph_of(step, (3,)))) == ["broadcast_to", "multiply", "multiply"]


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


@native_only
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [3, 4, 5, 6, 7, 8, -2, -3, -4, -8])
def test_powers_by_products_are_numpys_but_for_their_roundings(exponent, dtype):
    info = np.finfo(dtype)
    special = [0.0, -0.0, 1, -1, np.inf, -np.inf, np.nan, info.max, -info.max, info.tiny, info.smallest_subnormal]
    x = np.concatenate([special, np.random.default_rng(0).uniform(-4, 4, 10_000)]).astype(dtype)
    with np.errstate(all="ignore"):
        expected = np.power(x, dtype(exponent))
    with pellucid.engine("native"):
        y = pellucid.compile(lambda x: x**exponent)(x).numpy()
    np.testing.assert_allclose(y, expected, rtol=abs(exponent) * float(info.eps), atol=0)
    np.testing.assert_array_equal(np.signbit(y), np.signbit(expected))


@native_only
@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
def test_powers_of_integers_wrap_as_numpys_do(dtype):
    x = np.arange(-100, 100).astype(dtype)
    with pellucid.engine("native"):
        np.testing.assert_array_equal(pellucid.compile(lambda x: x**7)(x).numpy(), x ** np.array(7, dtype))


@native_only
@pytest.mark.parametrize("exponent", [3, 4.0, 1, 0, -1, -2, 2.5, 0.5])
def test_gradients_of_powers_agree_with_the_reference(exponent):
    def step(x):
        x.requires_grad = True
        (first,) = pellucid.gradients((x**exponent).sum(), [x], create_graph=True)
        return first, pellucid.gradients((first * first).sum(), [x])[0]

    agrees(step, np.random.default_rng(0).uniform(0.1, 3, (5, 4)), rtol=1e-13, atol=1e-13)
    agrees(step, np.array([0.0, -0.0, np.inf, np.nan]), rtol=1e-13)


def test_operations_on_numbers_are_done_once_however_often_they_are_repeated():
    graph = simplify(graph_of(lambda x: x * (pellucid.broadcast_to(2.0, (3, 4)) * 2.0).sqrt(), (3, 4)))
    assert names(graph) == ["broadcast_to", "multiply"]


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
