"""A small problem that every test here trains on."""

import numpy as np
import pytest

import pellucid
from pellucid import nn, optim
from pellucid.data import ArrayDataset
from pellucid.train import Trainer


@pytest.fixture
def blobs():
    """Three clouds of points in four dimensions, 20 each."""
    rng = np.random.default_rng(0)
    t = np.arange(60) % 3
    return ArrayDataset((3 * np.eye(4)[t] + rng.standard_normal((60, 4))).astype(np.float32), t)


@pytest.fixture
def make_trainer():
    """A trainer of a small network with dropout and batch normalisation: every kind of state there is."""

    def make(seed=0, lr=0.05, scheduler=None, **options):
        pellucid.seed(seed)
        model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))
        optimizer = optim.Adam(model.parameters(), lr=lr)
        return Trainer(model, nn.CrossEntropyLoss(), optimizer, scheduler=scheduler and scheduler(optimizer), **options)

    return make
