"""Tables in Markdown, and text that has no marks in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

MARKS = re.compile(r"(`[^`]*`)|([\\*_\[\]<>|~$#{}`])")


def plain(text: str) -> str:
    r"""Text without marks, so that Markdown shows it as it is; what stands between backticks stays code.

    >>> print(plain("x**2 | `a_b` [1]"))
    x\*\*2 \| `a_b` \[1\]
    """
    return MARKS.sub(lambda found: found[1] or f"\\{found[2]}", text)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """The first columns, `left` of them, to the left, the others, numbers, to the right; aligned in the source too.

    >>> print(table(["", "µs"], [["PyTorch", "323"], ["Pellucid", "31"]]))
    |          |  µs |
    |:---------|----:|
    | PyTorch  | 323 |
    | Pellucid |  31 |
    """
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = [":" + "-" * (width + 1) if i < left else "-" * (width + 1) + ":" for i, width in enumerate(widths)]
    lines = [_line(cells, widths, left) for cells in (head, *rows)]
    return "\n".join([lines[0], f"|{'|'.join(rule)}|", *lines[1:]])


def _line(cells: Sequence[str], widths: Sequence[int], left: int) -> str:
    padded = [
        cell.ljust(width) if i < left else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return f"| {' | '.join(padded)} |"
