"""What is timed beside our networks computes the same numbers."""

from __future__ import annotations

import random

import numpy as np
import pytest

from pellucid import book
from pellucid.book.chapters import plain
from pellucid.book.nielsen.network import Network
from tests.book.nielsen import by_hand

LABELLED = by_hand.clusters()
DATA = by_hand.with_vectors(LABELLED)


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return rng.random((60, 12), np.float32), np.eye(4)[rng.integers(0, 4, 60)]


def test_the_steps_of_chapter_5_are_the_trainers(images):
    x, t = images
    np.random.seed(1)
    network = book.TwoLayerNet(12, 9, 4, weight_init_std=0.5)
    params = {key: array.copy() for key, array in network.params.items()}
    trainer = book.Trainer(
        *(network, x, t, x, t), epochs=5, mini_batch_size=10, optimizer_param={"lr": 0.5}, verbose=False
    )
    np.random.seed(2)
    trainer.train()
    np.random.seed(2)
    losses = []
    for _ in range(trainer.max_iter):
        chosen = np.random.choice(60, 10)
        losses.append(plain.train_step(params, x[chosen], t[chosen], 0.5))
    assert trainer.max_iter == 30
    np.testing.assert_allclose(trainer.train_loss_list, losses, rtol=0, atol=1e-9)
    for key, array in params.items():
        np.testing.assert_allclose(network.params[key], array, rtol=0, atol=1e-9, err_msg=key)
    assert plain.accuracy(params, x, t) == network.accuracy(x, t)


def test_the_epochs_of_nielsen_are_the_networks():
    np.random.seed(1)
    net = Network([6, 5, 4, 3])
    weights, biases = net.weights, net.biases
    random.seed(2)
    net.SGD(DATA, 3, 10, 3.0)
    random.seed(2)
    data = list(DATA)
    for _ in range(3):
        random.shuffle(data)
        for start in range(0, len(data), 10):
            weights, biases = plain.update_mini_batch(weights, biases, data[start : start + 10], 3.0)
    for ours, theirs in zip([*net.weights, *net.biases], [*weights, *biases], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
    assert plain.evaluate(weights, biases, LABELLED) == net.evaluate(LABELLED)


def test_seconds_are_those_of_the_parts_that_are_there(images, monkeypatch):
    asked = []
    monkeypatch.setattr(plain, "_seconds", lambda once, times: (once(), asked.append(times), 0.5)[-1])
    np.random.seed(1)
    network = book.TwoLayerNet(12, 9, 4)
    before = {key: array.copy() for key, array in network.params.items()}
    fewer = tuple(array[:20] for array in images)
    assert plain.training_seconds(network.params, images, fewer, 100, 3, part=20) == 100 * 0.5 + 3 * 0.5 * 80 / 20
    assert asked == [5, 20]
    for key, array in before.items():
        np.testing.assert_array_equal(network.params[key], array)
    net = Network([6, 5, 3])
    shuffling, step, image = 0.5, 0.5, 0.5 / 5
    expected = 2 * (shuffling + len(DATA) / 10 * step + len(LABELLED) * image)
    assert plain.epochs_seconds(net, DATA, LABELLED, 2, part=5) == pytest.approx(expected)
