"""What a program of a chapter leaves behind: numbers beside the book's, and pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Number:
    """A number of ours beside the book's. met: whether it is as the book has it"""

    what: str
    ours: Any
    book: str
    met: bool


@dataclass
class Page:
    """Where a program shows its results.

    folder: pictures go here
    quick:  whether less is computed than in the book, so that it takes seconds
    seed:   what the program seeds its generators with, where chance matters
    others: by a program's name, where it has left its files, if not in `folder` too
    """

    folder: Path
    quick: bool = False
    seed: int = 0
    others: Callable[[str], Path] | None = None
    numbers: list[Number] = field(default_factory=list)
    pictures: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def beside(
        self,
        what: str,
        ours: Any,
        book: Any,
        *,
        within: float | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
    ) -> None:
        """Show a number, or some, and the book's.

        within:            how far each may be from the book's
        at_least, at_most: what it must reach, or stay below, where chance matters
        """
        met = True
        if within is not None:
            met = bool(np.allclose(ours, book, rtol=0, atol=within))
        if at_least is not None:
            met = met and bool(np.all(np.asarray(ours) >= at_least))
        if at_most is not None:
            met = met and bool(np.all(np.asarray(ours) <= at_most))
        self.numbers.append(Number(what, ours, str(book), met))
        print(f"{what}: {ours}    the book: {book}" + ("" if met else "    (not met)"))

    def left_by(self, name: str) -> Path:
        """The folder in which another program has left its files, if it has run."""
        return self.others(name) if self.others else self.folder

    def note(self, text: str) -> None:
        """Say in a sentence what differs from the book, and why."""
        self.notes.append(text)
        print(f"note: {text}")

    @contextmanager
    def picture(self, name: str, rows: int = 1, columns: int = 1, width: float = 5.0) -> Iterator[Any]:
        """Axes to draw into; at the end the picture is in the folder as NAME.png.

        width: of one of the axes, in inches
        """
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width * columns, width * 0.8 * rows), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, columns)
        yield axes
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / f"{name}.png"
        figure.savefig(file, dpi=110)
        self.pictures.append(file)
        print(f"picture: {file}")
