"""Digits told apart by their average darkness."""

from __future__ import annotations

from pellucid.book.nielsen.mnist_average_darkness import avg_darknesses, guess_digit
from pellucid.book.nielsen.mnist_loader import load_data
from tests.book.nielsen.test_data import needs_mnist


@needs_mnist
def test_average_darkness_gets_the_books_share_right():
    training, _, test = load_data()
    averages = avg_darknesses(training)
    assert list(averages) == list(range(10))
    assert sum(guess_digit(x, averages) == t for x, t in zip(*test, strict=True)) == 2225
