"""`pellucid evaluate` and `pellucid check`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pellucid import Tensor, data, nn
from pellucid.cli.check import check, judge
from tests.cli.conftest import Call


def test_evaluate_gives_what_training_gave(call: Call, trained: Path) -> None:
    called = call("evaluate", trained, "--json")
    assert called.code == 0
    result = json.loads((trained / "history.json").read_text())["result"]
    assert called.json["test_accuracy"] == result["test_accuracy"]
    assert called.json["test_loss"] == pytest.approx(result["test_loss"], rel=1e-6)
    assert called.json["examples"] == 360
    assert np.trace(called.json["confusion"]) / 360 == pytest.approx(result["test_accuracy"])


def test_evaluate_shows_a_bar_for_each_class_and_the_worst_mistakes(call: Call, trained: Path) -> None:
    lines = call("evaluate", trained).out.splitlines()
    assert lines[0].startswith("  test  ")
    assert [line.split()[0] for line in lines[2:12]] == list("0123456789")
    assert lines[-1].startswith("  most often taken wrongly: ")


def test_evaluate_on_other_data_of_the_same_kind(call: Call, trained: Path, tmp_path: Path) -> None:
    train, test = data.digits()
    np.savez(tmp_path / "other.npz", x_train=train.x, t_train=train.t, x_test=test.x[:50], t_test=test.t[:50])
    assert call("evaluate", trained, "--data", "other.npz", "--json").json["examples"] == 50


def test_evaluate_refuses_data_of_another_kind(call: Call, trained: Path, tmp_path: Path) -> None:
    x, t = np.zeros((10, 1, 9, 9), np.uint8), np.arange(10) % 2
    np.savez(tmp_path / "other.npz", x=x, t=t)
    called = call("evaluate", trained, "--data", "other.npz")
    sentence = "other.npz: its examples are 1×9×9, but the run knows 1×8×8"
    assert (called.code, called.err) == (1, f"pellucid: {sentence}\n")


def test_evaluate_refuses_other_classes(call: Call, trained: Path, tmp_path: Path) -> None:
    x, t = np.zeros((10, 1, 8, 8), np.uint8), np.arange(10) % 2
    np.savez(tmp_path / "other.npz", x=x, t=t, classes=np.array(["cat", "dog"]))
    called = call("evaluate", trained, "--data", "other.npz")
    sentence = "other.npz: its classes are cat, dog, but the run knows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert (called.code, called.err) == (1, f"pellucid: {sentence}\n")


def test_a_damaged_checkpoint_is_told_in_one_sentence(call: Call, run: Path) -> None:
    (run / "model.safetensors").unlink()
    (run / "checkpoint.safetensors").write_bytes(b"damaged")
    called = call("evaluate", run)
    assert called.code == 1
    assert called.sentence.startswith(
        f"pellucid: load: {run}/checkpoint.safetensors is damaged or no safetensors file ("
    )
    assert called.sentence.endswith("; delete it and train again")


def test_damaged_weights_are_told(call: Call, run: Path) -> None:
    (run / "model.safetensors").write_bytes(b"damaged")
    called = call("evaluate", run)
    assert called.code == 1
    assert called.err.startswith(f"pellucid: load: {run}/model.safetensors is damaged")
    assert called.err.count("\n") == 1


def test_a_folder_without_a_run_is_told(call: Call) -> None:
    for command in (("evaluate", "x"), ("check", "x"), ("predict", "x", "y.png")):
        called = call(*command)
        assert (called.code, called.out) == (1, "")
        assert called.err == "pellucid: x holds no run; give a folder that pellucid train made\n"


# ---- check


def test_check_finds_every_gradient_right(call: Call, trained: Path) -> None:
    called = call("check", trained)
    assert called.code == 0
    lines = called.out.splitlines()
    assert lines[1].split() == ["parameter", "shape", "elements", "largest", "error"]
    assert [line.split()[0] for line in lines[2:6]] == ["1.weight", "1.bias", "3.weight", "3.bias"]
    assert lines[-1] == "  all 4 gradients with a slope agree with the numerical ones"


def test_check_json(call: Call, trained: Path) -> None:
    result = call("check", trained, "--json", "--elements", 6, "--examples", 3).json
    assert (list(result), result["ok"]) == (["run", "ok", "parameters"], True)
    assert [x["name"] for x in result["parameters"]] == ["1.weight", "1.bias", "3.weight", "3.bias"]
    assert all(x["ok"] and x["elements"] <= 6 and x["error"] < 1e-5 for x in result["parameters"])


def test_check_fails_on_a_planted_error(call: Call, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid.cli import check as command

    honest = command.make_loss

    def planted(*args: Any) -> Any:
        loss, calls = honest(*args), iter([1.001])
        return lambda: loss() * next(calls, 1.0)  # only backward sees the factor

    monkeypatch.setattr(command, "make_loss", planted)
    called = call("check", trained)
    assert called.code == 1
    assert "4 of 4 gradients are wrong; worst at " in called.out
    assert "Traceback" not in called.err


def test_dropout_and_batch_normalisation_are_checked_in_training_mode() -> None:
    rng = np.random.default_rng(0)
    layers = (nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Dropout(0.5), nn.Linear(6, 2))
    model = nn.Sequential(*layers).double()
    x = rng.normal(size=(5, 4))
    target = rng.normal(size=(5, 2))

    def loss() -> Tensor:
        import pellucid

        pellucid.seed(0)
        return ((model(Tensor(x)) - Tensor(target)) ** 2).sum()

    findings = check(model, loss, 12, rng)
    verdict, good = judge(findings)
    assert good, verdict
    # Batch normalisation takes away the mean, and with it all that a bias before it could do.
    assert verdict.startswith("all ")


def test_a_parameter_without_influence_is_named() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1)).double()
    model.load_state_dict({**model.state_dict(), "0.bias": np.full(2, -100.0)})
    x = np.random.default_rng(0).normal(size=(4, 3))
    verdict, good = judge(check(model, lambda: (model(Tensor(x)) + 1).sum(), 8, np.random.default_rng(0)))
    assert good
    missing = "0.weight, 0.bias, 2.weight"
    assert verdict == (
        f"all 1 gradients with a slope agree with the numerical ones; without a slope here, so not checked: {missing}"
    )


def test_a_check_without_any_slope_is_a_failure() -> None:
    model = nn.Linear(3, 2).double()
    verdict, good = judge(
        check(model, lambda: (model(Tensor(np.zeros((1, 3)))) * 0.0).sum(), 4, np.random.default_rng(0))
    )
    assert not good
    assert verdict == "all gradients are zero, so this check shows nothing; give other --examples or --seed"


def test_a_run_that_was_broken_off_is_noted_on_the_screen_alone(call: Call, run: Path) -> None:
    (run / "model.safetensors").unlink()
    note = "training was broken off in epoch 15 of 15; these are the checkpoint's weights"
    assert note in call("evaluate", run).out
    called = call("evaluate", run, "--json")
    assert note in called.err
    assert len(called.out.splitlines()) == 1
