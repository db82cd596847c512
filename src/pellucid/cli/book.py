"""`pellucid book`: programs of the books "Deep Learning from Scratch" and "Neural Networks and Deep Learning".

run SCRIPT.py [ARGS...]    run a program that was typed in from them, a .py file or a notebook
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from pellucid.cli.options import Parser, UsageError
from pellucid.errors import nearest


def add_options(parser: Parser) -> None:
    parser.add_argument("action", metavar="ACTION", help="run")
    parser.add_argument("names", metavar="SCRIPT", nargs="*", help="the program; what follows it is its own")


def divide(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """What `pellucid` reads, and what belongs to the program: all that follows its name."""
    plain = [i for i, word in enumerate(words) if not word.startswith("-")]
    end = plain[1] + 1 if len(plain) > 1 and words[plain[0]] == "run" else len(words)
    return list(words[:end]), list(words[end:])


def run(options: argparse.Namespace) -> int:
    action = ACTIONS.get(options.action)
    if action is None:
        raise UsageError(f"book: there is no action {options.action}{nearest(options.action, ACTIONS)}")
    return action(options)


def _run(options: argparse.Namespace) -> int:
    from pellucid.book.typed import run

    if not options.names:
        raise UsageError("book run: which program? pellucid book run SCRIPT.py")
    return run(options.names[0], options.rest, debug=options.debug)


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {"run": _run}
