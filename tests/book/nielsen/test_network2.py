"""network2.Network: costs, initial weights, L2, monitors, early stopping, files."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from pellucid.autodiff import gradients
from pellucid.book.nielsen import network2
from pellucid.book.nielsen.network2 import CrossEntropyCost, Network, QuadraticCost, sigmoid
from pellucid.errors import DataError, OptionError
from pellucid.tensor import Tensor
from tests.book.nielsen import by_hand
from tests.book.nielsen.test_network import close

LABELLED = by_hand.clusters()
DATA = by_hand.with_vectors(LABELLED)
OTHERS = by_hand.clusters(n=30, seed=0)[::-1]
DELTAS = {QuadraticCost: by_hand.quadratic, CrossEntropyCost: by_hand.cross_entropy}


def seeded(sizes=(6, 5, 3), seed=1, **options):
    np.random.seed(seed)
    random.seed(seed)
    return Network(list(sizes), **options)


def cost_by_hand(net, data, lmbda):
    total = 0.0
    for x, y in data:
        a = by_hand.output(net.weights, net.biases, x)
        if net.cost is QuadraticCost:
            total += 0.5 * np.sum((a - y) ** 2) / len(data)
        else:
            total -= np.sum(y * np.log(a) + (1 - y) * np.log(1 - a)) / len(data)
    return total + 0.5 * lmbda / len(data) * sum(np.sum(w**2) for w in net.weights)


def test_initial_weights_are_drawn_in_the_books_order():
    net = seeded()
    assert net.cost is CrossEntropyCost
    np.random.seed(1)
    biases = [np.random.randn(5, 1), np.random.randn(3, 1)]
    weights = [np.random.randn(5, 6), np.random.randn(3, 5)]
    close([*net.biases, *net.weights], [*biases, weights[0] / np.sqrt(6), weights[1] / np.sqrt(5)])
    np.random.seed(1)
    net.large_weight_initializer()
    close([*net.biases, *net.weights], [*biases, *weights])


@pytest.mark.parametrize("cost", [QuadraticCost, CrossEntropyCost])
def test_delta_is_the_slope_of_the_cost(cost):
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(4, 7)), rng.uniform(size=(4, 7))
    leaf = Tensor(z, requires_grad=True)
    (slope,) = gradients(cost.fn(sigmoid(leaf), Tensor(y)), [leaf])
    close([cost.delta(z, sigmoid(z), y)], [slope.numpy()])


def test_costs_are_the_books():
    a, y = np.array([[0.2], [0.7], [1.0], [0.0]]), np.array([[0.0], [1.0], [1.0], [0.0]])
    assert QuadraticCost.fn(a, y) == pytest.approx(0.5 * (0.04 + 0.09), abs=1e-15)
    assert CrossEntropyCost.fn(a, y) == pytest.approx(-np.log(0.8) - np.log(0.7), abs=1e-15)
    assert CrossEntropyCost.fn(np.array([[0.0]]), np.array([[1.0]])) == np.finfo(np.float64).max
    assert CrossEntropyCost.fn([[0.5]], [[1]]) == pytest.approx(np.log(2))


@pytest.mark.parametrize("cost", [QuadraticCost, CrossEntropyCost])
@pytest.mark.parametrize("lmbda", [0.0, 0.7])
def test_training_gives_the_weights_of_the_books_code(cost, lmbda):
    net = seeded((6, 5, 4, 3), cost=cost)
    weights, biases = by_hand.train(net.weights, net.biases, DATA, 4, 10, 0.5, DELTAS[cost], lmbda)
    net = seeded((6, 5, 4, 3), cost=cost)
    assert net.SGD(DATA, 4, 10, 0.5, lmbda) == ([], [], [], [])
    close([*net.weights, *net.biases], [*weights, *biases], 1e-9)


def test_steps_and_gradients_are_the_books():
    net = seeded()
    x, y = DATA[0]
    expected = by_hand.gradient(net.weights, net.biases, x, y, by_hand.cross_entropy)
    for found, by_books in zip(net.backprop(x, y), expected, strict=True):
        close(found, by_books)
    weights, biases = by_hand.step(net.weights, net.biases, DATA[:7], 0.5, by_hand.cross_entropy, 0.1, 47)
    net.update_mini_batch(DATA[:7], 0.5, 0.1, 47)
    close([*net.weights, *net.biases], [*weights, *biases])


def test_another_cost_counts_at_once():
    net, (x, y) = seeded(), DATA[0]
    before = net.backprop(x, y)[0][1]
    net.cost = QuadraticCost
    close(net.backprop(x, y)[0], by_hand.gradient(net.weights, net.biases, x, y, by_hand.quadratic)[0])
    net.cost = CrossEntropyCost
    assert np.array_equal(net.backprop(x, y)[0][1], before)


@pytest.mark.parametrize("cost", [QuadraticCost, CrossEntropyCost])
def test_accuracy_and_total_cost(cost):
    net = seeded(cost=cost)
    right = sum(by_hand.output(net.weights, net.biases, x).argmax() == t for x, t in LABELLED)
    assert net.accuracy(LABELLED) == net.accuracy(DATA, convert=True) == right
    expected = cost_by_hand(net, DATA, 0.3)
    assert net.total_cost(DATA, 0.3) == pytest.approx(expected, rel=1e-12)
    assert net.total_cost(zip(*zip(*LABELLED, strict=True), strict=True), 0.3, convert=True) == net.total_cost(
        DATA, 0.3
    )


def test_monitors_say_what_they_measure(capsys):
    net = seeded()
    costs, accuracies, training_costs, training_accuracies = net.SGD(
        iter(DATA), 2, 10, 0.5, 0.1, iter(OTHERS), True, True, True, True
    )
    assert costs[-1] == net.total_cost(OTHERS, 0.1, convert=True)
    assert accuracies[-1] == net.accuracy(OTHERS)
    assert training_costs[-1] == net.total_cost(DATA, 0.1)
    assert training_accuracies[-1] == net.accuracy(DATA, convert=True)
    assert training_costs[1] < training_costs[0]
    assert capsys.readouterr().out == "".join(
        f"Epoch {j} training complete\n"
        f"Cost on training data: {training_costs[j]}\n"
        f"Accuracy on training data: {training_accuracies[j]} / 47\n"
        f"Cost on evaluation data: {costs[j]}\n"
        f"Accuracy on evaluation data: {accuracies[j]} / 30\n"
        for j in range(2)
    )


def test_only_what_is_asked_for_is_measured(capsys):
    found = seeded().SGD(DATA, 2, 10, 0.5, evaluation_data=OTHERS, monitor_evaluation_accuracy=True)
    assert [len(part) for part in found] == [0, 2, 0, 0]
    assert "Cost" not in capsys.readouterr().out


def test_training_stops_early(capsys):
    net = seeded()
    _, accuracies, _, _ = net.SGD(
        DATA, 1000, 10, 0.5, 0.0, OTHERS, monitor_evaluation_accuracy=True, early_stopping_n=3
    )
    assert len(accuracies) < 1000
    best = max(accuracies[:-3])
    assert max(accuracies[-3:]) <= best == accuracies[-4]
    again = seeded()
    again.SGD(DATA, 1000, 10, 0.5, 0.0, OTHERS, early_stopping_n=3)
    assert capsys.readouterr().out.count("training complete") == 2 * len(accuracies)
    close(again.weights, net.weights)


def test_a_cost_of_ones_own(capsys):
    class Half:
        @staticmethod
        def fn(a, y):
            return 0.25 * np.linalg.norm(a - y) ** 2

        @staticmethod
        def delta(z, a, y):
            return 0.5 * (a - y) * network2.sigmoid_prime(z)

    net = seeded(cost=Half)
    expected = by_hand.train(
        net.weights, net.biases, DATA, 2, 10, 3.0, lambda z, a, y: 0.5 * by_hand.quadratic(z, a, y)
    )
    net = seeded(cost=Half)
    _, _, costs, _ = net.SGD(DATA, 2, 10, 3.0, monitor_training_cost=True)
    close(net.weights, expected[0], 1e-9)
    close(costs[1:], [0.25 * sum(np.sum((net.feedforward(x) - y) ** 2) for x, y in DATA) / 47])


def test_float32_monitors_stay_finite():
    small = [(100 * x.astype(np.float32), y) for x, y in DATA]
    net = seeded(cost=CrossEntropyCost)
    net.large_weight_initializer()
    _, _, costs, _ = net.SGD(small, 1, 10, 0.5, monitor_training_cost=True)
    assert costs[0] == pytest.approx(net.total_cost(small, 0.0), rel=1e-4) and costs[0] < 100


def test_a_network_is_saved_and_loaded(tmp_path):
    net = seeded((6, 5, 4, 3), cost=QuadraticCost)
    net.save(tmp_path / "net.json")
    found = network2.load(tmp_path / "net.json")
    assert found.sizes == [6, 5, 4, 3] and found.num_layers == 4 and found.cost is QuadraticCost
    for x, y in zip([*found.weights, *found.biases], [*net.weights, *net.biases], strict=True):
        assert np.array_equal(x, y)
    content = json.loads((tmp_path / "net.json").read_text())
    assert list(content) == ["sizes", "weights", "biases", "cost"] and content["cost"] == "QuadraticCost"
    assert [path.name for path in tmp_path.iterdir()] == ["net.json"]


GOOD = {"sizes": [2, 1], "weights": [[[1.0, 2.0]]], "biases": [[[0.5]]], "cost": "CrossEntropyCost"}
DAMAGED = [
    (
        '{"sizes": [2',
        "is damaged or no JSON (Expecting ',' delimiter: line 1 column 13 (char 12)); save the network again",
    ),
    ("[1, 2]", "is no network; give a file that Network.save wrote"),
    (
        {**GOOD, "cost": "CrossEntropy"},
        "has the cost 'CrossEntropy', which is not known, did you mean 'CrossEntropyCost'?",
    ),
    ({**GOOD, "cost": ["x"]}, "has the cost ['x'], which is not known; there is QuadraticCost, CrossEntropyCost"),
    ({**GOOD, "sizes": [2]}, "is damaged: its sizes are [2]; save the network again"),
    ({**GOOD, "weights": [[[1.0]]]}, "is damaged: its weights are not the arrays [(1, 2)]; save the network again"),
    ({**GOOD, "biases": [[["a"]]]}, "is damaged: its biases are not the arrays [(1, 1)]; save the network again"),
    ({**GOOD, "biases": 3}, "is damaged: its biases are not the arrays [(1, 1)]; save the network again"),
]


@pytest.mark.parametrize(("content", "message"), DAMAGED)
def test_a_damaged_file_is_told(tmp_path, content, message):
    file = tmp_path / "net.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(DataError) as caught:
        network2.load(file)
    assert str(caught.value) == f"load: {file} {message}"


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match=r"^load: there is no file .*; check the path$"):
        network2.load(tmp_path / "net.json")


def test_mistakes_are_told_in_a_sentence():
    with pytest.raises(OptionError) as caught:
        Network([2, 1], cost="cross-entropy")
    assert str(caught.value) == (
        "Network: cost='cross-entropy' has no functions fn(a, y) and delta(z, a, y); "
        "give QuadraticCost or CrossEntropyCost, the classes"
    )
    net = seeded()
    for options, name in [
        ({"monitor_evaluation_cost": True}, "monitor_evaluation_cost"),
        ({"early_stopping_n": 2}, "early_stopping_n"),
    ]:
        with pytest.raises(OptionError) as caught:
            net.SGD(DATA, 1, 10, 0.5, **options)
        assert str(caught.value) == f"SGD: {name} needs evaluation data; give evaluation_data=validation_data"
