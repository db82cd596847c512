"""mnist_loader, expand_mnist, the order of the examples."""

from __future__ import annotations

import gzip
import os
import pickle
import random

import numpy as np
import pytest

from pellucid.book.nielsen import mnist_loader, network2
from pellucid.book.nielsen.expand_mnist import expand_mnist
from pellucid.book.nielsen.mnist_loader import load_data, load_data_wrapper, vectorized_result
from pellucid.book.nielsen.network import Network
from pellucid.book.nielsen.order import AUTHORS_SEED, as_in_python2, shuffle
from pellucid.errors import DataError, RangeError, ShapeError

needs_mnist = pytest.mark.skipif(
    not os.environ.get("PELLUCID_DATA"), reason="it needs MNIST: set PELLUCID_DATA to the folder that has mnist/"
)


@pytest.mark.parametrize("n", [*range(10), 31, 32, 33, 1000, 1025])
def test_the_order_is_that_of_random_shuffle(n):
    expected, found = list(range(n)), list(range(n))
    random.seed(n)
    random.shuffle(expected)
    state = random.getstate()
    random.seed(n)
    shuffle(found)
    assert found == expected and random.getstate() == state


def test_the_order_of_python_2_is_left_behind():
    random.seed(1)
    with as_in_python2():
        old = list(range(5))
        shuffle(old)
    assert random.random() == _after(5, seed=1)  # a draw for each place but the first
    expected, found = list(range(5)), list(range(5))
    random.seed(1)
    random.shuffle(expected)
    random.seed(1)
    shuffle(found)
    assert found == expected != old


def _after(n, seed):
    random.seed(seed)
    return [random.random() for _ in range(n)][-1]


@needs_mnist
def test_with_the_books_seed_and_order_a_network_learns_as_the_authors_did():
    training, _, test = load_data_wrapper()
    np.random.seed(AUTHORS_SEED)
    random.seed(AUTHORS_SEED)
    net = network2.Network([784, 30, 10])
    net.large_weight_initializer()
    with as_in_python2():
        net.SGD(training, 2, 10, 0.5, lmbda=5.0, dtype="float64")
    # From fig/regularized_full.json, which lies beside the book's programs.
    assert net.accuracy(test) == 9341
    assert net.accuracy(training, convert=True) == 46835


def test_a_digit_as_a_vector():
    assert np.array_equal(vectorized_result(np.int64(3)), np.eye(10)[:, [3]])
    for wrong in (10, -1, np.zeros(3)):
        with pytest.raises(RangeError) as caught:
            vectorized_result(wrong)
        assert str(caught.value) == f"vectorized_result: {wrong!r} is no digit; give one of 0..9"


def small_file(path):
    rng = np.random.default_rng(0)
    parts = tuple((rng.random((n, 784), np.float32), rng.integers(0, 10, n)) for n in (5, 3, 2))
    with gzip.open(path, "wb") as file:
        pickle.dump(parts, file)
    return parts


def test_the_books_file_is_read(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "src").mkdir()
    parts = small_file(tmp_path / "data" / "mnist.pkl.gz")
    monkeypatch.chdir(tmp_path / "src")  # where the book's programs are
    for found, expected in zip(load_data(), parts, strict=True):
        assert np.array_equal(found[0], expected[0]) and np.array_equal(found[1], expected[1])
    monkeypatch.chdir("/")
    training, validation, test = load_data_wrapper(tmp_path / "data" / "mnist.pkl.gz")
    assert [len(part) for part in (training, validation, test)] == [5, 3, 2]
    x, y = training[4]
    assert np.array_equal(x, parts[0][0][4].reshape(784, 1)) and np.array_equal(y, vectorized_result(parts[0][1][4]))
    assert x.dtype == np.float32 and y.dtype == np.float64
    assert validation[2][1] == parts[1][1][2] and np.ndim(test[0][1]) == 0
    Network([784, 4, 10]).SGD(training, 1, 2, 3.0, test_data=test)


def test_a_damaged_file_is_told(tmp_path):
    (tmp_path / "mnist.pkl.gz").write_bytes(b"no pickle")
    with pytest.raises(DataError, match=r"^load_pickle: .*mnist.pkl.gz"):
        load_data(tmp_path / "mnist.pkl.gz")


@needs_mnist
def test_mnists_own_files_give_the_books_arrays(monkeypatch):
    monkeypatch.setattr(mnist_loader, "_found", lambda: None)
    parts = load_data()
    assert [x.shape for x, _ in parts] == [(50000, 784), (10000, 784), (10000, 784)]
    assert [list(t[:5]) for _, t in parts] == [[5, 0, 4, 1, 9], [3, 8, 6, 9, 6], [7, 2, 1, 0, 4]]
    x = parts[0][0]
    assert x.dtype == np.float32 and x.min() == 0 and x.max() == 0.99609375


def test_expanded_data_are_moved_by_a_pixel():
    image = np.zeros((28, 28))
    image[0, 5], image[13, 27] = 1.0, 2.0
    data = [(image.reshape(784, 1), "a"), (np.ones((784, 1)), "b")]
    random.seed(0)
    found = expand_mnist(data)
    assert sorted(y for _, y in found) == ["a"] * 5 + ["b"] * 5
    lit = {tuple(map(tuple, np.argwhere(x.reshape(28, 28)))) for x, y in found if y == "a"}
    assert lit == {
        ((0, 5), (13, 27)),
        ((1, 5), (14, 27)),  # down
        ((12, 27),),  # up
        ((0, 6),),  # right
        ((0, 4), (13, 26)),  # left
    }
    assert all(x.shape == (784, 1) for x, _ in found)
    order = list(range(10))
    random.seed(0)
    random.shuffle(order)
    assert [y for _, y in found] == ["ab"[i // 5] for i in order]
    with pytest.raises(ShapeError, match=r"^expand_mnist: an image is \(4, 1\), but .* 784 pixels"):
        expand_mnist([(np.zeros((4, 1)), 0)])


@needs_mnist
def test_one_epoch_learns_digits(capsys):
    np.random.seed(0)
    random.seed(0)
    training, _, test = load_data_wrapper()
    net = Network([784, 30, 10])
    net.SGD(training, 1, 10, 3.0, test_data=test)
    right = net.evaluate(test)
    said, of = capsys.readouterr().out.removeprefix("Epoch 0: ").split(" / ")
    assert of == "10000\n" and abs(int(said) - right) <= 2  # float32 and float64 may part in a tie
    assert right > 8000
