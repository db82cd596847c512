"""Running one program as Python would, with what the books' programs need around it."""

from __future__ import annotations

import ast
import linecache
import os
import sys
import sysconfig
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType, ModuleType, TracebackType

from pellucid.book.typed import hints, slips
from pellucid.book.typed.album import pictures
from pellucid.book.typed.aliases import dropped_names
from pellucid.book.typed.cells import Cell, read_cells
from pellucid.book.typed.importing import offered
from pellucid.book.typed.pickles import safe_pickles
from pellucid.errors import DataError


def run(path: str | os.PathLike[str], argv: Sequence[str] = (), *, debug: bool = False) -> int:
    """Run a program typed in from the books, a .py file or a notebook; the exit code.

    When it fails, the traceback shows its own lines only, then the error, then a hint if one is known. Slips that
    raise nothing are named at the end.

    debug:  the traceback whole
    Raises: DataError when there is no such file; KeyboardInterrupt with the place, for Ctrl-C
    """
    file = Path(path)
    if not file.is_file():
        raise DataError(f"book run: there is no file {file}")
    notes: list[str] = []
    cells = read_cells(file, notes)
    found = slips.of_source(cells)
    main = ModuleType("__main__")
    main.__file__ = str(file)
    _note([*notes, *(slip.told() for slip in found if slip.early)])
    later = [slip for slip in found if not slip.early]
    try:
        with _surroundings(file, main, argv):
            for cell in cells:
                _execute(cell, vars(main))
    except SystemExit as stop:
        return _code(stop)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(_place(stop.__traceback__)) from stop
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        raise
    except Exception as error:  # noqa: BLE001 - whatever a program raises is shown to its author
        return _show(error, cells, later, debug)
    _note(slip.told() for slip in [*later, *slips.of_values(cells, vars(main))])
    return 0


def _execute(cell: Cell, names: dict[str, object]) -> None:
    """Run a cell; print its last value as a notebook does."""
    tree = ast.parse(cell.text, cell.name)
    last = tree.body[-1] if cell.shows and tree.body else None
    if not isinstance(last, ast.Expr) or cell.text.rstrip().endswith(";"):
        exec(compile(tree, cell.name, "exec", dont_inherit=True), names)
        return
    tree.body.pop()
    exec(compile(tree, cell.name, "exec", dont_inherit=True), names)
    value = eval(compile(ast.Expression(last.value), cell.name, "eval", dont_inherit=True), names)
    if value is not None:
        print(repr(value))


@contextmanager
def _surroundings(file: Path, main: ModuleType, argv: Sequence[str]) -> Iterator[None]:
    """All that a program finds around it; taken away afterwards, whatever happens."""
    with ExitStack() as back:
        back.enter_context(_process(file, main, argv))
        back.enter_context(dropped_names())
        back.enter_context(safe_pickles())
        back.enter_context(pictures(file.stem))
        yield
        sys.stdout.flush()


@contextmanager
def _process(file: Path, main: ModuleType, argv: Sequence[str]) -> Iterator[None]:
    """argv, the path of modules and __main__ as Python would set them."""
    before, folder = (sys.argv, sys.path, sys.modules["__main__"]), file.absolute().parent
    modules, finders = set(sys.modules), set(sys.path_importer_cache)
    sys.argv, sys.path, sys.modules["__main__"] = [str(file), *argv], list(sys.path), main
    try:
        with offered(str(folder)):
            sys.path.insert(0, str(folder))
            yield
    finally:
        # The next program may have another module of the same name, and ".." may be another folder.
        for name in set(sys.modules) - modules:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin is not None and Path(origin).absolute().parent in (folder, folder.parent):
                del sys.modules[name]
        for path in set(sys.path_importer_cache) - finders:
            del sys.path_importer_cache[path]
        sys.argv, sys.path, sys.modules["__main__"] = before


# ---- what is shown of a failure


def _show(error: Exception, cells: Sequence[Cell], found: list[slips.Slip], debug: bool) -> int:
    sys.stdout.flush()
    frames = _own_frames(error.__traceback__)
    if debug:
        traceback.print_exception(error)
    else:
        lines = traceback.StackSummary.extract(frames).format()
        said = traceback.format_exception_only(error)
        print(
            "".join([*(["Traceback (most recent call last):\n"] if lines else []), *lines, *said]).rstrip(),
            file=sys.stderr,
        )
    frame, line = frames[-1] if frames else (None, 0)
    cells = cells if frame is None else _cells_of(frame.f_code.co_filename, cells)
    here = next((slip.text for slip in slips.of_source(cells) if slip.line == line), None)
    hint = hints.hint(error, frame, line, cells) or here
    if hint:
        print(f"Hint: {hint}", file=sys.stderr)
    _note(slip.told() for slip in found if slip.text != hint)
    return 1


def _cells_of(name: str, cells: Sequence[Cell]) -> list[Cell]:
    """The program's cells of this name; a module beside it is one cell."""
    own = [cell for cell in cells if cell.name == name]
    return own or [Cell(name, "".join(linecache.getlines(name)), False)]


def _own_frames(step: TracebackType | None) -> list[tuple[FrameType, int]]:
    """The calls that stand in the program and the modules beside it, and their lines."""
    found = []
    while step is not None:
        if _is_own(step.tb_frame.f_code.co_filename):
            found.append((step.tb_frame, step.tb_lineno))
        step = step.tb_next
    return found


def _is_own(file: str) -> bool:
    """Whether a file is neither Pellucid's, nor Python's, nor installed."""
    path = Path(file).absolute()
    libraries = (Path(__file__).parents[2], Path(sysconfig.get_path("stdlib")))
    return not (file.startswith("<") or "site-packages" in path.parts or any(x in path.parents for x in libraries))


def _place(step: TracebackType | None) -> str:
    frames = _own_frames(step)
    if not frames:
        return ""
    where = f" in line {frames[-1][1]} of {Path(frames[-1][0].f_code.co_filename).name}"
    if any(frame.f_code.co_name.startswith("numerical_gradient") for frame, _ in frames):
        where += ", while differences were taken: " + slips.SLOW
    return where


def _code(stop: SystemExit) -> int:
    if stop.code is None or isinstance(stop.code, int):
        return stop.code or 0
    print(stop.code, file=sys.stderr)
    return 1


def _note(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        print(f"Note: {sentence}", file=sys.stderr)
