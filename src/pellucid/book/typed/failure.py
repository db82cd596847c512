"""An error of a program, and what can be seen from where it came up."""

from __future__ import annotations

import ast
import difflib
import inspect
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import FrameType
from typing import Any

from pellucid.book.typed.cells import Cell, tree_of


@dataclass(frozen=True)
class Failure:
    """An error, and where in the program it came up.

    frame: None where it does not even compile
    cells: of the file that the line stands in
    """

    error: BaseException
    frame: FrameType | None
    line: int
    cells: Sequence[Cell]

    @property
    def said(self) -> str:
        return str(self.error)

    @cached_property
    def names(self) -> dict[str, Any]:
        """What the program calls by a name at this place."""
        return {} if self.frame is None else {**self.frame.f_globals, **self.frame.f_locals}

    @cached_property
    def tree(self) -> ast.Module:
        """The source of the file, or of the notebook's cell, that the line stands in, as far as it parses."""
        return tree_of(self.cells)

    def nodes(self) -> list[ast.AST]:
        """What of the source reaches into the line, innermost last."""
        return [
            x
            for x in ast.walk(self.tree)
            if isinstance(x, ast.expr | ast.stmt) and x.lineno <= self.line <= (x.end_lineno or x.lineno)
        ]

    def value(self, node: ast.AST) -> Any:
        """What a name, or an attribute of one, stands for here; None for anything else. Nothing is called."""
        match node:
            case ast.Name(name):
                return self.names.get(name)
            case ast.Attribute(inner, name):
                return inspect.getattr_static(self.value(inner), name, None)
        return None


Rule = Callable[[Failure], str | None]


def close(word: str, known: Iterable[str]) -> str | None:
    """The known word that is the same but for case and underscores, else one a letter or two off."""
    known = [x for x in known if x != word]
    for x in known:
        if _bare(x) == _bare(word):
            return x
    return next(iter(difflib.get_close_matches(word, known, 1, 0.75)), None)


def _bare(word: str) -> str:
    return word.replace("_", "").lower()
