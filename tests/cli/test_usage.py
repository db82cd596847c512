"""Mistakes on the command line: one sentence, exit code 2, nothing left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pellucid import cli
from pellucid.engines import ENGINES
from tests.cli.conftest import Call

MISTAKES = [
    ("trian", "there is no command trian, did you mean 'train'?"),
    ("xyz", "there is no command xyz; there is train, evaluate, predict, check, info, data, book"),
    ("--epochs 3", "there is no option --epochs; there is train, evaluate, predict, check, info, data, book"),
    ("train --epoch 3", "train: there is no option --epoch, did you mean '--epochs'?"),
    ("train mnist", "train: there is no argument mnist; pellucid train --help"),
    ("train --epochs", "train: --epochs: expected one argument; pellucid train --help shows how"),
    (
        "train --epochs 0",
        "train: --epochs: got '0', needs a whole number, 1 or more; pellucid train --help shows how",
    ),
    (
        "train --epochs 1.5",
        "train: --epochs: got '1.5', needs a whole number, 1 or more; pellucid train --help shows how",
    ),
    (
        "train --batch-size many",
        "train: --batch-size: got 'many', needs a whole number, 1 or more; pellucid train --help shows how",
    ),
    (
        "train --threads 0",
        "train: --threads: got '0', needs a whole number, 1 or more; pellucid train --help shows how",
    ),
    ("train --lr -1", "train: --lr: got '-1', needs a number above 0; pellucid train --help shows how"),
    ("train --lr nan", "train: --lr: got 'nan', needs a number above 0; pellucid train --help shows how"),
    (
        "train --seed -1",
        "train: --seed: got '-1', needs a whole number from 0 to 2⁶³ - 1; pellucid train --help shows how",
    ),
    (
        "train --validation 1",
        "train: --validation: got '1', needs a fraction between 0 and 1; pellucid train --help shows how",
    ),
    (
        "train --schedule up",
        "train: --schedule: got 'up', needs constant, cosine or one-cycle; pellucid train --help shows how",
    ),
    (
        "train --patience 2",
        "train: --patience needs --validation, such as 0.1; test data must not decide when to stop",
    ),
    (
        "train --augment blur",
        "train: --augment 'blur' is no change; give some of shift=2, rotate=10, flip",
    ),
    ("train --augment shift=x", "train: --augment 'shift=x': x is not a number of pixels"),
    ("train --augment rotate=999", "train: --augment 'rotate=999': 999 is not degrees from 0 to 180"),
    ("train --resume", "train: --resume needs --out DIR, the folder of the run to go on with"),
    (
        "train --model resnet",
        (
            "model: there is no 'resnet'; there is perceptron, two-layer, simple-conv, fast-conv, "
            "or sizes such as 784-100-10"
        ),
    ),
    (
        "train --model 784-100-10",
        "model 784-100-10: the data has 1×8×8 = 64 numbers and 10 classes; write 64-100-10",
    ),
    ("train --optimizer adamm", "optim: there is no optimizer 'adamm', did you mean 'adam'?"),
    (
        "train --momentum 0.9",
        "Adam: there is no option 'momentum'; there is betas, eps, weight_decay, amsgrad",
    ),
    ("train --engine magic", f"engine: there is no engine 'magic'; there is {', '.join(ENGINES)}"),
    ("evaluate", "evaluate: what is missing is RUN; pellucid evaluate --help shows how"),
    ("predict run", "predict: what is missing is IMAGE; pellucid predict --help shows how"),
    ("info now", "info: there is no argument now; pellucid info --help"),
    ("data", "data: what is missing is ACTION, NAME; pellucid data --help shows how"),
    (
        "data lost",
        "data: ACTION: got 'lost', needs list, fetch or verify; pellucid data --help shows how",
    ),
    ("data fetch", "data fetch: which data set? name one or more of digits, mnist, fashion-mnist"),
]


@pytest.mark.parametrize(("line", "sentence"), MISTAKES)
def test_a_mistake_gives_one_sentence_and_leaves_nothing(line: str, sentence: str, call: Call, tmp_path: Path) -> None:
    called = call(*line.split())
    assert (called.code, called.out, called.err) == (2, "", f"pellucid: {sentence}\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", [("--debug", "train", "--lr", "0"), ("train", "--lr", "0", "--debug")])
def test_debug_shows_the_traceback_before_the_sentence(where: tuple[str, ...], call: Call) -> None:
    called = call(*where)
    assert called.code == 2
    assert called.err.startswith("Traceback (most recent call last):")
    assert called.sentence.startswith("pellucid: train: --lr: got '0', needs a number above 0")


def test_no_command_shows_the_commands_and_is_a_mistake(call: Call) -> None:
    called = call()
    assert (called.code, called.out) == (2, "")
    assert called.err == call("--help").out


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help_names_every_command(word: str, call: Call) -> None:
    called = call(word)
    assert called.code == 0
    assert all(f"  {name} " in called.out for name in cli.COMMANDS)
    assert max(map(len, called.out.splitlines())) <= 80


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_each_command_has_help(command: str, call: Call) -> None:
    called = call(command, "--help")
    assert called.code == 0
    assert called.out.startswith(f"usage: pellucid {command} ")
    assert "--debug" in called.out
    assert max(map(len, called.out.splitlines())) <= 100


def test_a_defect_is_told_in_a_sentence(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid.cli.info.gather", lambda: {}["x"])
    called = call("info")
    assert (called.code, called.out) == (1, "")
    assert called.err == "pellucid: this is a defect of Pellucid (KeyError: 'x'); --debug shows where\n"
    assert "Traceback" in call("info", "--debug").err


@pytest.mark.parametrize(
    ("fault", "sentence", "code"),
    [
        (OSError(28, "No space left on device", "runs/x"), "runs/x: No space left on device", 1),
        (MemoryError(), "there is not enough memory for this; try a smaller --batch-size or model", 1),
        (KeyboardInterrupt(), "interrupted", 130),
    ],
)
def test_what_the_machine_refuses_is_told_in_a_sentence(
    fault: BaseException, sentence: str, code: int, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise fault

    monkeypatch.setattr("pellucid.cli.info.gather", fail)
    called = call("info")
    assert (called.code, called.err) == (code, f"pellucid: {sentence}\n")


def test_an_empty_out_is_refused(call: Call, tmp_path: Path) -> None:
    called = call("train", "--out", "")
    assert (called.code, called.err) == (2, "pellucid: train: --out is empty; give a folder\n")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    called = call("train", "--out", tmp_path / "file" / "x")
    sentence = f"pellucid: train: the folder {tmp_path}/file/x cannot be made (Not a directory)\n"
    assert (called.code, called.err) == (1, sentence)


def test_augment_is_refused_for_what_are_no_images(call: Call, tmp_path: Path) -> None:
    np.savez(tmp_path / "flat.npz", x=np.ones((8, 3), np.float32), t=np.arange(8) % 2)
    called = call("train", "--data", tmp_path / "flat.npz", "--augment", "flip", "--out", "made")
    assert called.code == 2
    assert called.sentence.startswith("pellucid: train: --augment changes images; ")
    assert not (tmp_path / "made").exists()


def test_help_of_a_command_is_that_commands(call: Call) -> None:
    assert call("help", "train").out == call("train", "--help").out
