"""Medians of rounds, and ratios within rounds: what is slow for a moment is slow for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Spread:
    """The middle, the least and the most of some numbers."""

    middle: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """Of one number at least.

    >>> spread([3.0, 1.0, 2.0])
    Spread(middle=2.0, least=1.0, most=3.0)
    """
    return Spread(median(values), min(values), max(values))


def ratios(others: Sequence[float], ours: Sequence[float]) -> Spread:
    """How many times as long the others take, round by round; a round that one of them lacks does not count.

    >>> ratios([2.0, 8.0, 3.0], [1.0, 2.0])
    Spread(middle=3.0, least=2.0, most=4.0)
    """
    return spread([other / own for other, own in zip(others, ours, strict=False)])


def number(value: float) -> str:
    """Three digits, and a comma at the thousands.

    >>> number(0.01234), number(1.5), number(12.34), number(12345.6)
    ('0.0123', '1.50', '12.3', '12,346')
    """
    if value >= 100:
        return f"{value:,.0f}"
    digits = 1 if value >= 10 else 2 if value >= 1 else 3 if value >= 0.1 else 4
    return f"{value:.{digits}f}"
