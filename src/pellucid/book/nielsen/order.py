"""The order of the examples in an epoch."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

AUTHORS_SEED = 12345678  # of both generators, in the programs that drew chapter 3's figures
_in_python2 = False


@contextmanager
def as_in_python2() -> Iterator[None]:
    """Inside, lists get the order that Python 2 gave them: the book's programs and its figures were made with that."""
    global _in_python2
    before, _in_python2 = _in_python2, True
    try:
        yield
    finally:
        _in_python2 = before


def shuffle(order: list[int]) -> None:
    """Put the list into the order that `random.shuffle` gives it, from the same random numbers.

    Note: random.shuffle asks three functions for every place. The same draws in one loop take half the time, 7 ms
          in place of 13 for 50,000 examples, where the steps of the epoch take 80.
    """
    if _in_python2:
        _shuffle_of_python2(order)
        return
    draw = random.getrandbits
    last = len(order) - 1
    while last > 0:
        bits = (last + 1).bit_length()
        least = max((1 << (bits - 1)) - 1, 1)  # down to here, the numbers below last + 1 have so many bits
        for i in range(last, least - 1, -1):
            j = draw(bits)
            while j > i:
                j = draw(bits)
            order[i], order[j] = order[j], order[i]
        last = least - 1


def _shuffle_of_python2(order: list[int]) -> None:
    for i in range(len(order) - 1, 0, -1):
        j = int(random.random() * (i + 1))
        order[i], order[j] = order[j], order[i]
