"""What the tests of the site share: programs that do what the chapters' should not, and their records."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from book import record
from pellucid.book import chapters
from tests.book_site.worker import FOLDER, PROGRAMS


@pytest.fixture
def programs(monkeypatch) -> Iterator[tuple[str, ...]]:
    """The programs of the folder beside take the place of the chapters'."""
    monkeypatch.setattr(chapters, "NAMES", PROGRAMS)
    monkeypatch.setattr(chapters, "__path__", [*chapters.__path__, str(FOLDER)])
    monkeypatch.setattr(record, "WORKER", ("-m", "tests.book_site.worker"))
    yield PROGRAMS
    for name in PROGRAMS:
        sys.modules.pop(f"pellucid.book.chapters.{name.replace('-', '_')}", None)
