"""How the books' own programs compute, in plain NumPy: to be timed beside ours, a part of a training for the whole.

What comes out is what Pellucid's networks give for the same random numbers.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, chapter 5; M. Nielsen, "Neural Networks and Deep Learning",
           2015, chapter 1
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from itertools import cycle
from typing import Any

import numpy as np

Arrays = list[np.ndarray]
Pair = tuple[np.ndarray, Any]

# ---- chapter 5 of the first book: a mini-batch at a time, layer by layer


def train_step(params: dict[str, np.ndarray], x: np.ndarray, t: np.ndarray, lr: float) -> float:
    """A step of the two-layer network, in place; then the loss of the same batch, which is given back.

    Shapes: params as in TwoLayerNet, x (N, inputs), t one-hot (N, classes)
    """
    hidden, dead, y, _ = _forward(params, x, t)
    slope = (y - t) / len(x)
    slope, w2, b2 = _affine_backward(slope, hidden, params["W2"])
    slope[dead] = 0
    _, w1, b1 = _affine_backward(slope, x, params["W1"])  # the slope by the images too, as the book's layer has it
    for key, gradient in {"W1": w1, "b1": b1, "W2": w2, "b2": b2}.items():
        params[key] -= lr * gradient
    return _forward(params, x, t)[-1]


def accuracy(params: dict[str, np.ndarray], x: np.ndarray, t: np.ndarray) -> float:
    """The share of the images that the two-layer network gets right."""
    return float(np.mean(_scores(params, x)[-1].argmax(axis=1) == t.argmax(axis=1)))


def _scores(params: dict[str, np.ndarray], x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What the hidden layer gives, where it gives 0, and the scores."""
    hidden = np.dot(x, params["W1"]) + params["b1"]
    dead = hidden <= 0
    hidden[dead] = 0
    return hidden, dead, np.dot(hidden, params["W2"]) + params["b2"]


def _forward(params: dict[str, np.ndarray], x: np.ndarray, t: np.ndarray) -> tuple[Any, Any, Any, float]:
    """The same with probabilities, and the loss."""
    hidden, dead, scores = _scores(params, x)
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    y = raised / raised.sum(axis=1, keepdims=True)
    loss = -np.sum(np.log(y[np.arange(len(x)), t.argmax(axis=1)] + 1e-7)) / len(x)
    return hidden, dead, y, float(loss)


def _affine_backward(slope: np.ndarray, x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The slopes by x, w and b of x·w + b."""
    return np.dot(slope, w.T), np.dot(x.T, slope), np.sum(slope, axis=0)


def training_seconds(
    params: dict[str, np.ndarray], train: Pair, test: Pair, steps: int, looks: int, *, part: int
) -> float:
    """What a training of so many steps would take, with looks at the accuracies of all images.

    train, test: images and one-hot labels
    part:        how many steps are timed
    """
    params = {key: np.array(array, np.float64) for key, array in params.items()}
    x, t = train

    def one() -> None:
        chosen = np.random.choice(len(x), 100)
        train_step(params, x[chosen], t[chosen], 0.1)

    look = _seconds(lambda: accuracy(params, *test), 5) * (1 + len(x) / len(test[0]))
    return steps * _seconds(one, part) + looks * look


# ---- Nielsen's chapter 1: an example at a time, columns


def update_mini_batch(weights: Arrays, biases: Arrays, mini_batch: Sequence[Pair], eta: float) -> tuple[Arrays, Arrays]:
    """The weights and biases after a step on pairs of columns (x, y)."""
    sums_w, sums_b = [np.zeros(w.shape) for w in weights], [np.zeros(b.shape) for b in biases]
    for x, y in mini_batch:
        by_w, by_b = _backprop(weights, biases, x, y)
        sums_w = [total + slope for total, slope in zip(sums_w, by_w, strict=True)]
        sums_b = [total + slope for total, slope in zip(sums_b, by_b, strict=True)]
    rate = eta / len(mini_batch)
    return (
        [w - rate * total for w, total in zip(weights, sums_w, strict=True)],
        [b - rate * total for b, total in zip(biases, sums_b, strict=True)],
    )


def evaluate(weights: Arrays, biases: Arrays, test_data: Sequence[Pair]) -> int:
    """How many of the pairs (x, label) are right, one after the other."""
    return sum(int(np.argmax(_activations(weights, biases, x)[0][-1]) == label) for x, label in test_data)


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-z))


def _activations(weights: Arrays, biases: Arrays, x: np.ndarray) -> tuple[Arrays, Arrays]:
    """What each layer puts out, the image first, and the weighted inputs."""
    activations, weighted = [x], []
    for w, b in zip(weights, biases, strict=True):
        weighted.append(np.dot(w, activations[-1]) + b)
        activations.append(_sigmoid(weighted[-1]))
    return activations, weighted


def _backprop(weights: Arrays, biases: Arrays, x: np.ndarray, y: np.ndarray) -> tuple[Arrays, Arrays]:
    """The slopes of ½ |a - y|² by the weights and the biases, from the last layer to the first."""
    activations, weighted = _activations(weights, biases, x)
    by_w, by_b = list[np.ndarray](), list[np.ndarray]()
    slope = activations[-1] - y
    for i in reversed(range(len(weights))):
        delta = slope * _sigmoid(weighted[i]) * (1 - _sigmoid(weighted[i]))
        by_w.insert(0, np.dot(delta, activations[i].T))
        by_b.insert(0, delta)
        slope = np.dot(weights[i].T, delta) if i else slope
    return by_w, by_b


def epochs_seconds(
    net: Any, training_data: Sequence[Pair], test_data: Sequence[Pair], epochs: int, *, part: int
) -> float:
    """What so many epochs in batches of 10 would take, with a count of the test images behind each.

    part: how many batches, and how many test images, are timed
    """
    weights, biases, data = net.weights, net.biases, list(training_data)
    shuffling = _seconds(lambda: random.shuffle(data), 2)
    batches = cycle([data[start : start + 10] for start in range(0, 10 * part, 10)])

    def one() -> None:
        nonlocal weights, biases
        weights, biases = update_mini_batch(weights, biases, next(batches), 3.0)

    step = _seconds(one, part)
    some = test_data[:part]
    image = _seconds(lambda: evaluate(weights, biases, some), 3) / len(some)
    return epochs * (shuffling + len(data) / 10 * step + len(test_data) * image)


def _seconds(once: Callable[[], Any], times: int) -> float:
    """Of one call that nothing disturbs: a tenth of so many calls are quicker. One more, the first of all, warms up.

    Note: the median would not do: beside another busy process NumPy's threads wait for each other, and most steps of
          chapter 5 take 40 ms in place of 1
    """
    once()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - start)
    return float(np.quantile(seconds, 0.1))
