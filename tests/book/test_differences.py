"""The fast differences against the plain way: the whole loss, twice for each element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import pellucid
from pellucid import Tensor, nn
from pellucid.book.differences import Differences, differences, plain_seconds, run
from pellucid.errors import DTypeError, ShapeError, TraceError
from pellucid.operators import OPERATIONS
from pellucid.ops.im2col import im2col
from pellucid.ops.indexing import take_along_axis
from pellucid.ops.random import dropout
from pellucid.ops.shape import concatenate, pad, stack

Params = dict[str, Any]
H = 1e-4
F = nn.functional


def plain(loss: Callable[..., Tensor], params: Mapping[str, np.ndarray], *data: Any) -> dict[str, np.ndarray]:
    """The book's way."""

    def number() -> float:
        return loss({name: Tensor(w) for name, w in params.items()}, *map(Tensor, data)).item()

    found = {}
    for name, w in params.items():
        found[name] = np.zeros_like(w)
        for i in np.ndindex(w.shape):
            before = w[i]
            w[i] = before + H
            above = number()
            w[i] = before - H
            found[name][i] = (above - number()) / (2 * H)
            w[i] = before
    return found


def agree(loss: Callable[..., Tensor], params: dict[str, np.ndarray], *data: Any) -> None:
    """Both ways give the same, and no parameter is changed."""
    before = {name: w.copy() for name, w in params.items()}
    fast = differences(loss, params, *data, h=H)
    assert list(fast) == list(params)
    for name, slope in plain(loss, params, *data).items():
        assert fast[name].shape == params[name].shape
        assert fast[name].dtype == np.float64
        np.testing.assert_allclose(fast[name], slope, rtol=1e-9, atol=1e-9, err_msg=name)
        np.testing.assert_array_equal(params[name], before[name])


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape)


def book_loss(y: Tensor, t: Tensor) -> Tensor:
    """Softmax and cross-entropy as the book computes them, for one-hot t."""
    return -(t * (F.softmax(y, -1) + 1e-7).log()).sum() / y.shape[0]


def labels(n: int, classes: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, classes, n)


def one_hot(n: int, classes: int) -> np.ndarray:
    return np.eye(classes)[labels(n, classes)]


# ---- the two-layer network


def two_layers(activation: str) -> Callable[..., Tensor]:
    def loss(p: Params, x: Tensor, t: Tensor) -> Tensor:
        a = OPERATIONS[activation](x @ p["W1"] + p["b1"])
        return book_loss(a @ p["W2"] + p["b2"], t)

    return loss


def two_layer_params() -> dict[str, np.ndarray]:
    return {"W1": numbers(7, 5), "b1": numbers(5), "W2": numbers(5, 4), "b2": numbers(4)}


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "tanh"])
@pytest.mark.parametrize("zeros", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("batch", [1, 6])
def test_two_layer_network(activation: str, zeros: float, batch: int) -> None:
    x = numbers(batch, 7) * (np.random.default_rng(1).random((batch, 7)) >= zeros)
    agree(two_layers(activation), two_layer_params(), x, one_hot(batch, 4))


@pytest.mark.parametrize("engine", ["reference", "native"])
def test_both_engines(engine: str) -> None:
    if engine not in pellucid.engines.ENGINES:
        pytest.skip("the compiled module was not built")
    with pellucid.engine(engine):
        agree(two_layers("sigmoid"), two_layer_params(), numbers(6, 7), one_hot(6, 4))


@pytest.mark.parametrize("zeros", [0.0, 0.7])
def test_labels_and_cross_entropy(zeros: float) -> None:
    def loss(p: Params, x: Tensor, t: Tensor) -> Tensor:
        return F.cross_entropy((x @ p["W1"] + p["b1"]).relu() @ p["W2"] + p["b2"], t)

    x = numbers(6, 7) * (np.random.default_rng(1).random((6, 7)) >= zeros)
    agree(loss, two_layer_params(), x, labels(6, 4))


@pytest.mark.parametrize("zeros", [0.0, 0.7])
def test_three_layers_with_weight_decay(zeros: float) -> None:
    params = {"W1": numbers(6, 5), "W2": numbers(5, 4), "W3": numbers(4, 3), "b3": numbers(3)}

    def loss(p: Params, x: Tensor, t: Tensor) -> Tensor:
        y = ((x @ p["W1"]).sigmoid() @ p["W2"]).sigmoid() @ p["W3"] + p["b3"]
        return book_loss(y, t) + sum(0.05 * (w**2).sum() for w in p.values())

    agree(loss, params, numbers(5, 6) * (numbers(5, 6, seed=1) >= zeros), one_hot(5, 3))


def test_squared_error_of_columns_as_nielsen_has_them() -> None:
    params = {"w1": numbers(5, 7), "b1": numbers(5, 1), "w2": numbers(3, 5), "b2": numbers(3, 1)}

    def loss(p: Params, x: Tensor, t: Tensor) -> Tensor:
        a = (p["w2"] @ (p["w1"] @ x + p["b1"]).sigmoid() + p["b2"]).sigmoid()
        return 0.5 * ((a - t) ** 2).sum() / x.shape[1]

    agree(loss, params, numbers(7, 4), numbers(3, 4))


def test_many_blocks_and_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid.book.differences.plan.MOST", 6)
    monkeypatch.setattr("pellucid.book.differences.run.STRETCH", 8)
    x = numbers(6, 7) * (numbers(6, 7, seed=1) > 0)
    agree(two_layers("sigmoid"), two_layer_params(), x, one_hot(6, 4))
    monkeypatch.setattr(run, "DENSE", 0.0)
    agree(two_layers("sigmoid"), two_layer_params(), x, one_hot(6, 4))


def test_equal_numbers_in_a_row() -> None:
    x = np.random.default_rng(0).integers(0, 3, (6, 7)) / 2.0
    agree(two_layers("sigmoid"), two_layer_params(), x, one_hot(6, 4))


def test_weights_that_are_computed_from_a_parameter() -> None:
    def loss(p: Params, x: Tensor) -> Tensor:
        return (x @ (p["W"] * p["W"])).sigmoid().sum()

    agree(loss, {"W": numbers(7, 5)}, np.random.default_rng(0).integers(0, 2, (6, 7)) / 2.0)


# ---- images


def test_convolution_and_pooling() -> None:
    params = {"W1": numbers(3, 2, 3, 3), "b1": numbers(3), "W2": numbers(3 * 2 * 2, 4), "b2": numbers(4)}

    def loss(p: Params, x: Tensor, t: Tensor) -> Tensor:
        a = F.max_pool2d(F.conv2d(x, p["W1"], p["b1"]).relu(), 2)
        return book_loss(a.reshape(x.shape[0], -1) @ p["W2"] + p["b2"], t)

    agree(loss, params, numbers(3, 2, 6, 6), one_hot(3, 4))


def test_convolution_by_columns_as_the_book_has_it() -> None:
    params = {"W": numbers(3, 2, 3, 3), "b": numbers(3)}

    def loss(p: Params, x: Tensor) -> Tensor:
        y = im2col(x, (3, 3)) @ p["W"].reshape(3, -1).T + p["b"]
        y = y.reshape(x.shape[0], 4, 4, 3).transpose((0, 3, 1, 2)).relu()
        return F.avg_pool2d(y, 2).sigmoid().sum()

    agree(loss, params, numbers(2, 2, 6, 6) * (numbers(2, 2, 6, 6, seed=1) > 0.8))


@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions_one_after_the_other(groups: int) -> None:
    params = {"W1": numbers(4, 2 // groups, 3, 3), "W2": numbers(2, 4 // groups, 3, 3), "scale": numbers(1, 4, 1, 1)}

    def loss(p: Params, x: Tensor) -> Tensor:
        a = F.conv2d(x, p["W1"], padding=1, groups=groups).tanh() * p["scale"]
        return (F.conv2d(a, p["W2"], stride=2, padding=1, groups=groups) ** 2).mean()

    agree(loss, params, numbers(2, 2, 5, 5))


def test_images_made_of_a_parameter() -> None:
    params = {"x": numbers(2, 1, 4, 4), "w": numbers(2, 1, 3, 3)}

    def loss(p: Params) -> Tensor:
        y = F.conv2d(p["x"], p["w"] * p["w"], padding=1)
        columns = im2col(F.max_pool2d(p["x"] * y.sum(), 2), (2, 2))
        return y.sigmoid().sum() + (F.conv2d(p["x"] * 2, p["x"][:, :, :2, :2]) ** 2).mean() + columns.sin().sum()

    agree(loss, params)


def test_batch_norm() -> None:
    params = {"W1": numbers(4, 3), "gamma": numbers(3), "beta": numbers(3), "W2": numbers(3, 2)}

    def loss(p: Params, x: Tensor, t: Tensor) -> Tensor:
        a = F.batch_norm(x @ p["W1"], None, None, p["gamma"], p["beta"], training=True).relu()
        return book_loss(a @ p["W2"], t)

    x = numbers(6, 4) * (numbers(6, 4, seed=1) > 0.5)
    agree(loss, params, x, one_hot(6, 2))


def test_batch_norm_of_images_and_its_running_mean() -> None:
    params = {"W": numbers(3, 1, 2, 2), "gamma": numbers(3)}
    running = pellucid.tensor.Buffer(np.zeros(3)), pellucid.tensor.Buffer(np.ones(3))

    def loss(p: Params, x: Tensor) -> Tensor:
        y = F.batch_norm(F.conv2d(x, p["W"]), *running, p["gamma"], training=True)
        return (y.sigmoid() * numbers(4, 3, 3, 3)).sum()

    fast = differences(loss, params, numbers(4, 1, 4, 4))
    np.testing.assert_array_equal(running[0].numpy(), np.zeros(3))
    slow = plain(loss, params, numbers(4, 1, 4, 4))
    for name in params:
        np.testing.assert_allclose(fast[name], slow[name], rtol=1e-9, atol=1e-9)


# ---- everything else


def shared(p: Params) -> Tensor:
    return ((p["W"] @ p["W"]).sigmoid() @ p["W"].T * p["W"]).sum() + p["W"].max() * p["W"].reshape(-1)[4]


def scalar(p: Params) -> Tensor:
    return (p["s"] * Tensor(numbers(3)) + p["one"]).sin().sum() * p["s"]


def unused(p: Params) -> Tensor:
    return (p["used"] ** 2).sum()


def shapes(p: Params) -> Tensor:
    x = pad(p["x"], [(1, 0), (0, 2)], 1.0)
    y = concatenate([x.T, stack([x[:, 0], x[::-1, 1]])], 0)
    z = y.reshape(2, -1, 4)[:, 1:].transpose((2, 0, 1)).max(2).exp().sum(0)
    return (z / z.sum() * numbers(*z.shape) + x[1, 2]).sum() + y.mean(0).sum()


def chosen(p: Params) -> Tensor:
    x = p["x"]
    taken = take_along_axis(x, np.array([[1, 0, 2, 1]]), 0) + take_along_axis(x, x.argmax(0, keepdims=True), 0)
    return (
        (taken * x[[2, 0]]).sum()
        + (x[np.array([0, 1]), np.array([3, 2])] ** 3).sum()
        + (x[x.argmax(0)] * numbers(4, 4)).sum()
    )


def rows(p: Params) -> Tensor:
    """Rows and columns of products changed, and a product of stacks."""
    w, x = p["w"], p["x"]
    a = (x * x).sigmoid() @ w
    b = x.sum(1, keepdims=True) * Tensor(numbers(1, 4)) @ w
    c = Tensor(numbers(2, 5, 3)) @ (x @ w)
    return (a * b).sum() + c.sin().sum() + (x @ w.sum(1)).sum() + (Tensor(numbers(3, 3)) @ (x @ w)).tanh().sum()


def conditions(p: Params) -> Tensor:
    x = p["x"]
    y = OPERATIONS["where"](x > 0.1, x.exp(), x * 2) + OPERATIONS["maximum"](x, x.T.reshape(3, 4)).abs()
    return y.var() + y.clip(-0.5, 0.5).sum() + (x >= 0).to("float64").sum() + y.std(0).sum()


def scattered(p: Params) -> Tensor:
    x = p["x"]
    changed = OPERATIONS["index_set"](x, (slice(None), 1), x[:, 2] * x[0, 0])
    return (changed * changed).sum()


OTHERS = [
    (shared, {"W": numbers(3, 3)}),
    (scalar, {"s": np.array(0.3), "one": numbers(1)}),
    (unused, {"used": numbers(2), "W": numbers(2, 3), "none": np.zeros((0, 2))}),
    (lambda p: p["s"], {"s": np.array(0.3)}),
    (lambda p: p["s"].reshape(1), {"s": numbers(1, 1)}),
    (lambda p: p["none"].sum() + p["one"].sum(), {"none": np.zeros((0, 2)), "one": numbers(1, 1)}),
    (lambda p: (numbers(4, 0) @ p["none"] + p["b"]).exp().sum(), {"none": np.zeros((0, 2)), "b": numbers(2)}),
    (shapes, {"x": numbers(3, 2)}),
    (chosen, {"x": numbers(3, 4)}),
    (rows, {"w": numbers(4, 2), "x": numbers(3, 4)}),
    (conditions, {"x": numbers(3, 4)}),
    (scattered, {"x": numbers(3, 4)}),
]


@pytest.mark.parametrize(("loss", "params"), OTHERS, ids=lambda x: getattr(x, "__name__", ""))
def test_losses_of_all_kinds(loss: Callable[..., Tensor], params: dict[str, np.ndarray]) -> None:
    agree(loss, params)


def test_a_parameter_that_the_loss_does_not_read_has_slope_zero() -> None:
    assert not differences(unused, {"used": numbers(2), "W": numbers(2, 3)})["W"].any()


def test_columns_of_a_parameter_that_is_no_contiguous_array() -> None:
    agree(two_layers("sigmoid"), two_layer_params() | {"W1": numbers(5, 7).T}, numbers(6, 7), one_hot(6, 4))


def test_dropout_is_drawn_once() -> None:
    x = Tensor(np.ones(50))
    slope = differences(lambda p: (dropout(x * p["w"], 0.5)).sum(), {"w": np.ones(50)})["w"]
    assert set(slope.round(6)) == {0.0, 2.0}


def test_repeated_calls_see_new_values() -> None:
    slopes, x = Differences(two_layers("sigmoid")), numbers(6, 7)
    for seed in range(3):
        params = {name: numbers(*w.shape, seed=seed) for name, w in two_layer_params().items()}
        for batch in (x, x * (x > 0.8)):
            fast, slow = (
                slopes(params, batch, one_hot(6, 4)),
                plain(two_layers("sigmoid"), params, batch, one_hot(6, 4)),
            )
            for name in params:
                np.testing.assert_allclose(fast[name], slow[name], rtol=1e-9, atol=1e-9)


def test_tensors_from_outside_are_read_anew() -> None:
    outside = Tensor(np.array([1.0, 2.0]))
    slopes = Differences(lambda p: (p["w"] * outside).sum())
    assert slopes({"w": np.zeros(2)})["w"].round(9).tolist() == [1, 2]
    outside.assign(np.array([3.0, 4.0]))
    assert slopes({"w": np.zeros(2)})["w"].round(9).tolist() == [3, 4]


def test_plain_seconds_times_the_whole_loss() -> None:
    called: list[int] = []
    assert plain_seconds(lambda: called.append(1), {"w": np.zeros((3, 4))}, passes=3) > 0
    assert len(called) == 4


# ---- refusals


def test_a_loss_that_is_no_number_is_refused() -> None:
    with pytest.raises(ShapeError) as caught:
        differences(lambda p: p["w"] * 2, {"w": np.zeros(3)})
    assert str(caught.value) == "differences: the loss has shape (3,); it must be one number: reduce it with .sum()"


def test_a_loss_that_is_no_tensor_is_refused() -> None:
    with pytest.raises(TraceError) as caught:
        differences(lambda p: 1.0, {"w": np.zeros(3)})  # type: ignore[arg-type,return-value]
    assert str(caught.value) == (
        "differences: the loss is a float; it must be a Tensor, computed from the params with Pellucid's operations; "
        "numerical_gradient takes any function"
    )


def test_a_loss_in_float32_is_refused() -> None:
    with pytest.raises(DTypeError) as caught:
        differences(lambda p: p["w"].sum().to("float32"), {"w": np.zeros(3)})
    assert str(caught.value) == (
        "differences: the loss is float32; differences need float64, so nothing on its way may be cast"
    )


@pytest.mark.parametrize(
    ("w", "kind"), [(np.zeros(3, np.float32), "float32"), ([1.0], "list"), (Tensor(1.0), "float32")]
)
def test_parameters_that_are_not_float64_are_refused(w: Any, kind: str) -> None:
    with pytest.raises(DTypeError) as caught:
        differences(lambda p: p["w"].sum(), {"w": w})
    assert str(caught.value) == (
        f"differences: params['w'] is {kind}; differences need float64 arrays, since those of float32 are mostly "
        "rounding: give np.asarray(w, dtype=np.float64)"
    )
