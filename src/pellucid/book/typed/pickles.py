"""`pickle.load` for the books' own files: an ordinary pickle may run anything, theirs need only arrays."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pellucid.data import load_pickle

FILES = {
    "sample_weight.pkl",
    "params.pkl",
    "deep_convnet_params.pkl",
    "mnist.pkl",
    "mnist.pkl.gz",
    "mnist_expanded.pkl.gz",
}


@contextmanager
def safe_pickles() -> Iterator[None]:
    """pickle.load reads the books' files, known by their names, through the reader of arrays."""
    ordinary = pickle.load

    def load(file: Any, /, **options: Any) -> Any:
        name = getattr(file, "name", None)
        if isinstance(name, str) and Path(name).name in FILES:
            return load_pickle(name)
        return ordinary(file, **options)

    pickle.load = load
    try:
        yield
    finally:
        pickle.load = ordinary
