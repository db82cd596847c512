"""How far one gets without a network: the average darkness of a digit.

Reference: M. Nielsen, "Neural Networks and Deep Learning", 2015, chapter 1
"""

from __future__ import annotations

from pellucid.book.chapters.page import Page
from pellucid.book.nielsen.mnist_average_darkness import avg_darknesses, guess_digit
from pellucid.book.nielsen.mnist_loader import load_data


def run(page: Page) -> None:
    # A 1 has little ink and an 8 much. Guessing by the amount of ink alone is twice as good as guessing blindly.
    training_data, _, (images, labels) = load_data()
    darkness = avg_darknesses(training_data)
    right = sum(guess_digit(image, darkness) == label for image, label in zip(images, labels, strict=True))
    page.beside("per cent right", 100 * float(right) / len(labels), 22.25, within=0.2)
