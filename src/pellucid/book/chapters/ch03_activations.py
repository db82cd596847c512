"""Activation functions: the step of a perceptron, the sigmoid, ReLU.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 3.2
"""

from __future__ import annotations

import numpy as np

from pellucid.book import relu, sigmoid, step_function
from pellucid.book.chapters.page import Page


def run(page: Page) -> None:
    # A perceptron's output jumps from 0 to 1. The sigmoid goes there smoothly, and so its slope tells in which
    # direction a weight should change: that is what lets a network learn.
    page.beside(
        "sigmoid of -1, 1 and 2", sigmoid(np.array([-1.0, 1.0, 2.0])), [0.26894142, 0.73105858, 0.88079708], within=5e-9
    )
    page.beside("step of -1, 1 and 2", step_function(np.array([-1.0, 1.0, 2.0])), [0, 1, 1], within=0)

    # ReLU lets through what is above 0. It is as simple as the step, and its slope is 1 above 0.
    x = np.arange(-5.0, 5.0, 0.1)
    with page.picture("ch03-activations", columns=3, width=3.6) as axes:
        for ax, function in zip(axes, (step_function, sigmoid, relu), strict=True):
            ax.plot(x, function(x))
            ax.set(title=function.__name__, xlabel="x", ylabel="output", ylim=(-0.1, 5.1 if function is relu else 1.1))
