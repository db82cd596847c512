"""Numbers as text: as many digits as the book's number has, and a mean and a spread over seeds."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from statistics import mean, stdev
from typing import Any

NUMBER = re.compile(r"(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)
LONG = 8  # how many numbers of a row are shown at most


def digits(book: str) -> int:
    """How many significant digits the book's number has, but four at least.

    >>> digits("0.1999999999990898"), digits("-25898374700000.0"), digits("falls")
    (16, 9, 4)
    """
    found = (len(digit.replace(".", "").strip("0")) for digit, _ in NUMBER.findall(book))
    return min(max([4, *found]), 17)


def one(value: Any, significant: int = 4) -> str:
    """A number, or some, with so many significant digits.

    >>> one(0.9732123), one(79520), one([1.0, 2.34567]), one(123456.7), one(1.8234e-6)
    ('0.9732', '79520', '[1, 2.346]', '123457', '1.823e-06')
    """
    if isinstance(value, list):
        shown = value if len(value) <= LONG else [*value[:3], "…", *value[-2:]]
        return f"[{', '.join(one(part, significant) for part in shown)}]"
    if not isinstance(value, float):
        return str(value)
    if math.isfinite(value) and 10**significant <= abs(value) < 1e7:
        return f"{value:.0f}"
    return f"{value:.{significant}g}"


def over_seeds(values: Sequence[Any], significant: int = 4) -> str:
    """Mean ± standard deviation, number by number; what has none, such as words, each once.

    >>> over_seeds([0.97, 0.96, 0.98]), over_seeds([3, 3]), over_seeds([[1.0, 2.0], [3.0, 2.0]])
    ('0.970 ± 0.010', '3', '[2.0 ± 1.4, 2]')
    """
    first = values[0]
    if all(value == first for value in values):
        return one(first, significant)
    if all(isinstance(value, list) and len(value) == len(first) <= LONG for value in values):
        return f"[{', '.join(over_seeds(column, significant) for column in zip(*values, strict=True))}]"
    if all(isinstance(value, int | float) and math.isfinite(value) for value in values):
        return _mean(values)
    return "; ".join(dict.fromkeys(one(value, significant) for value in values))


def _mean(values: Sequence[float]) -> str:
    """The standard deviation to two digits, the mean to the same place.

    >>> _mean([2.4e-5, 2.6e-5]), _mean([81234.0, 81239.0]), _mean([95, 96])
    ('(2.50 ± 0.14)e-05', '81236.5 ± 3.5', '95.50 ± 0.71')
    """
    middle, spread = mean(values), stdev(values)
    power = math.floor(math.log10(max(abs(middle), spread)))
    if -4 < power < 7:
        return _to_place(middle, spread)
    return f"({_to_place(middle / 10.0**power, spread / 10.0**power)})e{power:+03d}"


def _to_place(middle: float, spread: float) -> str:
    decimals = max(0, 1 - math.floor(math.log10(spread)))
    return f"{middle:.{decimals}f} ± {spread:.{decimals}f}"
