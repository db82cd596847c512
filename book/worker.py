"""A process that runs one program with one seed: `python -m book.worker NAME SEED FOLDER [--quick]`.

A process of its own, so that a crash harms no other program, memory is given back, and imports are not timed.
"""

from __future__ import annotations

import io
import os
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from benchmarks import machine
from book.record import BROKEN_OFF, Record, fingerprint, place
from pellucid.book import chapters
from pellucid.book.chapters.page import Page
from pellucid.errors import PellucidError

PACKAGES = ("pellucid", "numpy", "matplotlib", "scikit-learn", "optuna")


class Listener(io.TextIOBase):
    """Takes what is printed, with the line of a function that caused it, however deep below the function it was."""

    def __init__(self, function: CodeType) -> None:
        self.function = function
        self.line = function.co_firstlineno
        self.heard: list[tuple[int, str]] = []

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        frame = sys._getframe(1)
        while frame is not None and frame.f_code is not self.function:
            frame = frame.f_back
        if frame is not None:  # else another thread printed: it belongs to the line before
            self.line = frame.f_lineno
        if self.heard and self.heard[-1][0] == self.line:
            self.heard[-1] = (self.line, self.heard[-1][1] + text)
        else:
            self.heard.append((self.line, text))
        return len(text)


def main(arguments: Sequence[str] | None = None) -> int:
    name, seed, folder, *quick = sys.argv[1:] if arguments is None else arguments
    record = Record(name, int(seed), bool(quick), fingerprint(name))
    try:
        run(chapters.program(name), record, Path(folder))
    except KeyboardInterrupt:
        return BROKEN_OFF
    record.write(Path(folder))
    return 0


def run(program: ModuleType, record: Record, folder: Path) -> None:
    """Run a program and put down what it leaves, in the record and the folder."""
    import matplotlib.backends.backend_agg  # noqa: F401 - so that the first picture does not pay for it

    record.where = machine.describe(PACKAGES)
    page = Page(folder, record.quick, record.seed, lambda name: place(folder.parents[2], name, record.seed))
    listener = Listener(program.run.__code__)
    start = time.perf_counter()
    try:
        with redirect_stdout(listener):
            program.run(page)
    except Exception as error:  # noqa: BLE001 - whatever it was, the record tells it and the other programs run
        if not isinstance(error, PellucidError):  # whose sentence says what to do, and needs no traceback
            traceback.print_exc()
        record.failed = f"{type(error).__name__}: {error}"
    record.seconds = time.perf_counter() - start
    record.printed = [(line, text.replace(f"{folder}{os.sep}", "")) for line, text in listener.heard]
    record.numbers = [
        {"what": number.what, "ours": plain(number.ours), "book": number.book, "met": number.met}
        for number in page.numbers
    ]
    record.notes, record.pictures = page.notes, [picture.name for picture in page.pictures]


def plain(value: Any) -> Any:
    """A number or numbers as JSON has them, anything else, shapes too, as its text.

    >>> plain([np.float32(0.5), 2, "three"]), plain((9, 75))
    ([0.5, 2, 'three'], '(9, 75)')
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value if isinstance(value, int | float | str) else str(value)


if __name__ == "__main__":
    sys.exit(main())
