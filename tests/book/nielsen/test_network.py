"""network.Network: the same numbers as the book's own algorithm."""

from __future__ import annotations

import copy
import os
import pickle
import random
import signal
import threading

import numpy as np
import pytest

from pellucid.book.nielsen.network import Network, sigmoid, sigmoid_prime
from pellucid.errors import DataError, DTypeError, OptionError, RangeError, ShapeError
from pellucid.tensor import Tensor
from tests.book.nielsen import by_hand

LABELLED = by_hand.clusters()
DATA = by_hand.with_vectors(LABELLED)


def seeded(sizes=(6, 5, 3), seed=1):
    np.random.seed(seed)
    random.seed(seed)
    return Network(list(sizes))


def close(found, expected, tolerance=1e-12):
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=tolerance, atol=tolerance)


def test_weights_and_biases_are_drawn_in_the_books_order():
    np.random.seed(3)
    biases = [np.random.randn(5, 1), np.random.randn(3, 1)]
    weights = [np.random.randn(5, 6), np.random.randn(3, 5)]
    net = seeded(seed=3)
    assert net.num_layers == 3 and net.sizes == [6, 5, 3]
    for found, expected in zip([*net.biases, *net.weights], [*biases, *weights], strict=True):
        assert np.array_equal(found, expected) and found.dtype == np.float64


def test_the_sigmoid_takes_arrays_numbers_and_tensors():
    z = np.array([[-2.0], [0.0], [1000.0]])
    close([sigmoid(z)], [[[0.11920292202211755], [0.5], [1.0]]])
    assert sigmoid(0) == 0.5 and sigmoid_prime(0.0) == 0.25
    assert isinstance(sigmoid(Tensor([0.0])), Tensor)
    sigmoid(z)[0] = 1.0  # an array of one's own
    x = np.linspace(-5, 5, 11)
    close([sigmoid_prime(x)], [by_hand.sigmoid(x) * (1 - by_hand.sigmoid(x))])
    assert sigmoid(np.float32([0.0])).dtype == np.float32


def test_feedforward_takes_a_column_and_many():
    net = seeded((6, 5, 4, 3))
    columns = np.concatenate([x for x, _ in DATA], axis=1)
    expected = by_hand.output(net.weights, net.biases, columns)
    close([net.feedforward(columns), net.feedforward(DATA[0][0])], [expected, expected[:, :1]])
    close([net.feedforward(Tensor(columns)).numpy()], [expected])
    assert net.feedforward(DATA[0][0].astype(np.float32)).dtype == np.float64


def test_backprop_gives_the_gradients_of_one_example():
    net = seeded((6, 5, 4, 3))
    x, y = DATA[0]
    for found, expected in zip(
        net.backprop(x, y), by_hand.gradient(net.weights, net.biases, x, y, by_hand.quadratic), strict=True
    ):
        close(found, expected)
        found[0] += 1.0  # arrays of one's own


def test_update_mini_batch_is_one_step():
    net = seeded()
    weights, biases = by_hand.step(net.weights, net.biases, DATA[:7], 3.0, by_hand.quadratic)
    net.update_mini_batch(DATA[:7], 3.0)
    close([*net.weights, *net.biases], [*weights, *biases])


@pytest.mark.parametrize("size", [10, 1, 47, 100])
@pytest.mark.parametrize("sizes", [(6, 5, 3), (6, 4, 5, 3), (6, 3)])
def test_training_gives_the_weights_of_the_books_code(size, sizes):
    net = seeded(sizes)
    weights, biases = by_hand.train(net.weights, net.biases, DATA, 4, size, 3.0, by_hand.quadratic)
    drawn = random.random()
    net = seeded(sizes)
    net.SGD(zip([x for x, _ in DATA], [y for _, y in DATA], strict=True), 4, size, 3.0)
    close([*net.weights, *net.biases], [*weights, *biases], 1e-9)
    assert random.random() == drawn  # as many random numbers were used
    assert all(x.dtype == np.float64 for x in [*net.weights, *net.biases])


def test_training_starts_from_the_weights_as_they_are():
    weights, biases = by_hand.train(*_start(), DATA, 1, 10, 3.0, by_hand.quadratic)
    expected, _ = by_hand.train([w * 0.5 for w in weights], biases, DATA, 1, 10, 1.0, by_hand.quadratic)
    net = seeded()
    net.SGD(DATA, 1, 10, 3.0)
    net.weights[0] *= 0.5
    net.weights[1] = net.weights[1] * 0.5
    net.SGD(DATA, 1, 10, 1.0)
    close(net.weights, expected, 1e-9)


def _start():
    net = seeded()
    return net.weights, net.biases


def test_each_epoch_says_how_many_are_right(capsys):
    net = seeded()
    weights, biases = _start()
    expected = []
    random.seed(1)
    data = list(DATA)
    for j in range(3):
        random.shuffle(data)
        for start in range(0, 47, 10):
            weights, biases = by_hand.step(weights, biases, data[start : start + 10], 3.0, by_hand.quadratic)
        right = sum(by_hand.output(weights, biases, x).argmax() == t for x, t in LABELLED)
        expected.append(f"Epoch {j}: {right} / 47\n")
    random.seed(1)
    net.SGD(DATA, 3, 10, 3.0, test_data=iter(LABELLED))
    assert capsys.readouterr().out == "".join(expected)
    assert net.evaluate(LABELLED) == right
    net.SGD(DATA, 2, 10, 3.0)
    assert capsys.readouterr().out == "Epoch 0 complete\nEpoch 1 complete\n"


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.uint8])
def test_columns_that_are_views_of_one_array_train_as_their_copies(dtype):
    rows = (np.concatenate([x for x, _ in DATA], axis=1).T * 3).astype(dtype)
    found = []
    for columns in (
        list(rows[:, :, np.newaxis]),
        [np.reshape(row, (6, 1)) for row in rows],
        [row.reshape(6, 1).copy() for row in rows],
        list(np.repeat(rows, 2, axis=1)[:, ::2, np.newaxis]),
        list(np.concatenate([rows[::-1], rows])[len(rows) :, :, np.newaxis]),
    ):
        net = seeded()
        net.SGD(zip(columns, [y for _, y in DATA], strict=True), 2, 10, 3.0)
        found.append(net.weights[0])
    assert all(np.array_equal(w, found[0]) for w in found)
    backwards = list(rows[::-1][:, :, np.newaxis])
    net = seeded()
    net.SGD(list(zip(backwards, [y for _, y in DATA[::-1]], strict=True))[::-1], 2, 10, 3.0)
    assert np.array_equal(net.weights[0], found[0])


def test_the_precision_is_that_of_the_images_or_the_one_asked_for():
    small = [(x.astype(np.float32), y) for x, y in DATA]
    found = []
    for data, dtype in [(small, None), (small, "float32"), (DATA, np.float32), (small, "float64"), (DATA, None)]:
        net = seeded()
        net.SGD(data, 2, 10, 3.0, dtype=dtype)
        found.append(net.weights[0])
    rounded = [bool(np.array_equal(w, w.astype(np.float32))) for w in found]
    assert rounded == [True, True, True, False, False]
    close(found[:4], [found[4]] * 4, 1e-4)
    with pytest.raises(OptionError, match=r"^SGD: dtype='int8'; give 'float32' or 'float64'$"):
        net.SGD(DATA, 1, 10, 3.0, dtype="int8")


def test_a_cost_derivative_of_ones_own_is_what_is_trained():
    def centred(a, y):  # sums over a column
        return 4.0 * (a - y) ** 3 - 0.1 * a.sum(axis=0)

    class Own(Network):
        def cost_derivative(self, output_activations, y):
            return centred(output_activations, y)

    expected = by_hand.train(*_start(), DATA, 2, 10, 3.0, lambda z, a, y: centred(a, y) * a * (1 - a))
    np.random.seed(1)
    random.seed(1)
    net = Own([6, 5, 3])
    net.SGD(DATA, 2, 10, 3.0)
    close(net.weights, expected[0], 1e-9)


def test_methods_of_ones_own_are_used(capsys):
    class Own(Network):
        def backprop(self, x, y):
            self.count = getattr(self, "count", 0) + 1
            return super().backprop(x, y)

        def evaluate(self, test_data):
            return len(list(test_data)) * 100

    expected = by_hand.train(*_start(), DATA, 1, 10, 3.0, by_hand.quadratic)
    np.random.seed(1)
    random.seed(1)
    net = Own([6, 5, 3])
    net.SGD(DATA, 1, 10, 3.0, test_data=LABELLED)
    assert net.count == 47
    assert capsys.readouterr().out == "Epoch 0: 4700 / 47\n"
    close([*net.weights, *net.biases], [*expected[0], *expected[1]], 1e-9)


def test_feedforward_of_ones_own_is_what_is_evaluated(capsys):
    class First(Network):
        def feedforward(self, a):
            return super().feedforward(a) * np.array([[1.0], [0.0], [0.0]])

    net = First([6, 5, 3])
    zeros = sum(t == 0 for _, t in LABELLED)
    assert net.evaluate(LABELLED) == zeros
    net.SGD(DATA, 1, 10, 3.0, test_data=LABELLED)
    assert capsys.readouterr().out == f"Epoch 0: {zeros} / 47\n"


def test_without_test_data_there_is_nothing_to_count(capsys):
    net = seeded()
    net.SGD(DATA, 1, 10, 3.0, test_data=[])
    assert capsys.readouterr().out == "Epoch 0 complete\n"
    net.SGD(DATA, 0, 10, 3.0)
    assert capsys.readouterr().out == ""


def test_a_network_can_be_copied_and_pickled():
    net = seeded()
    net.SGD(DATA, 1, 10, 3.0)
    net.update_mini_batch(DATA[:7], 3.0)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        close(other.weights, net.weights)
        other.update_mini_batch(DATA[:7], 3.0)
        assert not np.array_equal(other.weights[0], net.weights[0])


def test_evaluation_of_many_is_that_of_few():
    net = seeded()
    many = LABELLED * 30
    assert net.evaluate(many) == 30 * net.evaluate(LABELLED)


def test_ctrl_c_leaves_the_weights_of_the_last_epoch(capsys):
    data = DATA * 20
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    net = seeded()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        net.SGD(data, 10**6, 10, 0.5)
    told = capsys.readouterr().out.count("complete")
    again = seeded()
    again.SGD(data, told, 10, 0.5)
    if not np.array_equal(again.weights[0], net.weights[0]):  # it came between the epoch's end and its line
        again = seeded()
        again.SGD(data, told + 1, 10, 0.5)
    for found, expected in zip([*net.weights, *net.biases], [*again.weights, *again.biases], strict=True):
        assert np.array_equal(found, expected)


FLAT = [(x.ravel(), y) for x, y in DATA]
WRONG = [
    (
        lambda net: net.SGD(FLAT, 1, 10, 3.0),
        ShapeError,
        "SGD: training_data: an image is (6,), where a column (6, 1) is meant; np.reshape(x, (6, 1)) makes one",
    ),
    (
        lambda net: net.SGD([*DATA, *FLAT], 1, 10, 3.0),
        ShapeError,
        "SGD: training_data: an image is (6,), where a column (6, 1) is meant; np.reshape(x, (6, 1)) makes one",
    ),
    (
        lambda net: net.SGD(LABELLED, 1, 10, 3.0),
        ShapeError,
        (
            "SGD: training_data: the output wanted of an example is the label {label}, where a column (3, 1) is meant; "
            "vectorized_result({label}) makes one"
        ),
    ),
    (
        lambda net: net.SGD([(np.zeros((7, 1)), y) for _, y in DATA], 1, 10, 3.0),
        ShapeError,
        "SGD: training_data: an image is (7, 1), but the network's first layer has 6 neurons; give a column (6, 1)",
    ),
    (
        lambda net: net.SGD([(x, np.zeros((4, 1))) for x, _ in DATA], 1, 10, 3.0),
        ShapeError,
        (
            "SGD: training_data: an output wanted is (4, 1), but the network's last layer has 3 neurons; "
            "give a column (3, 1)"
        ),
    ),
    (
        lambda net: net.SGD(DATA, 1, 10, 3.0, test_data=DATA),
        ShapeError,
        (
            "SGD: test_data: what is wanted of an example is of shape (3, 1), where a label such as 5 is meant; "
            "np.argmax gives the label of a vector, and validation_data and test_data have labels"
        ),
    ),
    (
        lambda net: net.evaluate([(DATA[0][0], 0.5)]),
        ShapeError,
        (
            "evaluate: what is wanted of an example is 0.5, where a label such as 5 is meant; "
            "np.argmax gives the label of a vector, and validation_data and test_data have labels"
        ),
    ),
    (
        lambda net: net.evaluate([(DATA[0][0], 9)]),
        RangeError,
        "evaluate: the label 9 is no output of the network, whose last layer has 3 neurons",
    ),
    (
        lambda net: net.evaluate(zip()),
        DataError,
        "evaluate: there are no examples; a zip gives its pairs only once, so keep them: data = list(data)",
    ),
    (
        lambda net: net.SGD(DATA, 1, 10, 3.0, test_data=zip()),
        DataError,
        "SGD: test_data: there are no examples; a zip gives its pairs only once, so keep them: data = list(data)",
    ),
    (
        lambda net: net.SGD(np.zeros((5, 6)), 1, 10, 3.0),
        DataError,
        "SGD: training_data: got an array (5, 6); give a list or zip of pairs (x, y), as load_data_wrapper has them",
    ),
    (
        lambda net: net.SGD([x for x, _ in DATA], 1, 10, 3.0),
        DataError,
        "SGD: training_data: among the examples is an array (6, 1); give pairs (x, y), as load_data_wrapper has them",
    ),
    (
        lambda net: net.SGD([(np.full((6, 1), "a"), y) for _, y in DATA], 1, 10, 3.0),
        DTypeError,
        "SGD: training_data: an image has values of type <U1; give numbers",
    ),
    (
        lambda net: net.feedforward(np.zeros(6)),
        ShapeError,
        "feedforward: the input is (6,), where a column (6, 1) is meant; np.reshape(x, (6, 1)) makes one",
    ),
    (
        lambda net: net.backprop(np.zeros((6, 2)), np.zeros((3, 1))),
        ShapeError,
        "backprop: an image is (6, 2), but the network's first layer has 6 neurons; give a column (6, 1)",
    ),
    (lambda net: net.SGD(DATA, 1, 10, "3"), OptionError, "SGD: eta='3' must be a number, such as 3.0"),
    (
        lambda net: net.SGD(DATA, 1, 0, 3.0),
        OptionError,
        "SGD: mini_batch_size=0 must be a whole number, 1 or more",
    ),
    (
        lambda net: Network([784]),
        OptionError,
        "Network: sizes=[784]; give the neurons of two layers or more, such as [784, 30, 10]",
    ),
    (
        lambda net: Network([784, 30.0, 10]),
        OptionError,
        "Network: size=30.0 must be a whole number, 1 or more; divide with // to keep it whole",
    ),
]


@pytest.mark.parametrize(("call", "kind", "message"), WRONG)
def test_mistakes_are_told_in_a_sentence(call, kind, message):
    net = seeded()
    with pytest.raises(kind) as caught:
        call(net)
    assert str(caught.value) == message.format(label=LABELLED[0][1])
