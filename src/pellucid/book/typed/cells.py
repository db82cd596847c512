"""A program as cells: a file of Python is one; a notebook several, and so is a pasted notebook or session."""

from __future__ import annotations

import ast
import json
import linecache
import re
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from pellucid.book.typed.sessions import parses, without_prompts
from pellucid.errors import DataError

# Between cells: "# %%", and "In [3]:" as it stands beside a cell, or "# In[3]:" as an export has it.
_MARK = re.compile(r"^(#\s*%%.*|(#\s*)?In\s?\[(\d+|None| )?\]:?)\s*$")
_RESULT = re.compile(r"^Out\s?\[\d+\]:")
_MAGIC = re.compile(r"^\s*[%!]")


@dataclass(frozen=True)
class Cell:
    """A part that runs as one.

    name:  the file's, as it stands in a traceback
    text:  Python; its lines have the numbers that they have in the file
    shows: the value of a last expression is printed, as in a notebook
    """

    name: str
    text: str
    shows: bool


def read_cells(path: Path, notes: list[str]) -> list[Cell]:
    """The cells of a program. What was left out of them is added to the notes.

    Raises: DataError when a notebook is damaged, or a file in an encoding that it does not name
    """
    if path.suffix == ".ipynb":
        return [
            Cell(_remembered(f"{path} (cell {i})", text), text, True)
            for i, text in enumerate(_of_notebook(path, notes), 1)
        ]
    text = _text(path)
    lines, starts = without_prompts(text.splitlines(), notes) or _without_marks(text.splitlines())
    if starts:
        text = "\n".join(lines) + "\n"
    if not parses(text):
        lines = _without_magic(lines, notes)
        text = "\n".join(lines) + "\n"
    name = _remembered(str(path), text)
    if not starts:
        return [Cell(name, text, False)]
    bounds = [0, *starts, len(lines)]
    return [
        Cell(name, "\n" * a + "\n".join(lines[a:b]) + "\n", True)
        for a, b in pairwise(bounds)
        if any(line.strip() for line in lines[a:b])
    ]


def _text(path: Path) -> str:
    try:
        with tokenize.open(path) as file:  # heeds a line such as `# coding: gbk`
            return file.read()
    except (SyntaxError, UnicodeDecodeError) as error:
        raise DataError(
            f"book run: {path} is not UTF-8 ({error}); save it as UTF-8, or name its encoding in the first line, "
            "such as `# coding: gbk`"
        ) from error


def tree_of(cells: Sequence[Cell]) -> ast.Module:
    """All cells as one tree, without those that do not parse: running them says so.

    Of a notebook each node has the number of its cell in `cell`, as "cell 3, ".
    """
    body = []
    for cell in cells:
        if parses(cell.text):
            tree, number = ast.parse(cell.text), re.search(r" \((cell \d+)\)$", cell.name)
            for node in ast.walk(tree) if number else ():
                node.cell = f"{number[1]}, "  # type: ignore[attr-defined]
            body += tree.body
    return ast.Module(body, [])


def _of_notebook(path: Path, notes: list[str]) -> list[str]:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = [cell["source"] for cell in cells if cell["cell_type"] == "code"]
        texts = [source if isinstance(source, str) else "".join(source) for source in code]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"book run: {path} is damaged or not a notebook ({error})") from error
    return [x if parses(x) else "\n".join(_without_magic(x.splitlines(), notes)) for x in texts]


def _without_marks(lines: list[str]) -> tuple[list[str], list[int]]:
    """The lines of a pasted notebook, empty where they are a cell's mark or its result, and the places of the marks."""
    starts = [i for i, line in enumerate(lines) if _MARK.match(line)]
    code, result = [], False
    for i, line in enumerate(lines):
        result = i not in starts and (result or bool(starts and _RESULT.match(line)))
        code.append("" if result or i in starts else line)
    return code, starts


def _without_magic(lines: list[str], notes: list[str]) -> list[str]:
    """The lines, empty where they are commands to a notebook such as %matplotlib inline or !pip install."""
    commands = [line.strip() for line in lines if _MAGIC.match(line)]
    notes += [f"left out {command!r}, which is a command to the notebook" for command in commands]
    # A magic of its own inside of a block still has to leave a block that is not empty.
    return [re.sub(r"\S.*", "pass", line) if _MAGIC.match(line) else line for line in lines]


def _remembered(name: str, text: str) -> str:
    """The name, under which tracebacks now find the text."""
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    return name
