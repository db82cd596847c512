"""Hints about modules, files and screens that are not there."""

from __future__ import annotations

import ast
import linecache
import os
import re
from pathlib import Path

from pellucid.book.typed.defined import PLACES, where
from pellucid.book.typed.failure import Failure, close
from pellucid.book.typed.importing import ROOMS


def module_missing(failure: Failure) -> str | None:
    """commom.functions, cPickle, pandas"""
    name = getattr(failure.error, "name", None) or ""
    if isinstance(failure.error, ModuleNotFoundError):
        if where(name) and name not in PLACES:
            return where(name)
        meant = close(name, ROOMS)
        if meant:
            return f"there is no module {name}; did you mean {meant!r}?"
        top = name.partition(".")[0]
        unused = _unused(failure, top)
        return f"{top} is not installed" + (
            "; the program does not use it: take the line out" if unused else f"; `pip install {top}` brings it"
        )
    found = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", failure.said)
    if not found:
        return None
    meant = None if found[1] in PLACES else close(found[1], PLACES)
    place = where(found[1]) or where(meant or "")
    start = f"{found[2]} has no {found[1]!r}"
    return f"{start}; did you mean {meant!r}? {place}" if meant else f"{start}; {place}" if place else None


def _unused(failure: Failure, module: str) -> bool:
    """Whether the program imports the module and never looks at it."""
    imports = [x for x in ast.walk(failure.tree) if isinstance(x, ast.Import)]
    local = {x.asname or module for node in imports for x in node.names if x.name.partition(".")[0] == module}
    return bool(local) and not any(isinstance(x, ast.Name) and x.id in local for x in ast.walk(failure.tree))


_START = "put it into the folder from which you start the program"
FILES = {
    "mnist.pkl.gz": "it lies in data/ of github.com/mnielsen/neural-networks-and-deep-learning; without it, "
    "`mnist_loader.load_data()` gives the same arrays, made of MNIST's four files",
    "sample_weight.pkl": "it lies in ch03/ of github.com/oreilly-japan/deep-learning-from-scratch; " + _START,
    "deep_convnet_params.pkl": "it lies in ch08/ of github.com/oreilly-japan/deep-learning-from-scratch; " + _START,
    "params.pkl": "`network.save_params('params.pkl')` of chapter 7's training program writes it; run that one first",
}


def file_missing(failure: Failure) -> str | None:
    """mnist.pkl.gz and sample_weight.pkl, which the books bring along; ..\\data on a machine with /"""
    name = getattr(failure.error, "filename", None)
    if not isinstance(name, str):
        return None
    straight = name.replace("\\", "/")
    base, start = Path(straight).name, ""
    if straight != name and os.sep == "/":
        start = f"`\\` separates folders on Windows only; write {straight!r}"
        if Path(straight).exists():
            return start
        start += ". And "
    program = failure.names.get("__file__")
    if isinstance(program, str) and Path(program).parent.joinpath(base).is_file():
        return f"{start}{base} lies beside the program; start it from there: cd {Path(program).parent.absolute()}"
    return f"{start}{base} is not here: {FILES[base]}" if base in FILES else start.removesuffix(". And ") or None


def python2_pickle(failure: Failure) -> str | None:
    """pickle.load of a file that Python 2 wrote"""
    if isinstance(failure.error, UnicodeDecodeError) and "pickle.load" in linecache.getline(
        _file(failure), failure.line
    ):
        return "Python 2 wrote this file; `pickle.load(f, encoding='latin1')` reads it"
    return None


def _file(failure: Failure) -> str:
    return "" if failure.frame is None else failure.frame.f_code.co_filename


def style_renamed(failure: Failure) -> str | None:
    """plt.style.use('seaborn')"""
    found = re.match(r"'(seaborn[\w-]*)' is not a valid package style", failure.said)
    if not found:
        return None
    return f"matplotlib calls it 'seaborn-v0_8{found[1].removeprefix('seaborn')}' today; the line can be left out, too"


def window_asked_for(failure: Failure) -> str | None:
    """matplotlib.use('TkAgg') where there is no screen"""
    if "Cannot load backend" in failure.said:
        return "there is no screen for this backend; leave out the line, and pictures are saved as files"
    return None
