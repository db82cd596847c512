"""The chapters that the programs belong to, in the books' order."""

from __future__ import annotations

from collections.abc import Sequence

SCRATCH, NIELSEN = "Deep Learning from Scratch", "Neural Networks and Deep Learning"

# What the names of a chapter's programs begin with, the book, and what the chapter is about.
CHAPTERS = {
    "ch02": (SCRATCH, "chapter 2: perceptrons"),
    "ch03": (SCRATCH, "chapter 3: neural networks"),
    "ch04": (SCRATCH, "chapter 4: learning"),
    "ch05": (SCRATCH, "chapter 5: backpropagation"),
    "ch06": (SCRATCH, "chapter 6: techniques of learning"),
    "ch07": (SCRATCH, "chapter 7: convolutional networks"),
    "ch08": (SCRATCH, "chapter 8: deep networks"),
    "nielsen-1": (NIELSEN, "chapter 1: digits"),
    "nielsen-2": (NIELSEN, "chapter 2: backpropagation"),
    "nielsen-3": (NIELSEN, "chapter 3: better learning"),
    "nielsen-5": (NIELSEN, "chapter 5: why deep networks are hard to train"),
}


def by_chapter(names: Sequence[str]) -> dict[str, list[str]]:
    """The names under their chapters' titles; a chapter without any is left out.

    >>> by_chapter(["ch02-gates", "ch02-line"])
    {'Deep Learning from Scratch, chapter 2: perceptrons': ['ch02-gates', 'ch02-line']}
    """
    found = {
        f"{book}, {title}": [name for name in names if name.startswith(f"{start}-")]
        for start, (book, title) in CHAPTERS.items()
    }
    return {title: inside for title, inside in found.items() if inside}
