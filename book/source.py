"""A program's source as a page shows it: paragraphs of prose, each with the code that follows it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """A stretch of the file from line `first` on: comments between statements as prose, and code; one may be empty."""

    prose: str
    code: str
    first: int


@dataclass(frozen=True)
class Source:
    """A module.

    title, text, reference: of its docstring
    before, body, after:    what stands above `run`, in it and below it
    """

    title: str
    text: str
    reference: str
    before: list[Part]
    body: list[Part]
    after: list[Part]

    def place(self, line: int) -> int:
        """Which part of `run` a line belongs to."""
        return max((i for i, part in enumerate(self.body) if part.first <= line), default=0)


def read(text: str) -> Source:
    """Divide the source of a module that has a docstring and a function `run`."""
    module, lines = ast.parse(text), text.splitlines()
    title, _, rest = (ast.get_docstring(module) or "").partition("\n")
    told, _, reference = rest.partition("Reference:")
    run = next(node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "run")
    header = max((node.end_lineno or 0 for node in (run.returns, *run.args.args) if node), default=run.lineno)
    before = [node for node in module.body[1:] if node.lineno < run.lineno and not _is_future(node)]
    after = [node for node in module.body if node.lineno > run.lineno]
    last = run.end_lineno or run.lineno
    return Source(
        title.rstrip("."),
        told.strip(),
        " ".join(reference.split()),
        list(_parts(lines, _last_line(module.body[:2]) + 1, _first_line(run) - 1, before)),
        list(_parts(lines, header + 1, last, run.body)),
        list(_parts(lines, last + 1, len(lines), after)),
    )


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])


def _last_line(nodes: Sequence[ast.stmt]) -> int:
    """Of the docstring, and of the import from __future__ where it comes next."""
    head = [node for node in nodes if isinstance(node, ast.Expr) or _is_future(node)]
    return max((node.end_lineno or 0 for node in head), default=0)


def _parts(lines: Sequence[str], first: int, last: int, statements: Sequence[ast.stmt]) -> Iterator[Part]:
    """The lines `first` to `last`, divided before each comment that stands between two statements."""
    inside = {n for node in statements for n in range(_first_line(node), (node.end_lineno or 0) + 1)}
    indent = statements[0].col_offset if statements else 0
    prose: list[str] = []
    code: list[str] = []
    start = first
    for number in range(first, last + 1):
        line = lines[number - 1]
        between = number not in inside
        if between and line.lstrip().startswith("#"):
            if any(code):
                yield _part(prose, code, start)
                prose, code, start = [], [], number
            prose.append(line.lstrip("# "))
        elif between and not line.strip() and not any(code):
            prose.append("")
        else:
            code.append(line[indent:] if not line[:indent].strip() else line)
    if any(code) or any(prose):
        yield _part(prose, code, start)


def _part(prose: Sequence[str], code: Sequence[str], first: int) -> Part:
    paragraphs = "\n".join(prose).split("\n\n")
    told = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs if paragraph.strip())
    return Part(told, "\n".join(code).strip("\n"), first)
