"""What the README and the first page of the books' site show, runs."""

import re
import shlex
from pathlib import Path

import pytest

from pellucid.cli import COMMANDS, read

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BOOK = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
COMMAND = re.compile(r"^    (pellucid .*)$", re.MULTILINE)
LINES = [shlex.split(line, comments=True)[1:] for text in (README, BOOK) for line in COMMAND.findall(text)]


def _programs(text: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def test_the_programs_run_one_after_the_other(capsys):
    programs = _programs(README)
    assert len(programs) >= 3
    names: dict[str, object] = {}
    for program in programs:
        exec(program, names)
    shown = capsys.readouterr().out
    assert "'accuracy': 0.9" in shown
    printed = [" ".join(line.split()) for line in shown.splitlines()]
    claimed = [" ".join(line.split()) for line in re.findall(r"^# (%.*)$", README, re.MULTILINE)]
    assert any("matmul(" in line for line in claimed)
    assert set(claimed) <= set(printed)


def test_the_programs_of_the_books_first_page_run():
    programs = _programs(BOOK)
    assert programs
    names: dict[str, object] = {}
    for program in programs:
        exec(program, names)


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_the_commands_are_understood(line):
    assert line[0] in COMMANDS
    read(line[0], line[1:])
