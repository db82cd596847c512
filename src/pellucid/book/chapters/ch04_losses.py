"""How wrong an answer is: the squared error and the cross-entropy.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 4.2
"""

from __future__ import annotations

import numpy as np

from pellucid.book import cross_entropy_error, mean_squared_error
from pellucid.book.chapters.page import Page


def run(page: Page) -> None:
    # The right answer is a 2. One network gives it a probability of 0.6, the other says 7.
    t = np.array([0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    right = np.array([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0])
    wrong = np.array([0.1, 0.05, 0.1, 0.0, 0.05, 0.1, 0.0, 0.6, 0.0, 0.0])
    page.beside("squared error, right", mean_squared_error(right, t), 0.0975, within=1e-12)
    page.beside("squared error, wrong", mean_squared_error(wrong, t), 0.5975, within=1e-12)

    # The cross-entropy looks at the right answer's probability only: -log 0.6 and -log 0.1.
    page.beside("cross-entropy, right", cross_entropy_error(right, t), 0.510825457099338, within=1e-12)
    page.beside("cross-entropy, wrong", cross_entropy_error(wrong, t), 2.302584092994546, within=1e-12)

    # For a batch it is the mean over the examples. Labels say the same as rows with a single 1.
    batch, labels = np.stack([right, wrong]), np.array([2, 2])
    mean = (0.510825457099338 + 2.302584092994546) / 2
    page.beside("of a batch, by labels", cross_entropy_error(batch, labels), mean, within=1e-12)
