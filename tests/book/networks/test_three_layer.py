"""The network of three layers that chapter 3 computes by hand."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid.book.networks import three_layer
from pellucid.errors import ShapeError


def test_the_books_numbers_come_out():
    y = three_layer.forward(three_layer.init_network(), [1.0, 0.5])
    np.testing.assert_allclose(y, [0.31682708, 0.69627909], atol=5e-9)


def test_a_batch_is_every_example_of_it():
    network, x = three_layer.init_network(), np.random.default_rng(0).random((5, 2))
    rows = [three_layer.predict(network, row) for row in x]
    np.testing.assert_allclose(three_layer.predict(network, x), rows, rtol=1e-13)
    np.testing.assert_allclose(np.sum(rows, axis=1), 1)


def test_a_key_in_small_letters_is_told():
    network = {key.lower(): w for key, w in three_layer.init_network().items()}
    with pytest.raises(ShapeError, match=r"^three layers: the network has no 'W1', did you mean 'w1'\?$"):
        three_layer.forward(network, [1.0, 0.5])
