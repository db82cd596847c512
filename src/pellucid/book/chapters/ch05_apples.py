"""Shopping as a graph: values forwards, slopes backwards.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 5.4
"""

from __future__ import annotations

from pellucid.book import AddLayer, MulLayer
from pellucid.book.chapters.page import Page


def run(page: Page) -> None:
    # Two apples of 100 yen and 10 % tax. Each layer knows its own small computation and remembers what it was given.
    apples, tax = MulLayer(), MulLayer()
    price = tax.forward(apples.forward(100, 2), 1.1)
    page.beside("price of two apples", round(price, 8), 220, within=1e-9)

    # Backwards each layer multiplies what comes in by its own slope. If an apple costs a yen more, the whole costs
    # 2.2 yen more.
    dapples, dtax = tax.backward(1)
    dapple, dnumber = apples.backward(dapples)
    page.beside(
        "slopes by an apple's price, the number of apples, the tax",
        [dapple, round(dnumber, 8), dtax],
        [2.2, 110, 200],
        within=1e-9,
    )

    # Three oranges of 150 yen are added. Backwards, an addition hands what it gets to both of its inputs.
    apples, oranges, both, tax = MulLayer(), MulLayer(), AddLayer(), MulLayer()
    fruit = both.forward(apples.forward(100, 2), oranges.forward(150, 3))
    price = tax.forward(fruit, 1.1)
    page.beside("price with three oranges", round(price, 8), 715, within=1e-9)
    dfruit, dtax = tax.backward(1)
    dapples, doranges = both.backward(dfruit)
    dapple, dapple_number = apples.backward(dapples)
    dorange, dorange_number = oranges.backward(doranges)
    found = [dapple_number, dapple, dorange, dorange_number, dtax]
    page.beside(
        "slopes by apples, their price, the oranges' price, oranges, tax",
        [round(x, 8) for x in found],
        [110, 2.2, 3.3, 165, 650],
        within=1e-6,
    )
    _draw(page, price, found)


def _draw(page: Page, price: float, slopes: list[float]) -> None:
    apple_number, apple, orange, orange_number, tax = slopes
    nodes = {
        "apples": (1, 3, "×"),
        "oranges": (1, 1, "×"),
        "both": (2, 2, "+"),
        "tax": (3, 2, "×"),
    }
    edges = [
        ((0, 3.5), nodes["apples"], "2 apples", apple_number),
        ((0, 2.8), nodes["apples"], "100 yen", apple),
        ((0, 1.2), nodes["oranges"], "150 yen", orange),
        ((0, 0.5), nodes["oranges"], "3 oranges", orange_number),
        (nodes["apples"], nodes["both"], "200", 1.1),
        (nodes["oranges"], nodes["both"], "450", 1.1),
        (nodes["both"], nodes["tax"], "650", 1.1),
        ((2, 0.6), nodes["tax"], "tax 1.1", tax),
        (nodes["tax"], (4, 2), f"{price:.0f} yen", 1),
    ]
    with page.picture("ch05-apples", width=8) as ax:
        for start, end, value, slope in edges:
            ax.annotate("", end[:2], start[:2], arrowprops={"arrowstyle": "->", "color": "0.6", "shrinkB": 16})
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            paper = {"facecolor": "w", "edgecolor": "none", "pad": 1}
            ax.text(*middle, value, ha="center", va="bottom", color="C0", bbox=paper)
            ax.text(*middle, f"{slope:g}", ha="center", va="top", color="C3", bbox=paper)
        for x, y, sign in nodes.values():
            ax.text(x, y, sign, ha="center", va="center", fontsize=16, bbox={"boxstyle": "circle", "facecolor": "w"})
        ax.set(xlim=(-0.2, 4.2), ylim=(0.2, 3.8), title="values forwards (blue), slopes backwards (red)")
        ax.axis("off")
