"""Pictures of a program where there is no screen: saved as NAME-1.png, NAME-2.png in the working folder.

This module is a matplotlib backend (`module://pellucid.book.typed.screen`); a program that draws has it loaded.
"""

from __future__ import annotations

from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

from pellucid.book.typed.album import album


class FigureManager(FigureManagerBase):
    """Saves where others open a window."""

    @classmethod
    def pyplot_show(cls, *, block: bool | None = None) -> None:
        """Save every figure that is open, and close it as a reader would close its window."""
        from matplotlib import pyplot

        for number in pyplot.get_fignums():
            figure = pyplot.figure(number)
            if figure.axes or figure.texts or figure.images:
                figure.savefig(album.next())
        pyplot.close("all")


class FigureCanvas(FigureCanvasAgg):
    manager_class = FigureManager  # type: ignore[assignment]
