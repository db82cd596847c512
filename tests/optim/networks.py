"""A small network, as parameters and a loss, for the tests of optimisers."""

from __future__ import annotations

import numpy as np

from pellucid.tensor import Parameter, Tensor

SHAPES = [(4, 5), (5,), (5, 3), ()]


def arrays(dtype: str = "float32", seed: int = 0) -> list[np.ndarray]:
    """The same start for every library."""
    numbers = np.random.default_rng(seed)
    return [np.asarray(numbers.normal(size=shape), dtype) for shape in SHAPES]


def parameters(dtype: str = "float32") -> list[Parameter]:
    return [Parameter(array) for array in arrays(dtype)]


def batch(step: int, dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(100 + step).normal(size=(6, 4)).astype(dtype)


def loss(w, x):
    """The same expression of Tensors, here and in PyTorch."""
    y = (x @ w[0] + w[1]).tanh() @ w[2] * w[3]
    return (y * y - y).sum()


def train(w: list[Parameter], optimizer, steps: int, *, start: int = 0, schedule=None) -> None:
    """Some eager steps."""
    for i in range(start, start + steps):
        optimizer.zero_grad()
        loss(w, Tensor(batch(i, str(w[0].dtype)))).backward()
        optimizer.step()
        if schedule is not None:
            schedule.step()


def values(w) -> list[np.ndarray]:
    return [x.numpy() for x in w]


def assert_same_bits(a, b) -> None:
    for x, y in zip(a, b, strict=True):
        assert np.asarray(x).dtype == np.asarray(y).dtype
        assert np.asarray(x).tobytes() == np.asarray(y).tobytes()
