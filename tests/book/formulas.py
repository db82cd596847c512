"""The books' formulas in plain NumPy, apart from Pellucid: what the tests of `pellucid.book` compare with."""

from __future__ import annotations

import numpy as np


def softmax(x):
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def one_hot(t, classes):
    rows = np.zeros((len(t), classes))
    rows[range(len(t)), t] = 1
    return rows


def cross_entropy(y, t):
    return -np.mean([np.log(row[label] + 1e-7) for row, label in zip(y, t, strict=True)])


def columns(x, height, width, stride, pad):
    """Every window as a row, one after the other."""
    x = np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    tops, lefts = range(0, x.shape[2] - height + 1, stride), range(0, x.shape[3] - width + 1, stride)
    return np.array(
        [image[:, top : top + height, left : left + width].ravel() for image in x for top in tops for left in lefts]
    )


def convolution(x, w, b, stride, pad):
    rows = columns(x, w.shape[2], w.shape[3], stride, pad) @ w.reshape(len(w), -1).T + b
    down = (x.shape[2] + 2 * pad - w.shape[2]) // stride + 1
    return rows.reshape(len(x), down, -1, len(w)).transpose(0, 3, 1, 2)


def pooling(x, height, width, stride):
    rows = columns(x, height, width, stride, 0).reshape(-1, x.shape[1], height * width).max(2)
    down = (x.shape[2] - height) // stride + 1
    return rows.reshape(len(x), down, -1, x.shape[1]).transpose(0, 3, 1, 2)


class BatchNorm:
    """Batch normalisation by rows, forwards and backwards, node by node of its graph."""

    def __init__(self, gamma, beta):
        self.gamma, self.beta = gamma, beta
        self.mean, self.var = np.zeros(len(gamma)), np.zeros(len(gamma))

    def forward(self, x):
        mean, var = x.mean(0), ((x - x.mean(0)) ** 2).mean(0)
        self.mean, self.var = 0.9 * self.mean + 0.1 * mean, 0.9 * self.var + 0.1 * var
        self.distance, self.root = x - mean, np.sqrt(var + 1e-6)
        return self.gamma * self.distance / self.root + self.beta

    def backward(self, dout):
        """The gradients by x, gamma and beta."""
        normal = self.distance / self.root
        by_normal = dout * self.gamma
        across = by_normal - by_normal.mean(0) - normal * (by_normal * normal).mean(0)
        return across / self.root, (dout * normal).sum(0), dout.sum(0)


def slopes(function, x, h=1e-6):
    """Central differences of a function that gives one number."""
    found = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        found[i] = (function(x + step) - function(x - step)) / (2 * h)
    return found
