"""Batch normalisation: its state."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import nn
from pellucid.errors import ShapeError
from pellucid.tensor import Tensor

X = np.random.default_rng(0).normal(3, 2, (50, 4)).astype(np.float32)


def test_running_statistics_move_in_training_only() -> None:
    layer = nn.BatchNorm1d(4)
    layer(X)
    np.testing.assert_allclose(layer.running_mean.numpy(), 0.1 * X.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.running_var.numpy(), 0.9 + 0.1 * X.var(0, ddof=1), rtol=1e-5)
    state = layer.eval().state_dict()
    layer(X)
    for key, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, state[key])
    assert layer.num_batches_tracked.item() == 1


def test_a_cumulative_mean_is_the_mean_of_all_batches() -> None:
    layer = nn.BatchNorm1d(4, momentum=None)
    for batch in (X[:10], X[10:20], X[20:30]):
        layer(batch)
    expected = np.mean([X[i : i + 10].mean(0) for i in (0, 10, 20)], axis=0)
    np.testing.assert_allclose(layer.running_mean.numpy(), expected, rtol=1e-5)


def test_reset_parameters_starts_again() -> None:
    layer = nn.BatchNorm2d(4)
    fresh = layer.state_dict()
    layer(X.reshape(50, 4, 1, 1))
    layer.reset_parameters()
    for key, value in layer.state_dict().items():
        np.testing.assert_array_equal(value, fresh[key])


def test_a_single_value_for_each_channel_is_refused_in_training() -> None:
    with pytest.raises(ShapeError) as error:
        nn.Sequential(nn.BatchNorm1d(4))(Tensor(X[:1]))
    assert str(error.value) == (
        "Sequential[0] BatchNorm1d(4): batch_norm: training needs more than one value for each channel, "
        "got x (1, 4); give a larger batch, or call model.eval()"
    )
    assert nn.BatchNorm1d(4).eval()(X[:1]).shape == (1, 4)
