"""What the README shows, runs."""

import re
import shlex
from pathlib import Path

import pytest

from pellucid.cli import COMMANDS, read

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
LINES = [shlex.split(line)[1:] for line in re.findall(r"^    (pellucid .*)$", README, re.MULTILINE)]


def test_the_programs_run_one_after_the_other(capsys):
    programs = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
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


@pytest.mark.parametrize("line", LINES, ids=" ".join)
def test_the_commands_are_understood(line):
    assert line[0] in COMMANDS
    read(line[0], line[1:])
