"""Softmax, and how it overflows.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 3.5
"""

from __future__ import annotations

import numpy as np

from pellucid.book import softmax
from pellucid.book.chapters.page import Page


def run(page: Page) -> None:
    # Softmax turns scores into numbers between 0 and 1 that add up to 1: probabilities, if one likes.
    y = softmax(np.array([0.3, 2.9, 4.0]))
    page.beside("softmax", y, [0.01821127, 0.24519181, 0.73659691], within=5e-9)
    page.beside("their sum", y.sum(), 1.0, within=1e-12)

    # Typed in from its formula it fails for large scores: e to the 1010th is too large for a float, and inf / inf is
    # no number. When the largest score is subtracted from all of them first, the answers stay the same and nothing
    # overflows.
    a = np.array([1010.0, 1000.0, 990.0])
    with np.errstate(over="ignore", invalid="ignore"):
        naive = np.exp(a) / np.sum(np.exp(a))
    page.beside("from the formula: how many of three are nan", int(np.isnan(naive).sum()), 3, within=0)
    page.beside("softmax of large scores", softmax(a), [9.99954600e-01, 4.53978686e-05, 2.06106005e-09], within=5e-10)
