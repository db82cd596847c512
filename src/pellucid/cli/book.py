"""`pellucid book`: the books "Deep Learning from Scratch" and "Neural Networks and Deep Learning", program by program.

list                       what there is, a line each
NAME [NAME ...]            run a chapter's program: numbers beside the book's, and pictures
run SCRIPT.py [ARGS...]    run a program that was typed in, a .py file or a notebook
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from pathlib import Path

from pellucid.cli.options import Parser, UsageError


def add_options(parser: Parser) -> None:
    parser.add_argument("action", metavar="ACTION", nargs="?", help="list, run, or the name of a program")
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="more names; after run: the program and what is its own"
    )
    parser.add_argument("--quick", action="store_true", help="fewer steps, so that a program takes seconds")
    parser.add_argument("--out", metavar="FOLDER", help="where pictures go (default: runs/book)")


def divide(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """What `pellucid` reads, and what belongs to the program: all that follows its name."""
    # What follows --out is a folder, even one with the name "run".
    plain = [i for i, word in enumerate(words) if not word.startswith("-") and words[i - 1 : i] != ["--out"]]
    end = plain[1] + 1 if len(plain) > 1 and words[plain[0]] == "run" else len(words)
    return list(words[:end]), list(words[end:])


def run(options: argparse.Namespace) -> int:
    if options.action is None:
        raise UsageError("book: which program? pellucid book NAME runs one, pellucid book list shows all")
    if options.action == "run":
        return _typed(options)
    if options.action == "list":
        return _list(options)
    return _programs([options.action, *options.names], Path(options.out or "runs/book"), options.quick)


def _typed(options: argparse.Namespace) -> int:
    from pellucid.book.typed import run

    if options.quick or options.out is not None:
        raise UsageError(
            "book run: --quick and --out are for the chapters' own programs; what follows SCRIPT.py is its"
        )
    if not options.names:
        raise UsageError("book run: which program? pellucid book run SCRIPT.py")
    return run(options.names[0], options.rest, debug=options.debug)


def _list(options: argparse.Namespace) -> int:
    from pellucid.book import chapters

    if options.names:
        raise UsageError(f"book list: what is {options.names[0]}? list takes no names; pellucid book NAME runs one")
    width = max(map(len, chapters.NAMES))
    for name in chapters.NAMES:
        print(f"{name:{width}}  {chapters.summary(name)}")
    return 0


def _programs(names: Sequence[str], folder: Path, quick: bool) -> int:
    """Run programs of the chapters; 1 where a number is not as the book has it."""
    from pellucid.book import chapters
    from pellucid.book.chapters.page import Page

    for word in names:
        if word in ("list", "run"):
            raise UsageError(f"book: {word} is no program but comes first: pellucid book {word}")
    programs = [(name, chapters.program(name)) for name in names]  # all names are looked at before one runs
    _make(folder)
    missed = 0
    for name, program in programs:
        if len(programs) > 1:
            print(f"{name}: {chapters.summary(name)}")
        page, start = Page(folder, quick), time.perf_counter()
        program.run(page)
        met = sum(number.met for number in page.numbers)
        missed += len(page.numbers) - met
        print(f"{met} of {len(page.numbers)} numbers met, {time.perf_counter() - start:.1f} s")
    return 1 if missed else 0


def _make(folder: Path) -> None:
    """Before anything is computed for it, which may take minutes."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fault = "" if os.access(folder, os.W_OK) else "Permission denied"
    except OSError as error:
        fault = error.strerror or str(error)
    if fault:
        raise UsageError(f"book: pictures cannot go to {folder}: {fault}; --out names another folder")
