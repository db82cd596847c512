"""Slopes from differences: a tangent, a field of gradients, and the way down.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, sections 4.3 and 4.4
"""

from __future__ import annotations

import numpy as np

from pellucid.book import gradient_descent, numerical_diff, numerical_gradient
from pellucid.book.chapters.page import Page


def curve(x):
    return 0.01 * x**2 + 0.1 * x


def bowl(x):
    return x[0] ** 2 + x[1] ** 2


def run(page: Page) -> None:
    # The slope of a function is how much it grows from a little to the left to a little to the right, divided by the
    # distance between the two. At 5 and at 10 it is not quite the 0.2 and 0.3 that the formula gives: a difference
    # rounds.
    page.beside("slope at 5", numerical_diff(curve, 5), 0.1999999999990898, within=1e-15)
    page.beside("slope at 10", numerical_diff(curve, 10), 0.2999999999986347, within=1e-15)

    # With two numbers there is a slope by each: the gradient, which points uphill.
    for at, book in (((3.0, 4.0), [6, 8]), ((0.0, 2.0), [0, 4]), ((3.0, 0.0), [6, 0])):
        page.beside(f"gradient at {at}", numerical_gradient(bowl, np.array(at)), book, within=1e-6)

    # So a step against it leads down. How far one goes at once, the learning rate, decides everything: 0.1 arrives,
    # 10 flies away, 1e-10 does not move.
    for rate, book, tolerance in (
        (0.1, [-6.11110793e-10, 8.14814391e-10], 1e-12),
        (10.0, [-2.58983747e13, -1.29524862e12], 1e9),
        (1e-10, [-2.99999994, 3.99999992], 5e-9),
    ):
        end = gradient_descent(bowl, np.array([-3.0, 4.0]), lr=rate, step_num=100)
        page.beside(f"after 100 steps, learning rate {rate}", end, book, within=tolerance)

    _draw(page)


def _draw(page: Page) -> None:
    x = np.arange(0.0, 20.0, 0.1)
    with page.picture("ch04-gradient", columns=3, width=4.2) as (left, middle, right):
        left.plot(x, curve(x))
        slope = numerical_diff(curve, 5)
        left.plot(x, curve(5) + slope * (x - 5), "--")
        left.plot(5, curve(5), "ok")
        left.set(title="a curve and its tangent at 5", xlabel="x", ylabel="f(x)")

        grid = np.arange(-2, 2.25, 0.25)
        X, Y = np.meshgrid(grid, grid)
        gradients = [numerical_gradient(bowl, np.array(point)) for point in zip(X.ravel(), Y.ravel(), strict=True)]
        U, V = -np.array(gradients).T
        middle.quiver(X.ravel(), Y.ravel(), U, V, color="0.4")
        middle.set(title="against the gradient: downhill", xlabel="x0", ylabel="x1", aspect="equal")

        place, path = np.array([-3.0, 4.0]), []
        for _ in range(20):
            path.append(place.copy())
            place = gradient_descent(bowl, place, lr=0.1, step_num=1)
        right.plot(*np.array(path).T, "o")
        for radius in (1, 2, 3, 4):
            angle = np.linspace(0, 2 * np.pi, 100)
            right.plot(radius * np.cos(angle), radius * np.sin(angle), "--", color="0.7", zorder=0)
        right.set(title="20 steps, learning rate 0.1", xlabel="x0", ylabel="x1")
        right.set(xlim=(-4.5, 4.5), ylim=(-4.5, 4.5), aspect="equal")
