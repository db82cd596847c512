"""Dropout: how much, when, and with which numbers."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid import nn
from pellucid.tensor import Tensor

X = np.ones((400, 300), np.float32)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_a_part_of_the_numbers_becomes_0_and_the_mean_stays(p: float) -> None:
    y = nn.Dropout(p)(X).numpy()
    assert (y == 0).mean() == pytest.approx(p, abs=0.01)
    np.testing.assert_allclose(y[y != 0], 1 / (1 - p), rtol=1e-6)
    assert y.mean() == pytest.approx(1, abs=0.03)


def test_the_gradient_goes_where_numbers_stayed() -> None:
    x = Tensor(X, requires_grad=True)
    y = nn.Dropout(0.5)(x)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.numpy())


def test_nothing_is_dropped_in_evaluation() -> None:
    np.testing.assert_array_equal(nn.Dropout(0.5).eval()(X).numpy(), X)


def test_a_compiled_dropout_draws_what_an_eager_one_draws() -> None:
    dropout = nn.Dropout(0.5)
    run = pellucid.compile(lambda x: dropout(x))
    pellucid.seed(5)
    eager = [dropout(X).numpy() for _ in range(3)]
    pellucid.seed(5)
    for expected in eager:
        np.testing.assert_array_equal(run(X).numpy(), expected)
    assert (eager[0] != eager[1]).any()
