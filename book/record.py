"""One run of a program, in a process of its own, kept as a folder: record.json and the pictures."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pellucid import __version__
from pellucid.book import chapters

ROOT = Path(__file__).parent.parent
WORKER = ("-m", "book.worker")  # what Python runs
BROKEN_OFF = 130  # what it ends with after Ctrl-C


@dataclass
class Record:
    """What a run left.

    fingerprint: of the program's source and of Pellucid's version: another one means that the record is out of date
    where:       the machine, the versions and the date, as `benchmarks.machine.describe` tells them
    printed:     [line of the program's `run`, what it printed there], in the order of time
    numbers:     what, ours, book, met: as `Page.beside` was told
    failed:      why the program did not come to its end
    """

    name: str
    seed: int
    quick: bool
    fingerprint: str
    where: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    printed: list[tuple[int, str]] = field(default_factory=list)
    numbers: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    failed: str | None = None

    def write(self, folder: Path) -> None:
        text = json.dumps(asdict(self), indent=1, ensure_ascii=False)
        (folder / "record.json").write_text(text + "\n", encoding="utf-8")


def fingerprint(name: str) -> str:
    return hashlib.sha256(f"{__version__}\n{source(name)}".encode()).hexdigest()[:16]


def source(name: str) -> str:
    return file(name).read_text(encoding="utf-8")


def file(name: str) -> Path:
    return Path(chapters.program(name).__file__ or "")


def place(out: Path, name: str, seed: int) -> Path:
    """The folder of a record."""
    return out / "records" / name / f"seed-{seed}"


def kept(out: Path, name: str, seed: int, quick: bool) -> Record | None:
    """The record of a run, if there is one of the program as it is now; a damaged one is none."""
    folder = place(out, name, seed)
    try:
        found = _read(folder)
    except (OSError, ValueError, TypeError):
        return None
    current = found.quick == quick and found.fingerprint == fingerprint(name)
    return found if current and all((folder / picture).exists() for picture in found.pictures) else None


def _read(folder: Path) -> Record:
    """Raises: OSError, ValueError, TypeError where there is none, or none that is whole"""
    found = Record(**json.loads((folder / "record.json").read_text(encoding="utf-8")))
    if not all(set(number) == {"what", "ours", "book", "met"} for number in found.numbers):
        raise ValueError(f"{folder}: its numbers are damaged")
    return found


def make(out: Path, name: str, seed: int, quick: bool) -> Record:
    """Run a program with a seed, and keep what it left in the place of an older record.

    Raises: KeyboardInterrupt when Ctrl-C ended it; then the older record stays
    """
    folder = place(out, name, seed)
    beside = folder.with_suffix(".new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    ask = [sys.executable, *WORKER, name, str(seed), str(beside), *(["--quick"] if quick else [])]
    code = subprocess.run(ask, cwd=ROOT, check=False).returncode
    if code == BROKEN_OFF:
        raise KeyboardInterrupt
    if not (beside / "record.json").exists():
        end = f"ended by signal {-code}" if code < 0 else f"ended with exit status {code}"
        Record(name, seed, quick, fingerprint(name), failed=end).write(beside)
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)
    return _read(folder)
