"""The options of `pellucid train`: what they are when left out, and what they lead to."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pellucid.cli.options import (
    Parser,
    UsageError,
    below_one,
    count,
    filled,
    fraction,
    not_negative,
    one_of,
    rate,
    whole,
)

DEFAULTS: dict[str, Any] = {
    "data": "digits",
    "model": "two-layer",
    "epochs": 10,
    "batch_size": 32,
    "optimizer": "adam",
    "lr": None,  # the optimiser's own, from pellucid.optim
    "momentum": None,
    "weight_decay": None,
    "clip_norm": None,
    "label_smoothing": None,
    "schedule": "constant",
    "validation": None,
    "patience": None,
    "augment": None,
    "seed": 0,
    "engine": None,
}
IN_CONFIG = ("data", "model")  # beside the options, not among them
DATA_HELP = "digits, mnist, fashion-mnist; a folder of images by class; an .npz, .csv, .pkl.gz file (digits)"
TIED = ("lr", "momentum", "weight_decay")  # a recipe's go with its optimiser and mean nothing to another
SCHEDULES = ("constant", "cosine", "one-cycle")


def add_settings(parser: Parser) -> None:
    """What is trained, how, and where."""
    what = parser.add_argument_group("what")
    what.add_argument("--data", metavar="NAME|PATH", help=DATA_HELP)
    what.add_argument(
        "--model", metavar="NAME|SIZES", help=f"{_model_names()}, or sizes such as 784-100-10 (two-layer)"
    )
    how = parser.add_argument_group("how", _recipes())
    how.add_argument("--epochs", type=count, metavar="N", help="passes over the training data (10)")
    how.add_argument("--batch-size", type=count, metavar="N", help="examples in a step (32)")
    how.add_argument("--optimizer", metavar="NAME", help=f"{_optimizer_names()} (adam)")
    how.add_argument("--lr", type=rate, metavar="RATE", help="learning rate (one that suits the optimizer)")
    how.add_argument("--momentum", type=not_negative, metavar="M", help="of sgd, momentum, nesterov, rmsprop")
    how.add_argument("--weight-decay", type=not_negative, metavar="W", help="pull of all weights towards 0")
    how.add_argument("--clip-norm", type=rate, metavar="NORM", help="the largest norm that a gradient keeps")
    how.add_argument(
        "--label-smoothing", type=below_one, metavar="PART", help="of every target that is spread over all classes"
    )
    how.add_argument(
        "--schedule",
        type=one_of(*SCHEDULES),
        metavar="NAME",
        help=f"of the rate: {', '.join(SCHEDULES)} (constant)",
    )
    how.add_argument("--augment", metavar="CHANGES", help="random ones of images: shift=2,rotate=10,flip")
    how.add_argument(
        "--validation",
        type=fraction,
        metavar="PART",
        help="hold out this part of the training data and watch it",
    )
    how.add_argument("--patience", type=count, metavar="N", help="stop after N epochs without a better validation")
    how.add_argument("--seed", type=whole, metavar="N", help="of all that is random (0)")


def _model_names() -> str:
    from pellucid import models

    return ", ".join(models.names())


def _recipes() -> str:
    from pellucid import models

    own = [f"{name} takes, on {data}, {words(recipe)}" for (name, data), recipe in models.RECIPES.items()]
    return "\n".join(map(filled, ["where an option is left out, what stands in brackets is taken, but", *own]))


def _optimizer_names() -> str:
    from pellucid import optim

    return ", ".join(optim.names())


# ---- from the command line to settings


def resolve(given: argparse.Namespace) -> dict[str, Any]:
    """Every setting of a new run. Raises: UsageError when two do not go together"""
    from pellucid import optim
    from pellucid.engines import current_engine

    settings = {name: _given(given, name) for name in DEFAULTS}
    usual = DEFAULTS | recommended(
        settings["model"] or DEFAULTS["model"], settings["data"] or DEFAULTS["data"], settings["optimizer"]
    )
    settings = {name: usual[name] if value is None else value for name, value in settings.items()}
    if settings["lr"] is None:
        settings["lr"] = optim.default_lr(settings["optimizer"])
    settings["engine"] = settings["engine"] or current_engine().name
    if settings["patience"] is not None and settings["validation"] is None:
        raise UsageError("train: --patience needs --validation, such as 0.1; test data must not decide when to stop")
    make_transform(settings["augment"])
    return settings


def recommended(model: str, data: str, optimizer: str | None = None) -> dict[str, Any]:
    """What the model brings along for the data; with another optimiser, without what goes with its own."""
    from pellucid import models

    recipe = models.recipe(model, data)
    another = optimizer is not None and optimizer.lower() != recipe.get("optimizer")
    return {name: value for name, value in recipe.items() if not (another and name in TIED)}


def words(settings: Mapping[str, Any]) -> str:
    """Settings as they are given on the command line.

    >>> words({"batch_size": 64, "lr": 0.5})
    '--batch-size 64 --lr 0.5'
    """
    return " ".join(f"--{name.replace('_', '-')} {value}" for name, value in settings.items())


def _given(given: argparse.Namespace, name: str) -> Any:
    value = getattr(given, name)
    if name == "data" and value is not None and not is_named(value):
        return str(Path(value).expanduser().resolve()) if Path(value).expanduser().exists() else value
    return value


def is_named(source: str) -> bool:
    """Whether this is the name of a data set, and not a path."""
    from pellucid import data

    return source in [entry.name for entry in data.catalogue()]


def resume(given: argparse.Namespace, config: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The settings of a run that goes on. Raises: UsageError when an option contradicts them"""
    kept = {**{name: config[name] for name in IN_CONFIG}, **config["options"]}
    for name in DEFAULTS:
        new, old = _given(given, name), kept.get(name)
        if new is not None and new != old and name != "epochs":
            raise UsageError(
                f"train: {folder} was made {_words(name, old)}, not {_words(name, new)}; "
                "leave the option out, or give another folder without --resume"
            )
    return {**kept, "epochs": _epochs(given.epochs, kept, folder)}


def _epochs(new: int | None, kept: dict[str, Any], folder: Path) -> int:
    old = kept["epochs"]
    if new is None or new == old:
        return old
    if new < old:
        raise UsageError(f"train: {folder} was made for --epochs {old}, not {new}; it can only be raised")
    if kept["schedule"] != "constant":
        raise UsageError(
            f"train: {folder} has a {kept['schedule']} schedule over --epochs {old}, not {new}; "
            "only a constant one can be made longer"
        )
    return new


def _words(name: str, value: Any) -> str:
    option = f"--{name.replace('_', '-')}"
    return f"without {option}" if value is None else f"with {option} {value}"


# ---- what settings lead to


def make_transform(augment: str | None) -> Any:
    """The transforms that `--augment` names, or None.

    >>> make_transform("shift=2,flip").transforms
    (Shift(pixels=2), Flip(direction='horizontal', probability=0.5))
    """
    from pellucid.data import Compose

    return None if augment is None else Compose(*map(_change, augment.split(",")))


def _change(word: str) -> Any:
    from pellucid.data import Flip, Rotate, Shift

    name, _, amount = word.strip().partition("=")
    if name not in ("shift", "rotate", "flip") or (name == "flip" and amount):
        raise UsageError(f"train: --augment {word!r} is no change; give some of shift=2, rotate=10, flip")
    try:
        if name == "flip":
            return Flip()
        return Shift(int(amount or 2)) if name == "shift" else Rotate(float(amount or 10))
    except ValueError:
        wanted = "a number of pixels" if name == "shift" else "degrees from 0 to 180"
        raise UsageError(f"train: --augment {word!r}: {amount} is not {wanted}") from None


def make_scheduler(options: dict[str, Any], optimizer: Any, steps: int) -> Any:
    """The schedule that the options name over that many steps; None for a constant rate."""
    from pellucid.optim import CosineAnnealingLR, OneCycleLR

    name = options.get("schedule", "constant")
    if name == "cosine":
        return CosineAnnealingLR(optimizer, T_max=steps)
    if name == "one-cycle":
        cycles = any(known in optimizer.param_groups[0] for known in ("momentum", "beta1"))
        return OneCycleLR(optimizer, max_lr=options["lr"], total_steps=steps, cycle_momentum=cycles)
    return None
