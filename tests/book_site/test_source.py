"""A program's source, divided into prose and code."""

from __future__ import annotations

import pytest

from book import record, source
from book.contents import by_chapter
from pellucid.book import chapters

TEXT = '''\
"""A title of a line.

Words below it.

Reference: A. Writer,
    "A Book", 2030
"""

from __future__ import annotations

import numpy as np

# Why there is a constant.
SIZE = 3


def run(page):
    first = 1  # beside a statement: code
    # Prose of
    # two lines.
    #
    # A paragraph of its own.

    for i in range(3):
        # inside a statement: code
        print(i)

    second = """
# no prose, but text
"""

    # The last words.
    page.beside(
        "a",
        1,
    )


def helper():
    return 2
'''


def test_the_docstring_is_title_words_and_reference():
    read = source.read(TEXT)
    assert (read.title, read.text) == ("A title of a line", "Words below it.")
    assert read.reference == 'A. Writer, "A Book", 2030'


def test_comments_between_statements_are_prose_and_all_else_is_code():
    parts = source.read(TEXT).body
    assert [part.prose for part in parts] == [
        "",
        "Prose of two lines.\n\nA paragraph of its own.",
        "The last words.",
    ]
    assert parts[0].code == "first = 1  # beside a statement: code"
    assert parts[1].code.splitlines()[:3] == ["for i in range(3):", "    # inside a statement: code", "    print(i)"]
    assert '"""\n# no prose, but text\n"""' in parts[1].code
    assert parts[2].code == 'page.beside(\n    "a",\n    1,\n)'


def test_what_stands_around_run_is_kept_without_the_import_from_the_future():
    read = source.read(TEXT)
    assert [(part.prose, part.code) for part in read.before] == [
        ("", "import numpy as np"),
        ("Why there is a constant.", "SIZE = 3"),
    ]
    assert [part.code for part in read.after] == ["def helper():\n    return 2"]


def test_a_line_belongs_to_the_part_that_it_stands_in():
    read, lines = source.read(TEXT), TEXT.splitlines()
    for text, part in (("    first = 1", 0), ("        print(i)", 1), ("    page.beside(", 2), ("        1,", 2)):
        number = next(n for n, line in enumerate(lines, 1) if line.startswith(text))
        assert read.place(number) == part


@pytest.mark.parametrize("name", chapters.NAMES)
def test_no_line_of_a_chapters_program_is_lost(name):
    text = record.source(name)
    read = source.read(text)
    shown = [part for parts in (read.before, read.body, read.after) for part in parts]
    code = [line.strip() for part in shown for line in part.code.splitlines() if line.strip()]
    prose = " ".join(part.prose for part in shown).split()
    for line in text.partition('"""')[2].partition('"""')[2].splitlines():
        line = line.strip()
        known = line in code or line == "from __future__ import annotations" or line.startswith("def run(")
        assert known or set(line.lstrip("# ").split()) <= set(prose), line
    assert read.reference


def test_every_program_belongs_to_a_chapter():
    assert [name for names in by_chapter(chapters.NAMES).values() for name in names] == list(chapters.NAMES)
