"""Hints about a program that does not even compile."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pellucid.book.typed.cells import Cell
from pellucid.book.typed.failure import Failure


def block_not_indented(failure: Failure) -> str | None:
    """A program copied from a page that has lost its indentation."""
    if not isinstance(failure.error, IndentationError):
        return None
    if failure.said.startswith("expected an indented block"):
        return "what belongs to `def`, `class`, `for` or `if` stands four spaces further in than that line"
    if failure.said.startswith("unexpected indent") and failure.error.lineno == _first_line(failure.cells):
        return "the first line begins at the margin; a method needs its `class` line above it"
    return "lines of one block begin in the same column, with spaces only"


def _first_line(cells: Sequence[Cell]) -> int:
    """The number of the first line that is more than a comment."""
    lines = enumerate((cells[0].text if cells else "").splitlines(), 1)
    return next((i for i, line in lines if line.strip() and not line.lstrip().startswith("#")), 0)


def not_a_letter(failure: Failure) -> str | None:
    """，for , and “ for " as an input method or a word processor makes them"""
    found = re.search(r"invalid character '(.)'|invalid non-printable character U\+(\w+)", failure.said)
    if not found:
        return None
    if found[2]:
        return "an invisible character stands there, often a hard space from a web page; type the space anew"
    plain = PLAIN.get(found[1])
    return f"{found[1]!r} looks like {plain!r} but is another character; type {plain!r}" if plain else None


PLAIN = dict(zip("，（）：；“”‘’【】＝＋－＊／［］！％，−×、", ",():;\"\"''[]=+-*/[]!%,-*,", strict=True))


def after_backslash(failure: Failure) -> str | None:
    """(x_train, t_train), (x_test, t_test) = \\ load_mnist()"""
    if "after line continuation character" in failure.said:
        return "a backslash ends its line; what follows belongs into the next line, or the backslash goes"
    return None


def outside(failure: Failure) -> str | None:
    """return at the margin"""
    found = re.match(r"'(return|yield|break|continue)' ", failure.said)
    if not found or not re.search("outside|not properly in loop", failure.said):
        return None
    return f"`{found[1]}` has slid to the margin; it stands four spaces further in than what it belongs to"


def python2(failure: Failure) -> str | None:
    """print "Epoch" and except E, e"""
    if "Missing parentheses in call to 'print'" in failure.said:
        return "this is Python 2, as in the first edition of the text; today it is `print(...)`"
    return None
