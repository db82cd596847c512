"""`pellucid evaluate`: measure a run on its test data, class by class.

Weights are the final ones, or those of the checkpoint where training was broken off.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from pellucid.cli.computing import add_computing, computing
from pellucid.cli.options import Parser
from pellucid.cli.screen import Screen, bar, escape, percent

CONFUSIONS = 3  # how many of the most frequent ones are named


def add_options(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN", help="the folder of a run")
    parser.add_argument("--data", metavar="NAME|PATH", help="measure the test part of other data")
    add_computing(parser)
    parser.add_json()


def run(options: argparse.Namespace) -> int:
    from pellucid.cli.runs import Run, check_fits, load_data, make_trainer
    from pellucid.train import confusion_matrix

    screen, folder = Screen(options.json), Run(options.run)
    config = folder.read_config()
    source = options.data or config["data"]
    with computing(options):
        trainer = make_trainer(folder.load_model(config), config["options"])
        _, test = load_data(source)
        check_fits(config, test, source)
        measured = trainer.evaluate(test)
        counts = confusion_matrix(trainer.predict(test.x).argmax(1), test.t, len(config["classes"]))
    screen.facts([*folder.notes(config), ("test", _sentence(measured, len(test)))])
    screen.show("", *_by_class(config["classes"], counts), *_confusions(config["classes"], counts))
    screen.result(_plain(measured, counts, config["classes"], folder.folder, source))
    return 0


def _sentence(measured: dict[str, float], examples: int) -> str:
    return f"{percent(measured['accuracy'], 2).strip()} of {examples:,} right, loss {measured['loss']:.4f}"


def _recalls(counts: np.ndarray) -> np.ndarray:
    """The part of each class that was recognised; nan for a class without examples."""
    with np.errstate(invalid="ignore"):
        return np.diag(counts) / counts.sum(1)


def _by_class(classes: list[str], counts: np.ndarray) -> list[str]:
    width = max(map(len, classes))
    rows = zip(classes, _recalls(counts), counts.sum(1), strict=True)
    return [
        f"  {escape(f'{name:>{width}}')}  {bar(part, 24)} {percent(part)}  [dim]of {total:,}[/dim]"
        for name, part, total in rows
        if total
    ]


def _confusions(classes: list[str], counts: np.ndarray) -> list[str]:
    """The most frequent mistakes, in words."""
    wrong = counts - np.diag(np.diag(counts))
    order = np.argsort(-wrong, axis=None, kind="stable")[:CONFUSIONS]
    pairs = [(*np.unravel_index(i, wrong.shape), wrong.ravel()[i]) for i in order if wrong.ravel()[i]]
    words = [f"{classes[t]} as {classes[y]} ({n}×)" for t, y, n in pairs]
    return ["", f"  [dim]most often taken wrongly:[/dim] {escape(', '.join(words))}"] if words else []


def _plain(
    measured: dict[str, float], counts: np.ndarray, classes: list[str], folder: Any, source: str
) -> dict[str, Any]:
    seen = {name: float(part) for name, part in zip(classes, _recalls(counts), strict=True) if part == part}
    return {
        "test_accuracy": measured["accuracy"],
        "test_loss": measured["loss"],
        "examples": int(counts.sum()),
        "class_accuracy": seen,
        "confusion": counts.tolist(),
        "data": source,
        "run": str(folder),
    }
