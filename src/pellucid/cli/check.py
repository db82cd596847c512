"""`pellucid check`: compare a run's gradients with numerical ones.

In float64, on a few of its test examples, with dropout drawing the same numbers each time. Of every parameter
some elements are checked: half of them drawn from all, half from those whose gradient is not zero.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.cli.computing import add_computing, computing
from pellucid.cli.options import Parser, count, rate, whole
from pellucid.cli.screen import Screen

if TYPE_CHECKING:
    from rich.table import Table

    from pellucid.nn import Module
    from pellucid.tensor import Parameter

STEPS = (1e-5, 1e-6, 1e-7)
TOLERANCE = 1e-5
SMALL = 1e-4  # rounding, 1e-15 of a loss near 1, over a step of 1e-5 leaves 1e-10: the tolerance for 1e-5 of this


def add_options(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN", help="the folder of a run")
    parser.add_argument("--examples", type=count, default=8, metavar="N", help="examples in the loss (8)")
    parser.add_argument("--elements", type=count, default=24, metavar="N", help="elements a parameter (24)")
    parser.add_argument("--tolerance", type=rate, default=TOLERANCE, metavar="X", help="largest relative error (1e-05)")
    parser.add_argument("--seed", type=whole, default=0, metavar="N", help="which examples and elements (0)")
    add_computing(parser)
    parser.add_json()


def run(options: argparse.Namespace) -> int:
    from pellucid.cli.runs import Run

    screen, folder = Screen(options.json), Run(options.run)
    config = folder.read_config()
    with computing(options):
        model = folder.load_model(config).double().train()
        loss = make_loss(model, config, options)
        generator = np.random.default_rng(options.seed)
        findings = check(model, loss, options.elements, generator)
    for finding in findings:
        finding.tolerance = options.tolerance
    verdict, good = judge(findings)
    screen.show("", as_table(findings), "", f"  {verdict}")
    screen.result({"run": str(folder.folder), "ok": good, "parameters": [x.plain() for x in findings]})
    return int(not good)


def make_loss(model: Module, config: dict[str, Any], options: argparse.Namespace) -> Callable[[], Any]:
    """The loss on a few test examples, the same whenever it is called."""
    import pellucid
    from pellucid import Tensor, nn
    from pellucid.cli.runs import check_fits, load_data
    from pellucid.train.trainer import prepare

    _, test = load_data(config["data"])
    check_fits(config, test, config["data"])
    chosen = np.random.default_rng(options.seed).permutation(len(test))[: options.examples]
    x, t = prepare(Tensor(test.x[chosen]), "float64"), Tensor(test.t[chosen])
    measure = nn.CrossEntropyLoss()

    def loss() -> Any:
        pellucid.seed(options.seed)  # for dropout
        return measure(model(x), t)

    return loss


@dataclass
class Finding:
    """What was found of one parameter: its worst element and whether there was any slope."""

    name: str
    shape: tuple[int, ...]
    elements: int
    error: float
    index: tuple[int, ...]
    analytic: float
    numeric: float
    vacuous: bool
    tolerance: float = TOLERANCE

    @property
    def ok(self) -> bool:
        return self.error <= self.tolerance

    @property
    def words(self) -> str:
        return "wrong" if not self.ok else "no slope" if self.vacuous else "right"

    def plain(self) -> dict[str, Any]:
        names = ("name", "elements", "error", "analytic", "numeric", "vacuous", "ok")
        return {"shape": list(self.shape), "index": list(self.index), **{x: getattr(self, x) for x in names}}


def check(model: Module, loss: Callable[[], Any], elements: int, generator: np.random.Generator) -> list[Finding]:
    """Every parameter of the model against central differences of the loss."""
    from pellucid import no_grad

    model.zero_grad()
    loss().backward()
    with no_grad():
        return [
            _check_parameter(name, w, lambda: loss().item(), elements, generator)
            for name, w in model.named_parameters()
        ]


def _check_parameter(
    name: str, w: Parameter, loss: Callable[[], float], elements: int, generator: np.random.Generator
) -> Finding:
    slope = np.zeros(w.shape) if w.grad is None else w.grad.numpy()
    chosen = choose(slope.ravel(), elements, generator)
    # What is small is measured by the parameter's largest, and by the digits that a difference of losses has at all.
    floor = max(1e-2 * float(np.abs(slope).max(initial=0)), SMALL)
    worst = (-1.0, 0, 0.0, 0.0)
    vacuous = True
    for i in chosen:
        analytic = float(slope.ravel()[i])
        error, numeric = difference(w, int(i), loss, analytic, floor)
        vacuous = vacuous and analytic == 0 and abs(numeric) < SMALL * TOLERANCE
        worst = max(worst, (error, int(i), analytic, numeric), key=lambda x: _order(x[0]))
    error, i, analytic, numeric = worst
    index = tuple(int(k) for k in np.unravel_index(i, w.shape))
    return Finding(name, w.shape, len(chosen), error, index, analytic, numeric, vacuous)


def _order(error: float) -> float:
    return np.inf if np.isnan(error) else error


def choose(slope: np.ndarray, elements: int, generator: np.random.Generator) -> np.ndarray:
    """Positions: half from all, to find gradients that are missing, half from those that are not zero."""
    every = generator.permutation(slope.size)
    steep = generator.permutation(np.flatnonzero(slope))[: elements // 2]
    return np.unique(np.concatenate([steep, every[: elements - len(steep)]]))


def difference(w: Parameter, i: int, loss: Callable[[], float], analytic: float, floor: float) -> tuple[float, float]:
    """The relative error of one element, and its gradient by central differences.

    Note: a kink (ReLU, max pooling) between the two points spoils the difference; a shorter step leaves it
          out, and a wrong gradient stays wrong at every step.
    """
    best = (np.inf, np.nan)
    for h in STEPS:
        numeric = _slope(w, i, loss, h)
        error = abs(analytic - numeric) / max(abs(analytic), abs(numeric), floor)
        best = min(best, (error, numeric))
        if error < TOLERANCE / 10:
            break
    return best


def _slope(w: Parameter, i: int, loss: Callable[[], float], h: float) -> float:
    from pellucid import Tensor

    before = w.numpy()
    place = np.unravel_index(i, before.shape)

    def at(offset: float) -> float:
        moved = before.copy()
        moved[place] += offset
        w.assign(Tensor(moved))
        return loss()

    try:
        return (at(h) - at(-h)) / (2 * h)
    finally:
        w.assign(Tensor(before))


def judge(findings: list[Finding]) -> tuple[str, bool]:
    """The verdict in words, and whether it is good."""
    wrong = [x for x in findings if not x.ok]
    if wrong:
        worst = max(wrong, key=lambda x: _order(x.error))
        where = f"{worst.name}{list(worst.index) if worst.index else ''}"
        values = f"backward gives {worst.analytic:.6g}, differences give {worst.numeric:.6g}"
        return f"{len(wrong)} of {len(findings)} gradients are wrong; worst at {where}: {values}", False
    flat = [x.name for x in findings if x.vacuous]
    if len(flat) == len(findings):
        return "all gradients are zero, so this check shows nothing; give other --examples or --seed", False
    note = f"; without a slope here, so not checked: {', '.join(flat)}" if flat else ""
    return f"all {len(findings) - len(flat)} gradients with a slope agree with the numerical ones{note}", True


def as_table(findings: list[Finding]) -> Table:
    """A row for each parameter."""
    from rich.table import Table

    from pellucid.cli.runs import times

    table = Table(box=None, padding=(0, 2), header_style="dim")
    table.add_column("parameter")
    table.add_column("shape")
    table.add_column("elements", justify="right")
    table.add_column("largest error", justify="right")
    table.add_column("")
    for x in findings:
        style = "bold red" if not x.ok else "yellow" if x.vacuous else None
        table.add_row(x.name, times(x.shape), str(x.elements), f"{x.error:.1e}", x.words, style=style)
    return table
