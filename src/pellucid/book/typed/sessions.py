"""A program that is a pasted interactive session: `>>> ` or `In [3]: ` before its code, and between what it printed."""

from __future__ import annotations

import ast
import re

_PYTHON = re.compile(r"\s*>>> ?(.*)")
_IPYTHON = re.compile(r"\s*In \[\d+\]: ?(.*)")
_MORE = re.compile(r"\s*(?:\.\.\.(?= |$)|\.{3,}:) ?(.*)")  # `... ` of Python, `   ...: ` of IPython
_BANNER = re.compile(r"I?Python \d|Type [\"']|\[(GCC|Clang|MSC)")  # what they say as they start


def without_prompts(lines: list[str], notes: list[str]) -> tuple[list[str], list[int]] | None:
    """The code of a session, and the places of its prompts; None where the lines are no session.

    What it printed becomes empty lines, so that each line keeps its number. What stands above the first prompt is
    code, as in a text that defines a function and then tries it.
    """
    # A mark `In [3]:` by itself is a notebook's, whose code stands below it without a prompt.
    in_ipython = any(found[1].strip() for found in map(_IPYTHON.match, lines) if found)
    prompt = _IPYTHON if in_ipython else _PYTHON
    starts = [i for i, line in enumerate(lines) if prompt.match(line)]
    above = ["" if _BANNER.match(line) else line for line in lines[: starts[0]]] if starts else []
    if not starts or not parses("\n".join(above)):  # the prompt is part of a docstring, or a slip comes first
        return None
    code, inside, printed = above, False, 0
    for line in lines[starts[0] :]:
        found = prompt.match(line) or (_MORE.match(line) if inside else None)
        inside = found is not None or (inside and not line.strip())
        printed += found is None and bool(line.strip())
        code.append(found[1] if found else "")
    notes.append(
        f"took the program for an interactive session: left out its prompts and its lines without one ({printed})"
    )
    return code, starts


def parses(text: str) -> bool:
    try:
        ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True
