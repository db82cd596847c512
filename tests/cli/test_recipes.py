"""The options that a model brings along: taken where the user gives none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pellucid import data, models
from pellucid.cli import read
from pellucid.cli.settings import DEFAULTS, resolve, words
from tests.cli.conftest import QUICK, Call

RECIPE = models.recipe("fast-conv", "mnist")
FAST = ("--data", "mnist", "--model", "fast-conv")


def resolved(*given: str) -> dict[str, Any]:
    return resolve(read("train", given)[1])


def test_a_recipe_names_options_that_there_are() -> None:
    for (name, source), recipe in models.RECIPES.items():
        assert name in models.names()
        assert source in [entry.name for entry in data.catalogue()]
        assert recipe.keys() <= DEFAULTS.keys() - {"data", "model", "seed", "engine"}
        assert resolved(*words(recipe).split()).items() >= recipe.items()


def test_a_recipe_is_taken_and_the_users_options_win() -> None:
    assert resolved(*FAST).items() >= RECIPE.items()
    given = resolved(*FAST, "--epochs", "3", "--label-smoothing", "0", "--schedule", "constant")
    assert given.items() >= {**RECIPE, "epochs": 3, "label_smoothing": 0.0, "schedule": "constant"}.items()


def test_another_optimizer_has_its_own_rate() -> None:
    given = resolved(*FAST, "--optimizer", "adam")
    assert (given["lr"], given["weight_decay"], given["epochs"]) == (0.001, None, RECIPE["epochs"])
    assert resolved(*FAST, "--optimizer", "Nesterov")["lr"] == RECIPE["lr"]


@pytest.mark.parametrize(
    ("model", "source"), [("two-layer", "mnist"), ("784-100-10", "mnist"), ("fast-conv", "digits")]
)
def test_other_models_and_data_have_the_usual_settings(model: str, source: str) -> None:
    usual = resolved("--data", source, "--model", model)
    assert usual["epochs"] == DEFAULTS["epochs"]
    assert usual["label_smoothing"] is None


def test_the_recipe_is_printed_and_kept(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(models.RECIPES, ("fast-conv", "digits"), RECIPE)
    called = call("train", "--model", "fast-conv", "--batch-size", 100, "--out", "run")
    assert called.code == 0, called.err
    own = words({name: value for name, value in RECIPE.items() if name != "batch_size"})
    assert f"  recipe    fast-conv's for digits: {own}\n" in called.out
    options = json.loads((tmp_path / "run" / "config.json").read_text())["options"]
    assert options.items() >= {**RECIPE, "batch_size": 100}.items()
    assert call("evaluate", "run").code == 0
    assert call("train", "--resume", "--out", "run").code == 0


def test_without_a_recipe_none_is_printed(call: Call) -> None:
    assert "recipe" not in call("train", *QUICK).out


def test_the_help_tells_recipes(call: Call) -> None:
    told = " ".join(call("train", "--help").out.split())
    assert f"fast-conv takes, on mnist, {words(RECIPE)}" in told


def test_label_smoothing_raises_the_loss_of_a_sure_network(call: Call, tmp_path: Path) -> None:
    train = ("train", "--model", "perceptron", "--epochs", 20, "--lr", 0.01, "--json")
    losses = [call(*train, "--label-smoothing", part).json["test_loss"] for part in (0, 0.5)]
    assert losses[1] > losses[0] + 0.5


def test_label_smoothing_of_everything_is_refused(call: Call) -> None:
    called = call("train", "--label-smoothing", 1)
    needs = "got '1', needs a number from 0 up to 1, without 1; pellucid train --help shows how"
    assert (called.code, called.err) == (2, f"pellucid: train: --label-smoothing: {needs}\n")
