"""What initial weights do to the outputs of deep layers.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 6.2
"""

from __future__ import annotations

import numpy as np

from pellucid.book import relu, sigmoid
from pellucid.book.chapters.page import Page

SEEDS = 3

NODES, LAYERS = 100, 5
STDS = {"1": 1.0, "0.01": 0.01, "Xavier": np.sqrt(1.0 / NODES), "He": np.sqrt(2.0 / NODES)}
FUNCTIONS = {"sigmoid": sigmoid, "tanh": np.tanh, "ReLU": relu}


def run(page: Page) -> None:
    # A thousand random inputs go through five layers of 100. What comes out of the last one should still be spread:
    # where all of it is 0 or 1 there is no slope left, and where all is the same the layers say nothing.
    np.random.seed(page.seed)
    x = np.random.randn(1000, NODES)
    outputs = {(name, std): _layers(function, STDS[std], x) for name, function in FUNCTIONS.items() for std in STDS}

    last = outputs["sigmoid", "1"][-1]
    page.beside(
        "sigmoid, 1: share near 0 or 1",
        round(float(np.mean((last < 0.1) | (last > 0.9))), 2),
        "nearly all",
        at_least=0.6,
    )
    page.beside(
        "sigmoid, 0.01: spread", round(float(outputs["sigmoid", "0.01"][-1].std()), 4), "all near 0.5", at_most=0.02
    )
    page.beside(
        "sigmoid, Xavier: spread", round(float(outputs["sigmoid", "Xavier"][-1].std()), 3), "wide", at_least=0.1
    )
    page.beside("ReLU, 0.01: mean", float(outputs["ReLU", "0.01"][-1].mean()), "nearly 0", at_most=1e-3)
    he = outputs["ReLU", "He"]
    page.beside(
        "ReLU, He: spread of the last layer, divided by the first's",
        round(float(he[-1].std() / he[0].std()), 2),
        "the same in all layers",
        at_least=0.5,
    )

    for name in list(FUNCTIONS)[: 1 if page.quick else 3]:
        with page.picture(f"ch06-activations-{name}", rows=len(STDS), columns=LAYERS, width=2.4) as axes:
            for row, std in zip(axes, STDS, strict=True):
                for i, (ax, values) in enumerate(zip(row, outputs[name, std], strict=True)):
                    ax.hist(values.ravel(), 30, range=(-1, 1) if name == "tanh" else (0, 1))
                    ax.set(title=f"std {std}, layer {i + 1}", yticks=[])
                    if name == "ReLU":
                        ax.set_ylim(0, 7000)  # the bar of zeros is far higher: beside it the others would be flat
            cut = ", the bars of zeros cut off" if name == "ReLU" else ""
            axes[0, 0].figure.suptitle(f"{name}: what the layers put out{cut}")


def _layers(function, std, x):
    found = []
    for _ in range(LAYERS):
        x = function(x @ (np.random.randn(NODES, NODES) * std))
        found.append(x)
    return found
