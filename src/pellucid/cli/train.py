"""`pellucid train`: train a network.

The run's folder (--out, or the next free runs/<data>-<model>-<n>) keeps the configuration, the history, a
checkpoint, the final weights and report.html. Ctrl-C stops a run, and --resume --out DIR goes on with it: the
end has the same bits as without a break.
"""

from __future__ import annotations

import argparse
import math
import platform
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.cli.computing import add_computing, computing
from pellucid.cli.options import Parser, UsageError
from pellucid.cli.runs import (
    Run,
    check_fits,
    class_names,
    load_data,
    make_model,
    make_trainer,
    new_run,
    times,
)
from pellucid.cli.screen import Screen, duration, percent
from pellucid.cli.settings import IN_CONFIG, add_settings, make_transform, recommended, resolve, resume, words
from pellucid.errors import ShapeError, TrainingError

if TYPE_CHECKING:
    from pellucid.data import ArrayDataset
    from pellucid.train import History, Trainer


def add_options(parser: Parser) -> None:
    add_settings(parser)
    where = parser.add_argument_group("where")
    where.add_argument("--out", metavar="DIR", help="the run's folder (runs/<data>-<model>-<n>)")
    where.add_argument("--resume", action="store_true", help="go on with the run in --out; --epochs may be raised")
    add_computing(parser)
    parser.add_json()


def run(options: argparse.Namespace) -> int:
    screen = Screen(options.json)
    if options.resume and not options.out:
        raise UsageError("train: --resume needs --out DIR, the folder of the run to go on with")
    old = Run(options.out) if options.resume else None
    config = old.read_config() if old else None
    settings = resume(options, config, old.folder) if old and config else None
    with computing(options, settings["engine"] if settings else None):
        settings = settings or resolve(options)
        job = prepare(settings, config)
        if old and _is_finished(screen, old, settings):
            return 0
        job.run = old or new_run(options.out, settings["data"], settings["model"])
        job.run.write_config(job.config)
        screen.facts(describe(job))
        with telling_how_to_go_on(job.run):
            finish(screen, job, fit(job, resuming=options.resume))
    return 0


@contextmanager
def telling_how_to_go_on(run: Run) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        folder = shlex.quote(str(run.folder))
        raise KeyboardInterrupt(f"; to go on: pellucid train --resume --out {folder}") from None


@dataclass
class Job:
    """All that a training run is made of."""

    config: dict[str, Any]
    train: ArrayDataset
    validation: ArrayDataset
    test: ArrayDataset
    trainer: Trainer
    run: Run = Run("")  # noqa: RUF009 - its folder is made only when everything else is in order

    @property
    def options(self) -> dict[str, Any]:
        return self.config["options"]


def prepare(settings: dict[str, Any], config: dict[str, Any] | None) -> Job:
    """Everything but the folder: a mistake in an option or in the data leaves nothing behind."""
    import pellucid

    train, test = load_data(settings["data"])
    if config is None:
        config = new_config(settings, train, test)
    check_fits(config, train, settings["data"])
    if settings["augment"] is not None and len(train.x.shape) != 4:
        fault = f"{settings['data']} holds no images, its examples are {times(config['input_shape'])}"
        raise UsageError(f"train: --augment changes images; {fault}")
    check_fits(config, test, f"{settings['data']} (test part)")
    config = {**config, "options": {k: v for k, v in settings.items() if k not in IN_CONFIG}}
    validation = test
    if settings["validation"] is not None:
        train, validation = train.split(settings["validation"], seed=settings["seed"], stratified=True)
    pellucid.seed(settings["seed"])
    try:
        model = make_model(config)
    except ShapeError as error:
        raise UsageError(str(error)) from None
    trainer = make_trainer(model, settings, -(-len(train) // settings["batch_size"]))
    return Job(config, train, validation, test, trainer)


def new_config(settings: dict[str, Any], train: ArrayDataset, test: ArrayDataset) -> dict[str, Any]:
    import numpy

    import pellucid
    from pellucid.cli.pictures import Picture

    return {
        **{name: settings[name] for name in IN_CONFIG},
        "input_shape": list(train.x.shape[1:]),
        "classes": class_names(train, test),
        "examples": {"train": len(train), "test": len(test)},
        "picture": Picture.of(train).plain(),
        "versions": {
            "pellucid": pellucid.__version__,
            "python": platform.python_version(),
            "numpy": numpy.__version__,
        },
    }


def describe(job: Job) -> list[tuple[str, str]]:
    """What is about to be trained."""
    config, options = job.config, job.options
    weights = sum(w.size for w in job.trainer.model.parameters())
    rate = f"{options['lr']:g}{'' if options['schedule'] == 'constant' else ', ' + options['schedule']}"
    recipe = recommended(config["model"], config["data"])
    own = {name: value for name, value in recipe.items() if options[name] == value}
    data = f"{Path(config['data']).name}, {len(job.train):,} examples of {times(config['input_shape'])}"
    return [
        ("data", f"{data}, {len(config['classes'])} classes"),
        ("test", f"{len(job.test):,} examples{', watched as validation' * (job.validation is job.test)}"),
        ("model", f"{config['model']}, {weights:,} parameters"),
        ("training", f"{options['optimizer']}, learning rate {rate}, batches of {options['batch_size']}"),
        *([("recipe", f"{config['model']}'s for {config['data']}: {words(own)}")] if own else []),
        ("engine", options["engine"]),
        ("run", str(job.run.folder)),
        ("", ""),
    ]


# ---- training


def fit(job: Job, resuming: bool) -> History:
    """Train as the options ask for it."""
    from pellucid.cli.keeping import HistoryFile
    from pellucid.train import EarlyStopping

    options = job.options
    patience = options["patience"]
    return job.trainer.fit(
        job.train,
        epochs=options["epochs"],
        batch_size=options["batch_size"],
        validation=job.validation,
        seed=options["seed"],
        transform=make_transform(options["augment"]),
        callbacks=[HistoryFile(job.run)],
        early_stopping=None if patience is None else EarlyStopping(patience),
        checkpoint=job.run.checkpoint,
        resume=resuming,
    )


def finish(screen: Screen, job: Job, history: History) -> None:
    """Measure, write the files, and say what came of it."""
    from pellucid.train import save
    from pellucid.train.report import write_report

    if sys.stderr.isatty():  # it takes seconds with many examples
        print("measuring and writing the report ...", file=sys.stderr, flush=True)
    test, train = tested(job, history), job.trainer.evaluate(job.train)
    for part, measured in (("test", test), ("training", train)):
        if not math.isfinite(measured["loss"]):
            advice = f"give another folder and a smaller --lr than {job.options['lr']:g}, or --clip-norm 1"
            raise TrainingError(f"train: the loss on the {part} data is {measured['loss']} at the end; {advice}")
    result = {
        "test_accuracy": test["accuracy"],
        "test_loss": test["loss"],
        "train_accuracy": train["accuracy"],
        "epochs": len(history),
        "steps": history.steps,
        "seconds": round(history.seconds, 3),
        "run": str(job.run.folder),
    }
    save(job.trainer.model, job.run.weights)
    report = write_report(
        job.run.folder,
        model=job.trainer.model,
        trainer=job.trainer,
        history=history,
        test=job.test,
        results=test,
        config={name: job.config[name] for name in IN_CONFIG} | job.options,
    )
    job.run.write_history(history.records, result)
    screen.facts([("", ""), *outcome(result), ("report", str(report))])
    if len(history) < job.options["epochs"]:
        screen.show(f"  stopped early, after {len(history)} epochs; the best weights are kept")
    screen.result(result)


def tested(job: Job, history: History) -> dict[str, float]:
    """Loss and accuracy on the test data: those of the last epoch where they were watched, or else measured now."""
    if job.validation is not job.test or not history.last:
        return job.trainer.evaluate(job.test)
    return {name: history.last[f"validation_{name}"] for name in ("loss", "accuracy")}


def outcome(result: dict[str, Any]) -> list[tuple[str, str]]:
    """A result for people."""
    epochs = f"{result['epochs']} epoch{'s' * (result['epochs'] > 1)}"
    steps = f"{result['steps']:,} step{'s' * (result['steps'] > 1)}"
    return [
        ("test", f"{percent(result['test_accuracy'], 2).strip()} right, loss {result['test_loss']:.4f}"),
        ("training", f"{percent(result['train_accuracy'], 2).strip()} right"),
        ("time", f"{duration(result['seconds'])} for {epochs}, {steps}"),
    ]


def _is_finished(screen: Screen, run: Run, settings: dict[str, Any]) -> bool:
    """Whether nothing is left to do; says so."""
    history, epochs = run.read_history(), run.read_config()["options"]["epochs"]
    result, stopped_early = history["result"], len(history["epochs"]) < epochs
    if result is None or (settings["epochs"] > epochs and not stopped_early):
        return False
    if stopped_early:
        how = f"stopped early, after {len(history['epochs'])} epochs; another folder and a higher --patience go further"
    else:
        how = f"is finished; a higher --epochs than {settings['epochs']} goes on with it"
    screen.show(f"  {run.folder} {how}")
    screen.facts(outcome(result))
    screen.result({**result, "run": str(run.folder)})
    return True
