"""Gates made of a perceptron, and XOR made of gates.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, chapter 2
"""

from __future__ import annotations

import numpy as np

from pellucid.book import AND, NAND, OR, XOR
from pellucid.book.chapters.page import Page

INPUTS = ((0, 0), (1, 0), (0, 1), (1, 1))
TABLES = {"AND": (0, 0, 0, 1), "NAND": (1, 1, 1, 0), "OR": (0, 1, 1, 1), "XOR": (0, 1, 1, 0)}


def run(page: Page) -> None:
    # A perceptron adds up its weighted inputs and fires when the sum is above a threshold. With two inputs that is a
    # line in the plane: on one side it gives 1, on the other 0. Three gates differ by their three numbers alone.
    for gate in (AND, NAND, OR):
        page.beside(gate.__name__, [gate(*x) for x in INPUTS], list(TABLES[gate.__name__]), within=0)

    # No line has (1, 0) and (0, 1) on one side and the other two points on the other, so that no perceptron is an XOR.
    # Two layers of them are: NAND and OR look at the inputs, and AND at what these two say.
    page.beside("XOR", [XOR(*x) for x in INPUTS], list(TABLES["XOR"]), within=0)

    with page.picture("ch02-gates", columns=3, width=4) as axes:
        names = {"OR": "OR: one line", "XOR": "XOR: no line", "XOR by layers": "XOR by layers: two lines"}
        for (name, title), ax in zip(names.items(), axes, strict=True):
            for x, fires in zip(INPUTS, TABLES[name[:3].strip()], strict=True):
                ax.plot(*x, marker="^" if fires else "o", color="C1" if fires else "C0", markersize=12)
            ax.set(title=f"{title} (▲: 1, ●: 0)", xlabel="x1", ylabel="x2", xticks=[0, 1], yticks=[0, 1])
            ax.set(xlim=(-0.5, 1.5), ylim=(-0.5, 1.5), aspect="equal")
        # Where 0.5·x1 + 0.5·x2 is 0.2, from which on OR fires, and 0.7, from which on NAND does not.
        x1 = np.array([-0.5, 1.5])
        either, both = 0.4 - x1, 1.4 - x1
        axes[0].plot(x1, either, "k--")
        axes[0].fill_between(x1, either, 3, color="0.9")
        axes[2].plot(x1, either, "k--", x1, both, "k--")
        axes[2].fill_between(x1, either, both, color="0.9")
