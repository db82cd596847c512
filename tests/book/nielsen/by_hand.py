"""The book's algorithms in plain NumPy, example by example, to hold the networks against."""

from __future__ import annotations

import random

import numpy as np


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def quadratic(z, a, y):
    return (a - y) * sigmoid(z) * (1 - sigmoid(z))


def cross_entropy(z, a, y):
    return a - y


def gradient(weights, biases, x, y, delta):
    """(by biases, by weights) of one example, by the four equations of chapter 2."""
    activations, zs = [x], []
    for w, b in zip(weights, biases, strict=True):
        zs.append(w @ activations[-1] + b)
        activations.append(sigmoid(zs[-1]))
    error = delta(zs[-1], activations[-1], y)
    by_biases, by_weights = [error], [error @ activations[-2].T]
    for i in range(2, len(weights) + 1):
        slope = sigmoid(zs[-i]) * (1 - sigmoid(zs[-i]))
        error = (weights[1 - i].T @ error) * slope
        by_biases.insert(0, error)
        by_weights.insert(0, error @ activations[-i - 1].T)
    return by_biases, by_weights


def step(weights, biases, batch, eta, delta, lmbda=0.0, n=1):
    """The weights and biases after one step on a mini-batch."""
    sums_b, sums_w = [np.zeros_like(b) for b in biases], [np.zeros_like(w) for w in weights]
    for x, y in batch:
        by_b, by_w = gradient(weights, biases, x, y, delta)
        sums_b = [s + g for s, g in zip(sums_b, by_b, strict=True)]
        sums_w = [s + g for s, g in zip(sums_w, by_w, strict=True)]
    rate = eta / len(batch)
    new = [(1 - eta * (lmbda / n)) * w - rate * s for w, s in zip(weights, sums_w, strict=True)]
    return new, [b - rate * s for b, s in zip(biases, sums_b, strict=True)]


def train(weights, biases, data, epochs, size, eta, delta, lmbda=0.0):
    """The weights and biases after so many epochs in the order of random.shuffle."""
    data = list(data)
    for _ in range(epochs):
        random.shuffle(data)
        for start in range(0, len(data), size):
            weights, biases = step(weights, biases, data[start : start + size], eta, delta, lmbda, len(data))
    return weights, biases


def output(weights, biases, a):
    for w, b in zip(weights, biases, strict=True):
        a = sigmoid(w @ a + b)
    return a


def clusters(n=47, inputs=6, classes=3, seed=0):
    """Examples (x, label) around one corner for each class; the same on every call."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, inputs, 1))
    labels = rng.integers(0, classes, n)
    return [(centres[t] + 0.5 * rng.normal(size=(inputs, 1)), int(t)) for t in labels]


def with_vectors(examples, classes=3):
    return [(x, np.eye(classes)[:, [t]]) for x, t in examples]
