"""`pellucid train` in this process: results, folders, --resume, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pellucid import data
from pellucid.train import History, Trainer
from pellucid.train.checkpoint import read_arrays
from tests.cli.conftest import QUICK, Call

KEYS = ["test_accuracy", "test_loss", "train_accuracy", "epochs", "steps", "seconds", "run"]


def same_weights(one: Path, other: Path) -> bool:
    a, b = (read_arrays(folder / "model.safetensors")[0] for folder in (one, other))
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_training_leaves_a_folder_with_everything_and_one_json_line(call: Call, tmp_path: Path) -> None:
    called = call("train", *QUICK, "--json")
    assert called.code == 0
    assert called.out.count("\n") == 1
    result = called.json
    assert list(result) == KEYS
    assert (result["epochs"], result["steps"], result["run"]) == (2, 90, "runs/digits-perceptron-1")
    assert 0.3 < result["test_accuracy"] <= 1
    assert sorted(x.name for x in (tmp_path / result["run"]).iterdir()) == [
        "checkpoint.safetensors",
        "config.json",
        "history.json",
        "model.safetensors",
        "report.html",
    ]
    config = json.loads((tmp_path / result["run"] / "config.json").read_text())
    assert config["classes"] == list("0123456789")
    assert (config["data"], config["model"], config["input_shape"]) == ("digits", "perceptron", [1, 8, 8])
    assert config["options"]["lr"] == 0.001
    history = json.loads((tmp_path / result["run"] / "history.json").read_text())
    assert [record["epoch"] for record in history["epochs"]] == [1, 2]
    assert history["result"] == result


def test_training_says_what_it_does_and_what_came_of_it(call: Call) -> None:
    called = call("train", *QUICK)
    lines = [line.split(maxsplit=1) for line in called.out.splitlines() if line]
    assert [name for name, _ in lines] == [
        *("data", "test", "model", "training", "engine", "run"),
        *("test", "training", "time", "report"),
    ]
    assert lines[2][1] == "perceptron, 650 parameters"
    assert lines[-1][1] == "runs/digits-perceptron-1/report.html"
    assert [line[:9] for line in called.err.splitlines()] == ["epoch 1/2", "epoch 2/2"]


def test_the_test_data_is_measured_again_only_where_it_was_not_watched(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    evaluate = Trainer.evaluate
    monkeypatch.setattr(Trainer, "evaluate", lambda self, part: seen.append(part.name) or evaluate(self, part))
    result = call("train", *QUICK, "--json", "--out", "a").json
    assert seen == ["digits test", "digits test", "digits train"]  # after each epoch, and the rest at the end
    again = call("evaluate", "a", "--json").json
    assert (again["test_accuracy"], again["test_loss"]) == (result["test_accuracy"], result["test_loss"])
    seen.clear()
    call("train", *QUICK, "--validation", 0.1, "--out", "b")
    assert seen[-2:] == ["digits test", seen[0].replace("validation", "train")]


def test_each_run_gets_the_next_free_folder(call: Call, tmp_path: Path) -> None:
    (tmp_path / "runs" / "digits-perceptron-1").mkdir(parents=True)
    assert call("train", *QUICK, "--json").json["run"] == "runs/digits-perceptron-2"


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(call: Call, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert call("train", *QUICK, "--seed", seed, "--out", name).code == 0
    assert same_weights(tmp_path / "a", tmp_path / "b")
    assert not same_weights(tmp_path / "a", tmp_path / "c")


def test_every_option_leads_somewhere(call: Call, tmp_path: Path) -> None:
    words = (
        "--model 64-20-10 --epochs 3 --batch-size 50 --optimizer sgd --lr 0.2 --momentum 0.8 --weight-decay 1e-4 "
        "--clip-norm 1 --label-smoothing 0.05 --schedule one-cycle --augment shift=1,rotate=5 --validation 0.2 "
        "--patience 2 --seed 5 --engine reference --out run --json"
    )
    called = call("train", *words.split())
    assert called.code == 0, called.err
    assert called.json["steps"] == 3 * 23
    options = json.loads((tmp_path / "run" / "config.json").read_text())["options"]
    assert (options["momentum"], options["label_smoothing"]) == (0.8, 0.05)
    rates = [x["learning_rate"] for x in json.loads((tmp_path / "run" / "history.json").read_text())["epochs"]]
    assert rates[0] > rates[-1]


def test_early_stopping_is_told(call: Call) -> None:
    words = "--model perceptron --epochs 50 --lr 1 --validation 0.2 --patience 1"
    called = call("train", *words.split())
    assert called.code == 0
    assert "  stopped early, after " in called.out
    folder, epochs = "runs/digits-perceptron-1", called.out.partition("stopped early, after ")[2].split()[0]
    for more in ((), ("--epochs", 60)):
        again = call("train", "--resume", "--out", folder, *more)
        sentence = f"{folder} stopped early, after {epochs} epochs; another folder and a higher --patience go further"
        assert (again.code, again.out.splitlines()[0]) == (0, f"  {sentence}")


def test_training_on_a_file_remembers_its_absolute_path(call: Call, tmp_path: Path) -> None:
    train, _ = data.digits()
    np.savez(tmp_path / "mine.npz", x=train.x[:200], t=train.t[:200])
    called = call("train", *QUICK, "--data", "mine.npz", "--json")
    assert called.json["run"] == "runs/mine-perceptron-1"
    config = json.loads((tmp_path / called.json["run"] / "config.json").read_text())
    assert config["data"] == str(tmp_path / "mine.npz")
    assert config["classes"] == list("0123456789")


def test_missing_data_is_told(call: Call, tmp_path: Path) -> None:
    called = call("train", "--data", "nmist")
    assert called.code == 2
    assert called.err == (
        "pellucid: data: nmist is neither a data set (digits, mnist, fashion-mnist) nor a file or folder, "
        "did you mean 'mnist'?\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_numbers_to_be_fitted_are_refused(call: Call, tmp_path: Path) -> None:
    (tmp_path / "prices.csv").write_text("a,price\n1,2.5\n2,3.5\n3,4.5\n")
    called = call("train", "--data", "prices.csv")
    assert called.code == 1
    file = tmp_path / "prices.csv"
    sentence = f"{file}: its targets are numbers, not labels; fit them with a Trainer in Python"
    assert called.err == f"pellucid: {sentence}\n"


def test_a_loss_that_is_not_finite_stops_with_a_sentence(call: Call) -> None:
    called = call("train", "--model", "two-layer", "--optimizer", "sgd", "--lr", "1e30", "--out", "run")
    assert called.code == 1
    assert called.sentence.startswith("pellucid: fit: the loss is ")
    assert "Traceback" not in called.err


def test_a_last_step_that_explodes_is_noticed(call: Call) -> None:
    words = "--model two-layer --lr 1e30 --batch-size 2000 --optimizer sgd --epochs 1 --json --out run"
    called = call("train", *words.split())
    assert (called.code, called.out) == (1, "")
    assert called.sentence == (
        "pellucid: fit: the validation loss is nan after epoch 1; try a smaller lr than 1e+30, or clip_norm=1"
    )


def test_a_result_that_is_not_finite_is_told(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    measured = {"loss": float("nan"), "accuracy": 0.1}
    monkeypatch.setattr("pellucid.cli.train.fit", lambda job, resuming: History())
    monkeypatch.setattr("pellucid.train.Trainer.evaluate", lambda self, dataset: measured)
    called = call("train", *QUICK, "--out", "run", "--json")
    assert (called.code, called.out) == (1, "")
    assert called.sentence == (
        "pellucid: train: the loss on the test data is nan at the end; "
        "give another folder and a smaller --lr than 0.001, or --clip-norm 1"
    )
    assert not (tmp_path / "run" / "model.safetensors").exists()


def test_a_class_that_only_the_test_part_has_is_a_class(call: Call, tmp_path: Path) -> None:
    images = np.zeros((4, 1, 2, 2), np.uint8)
    np.savez(tmp_path / "a.npz", x_train=images, y_train=[0, 1, 0, 1], x_test=images, y_test=[0, 1, 2, 2])
    called = call("train", *QUICK, "--data", "a.npz", "--out", "run")
    assert called.code == 0, called.err
    assert json.loads((tmp_path / "run" / "config.json").read_text())["classes"] == ["0", "1", "2"]


def test_a_test_part_of_another_shape_is_told(call: Call, tmp_path: Path) -> None:
    x_train, x_test, t = np.zeros((2, 1, 2, 2)), np.zeros((2, 1, 3, 3)), [0, 1]
    np.savez(tmp_path / "a.npz", x_train=x_train, y_train=t, x_test=x_test, y_test=t)
    called = call("train", *QUICK, "--data", "a.npz")
    sentence = f"{tmp_path / 'a.npz'} (test part): its examples are 1×3×3, but the run knows 1×2×2"
    assert (called.code, called.err) == (1, f"pellucid: {sentence}\n")


def test_a_label_that_would_make_too_many_classes_is_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,label\n1,0\n2,1\n3,100000000000\n")
    called = call("train", *QUICK, "--data", "a.csv")
    assert called.code == 1
    assert called.err == (
        f"pellucid: {tmp_path / 'a.csv'}: its largest label is 100000000000, so that it would have "
        "100,000,000,001 classes; number them 0, 1, 2 ..., 100,000 at most\n"
    )


# ---- folders


def test_a_folder_that_holds_a_run_is_refused(call: Call, run: Path) -> None:
    called = call("train", *QUICK, "--out", run)
    assert called.code == 2
    sentence = f"train: {run} already holds a run; add --resume to go on with it, or give another folder"
    assert called.err == f"pellucid: {sentence}\n"


def test_a_file_as_folder_is_refused(call: Call, tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    called = call("train", *QUICK, "--out", "x")
    assert (called.code, called.err) == (2, "pellucid: train: --out x is a file; give a folder\n")


# ---- going on


def test_a_finished_run_says_so_and_gives_its_result_again(call: Call, run: Path) -> None:
    called = call("train", "--resume", "--out", run)
    assert called.code == 0
    assert called.out.startswith(f"  {run} is finished; a higher --epochs than 15 goes on with it\n")
    again = call("train", "--resume", "--out", run, "--json").json
    assert list(again) == KEYS
    assert again["run"] == str(run)


def test_a_finished_run_with_more_epochs_ends_as_one_of_that_length(call: Call, tmp_path: Path) -> None:
    assert call("train", *QUICK, "--out", "a").code == 0
    called = call("train", "--resume", "--out", "a", "--epochs", 3, "--json")
    assert (called.code, called.json["epochs"], called.json["steps"]) == (0, 3, 135)
    assert call("train", "--model", "perceptron", "--epochs", 3, "--out", "b").code == 0
    assert same_weights(tmp_path / "a", tmp_path / "b")
    history = json.loads((tmp_path / "a" / "history.json").read_text())
    assert [record["epoch"] for record in history["epochs"]] == [1, 2, 3]


CONTRADICTIONS = [
    ("--lr 0.5", "was made with --lr 0.01, not with --lr 0.5"),
    ("--model perceptron", "was made with --model two-layer, not with --model perceptron"),
    ("--data mnist", "was made with --data digits, not with --data mnist"),
    ("--weight-decay 0.1", "was made without --weight-decay, not with --weight-decay 0.1"),
    ("--seed 3", "was made with --seed 0, not with --seed 3"),
]


@pytest.mark.parametrize(("option", "words"), CONTRADICTIONS)
def test_an_option_that_contradicts_the_run_is_refused(option: str, words: str, call: Call, run: Path) -> None:
    called = call("train", "--resume", "--out", run, *option.split())
    rest = "leave the option out, or give another folder without --resume"
    assert (called.code, called.err) == (2, f"pellucid: train: {run} {words}; {rest}\n")


def test_an_option_that_agrees_with_the_run_is_taken(call: Call, run: Path) -> None:
    assert call("train", "--resume", "--out", run, "--model", "two-layer", "--seed", 0).code == 0


def test_epochs_can_only_be_raised(call: Call, run: Path) -> None:
    called = call("train", "--resume", "--out", run, "--epochs", 2)
    sentence = f"train: {run} was made for --epochs 15, not 2; it can only be raised"
    assert (called.code, called.err) == (2, f"pellucid: {sentence}\n")


def test_a_schedule_cannot_be_made_longer(call: Call, run: Path) -> None:
    config = json.loads((run / "config.json").read_text())
    config["options"]["schedule"] = "cosine"
    (run / "config.json").write_text(json.dumps(config))
    called = call("train", "--resume", "--out", run, "--epochs", 16)
    sentence = f"train: {run} has a cosine schedule over --epochs 15, not 16; only a constant one can be made longer"
    assert (called.code, called.err) == (2, f"pellucid: {sentence}\n")


def test_resuming_where_there_is_no_run_is_refused(call: Call) -> None:
    called = call("train", "--resume", "--out", "nothing")
    assert called.code == 1
    assert called.err == "pellucid: nothing holds no run; give a folder that pellucid train made\n"


def test_a_damaged_checkpoint_is_told(call: Call, run: Path) -> None:
    (run / "checkpoint.safetensors").write_bytes(b"damaged")
    called = call("train", "--resume", "--out", run, "--epochs", 16)
    assert called.code == 1
    assert called.sentence.startswith(f"pellucid: load: {run}/checkpoint.safetensors is damaged")
    assert "Traceback" not in called.err


def test_a_damaged_configuration_is_told(call: Call, run: Path) -> None:
    (run / "config.json").write_text("{")
    for words in (("train", "--resume", "--out", run), ("evaluate", run), ("check", run)):
        called = call(*words)
        assert called.code == 1
        assert called.err.startswith(f"pellucid: {run}/config.json is damaged (Expecting ")
        assert called.err.endswith(f"); delete {run} and train again\n")
    (run / "config.json").write_text("{}")
    assert call("evaluate", run).err == f"pellucid: {run}/config.json is damaged (no data); train again\n"
