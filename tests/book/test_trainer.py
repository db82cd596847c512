"""The books' Trainer."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import book, data
from pellucid.book.steps import Steps
from pellucid.errors import OptionError, ShapeError


@pytest.fixture(scope="module")
def digits():
    train, test = data.digits()
    parts = [(part.x.reshape(len(part.x), -1) / part.x.max(), part.t) for part in (train, test)]
    return [array for part in parts for array in part]


def trained(digits, **options):
    np.random.seed(0)
    network = book.MultiLayerNet(64, [30], 10)
    trainer = book.Trainer(network, *digits, epochs=4, mini_batch_size=50, **options)
    trainer.train()
    return trainer


@pytest.mark.parametrize(
    ("name", "param"),
    [("SGD", {"lr": 0.5}), ("Momentum", {"lr": 0.1}), ("AdaGrad", {"lr": 0.1}), ("adam", {"lr": 0.01})],
)
def test_it_learns(digits, name, param):
    trainer = trained(digits, optimizer=name, optimizer_param=param, verbose=False)
    assert len(trainer.train_loss_list) == trainer.max_iter
    assert len(trainer.train_acc_list) == len(trainer.test_acc_list)
    assert trainer.network.accuracy(digits[2], digits[3]) > 0.85


def test_it_is_the_books_algorithm(digits):
    trainer = trained(digits, optimizer_param={"lr": 0.1}, verbose=False)
    np.random.seed(0)
    network = book.MultiLayerNet(64, [30], 10)
    w = network.params
    losses = []
    for _ in range(trainer.max_iter):
        chosen = np.random.choice(len(digits[0]), 50)
        x, t = digits[0][chosen], np.eye(10)[digits[1][chosen]]
        hidden = np.maximum(x @ w["W1"] + w["b1"], 0)
        slope = (book.softmax(hidden @ w["W2"] + w["b2"]) - t) / 50
        back = slope @ w["W2"].T * (hidden > 0)
        grads = {"W1": x.T @ back, "b1": back.sum(0), "W2": hidden.T @ slope, "b2": slope.sum(0)}
        for key in w:
            w[key] -= 0.1 * grads[key]
        y = book.softmax(np.maximum(x @ w["W1"] + w["b1"], 0) @ w["W2"] + w["b2"])
        losses.append(-np.mean(np.log(y[t == 1] + 1e-7)))
    np.testing.assert_allclose(trainer.train_loss_list, losses, rtol=1e-9)
    for key in w:
        np.testing.assert_allclose(trainer.network.params[key], w[key], rtol=1e-8, atol=1e-11)


def test_it_prints_what_the_book_prints(digits, capsys):
    trainer = trained(digits, evaluate_sample_num_per_epoch=100)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"train loss:{trainer.train_loss_list[0]}"
    assert lines[1] == f"=== epoch:1, train acc:{trainer.train_acc_list[0]}, test acc:{trainer.test_acc_list[0]} ==="
    assert lines[-2] == "=============== Final Test Accuracy ==============="
    assert lines[-1] == f"test acc:{trainer.network.accuracy(digits[2], digits[3])}"


def test_an_unknown_optimizer_is_told(digits):
    with pytest.raises(OptionError, match=r"^Trainer: optimizer='Adma' is unknown, did you mean 'adam'\?$"):
        trained(digits, optimizer="Adma")


def test_labels_that_are_too_few_are_told(digits):
    x, t, *test = digits
    with pytest.raises(ShapeError, match=rf"^Trainer: x_train has {len(x)} examples but t_train has 3$"):
        book.Trainer(book.TwoLayerNet(64, 5, 10), x, t[:3], *test)


@pytest.mark.parametrize("batchnorm", [False, True])
@pytest.mark.parametrize("name", ["SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam"])
def test_many_steps_in_one_call_are_single_steps(digits, name, batchnorm):
    def trainer():
        np.random.seed(2)
        network = book.MultiLayerNetExtend(64, [20], 10, weight_decay_lambda=0.01, use_batchnorm=batchnorm)
        return book.Trainer(network, *digits, epochs=2, optimizer=name, verbose=False)

    whole = trainer()
    whole.train()
    single = trainer()
    for _ in range(single.max_iter):
        single.train_step()
    np.testing.assert_allclose(whole.train_loss_list, single.train_loss_list, rtol=1e-8)
    assert whole.test_acc_list == single.test_acc_list
    for key, w in single.network.params.items():
        np.testing.assert_allclose(whole.network.params[key], w, rtol=1e-7, atol=1e-10, err_msg=key)
    for ours, theirs in zip(whole.network.running(), single.network.running(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-8)


def test_a_network_of_the_readers_own_is_trained(digits):
    class Own:
        def __init__(self):
            self.params = {"W": np.zeros((64, 10))}

        def gradient(self, x, t):
            return {"W": x.T @ (book.softmax(x @ self.params["W"]) - np.eye(10)[t]) / len(x)}

        def loss(self, x, t):
            return book.cross_entropy_error(book.softmax(x @ self.params["W"]), t)

        def accuracy(self, x, t):
            return np.mean((x @ self.params["W"]).argmax(axis=1) == t)

    trainer = book.Trainer(Own(), *digits, epochs=5, optimizer_param={"lr": 0.5}, verbose=False)
    trainer.train()
    assert trainer.network.accuracy(digits[2], digits[3]) > 0.7


def test_weight_decay_may_change_between_calls():
    def losses(changes):
        np.random.seed(4)
        network = book.MultiLayerNet(4, [3], 2, weight_decay_lambda=0.5)
        steps = Steps(network, book.SGD(lr=0.1))
        x, t, rows = np.random.rand(6, 4), np.array([0, 1, 0, 1, 1, 0]), np.zeros((2, 3), np.int64)
        first = steps.run(x, t, rows)
        network.weight_decay_lambda = 0.0 if changes else 0.5
        return first, steps.run(x, t, rows)

    (first, kept), (same, without) = losses(False), losses(True)
    assert first == same
    assert without[0] < kept[0]


@pytest.mark.parametrize("examples", [1, 2, 3, 300, 1024, 60_000, 2**33])
@pytest.mark.parametrize("batch_size", [1, 7, 100])
def test_rows_drawn_in_one_call_are_those_of_one_choice_a_step(examples, batch_size):
    np.random.seed(5)
    single = [np.random.choice(examples, batch_size) for _ in range(30)]
    behind = np.random.randn()
    np.random.seed(5)
    np.testing.assert_array_equal(np.random.randint(0, examples, (30, batch_size)), single)
    assert np.random.randn() == behind
