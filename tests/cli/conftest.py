"""What the tests of the command line share: calling it, and a run that is trained once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from pellucid.cli import main

QUICK = ("--model", "perceptron", "--epochs", "2")


@dataclass
class Called:
    """A finished command: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out.splitlines()[-1])

    @property
    def sentence(self) -> str:
        """The last line of stderr."""
        return self.err.splitlines()[-1] if self.err else ""


Call = Callable[..., Called]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """The command line in this process, in an empty folder, with an empty cache."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PELLUCID_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("PELLUCID_DATA", "FORCE_COLOR", "PELLUCID_THREADS"):
        monkeypatch.delenv(name, raising=False)

    def run(*words: object) -> Called:
        capsys.readouterr()
        code = main([str(word) for word in words])
        written = capsys.readouterr()
        return Called(code, written.out, written.err)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of the two-layer network on the embedded digits; read only."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        assert main(["train", "--epochs", "15", "--lr", "0.01", "--out", str(folder)]) == 0
    return folder


@pytest.fixture
def run(trained: Path, tmp_path: Path) -> Path:
    """The same as a copy, to be spoiled."""
    return Path(shutil.copytree(trained, tmp_path / "run"))
