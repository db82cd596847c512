"""The command line as a process of its own: signals, exit codes, pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.cli.test_train import same_weights

SOURCE = Path(__file__).parents[2] / "src"
WORDS = ("--model", "two-layer", "--epochs", "12", "--out")
# A test run that was started in the background ignores Ctrl-C, and its children would too.
# And however fast the engine is, the run must last until the signal comes.
START = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
import pellucid.cli
from pellucid.train import Trainer
measure = Trainer.evaluate
Trainer.evaluate = lambda *args, **options: time.sleep(0.1) or measure(*args, **options)
sys.exit(pellucid.cli.main())
"""


def environment() -> dict[str, str]:
    paths = [str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONIOENCODING": "utf-8"}


def pellucid(*words: object, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pellucid", *map(str, words)]
    return subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, encoding="utf-8", check=False
    )


def stopped_after_the_first_epoch(words: Sequence[object], number: int, folder: Path) -> tuple[int, str]:
    """The exit code and the last line of stderr of a training run that gets a signal."""
    command = [sys.executable, "-c", START, *map(str, words)]
    with subprocess.Popen(
        command, cwd=folder, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("epoch  1/12")
        process.send_signal(number)
        rest = process.stderr.read()
    return process.returncode, rest.splitlines()[-1] if rest else ""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert pellucid("train", *WORDS, "whole", folder=folder).returncode == 0
    return folder / "whole"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Ctrl-C is no signal here")
def test_ctrl_c_says_how_to_go_on_and_the_resumed_run_has_the_same_bits(tmp_path: Path, uninterrupted: Path) -> None:
    folder = tmp_path / "my run"
    code, sentence = stopped_after_the_first_epoch(("train", *WORDS, "my run"), signal.SIGINT, tmp_path)
    assert sentence == "pellucid: interrupted; to go on: pellucid train --resume --out 'my run'"
    assert code == 130
    measured = pellucid("evaluate", folder, folder=tmp_path)
    assert (measured.returncode, measured.stderr) == (0, "")  # from the checkpoint
    again = pellucid("train", "--resume", "--out", folder, folder=tmp_path)
    assert again.returncode == 0
    assert not again.stderr.startswith("epoch  1/12")
    assert same_weights(folder, uninterrupted)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL here")
def test_a_killed_run_resumes_to_the_same_bits(tmp_path: Path, uninterrupted: Path) -> None:
    code, _ = stopped_after_the_first_epoch(("train", *WORDS, "run"), signal.SIGKILL, tmp_path)
    assert code == -signal.SIGKILL
    assert pellucid("train", "--resume", "--out", "run", folder=tmp_path).returncode == 0
    assert same_weights(tmp_path / "run", uninterrupted)


def test_a_mistake_ends_with_code_2_and_no_traceback(tmp_path: Path) -> None:
    done = pellucid("train", "--epochs", "none", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_help_loads_neither_rich_nor_pillow_nor_matplotlib(tmp_path: Path) -> None:
    code = "import sys, pellucid.cli; pellucid.cli.main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert not {"rich", "PIL", "matplotlib", "safetensors"} & set(done.stderr.split())


def test_a_reader_that_stops_early_is_no_defect(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pellucid", "data", "verify"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
