"""Slopes by differences, and the way down along them.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, sections 4.3 and 4.4
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pellucid import checking

H = 1e-4


def numerical_diff(f: Callable[[Any], Any], x: Any) -> Any:
    """The slope of f at x by a central difference: (f(x + h) - f(x - h)) / 2h, h = 1e-4.

    >>> print(numerical_diff(lambda x: 0.01 * x**2 + 0.1 * x, 5))
    0.1999999999990898
    """
    return (f(x + H) - f(x - H)) / (2 * H)


def numerical_gradient(f: Callable[[Any], Any], x: Any) -> Any:
    """The gradient of f at x, a central difference for each element; f gives one number.

    Shapes: x any → the same
    Note:   x is changed in place while it runs and put back, whatever f does: so f may also look at x from
            outside, as `lambda W: net.loss(x, t)` does. Integers would swallow h, and the slope would be 0 or off: of
            them f gets a float64 copy, and a warning says so

    >>> numerical_gradient(lambda x: x[0] ** 2 + x[1] ** 2, np.array([3.0, 4.0])).round(8)
    array([6., 8.])
    """
    return checking.numerical_gradient(f, x, h=H)


def numerical_gradient_2d(f: Callable[[Any], Any], X: Any) -> Any:
    """The gradient of f at each row of X by itself, or at X if that is a vector.

    Shapes: X (D,) or (N, D) → the same
    """
    rows = X if isinstance(X, np.ndarray) else np.asarray(X)
    if rows.ndim < 2:
        return numerical_gradient(f, rows)
    return np.stack([numerical_gradient(f, row) for row in rows])


def gradient_descent(f: Callable[[Any], Any], init_x: Any, lr: float = 0.01, step_num: int = 100) -> np.ndarray:
    """Where step_num steps against the gradient lead from init_x, each lr times the gradient long.

    Note: as in the book, an array of floats is changed in place: init_x itself is what comes back. Integers and lists
          are copied, since steps do not fit into them

    >>> gradient_descent(lambda x: x[0] ** 2 + x[1] ** 2, np.array([-3.0, 4.0]), lr=0.1).round(12)
    array([-6.11e-10,  8.15e-10])
    """
    whole = not isinstance(init_x, np.ndarray) or init_x.dtype.kind != "f"
    x = np.array(init_x, np.float64) if whole else init_x
    for _ in range(step_num):
        x -= lr * numerical_gradient(f, x)
    return x
