"""Programs in the wording of somebody who types them in, and how they end under `pellucid book run`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def hint(self) -> str:
        """The sentence after "Hint:"."""
        return "".join(re.findall(r"^Hint: (.*)$", self.err, re.MULTILINE))

    @property
    def notes(self) -> str:
        return "\n".join(re.findall(r"^Note: (.*)$", self.err, re.MULTILINE))


Run = Callable[..., Ended]


def programs(text: str) -> dict[str, str]:
    """The programs of one text by their headings."""
    parts = re.split(r"^=== (.*)\n", (PROGRAMS / f"{text}.txt").read_text(), flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def mended(program: str, *changes: tuple[str, str]) -> str:
    """The program with lines corrected, or cut so that it ends soon."""
    for old, new in changes:
        assert old in program, old
        program = program.replace(old, new)
    return program
