"""The books' networks: one compiled plan gives what walking through the layers by hand gives."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import book
from pellucid.book.networks.network import GRADIENTS
from pellucid.errors import DataError, OptionError, ShapeError

CLOSE = {"rtol": 1e-10, "atol": 1e-12}
WIDE = {"filter_num": 3, "filter_size": 3, "pad": 1, "stride": 1}
NARROW = {"filter_num": 2, "filter_size": 3, "pad": 1, "stride": 1}

NETWORKS = {
    "two layers": lambda: book.TwoLayerNet(12, 7, 4, weight_init_std=0.5),
    "two layers with a sigmoid": lambda: book.TwoLayerNet(12, 7, 4, 0.5, chapter=4),
    "many layers": lambda: book.MultiLayerNet(12, [8, 6, 5], 4, weight_decay_lambda=0.1),
    "sigmoids": lambda: book.MultiLayerNet(12, [8, 6], 4, activation="sigmoid", weight_init_std="xavier"),
    "batch norm": lambda: book.MultiLayerNetExtend(12, [8, 6], 4, weight_init_std=0.3, use_batchnorm=True),
    "dropout": lambda: book.MultiLayerNetExtend(12, [8, 6], 4, use_dropout=True, dropout_ration=0.3),
    "all of it": lambda: book.MultiLayerNetExtend(
        12, [8, 6], 4, weight_decay_lambda=0.01, use_dropout=True, dropout_ration=0.2, use_batchnorm=True
    ),
}
CONVOLUTIONAL = {
    "simple": lambda: book.SimpleConvNet((2, 6, 6), WIDE, hidden_size=5, output_size=4, weight_init_std=0.3),
    "deep": lambda: book.DeepConvNet((1, 8, 8), *[NARROW] * 6, hidden_size=5, output_size=4),
}


def made(name):
    np.random.seed(1)
    network = {**NETWORKS, **CONVOLUTIONAL}[name]()
    rng = np.random.default_rng(2)
    shape = (2, 6, 6) if name == "simple" else (1, 8, 8) if name == "deep" else (12,)
    return network, rng.standard_normal((9, *shape)), rng.integers(0, 4, 9)


def layers_of(network):
    """In their order. DeepConvNet has a list of them, as in the book, the others a dictionary."""
    return network.layers if isinstance(network.layers, list) else list(network.layers.values())


def by_hand(network, x, t):
    """Loss and gradients as the book's own `gradient` walks: forwards, then backwards, layer by layer."""
    for layer in layers_of(network):
        takes_flag = type(layer).__name__ in ("Dropout", "BatchNormalization")
        x = layer.forward(x, True) if takes_flag else layer.forward(x)
    decay = getattr(network, "weight_decay_lambda", 0)
    weights = [w for key, w in network.params.items() if key.startswith("W")]
    loss = network.last_layer.forward(x, t) + 0.5 * decay * sum(np.sum(w**2) for w in weights)
    dout = network.last_layer.backward()
    for layer in reversed(layers_of(network)):
        dout = layer.backward(dout)
    grads = {}
    for layer in layers_of(network):
        for name, gradient in GRADIENTS.items():
            for key, array in network.params.items():
                if getattr(layer, name, None) is array:
                    grads[key] = getattr(layer, gradient) + (decay * array if key.startswith("W") else 0)
    return loss, grads


@pytest.mark.parametrize("name", [*NETWORKS, *CONVOLUTIONAL])
def test_gradient_is_what_the_layers_give_one_after_the_other(name):
    network, x, t = made(name)
    np.random.seed(3)  # of the masks
    _, expected = by_hand(network, x, t)
    other, _, _ = made(name)
    np.random.seed(3)
    found = other.gradient(x, t)
    assert list(found) == list(other.params)
    for key in expected:
        np.testing.assert_allclose(found[key], expected[key], **CLOSE, err_msg=key)
    for ours, theirs in zip(layers_of(other), layers_of(network), strict=True):
        if hasattr(theirs, "running_mean"):
            np.testing.assert_allclose(ours.running_mean, theirs.running_mean, **CLOSE)
            np.testing.assert_allclose(ours.running_var, theirs.running_var, **CLOSE)


@pytest.mark.parametrize("name", [*NETWORKS, *CONVOLUTIONAL])
def test_gradient_is_that_of_differences(name):
    network, x, t = made(name)
    np.random.seed(3)
    numerical = network.numerical_gradient(x, t)
    np.random.seed(3)
    backwards = network.gradient(x, t)
    for key in numerical:  # only the differences see the loss's 1e-7
        np.testing.assert_allclose(numerical[key], backwards[key], rtol=0, atol=3e-5, err_msg=key)


@pytest.mark.parametrize("name", [*NETWORKS, *CONVOLUTIONAL])
def test_loss_and_outputs_are_those_of_the_layers(name):
    network, x, t = made(name)
    network.gradient(x, t)  # running values other than at the start
    y = x
    for layer in layers_of(network):
        y = layer.forward(y, False) if type(layer).__name__ in ("Dropout", "BatchNormalization") else layer.forward(y)
    expected = book.softmax(y) if name == "two layers with a sigmoid" else y
    np.testing.assert_allclose(network.predict(x), expected, **CLOSE)
    decay = 0.5 * getattr(network, "weight_decay_lambda", 0)
    penalty = decay * sum(np.sum(w**2) for key, w in network.params.items() if key.startswith("W"))
    assert network.loss(x, t) == pytest.approx(network.last_layer.forward(y, t) + penalty, abs=1e-12)
    one_hot = np.eye(4)[t]
    assert network.loss(x, one_hot) == pytest.approx(network.loss(x, t), abs=1e-12)
    assert network.accuracy(x, t) == network.accuracy(x, one_hot, batch_size=4) == np.mean(y.argmax(axis=1) == t)


def test_accuracy_is_that_of_a_predict_of_the_readers_own():
    class Stubborn(book.TwoLayerNet):
        def predict(self, x, train_flg=False):
            return np.eye(4)[np.full(len(x), 2)]

    assert Stubborn(3, 2, 4).accuracy(np.zeros((5, 3)), np.array([2, 0, 2, 1, 3])) == 0.4


def test_the_layers_keep_their_gradients():
    network, x, t = made("batch norm")
    grads = network.gradient(x, t)
    assert network.layers["Affine1"].dW is grads["W1"]
    assert network.layers["Affine3"].db is grads["b3"]
    assert network.layers["BatchNorm2"].dgamma is grads["gamma2"]


def test_parameters_are_changed_in_place_or_replaced():
    network, x, t = made("two layers")
    before = network.loss(x, t)
    for key, gradient in network.gradient(x, t).items():
        network.params[key] -= 0.1 * gradient
    in_between = network.loss(x, t)
    network.params["W2"] = np.zeros((7, 4))
    assert in_between < before
    assert network.loss(x, t) == pytest.approx(by_hand(network, x, t)[0], abs=1e-12)
    np.testing.assert_allclose(network.predict(x), np.tile(network.params["b2"], (9, 1)), atol=1e-15)
    assert network.layers["Affine2"].W is network.params["W2"]


def test_weight_decay_may_change_on_the_way():
    network, x, t = made("many layers")
    with_decay = network.loss(x, t)
    network.weight_decay_lambda = 0
    assert network.loss(x, t) < with_decay


def test_weights_are_drawn_as_the_book_draws_them():
    np.random.seed(5)
    network = book.MultiLayerNet(6, [5, 4], 3, weight_init_std="he")
    np.random.seed(5)
    for i, (n, m) in enumerate(((6, 5), (5, 4), (4, 3)), 1):
        np.testing.assert_array_equal(network.params[f"W{i}"], np.sqrt(2.0 / n) * np.random.randn(n, m))
        np.testing.assert_array_equal(network.params[f"b{i}"], np.zeros(m))


def test_the_deep_network_has_the_books_shapes():
    network = book.DeepConvNet()
    shapes = [network.params[f"W{i}"].shape for i in range(1, 9)]
    assert shapes == [
        *((16, 1, 3, 3), (16, 16, 3, 3), (32, 16, 3, 3), (32, 32, 3, 3), (64, 32, 3, 3), (64, 64, 3, 3)),
        *((1024, 50), (50, 10)),
    ]
    assert network.predict(np.zeros((2, 1, 28, 28), np.float32)).shape == (2, 10)


def test_parameters_go_into_a_file_and_come_back(tmp_path):
    network, x, _ = made("simple")
    expected = network.predict(x)
    network.save_params(tmp_path / "params.pkl")
    np.random.seed(9)
    other = CONVOLUTIONAL["simple"]()
    other.load_params(tmp_path / "params.pkl")
    np.testing.assert_array_equal(other.predict(x), expected)
    assert other.layers["Conv1"].W is other.params["W1"]


def test_the_deep_networks_layers_are_counted_as_in_the_book():
    network, x, _ = made("deep")
    with_weights = [network.layers[i] for i in (0, 2, 5, 7, 10, 12, 15, 18)]
    assert all(layer.W is network.params[f"W{i}"] for i, layer in enumerate(with_weights, 1))
    y = x
    for layer in network.layers:
        y = layer.forward(y, False) if isinstance(layer, book.Dropout) else layer.forward(y)
    np.testing.assert_allclose(network.predict(x), y, **CLOSE)


@pytest.mark.parametrize("name", ["many layers", "deep"])
def test_half_precision_is_taken_and_computed_with_in_single(name):
    network, x, t = made(name)
    x = x.astype(np.float16)
    for array in network.params.values():
        array[...] = array.astype(np.float16)  # as the book does: rounded, in float64
    expected = network.predict(x.astype(np.float64))
    np.testing.assert_allclose(network.predict(x), expected, **CLOSE)
    for key, array in network.params.items():
        network.params[key] = array.astype(np.float16)
    assert network.predict(x).dtype == np.float32
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-4, atol=1e-5)
    assert {grad.dtype for grad in network.gradient(x, t).values()} == {np.dtype(np.float32)}


def test_parameters_of_another_network_are_refused(tmp_path):
    network, x, _ = made("simple")
    expected = network.predict(x)
    book.save_params({"W1": np.zeros((4, 2, 3, 3))}, tmp_path / "params.pkl")
    with pytest.raises(DataError, match=r"^SimpleConvNet.load_params: .* has W1 \(4, 2, 3, 3\), this network \(3, 2,"):
        network.load_params(tmp_path / "params.pkl")
    np.testing.assert_array_equal(network.predict(x), expected)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "rellu"}, "MultiLayerNet: activation='rellu' is unknown, did you mean 'relu'?"),
        ({"weight_init_std": "xavir"}, "MultiLayerNet: weight_init_std='xavir' is unknown, did you mean 'xavier'?"),
    ],
)
def test_an_unknown_name_is_told(options, message):
    with pytest.raises(OptionError) as caught:
        book.MultiLayerNet(4, [3], 2, **options)
    assert str(caught.value) == message


def test_a_third_two_layer_network_there_is_not():
    with pytest.raises(OptionError, match="the book has one in chapter 4 and one in chapter 5"):
        book.TwoLayerNet(2, 2, 2, chapter=6)


def test_examples_and_labels_are_as_many():
    network, x, t = made("two layers")
    with pytest.raises(ShapeError, match=r"^accuracy: x has 9 examples but t has 8$"):
        network.accuracy(x, t[:8])


def test_simple_net_learns_from_its_numerical_gradient():
    np.random.seed(0)
    net, x, t = book.simpleNet(), np.array([0.6, 0.9]), np.array([0, 0, 1])
    expected = np.outer(x, book.softmax(x @ net.W) - t)
    np.testing.assert_allclose(net.predict(x), x @ net.W, **CLOSE)
    np.testing.assert_allclose(book.numerical_gradient(lambda _: net.loss(x, t), net.W), expected, atol=1e-5)
