"""The network of three layers that chapter 3 computes by hand, and the one whose weights it reads from a file.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, sections 3.4 and 3.6
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pellucid.book.functions import identity_function, sigmoid, softmax
from pellucid.book.layers import Affine
from pellucid.errors import ShapeError, nearest

NAMES = ("W1", "b1", "W2", "b2", "W3", "b3")


def init_network() -> dict[str, np.ndarray]:
    """The weights of section 3.4, from 2 inputs to 2 outputs.

    >>> forward(init_network(), np.array([1.0, 0.5]))
    array([0.31682708, 0.69627909])
    """
    return {
        "W1": np.array([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]]),
        "b1": np.array([0.1, 0.2, 0.3]),
        "W2": np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]]),
        "b2": np.array([0.1, 0.2]),
        "W3": np.array([[0.1, 0.3], [0.2, 0.4]]),
        "b3": np.array([0.1, 0.2]),
    }


def forward(network: Mapping[str, Any], x: Any) -> Any:
    """Two layers with a sigmoid, and a third as it is.

    Shapes: x (D,) or (N, D) → (M,) or (N, M)
    """
    return identity_function(_last(network, x))


def predict(network: Mapping[str, Any], x: Any) -> Any:
    """The same with softmax behind: probabilities, as section 3.6 has them for MNIST."""
    return softmax(_last(network, x))


def _last(network: Mapping[str, Any], x: Any) -> Any:
    missing = [name for name in NAMES if name not in network]
    if missing:
        there = nearest(missing[0], network)
        raise ShapeError(f"three layers: the network has no {missing[0]!r}{there}")
    for i in (1, 2):
        x = sigmoid(Affine(network[f"W{i}"], network[f"b{i}"]).forward(x))
    return Affine(network["W3"], network["b3"]).forward(x)
