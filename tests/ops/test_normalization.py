"""Normalisation."""

from __future__ import annotations

import numpy as np

from pellucid import Buffer, Tensor
from pellucid.operators import OPERATIONS
from tests.ops.harness import Case, checks, floats, positive

batch_norm, layer_norm, local_response_norm = (
    OPERATIONS[name] for name in ("batch_norm", "layer_norm", "local_response_norm")
)


def normal(x: np.ndarray, axes: tuple[int, ...], eps: float = 1e-5) -> np.ndarray:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def by_channel(x: np.ndarray, ndim: int) -> np.ndarray:
    return x.reshape(1, -1, *(1,) * (ndim - 2))


def trained(x: np.ndarray, w: np.ndarray, b: np.ndarray) -> np.ndarray:
    axes = (0, *range(2, x.ndim))
    return normal(x, axes) * by_channel(w, x.ndim) + by_channel(b, x.ndim)


def evaluated(x, m, v, w, b) -> np.ndarray:
    m, v, w, b = (by_channel(part, x.ndim) for part in (m, v, w, b))
    return (x - m) / np.sqrt(v + 1e-5) * w + b


def dimmed(x: np.ndarray, *, size: int, alpha: float, beta: float, k: float) -> np.ndarray:
    y = np.zeros_like(x)
    for c in range(x.shape[1]):
        near = x[:, max(c - size // 2, 0) : c + (size - 1) // 2 + 1]
        y[:, c] = x[:, c] / (k + alpha / size * (near**2).sum(1)) ** beta
    return y


CASES = [
    *(
        Case(
            "batch_norm",
            [floats(*shape), floats(3), floats(3)],
            trained,
            extreme=False,
            note="training",
            run=lambda x, w, b: batch_norm(x, None, None, w, b, training=True),
        )
        for shape in [(5, 3), (2, 3, 2, 2), (2, 3, 3)]
    ),
    *(
        Case(
            "batch_norm",
            [floats(*shape), floats(3), positive(3), floats(3), floats(3)],
            evaluated,
            extreme=False,
            note="evaluation",
        )
        for shape in [(4, 3), (2, 3, 2, 2), (0, 3)]
    ),
    Case(
        "layer_norm",
        [floats(3, 4), floats(4), floats(4)],
        lambda x, w, b: normal(x, (1,)) * w + b,
        run=lambda x, w, b: layer_norm(x, 4, w, b),
        extreme=False,
    ),
    Case(
        "layer_norm",
        [floats(2, 3, 2)],
        lambda x: normal(x, (1, 2), 1e-3),
        run=lambda x: layer_norm(x, (3, 2), eps=1e-3),
        note="two-axes",
        extreme=False,
    ),
    *(
        Case(
            "local_response_norm",
            [floats(2, 5, 2, *rest)],
            dimmed,
            {"size": size, "alpha": 0.5, "beta": 0.75, "k": 1.5},
            note=f"{size}",
            extreme=False,
        )
        for size, rest in [(1, ()), (2, (2,)), (3, ()), (7, ())]
    ),
    Case(
        "standardize",
        [floats(3, 2), floats(2), positive(2), floats(2), floats(2)],
        lambda x, m, v, w, b: (x - m) / np.sqrt(v + 1e-5) * w + b,
        extreme=False,
    ),
]

TestNormalization = checks(CASES)


def test_training_moves_the_running_mean_and_variance() -> None:
    x = np.random.default_rng(0).standard_normal((6, 2)).astype(np.float32)
    mean, var = Buffer(np.zeros(2, np.float32)), Buffer(np.ones(2, np.float32))
    batch_norm(Tensor(x, requires_grad=True), mean, var, training=True, momentum=0.25)
    np.testing.assert_allclose(mean.numpy(), 0.25 * x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(var.numpy(), 0.75 + 0.25 * x.var(0, ddof=1), rtol=1e-5)
    batch_norm(Tensor(x), mean, var, training=False)
    np.testing.assert_allclose(mean.numpy(), 0.25 * x.mean(0), rtol=1e-5)
    assert not mean.requires_grad and not var.requires_grad
