"""Where a program's pictures go when there is no screen, and what is said about it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

BACKEND = "module://pellucid.book.typed.screen"


class Album:
    """Numbers the pictures of the program that runs."""

    def __init__(self) -> None:
        self.begin("picture")

    def begin(self, name: str) -> None:
        self.name, self.saved = name, list[Path]()

    def next(self) -> Path:
        """The path for the next picture. At the first one the reader is told where they go."""
        path = Path(f"{self.name}-{len(self.saved) + 1}.png")
        if not self.saved:
            print(f"There is no screen: pictures are saved as {path.absolute()} and so on.", file=sys.stderr)
        self.saved.append(path)
        return path


album = Album()


def has_screen() -> bool:
    """Whether matplotlib can open windows here: it takes a display and something to draw windows with."""
    if not any(find_spec(name) for name in ("_tkinter", "PyQt6", "PySide6", "PyQt5", "PySide2", "gi", "wx")):
        return False
    if sys.platform in ("darwin", "win32"):
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@contextmanager
def pictures(name: str) -> Iterator[None]:
    """plt.show() and Pillow's show() save while a program runs; at its end figures never shown are saved too."""
    if has_screen():
        yield
        return
    album.begin(name)
    before = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = BACKEND
    loaded = sys.modules.get("matplotlib")
    used = _switch(loaded, BACKEND)
    from PIL import ImageShow

    viewers = list(ImageShow._viewers)
    ImageShow._viewers[:] = [_saver()]
    try:
        try:
            yield
        except SystemExit:
            _show_all()
            raise
        _show_all()
    finally:
        ImageShow._viewers[:] = viewers
        if before is None:
            del os.environ["MPLBACKEND"]
        else:
            os.environ["MPLBACKEND"] = before
        _switch(loaded, used)


def _show_all() -> None:
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].show()


def _switch(matplotlib: Any, backend: Any) -> Any:
    """Set the backend of a matplotlib that is loaded, which looks at the environment no more; the one before."""
    if matplotlib is None or backend is None:
        return None
    used = matplotlib.rcParams._get_backend_or_none()
    matplotlib.use(backend)
    return used or "agg"


def _saver() -> Any:
    from PIL.ImageShow import Viewer

    class Saver(Viewer):
        """Stands in for the programs that open an image."""

        def show(self, image: Any, **options: Any) -> int:
            mode = image.mode if image.mode in ("1", "L", "LA", "RGB", "RGBA") else "RGB"
            image.convert(mode).save(album.next())
            return 1

    return Saver()
