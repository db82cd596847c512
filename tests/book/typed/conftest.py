"""A folder to run programs in, and a small MNIST."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pellucid.book import mnist
from pellucid.cli import main
from tests.book.typed.typists import Ended, Run


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a program's text by the command, in a folder of its own without a screen."""
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    def run(text: str, *arguments: str, name: str = "typed.py") -> Ended:
        Path(name).write_text(text, encoding="utf-8")
        capsys.readouterr()
        code = main(["book", "run", name, *arguments])
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def small_mnist(monkeypatch: pytest.MonkeyPatch) -> None:
    """Noise in the shapes of MNIST, 300 images for training and 200 for the test."""

    def part(n: int, normalize: bool, flatten: bool, one_hot_label: bool) -> tuple[Any, Any]:
        random = np.random.RandomState(n)
        x, t = random.randint(0, 256, (n, 1, 28, 28)).astype(np.uint8), random.randint(0, 10, n).astype(np.uint8)
        x = x / np.float32(255) if normalize else x
        return x.reshape(n, -1) if flatten else x, np.eye(10)[t] if one_hot_label else t

    def load_mnist(normalize: bool = True, flatten: bool = True, one_hot_label: bool = False) -> Any:
        return part(300, normalize, flatten, one_hot_label), part(200, normalize, flatten, one_hot_label)

    load_mnist.__module__ = mnist.__name__  # as if it stood there
    monkeypatch.setattr(mnist, "load_mnist", load_mnist)
