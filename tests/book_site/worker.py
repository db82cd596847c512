"""`book.worker` for the programs of these tests."""

from __future__ import annotations

import sys
from pathlib import Path

from book import worker
from pellucid.book import chapters

PROGRAMS = ("ch02-fine", "ch02-raises", "ch03-crashes", "ch03-broken-off")
FOLDER = Path(__file__).parent / "programs"


if __name__ == "__main__":
    chapters.NAMES = PROGRAMS
    chapters.__path__.append(str(FOLDER))
    sys.exit(worker.main())
