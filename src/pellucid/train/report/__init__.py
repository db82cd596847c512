"""The report of a training run: one HTML file that holds everything it shows, and needs no network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pellucid.train.files import write_text
from pellucid.train.report import header, page, sections
from pellucid.train.report.findings import examine
from pellucid.train.report.pictures import drawing

if TYPE_CHECKING:
    from pellucid.data import ArrayDataset
    from pellucid.nn.module import Module
    from pellucid.train.history import History
    from pellucid.train.trainer import Trainer

__all__ = ["write_report"]


def write_report(
    folder: Path,
    *,
    model: Module,
    trainer: Trainer,
    history: History,
    test: ArrayDataset,
    config: Mapping[str, Any],
    results: Mapping[str, float] | None = None,
) -> Path:
    """Write `report.html` into the run's folder: curves, confusions, mistakes, filters, activations, layers.

    config:  the options of `pellucid train` by name (`batch_size`, ...), shown as the command that repeats it
    results: what `trainer.evaluate(test)` gives, where it is known already
    Raises:  PellucidError when matplotlib is not installed
    Note:    the whole page is made before anything is written; an old report stays if it cannot be made
    """
    with drawing():
        run = examine(model, trainer, history, test, config, results)
        text = page.whole(run.title, header.top(run), sections.body(run), header.foot(run))
    path = Path(folder) / "report.html"
    write_text(path, text)
    return path
