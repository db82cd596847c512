"""What a command writes: words for people, and with --json one last line for programs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

EIGHTHS = " ▏▎▍▌▋▊▉█"


class Screen:
    """Words go to stdout, or to stderr where --json keeps stdout for the result."""

    def __init__(self, json: bool = False) -> None:
        from rich.console import Console

        self.json = json
        self.console: Console = Console(stderr=json, highlight=False, soft_wrap=True)

    def show(self, *things: RenderableType) -> None:
        """Print, one after the other."""
        for thing in things:
            self.console.print(thing)

    def facts(self, facts: Mapping[str, str] | Iterable[tuple[str, str]]) -> None:
        """Names and values in two columns; a pair of nothing is an empty line."""
        pairs = list(facts.items() if isinstance(facts, Mapping) else facts)
        width = max((len(name) for name, _ in pairs), default=0) + 2
        for name, value in pairs:
            self.console.print(f"  [dim]{name:{width}}[/dim]{escape(value)}".rstrip() if value else "")

    def result(self, result: Mapping[str, Any]) -> None:
        """The JSON line, where it was asked for; null stands in it for a number that is not finite."""
        if self.json:
            line = json.dumps(without_nan(result), ensure_ascii=False, allow_nan=False)
            print(line, file=sys.stdout, flush=True)


def without_nan(value: Any) -> Any:
    """The same with None in place of the numbers that JSON has no words for.

    >>> without_nan({"error": float("inf"), "counts": [1, 2.5]})
    {'error': None, 'counts': [1, 2.5]}
    """
    if isinstance(value, Mapping):
        return {name: without_nan(x) for name, x in value.items()}
    if isinstance(value, list | tuple):
        return [without_nan(x) for x in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def escape(text: str) -> str:
    """Text from outside, in which square brackets mean nothing."""
    from rich.markup import escape as rich_escape

    return rich_escape(text)


def bar(part: float, width: int) -> str:
    """`part` (0..1) of `width` cells, filled to an eighth of a cell.

    >>> bar(0.5, 5)
    '██▌  '
    """
    whole, rest = divmod(round(min(max(part, 0.0), 1.0) * width * 8), 8)
    return ("█" * whole + EIGHTHS[rest] * (whole < width)).ljust(width)[:width]


def percent(part: float, decimals: int = 1) -> str:
    """0.975 as "97.5 %", in a column of four digits and a point.

    >>> percent(0.975), percent(0.9912, 2)
    (' 97.5 %', ' 99.12 %')
    """
    return f"{100 * part:{decimals + 4}.{decimals}f} %"


def bytes_text(size: int) -> str:
    """A size for people.

    >>> bytes_text(11_594_722), bytes_text(46_193)
    ('11.6 MB', '46 kB')
    """
    if size >= 1_000_000:
        return f"{size / 1e6:.1f} MB"
    return f"{size / 1e3:.0f} kB" if size >= 1_000 else f"{size} B"


def duration(seconds: float) -> str:
    """Seconds for people.

    >>> duration(4.25), duration(192), duration(7500)
    ('4.2 s', '3 min 12 s', '2 h 5 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
