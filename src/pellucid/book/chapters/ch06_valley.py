"""Four ways down a long valley: SGD, Momentum, AdaGrad, Adam.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 6.1
"""

from __future__ import annotations

import numpy as np

from pellucid.book import SGD, AdaGrad, Adam, Momentum
from pellucid.book.chapters.page import Page


def height(x, y):
    return x**2 / 20 + y**2


def run(page: Page) -> None:
    # At the same distance from its lowest point this valley is 20 times as steep across as it is along: nearly
    # everywhere the gradient points across it. SGD with steps that are large enough for the valley's length bounces
    # from side to side. Momentum keeps its direction, AdaGrad takes smaller steps where it has already moved much,
    # Adam does both.
    optimizers = {"SGD": SGD(0.95), "Momentum": Momentum(0.1), "AdaGrad": AdaGrad(1.5), "Adam": Adam(0.3)}
    paths = {}
    for name, optimizer in optimizers.items():
        params = {"x": np.array(-7.0), "y": np.array(2.0)}
        path = []
        for _ in range(30):
            path.append((float(params["x"]), float(params["y"])))
            optimizer.update(params, {"x": params["x"] / 10, "y": 2 * params["y"]})
        paths[name] = np.array(path)

    turns = {name: int(np.sum(np.diff(np.sign(path[:, 1])) != 0)) for name, path in paths.items()}
    page.beside("times across the valley: SGD", turns["SGD"], "zigzag, all the way", at_least=29)
    page.beside("times across it: the others", [turns[name] for name in paths if name != "SGD"], "a few", at_most=10)
    ends = [float(height(*path[-1])) for name, path in paths.items() if name != "SGD"]
    page.beside("height at the end: the others", np.round(ends, 3), "near the lowest point", at_most=0.2)

    x, y = np.meshgrid(np.arange(-10, 10, 0.1), np.arange(-5, 5, 0.1))
    with page.picture("ch06-valley", rows=2, columns=2) as axes:
        for ax, (name, path) in zip(axes.ravel(), paths.items(), strict=True):
            ax.contour(x, y, height(x, y), levels=np.arange(1, 8), colors="0.7")
            ax.plot(*path.T, "o-", color="C3", markersize=3)
            ax.plot(0, 0, "+", color="k")
            ax.set(title=name, xlabel="x", ylabel="y", xlim=(-10, 10), ylim=(-10, 10))
