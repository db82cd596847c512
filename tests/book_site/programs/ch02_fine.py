"""A program that comes to its end.

Reference: A. Writer, "A Book", 2030, chapter 2
"""

from __future__ import annotations

import numpy as np

from pellucid.book.chapters.page import Page

SEEDS = 3


def run(page: Page) -> None:
    # The first words.
    print("one", end=" ")
    print("line")
    page.beside("pair", np.array([1.0, 2.5]), [1, 2.5], within=0)

    # The second words, of x**2 and a_b.
    for i in range(2):
        print("turn", i)
    page.beside("drawn", 0.5 + page.seed / 10, "0.5", at_most=0.65)
    _draw(page)
    page.note("It differs, because it does.")


# What draws.
def _draw(page: Page) -> None:
    with page.picture("ch02-fine") as ax:
        ax.plot([1, 2])
    print("drawn")
