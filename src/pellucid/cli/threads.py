"""How many threads compute.

PELLUCID_THREADS is the number, for Pellucid's own kernels. Eager operations and the reference engine compute with
NumPy, whose BLAS has a pool of its own: OpenBLAS, which NumPy's wheels carry, can be told while it runs, and is.
Another BLAS reads its own variable (OMP_NUM_THREADS, MKL_NUM_THREADS) at its start and cannot be told any more.
"""

from __future__ import annotations

import os
import sys
from ctypes import CDLL, c_int
from functools import cache
from pathlib import Path
from typing import Any

PREFIXES, SUFFIXES = ("scipy_openblas", "openblas"), ("64_", "")


def use_threads(count: int) -> bool:
    """Compute with `count` threads from now on; whether NumPy's BLAS could be told."""
    os.environ["PELLUCID_THREADS"] = str(count)
    if "pellucid._native" in sys.modules:  # it has read the variable already
        sys.modules["pellucid._native"].set_threads(count)
    tell = _openblas("set_num_threads")
    if tell is None:
        return False
    tell.argtypes = (c_int,)
    tell(count)
    return True


def thread_count() -> int | None:
    """How many threads NumPy's BLAS computes with; None where it does not say."""
    ask = _openblas("get_num_threads")
    return None if ask is None else int(ask())


@cache
def _openblas(function: str) -> Any:
    """A function of the OpenBLAS that NumPy has loaded; wheels put it beside the package, under a prefix."""
    import numpy

    root = Path(numpy.__file__).parent
    for folder in (root.parent / "numpy.libs", root / ".dylibs", root.parent / "numpy.dylibs"):
        for file in sorted(folder.glob("*openblas*")):
            library = CDLL(str(file))
            for name in (f"{p}_{function}{s}" for p in PREFIXES for s in SUFFIXES):
                if hasattr(library, name):
                    return getattr(library, name)
    return None
