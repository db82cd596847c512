"""Running programs as they were typed in from the books, or from a post about them.

A program finds the modules of the books' own folders (importing), names that NumPy has dropped (aliases), a reader for
the books' files (pickles) and a place for its pictures (screen); when it fails, a sentence says what was probably meant
(hints, slips).
"""

from pellucid.book.typed.run import run

__all__ = ["run"]
