"""Every error that Pellucid raises on purpose, and what many of their messages share.

A message is one sentence in three parts: the operation, layer or file first, then what was given, then what
would work. A user's mistake is always a `PellucidError`, so that the command line can tell it from a defect.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from numbers import Integral
from typing import Any


class PellucidError(Exception):
    """The base of all of them. `place` is where it happened, from the outermost module inwards."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.place = ""

    def __str__(self) -> str:
        return f"{self.place} {self.message}".lstrip()


class ShapeError(PellucidError, ValueError):
    """Shapes that do not fit together."""


class DTypeError(PellucidError, TypeError):
    """A dtype that the operation does not take, or dtypes that do not fit together."""


class OptionError(PellucidError, ValueError):
    """An option out of its range: a negative stride, an unknown name."""


class GradientError(PellucidError, RuntimeError):
    """A gradient that cannot be computed: no graph, a freed graph, a value changed in place."""


class TraceError(PellucidError, RuntimeError):
    """A function that cannot be compiled: it needs a value while there are only shapes."""


class DataError(PellucidError, ValueError):
    """A data set that is missing, damaged or inconsistent."""


class CheckpointError(PellucidError, ValueError):
    """A file of weights or a checkpoint that is missing, damaged or belongs to something else."""


class TrainingError(PellucidError, RuntimeError):
    """A training run that cannot go on, such as one whose loss is no longer finite."""


class RangeError(PellucidError, IndexError):
    """An index or a label outside of what is there."""


def nearest(word: str, known: Iterable[str], otherwise: str | None = None) -> str:
    """The end of a sentence about a word that is not known: the closest one that is.

    otherwise: the end where none is close; all that are known when left out

    >>> nearest("trian", ["train", "check"])
    ", did you mean 'train'?"
    >>> nearest("x", ["train", "check"])
    '; there is train, check'
    """
    known = list(known)
    for close in difflib.get_close_matches(word.lower(), known, 1):
        return f", did you mean {close!r}?"
    return f"; there is {', '.join(known)}" if otherwise is None else otherwise


def check_whole(name: str, *, least: int = 1, **options: Any) -> None:
    """Refuse an option that is no whole number, or below `least`.

    Raises: OptionError
    Note:   28 / 2 is 14.0, which is the usual way to come here
    """
    for option, value in options.items():
        if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
            almost = isinstance(value, float) and value.is_integer() and value >= least
            hint = "; divide with // to keep it whole" if almost else ""
            raise OptionError(f"{name}: {option}={value!r} must be a whole number, {least} or more{hint}")
