"""The top and the foot of the page: the result, the numbers, how to run it again."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from pellucid.train.report import words

if TYPE_CHECKING:
    from pellucid.train.report.findings import Run


def top(run: Run) -> str:
    """The title, the result in one sentence, the numbers, and how to run it again."""
    note = words.ending(run)
    return "\n".join(
        (
            '<p class="eyebrow">Training report</p>',
            f"<h1>{escape(run.title)}</h1>",
            f'<p class="lead">{escape(words.outcome(run))}</p>',
            f'<p class="note">{escape(note)}</p>' if note else "",
            f'<dl class="numbers">{"".join(_number(*pair) for pair in _numbers(run))}</dl>',
            _configuration(run),
        )
    )


def _number(name: str, value: str) -> str:
    return f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"


def _numbers(run: Run) -> Iterable[tuple[str, str]]:
    if run.accuracy is not None:
        yield "Test accuracy", words.percent(run.accuracy)
    yield "Test loss", f"{run.results['loss']:.4g}"
    for name, value in run.results.items():
        if name not in ("loss", "accuracy"):
            yield f"Test {name.replace('_', ' ')}", f"{value:.4g}"
    yield "Epochs", f"{len(run.records):,}"
    yield "Steps", f"{int(np.nansum(run.column('steps'))):,}"
    yield "Training time", words.duration(float(np.nansum(run.column("seconds"))))
    yield "Parameters", f"{run.parameters:,}"


def _configuration(run: Run) -> str:
    command = words.command(run.config)
    if command:
        words_together = " ".join(f"<span>{escape(option)}</span>" for option in command)
        return f'<p class="label">Run it again with</p><pre class="command"><code>{words_together}</code></pre>'
    items = [f"{name.replace('_', ' ')} {value}" for name, value in run.config.items() if value is not None]
    return f'<p class="label">Configuration</p><p>{escape(", ".join(items))}</p>' if items else ""


def foot(run: Run) -> str:
    from pellucid import __version__

    versions = f"Pellucid {__version__}, NumPy {np.__version__}, Python {platform.python_version()}"
    return f"<p>{escape(versions)}, {escape(platform.machine())}</p>"
