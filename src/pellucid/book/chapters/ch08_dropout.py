"""DeepConvNet drops out its very scores: what that does, and what is different without it.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 8.1
"""

from __future__ import annotations

from math import comb, log

import numpy as np

from pellucid.book import DeepConvNet, Dropout, load_mnist
from pellucid.book.chapters.ch08_deep_convnet import teach
from pellucid.book.chapters.page import Page

SEEDS = 3


class Plain(DeepConvNet):
    """The same, but all scores are kept."""

    def make_layers(self, params):
        layers = super().make_layers(params)
        layers["Dropout2"] = Dropout(0.0)
        return layers


def run(page: Page) -> None:
    # Dropout belongs between layers, where others can stand in for what is missing. The book's network has one behind
    # its last layer, too: in training each class has the score 0 half of the time, the right one too.
    (x, t), (x_test, t_test) = load_mnist(flatten=False)
    steps = 40 if page.quick else 600
    networks = [teach(page.seed, steps, kind) for kind in (DeepConvNet, Plain)]

    # Where the right score is 0, it is at best one of 1 + k equal ones, if k of the nine others are 0 as well. That is
    # a loss of log(1 + k), however well the network has learned.
    least = sum(comb(9, k) * log(1 + k) for k in range(10)) / 2**9 / 2
    print(f"no network has a mean loss below {least:.3f}")
    batches = [slice(i, i + 100) for i in range(0, 1000 if page.quick else 5000, 100)]
    book, plain = (float(np.mean([n.loss(x[b], t[b], train_flg=True) for b in batches])) for n in networks)
    page.beside("loss in training", round(book, 3), "not shown", at_least=least)
    page.beside("loss in training, scores not dropped", round(plain, 3), "not there", at_most=book - 0.3)

    # Once training is over the scores are all there, only halved, and the largest is the same one. So the network gets
    # about as far, but takes longer.
    some = slice(500 if page.quick else 10_000)
    found = [network.accuracy(x_test[some], t_test[some]) for network in networks]
    page.beside("test accuracy", found[0], "not shown", at_least=0.45 if page.quick else 0.95)
    page.beside("test accuracy, scores not dropped", found[1], "not there", at_least=0.45 if page.quick else 0.95)
    page.note(
        "the book's DeepConvNet has a Dropout behind its scores, and so has ours; its loss in training stays above "
        f"{least:.2f} and tells little of how far it has come, and it learns more slowly at first"
    )
