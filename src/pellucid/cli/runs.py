"""The folder of a run: its files, and how to get back from them to a model, its data and a Trainer.

config.json             data, model, input_shape, classes, options (resolved), picture, versions
history.json            a record an epoch, and the result once the run is finished
checkpoint.safetensors  where training goes on
model.safetensors       the final weights
report.html             the report
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.cli.options import UsageError
from pellucid.cli.settings import is_named
from pellucid.errors import CheckpointError, DataError

if TYPE_CHECKING:
    from pellucid.data import ArrayDataset
    from pellucid.nn import Module
    from pellucid.train import Trainer

MOST_CLASSES = 100_000  # a label above is a mistake, such as a column of numbers that are no classes
TRAIN_AGAIN = "delete it and train again"  # of a checkpoint that cannot be read
NEEDED = ("data", "model", "input_shape", "classes", "options")


class Run:
    """A folder with a run in it."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    # ---- files

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.safetensors"

    @property
    def weights(self) -> Path:
        return self.folder / "model.safetensors"

    @property
    def exists(self) -> bool:
        return (self.folder / "config.json").is_file()

    def read_config(self) -> dict[str, Any]:
        """Raises: CheckpointError when there is no run here, or its configuration is damaged"""
        if not self.exists:
            raise CheckpointError(f"{self.folder} holds no run; give a folder that pellucid train made")
        config = self._read("config.json")
        missing = [name for name in NEEDED if name not in config]
        if missing:
            raise CheckpointError(f"{self.folder / 'config.json'} is damaged (no {missing[0]}); train again")
        return config

    def write_config(self, config: dict[str, Any]) -> None:
        self._write("config.json", config)

    def read_history(self) -> dict[str, Any]:
        """The records so far, and the result if the run is finished."""
        nothing: dict[str, Any] = {"epochs": [], "result": None}
        return nothing | (self._read("history.json") if (self.folder / "history.json").is_file() else {})

    def write_history(self, records: list[dict[str, Any]], result: dict[str, Any] | None = None) -> None:
        self._write("history.json", {"epochs": records, "result": result})

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(content, dict):
                return content
            reason = "it holds no object"
        except (ValueError, OSError) as error:
            reason = str(error)
        raise CheckpointError(f"{path} is damaged ({reason}); delete {self.folder} and train again")

    def _write(self, name: str, content: dict[str, Any]) -> None:
        from pellucid.train.files import write_text

        write_text(self.folder / name, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    # ---- what is in it

    def load_model(self, config: dict[str, Any]) -> Module:
        """The model with its final weights, or those of the checkpoint where training was broken off."""
        from pellucid.train import load
        from pellucid.train.checkpoint import part, read_arrays

        model = make_model(config)
        if self.weights.is_file():
            return load(model, self.weights)
        if not self.checkpoint.is_file():
            raise CheckpointError(f"{self.folder} holds no weights yet; train on with --resume --out {self.folder}")
        arrays, _ = read_arrays(self.checkpoint, advice=TRAIN_AGAIN)
        try:
            model.load_state_dict(part(arrays, "model"))
        except ValueError as error:
            raise CheckpointError(f"{self.checkpoint} does not fit {config['model']}: {error}") from None
        return model

    def notes(self, config: dict[str, Any]) -> list[tuple[str, str]]:
        """What people should know of the weights that `load_model` gives, in pairs for Screen.facts."""
        from pellucid.train.checkpoint import read_arrays

        if self.weights.is_file():
            return []
        _, notes = read_arrays(self.checkpoint, advice=TRAIN_AGAIN)
        epochs = config["options"]["epochs"]
        epoch = min(notes.get("position", {}).get("epoch", 0) + 1, epochs)
        return [("note", f"training was broken off in epoch {epoch} of {epochs}; these are the checkpoint's weights")]


def new_run(out: str | None, data: str, model: str) -> Run:
    """An empty folder for a run: `out`, or the first of runs/<data>-<model>-1, -2 ... that is free."""
    if out is None:
        stem = f"{Path(data).name.partition('.')[0]}-{model}"
        names = (Path("runs") / f"{stem}-{n}" for n in itertools.count(1))
        return next(Run(folder) for folder in names if _created(folder))
    if not out:
        raise UsageError("train: --out is empty; give a folder")
    run = Run(out)
    if run.folder.exists() and not run.folder.is_dir():
        raise UsageError(f"train: --out {out} is a file; give a folder")
    if run.exists:
        hint = "add --resume to go on with it, or give another folder"
        raise UsageError(f"train: {out} already holds a run; {hint}")
    with _making(run.folder):
        run.folder.mkdir(parents=True, exist_ok=True)
    return run


@contextmanager
def _making(folder: Path) -> Iterator[None]:
    """Raises: CheckpointError in place of the system's error"""
    try:
        yield
    except OSError as error:
        raise CheckpointError(f"train: the folder {folder} cannot be made ({error.strerror})") from None


def _created(folder: Path) -> bool:
    if folder.exists():
        return False
    with _making(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir()
        except FileExistsError:  # another process was faster
            return False
    return True


# ---- the parts


def make_model(config: dict[str, Any]) -> Module:
    """The model that a configuration names, with fresh weights."""
    from pellucid import models

    return models.create(config["model"], tuple(config["input_shape"]), len(config["classes"]))


def make_trainer(model: Module, options: dict[str, Any], steps_per_epoch: int = 1) -> Trainer:
    """A Trainer as the options ask for it."""
    from pellucid import nn, optim
    from pellucid.cli.settings import make_scheduler
    from pellucid.train import Trainer

    more = {name: options[name] for name in ("momentum", "weight_decay") if options.get(name) is not None}
    optimizer = optim.create(options["optimizer"], model.parameters(), options["lr"], **more)
    scheduler = make_scheduler(options, optimizer, options["epochs"] * steps_per_epoch)
    loss = nn.CrossEntropyLoss(label_smoothing=options.get("label_smoothing") or 0.0)
    return Trainer(model, loss, optimizer, scheduler=scheduler, clip_norm=options.get("clip_norm"))


def load_data(source: str) -> tuple[ArrayDataset, ArrayDataset]:
    """(train, test), both with labels. Raises: UsageError for a name that is not known, DataError for bad data"""
    from pellucid import data

    try:
        train, test = data.load(source)
    except DataError as error:
        if is_named(source) or Path(source).expanduser().exists():
            raise
        raise UsageError(str(error)) from None
    if not train.has_labels:
        raise DataError(f"{source}: its targets are numbers, not labels; fit them with a Trainer in Python")
    classes = max(train.class_count or 0, test.class_count or 0)
    if classes > MOST_CLASSES:
        fault = f"its largest label is {classes - 1}, so that it would have {classes:,} classes"
        raise DataError(f"{source}: {fault}; number them 0, 1, 2 ..., {MOST_CLASSES:,} at most")
    return train, test


def class_names(*datasets: ArrayDataset) -> list[str]:
    """The classes' names; their numbers where they have none, up to the largest in any of the data sets."""
    count = max(dataset.class_count or 0 for dataset in datasets)
    return list(datasets[0].classes or map(str, range(count)))


def check_fits(config: dict[str, Any], dataset: ArrayDataset, source: str) -> None:
    """Raises: DataError when data are not of the kind that the run was made with"""
    shape, wanted = list(dataset.x.shape[1:]), list(config["input_shape"])
    if shape != wanted:
        raise DataError(f"{source}: its examples are {times(shape)}, but the run knows {times(wanted)}")
    names, known = class_names(dataset), config["classes"]
    if dataset.classes is not None and names != known:
        raise DataError(f"{source}: its classes are {', '.join(names)}, but the run knows {', '.join(known)}")
    if len(names) > len(known):
        raise DataError(f"{source}: it has {len(names)} classes, but the run knows {len(known)}")


def times(shape: Any) -> str:
    """A shape in words: 1×28×28."""
    return "×".join(map(str, shape))
