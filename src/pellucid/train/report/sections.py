"""The sections of the page, from top to bottom. Whatever comes from outside goes through `escape`."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from pellucid.errors import PellucidError
from pellucid.train.report import charts, inside, words
from pellucid.train.report.pictures import diverging, photograph, png

if TYPE_CHECKING:
    from pellucid.train.report.findings import Run, Verdict
    from pellucid.train.report.inside import Activation

MISTAKES = 24  # pictures of mistakes
FILTERS = 64  # pictures of filters
LAYERS = 24  # histograms
CLASSES = 20  # bars
GOOD = 0.9  # an accuracy from which on weights that look like noise are no sign of a fault


def body(run: Run) -> str:
    found, first = inside.activations(run)
    return "\n".join(
        (
            _section("How it learned", _curves(run)),
            _section("Class by class", _classes(run)),
            _section("The worst mistakes", _mistakes(run)),
            _section(
                "What the first layer looks for",
                _filters(run, None if first is None else inside.weights(first)),
            ),
            _section("What the layers put out", _activations(run, found)),
            _section("The layers", _layers(run)),
        )
    )


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{title}</h2>\n{body}\n</section>"


def _say(text: str, kind: str = "hint") -> str:
    return f'<p class="{kind}">{escape(text)}</p>'


def _figure(picture: str, caption: str = "") -> str:
    return f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>"


# ---- how it learned


def _curves(run: Run) -> str:
    if not run.records:
        return _say("No epoch was finished, so there are no curves.", "lead")
    pictures = f'<div class="pair">{"".join(_curve_figures(run))}</div>'
    return _say(words.learning(run), "finding") + _key(run) + pictures + _say(words.curves_hint(run))


def _curve_figures(run: Run) -> Iterator[str]:
    loss = charts.curve(run, "loss", "loss")
    yield _figure(loss, "Loss: how wrong the network is; lower is better.")
    if run.has("accuracy"):
        accuracy = charts.curve(run, "accuracy", "accuracy (%)", factor=100.0)
        yield _figure(accuracy, "Accuracy: how many of 100 examples it gets right.")
    rates = run.column("learning_rate")
    if np.isfinite(rates).all() and np.ptp(rates) > 0:
        yield _figure(charts.learning_rates(run), "Learning rate: how large the steps of the optimiser are.")


def _key(run: Run) -> str:
    lines = [("blue", "training, mean over each epoch")]
    lines += [("orange", f"{run.watched}, after each epoch")] if run.watched else []
    lines += [("dotted", "test, at the end")] if run.watched != "test" else []
    items = "".join(f'<li><i class="{kind}"></i>{text}</li>' for kind, text in lines)
    return f'<ul class="key">{items}</ul>'


# ---- class by class


def _classes(run: Run) -> str:
    if run.verdict is None:
        return _say("The targets are numbers, not classes, so there is no confusion matrix.")
    matrix = _figure(
        charts.confusion(run.verdict),
        "Confusion matrix: test examples by true class (row) and the network's answer (column). Blue is "
        "right; look for orange, and for pairs that are confused in both directions.",
    )
    return f'<div class="pair wide">{matrix}<div>{_bars(run.verdict)}{_pairs(run.verdict)}</div></div>'


def _bars(verdict: Verdict) -> str:
    totals, right = verdict.confusion.sum(axis=1), np.diag(verdict.confusion)
    share = right / np.maximum(totals, 1)
    order = np.flatnonzero(totals)
    if len(order) > CLASSES:
        order = order[np.argsort(share[order], kind="stable")][:CLASSES]
    rows = "".join(_bar(verdict.names[i], share[i], f"{right[i]:,} of {totals[i]:,}") for i in order)
    few = f" Shown are the {CLASSES} weakest of {len(verdict.names)}." if len(verdict.names) > CLASSES else ""
    hint = f"Accuracy by class. A class far below the others needs more, or cleaner, examples.{few}"
    return f'<table class="bars"><tbody>{rows}</tbody></table>{_say(hint)}'


def _bar(name: str, share: float, count: str) -> str:
    bar = f'<span class="bar"><i style="width:{100 * share:.1f}%"></i></span>'
    return f"<tr><th>{escape(name)}</th><td>{bar}</td><td>{words.percent(share, 1)}</td><td>{count}</td></tr>"


def _pairs(verdict: Verdict) -> str:
    pairs = verdict.confusions()[:5]
    if not pairs:
        return _say("No class was taken for another.", "finding")
    often = [pair for pair in pairs if pair[2] > 1]
    items = [f"{_name(verdict, t)} for {_name(verdict, p)} ({count:,}&times;)" for t, p, count in often]
    said = ", ".join(items) or "no pair more than once"
    return f'<p class="finding">Most often taken for another: {said}.</p>'


def _name(verdict: Verdict, label: int) -> str:
    return f"<b>{escape(verdict.names[label])}</b>"


# ---- the worst mistakes


def _mistakes(run: Run) -> str:
    verdict = run.verdict
    if verdict is None:
        return _say("The targets are numbers, not classes, so no answer is simply right or wrong.")
    if not len(verdict.mistakes):
        return _say("There are none: every test example got its right label.", "lead")
    shown = verdict.mistakes[:MISTAKES]
    low, high = _pixel_range(run.test.x[shown])
    cards = "".join(_mistake(run, verdict, int(i), low, high) for i in shown)
    which = (
        f"The {len(shown)} worst of {len(verdict.mistakes):,}" if len(verdict.mistakes) > len(shown) else "All of them"
    )
    hint = (
        f"{which}, the one with the highest loss first. Ask of each whether you would have known it: a wrong "
        "label, a careless hand, or a fault of the network? Answers that are wrong and sure of themselves "
        "teach most."
    )
    no_images = "" if run.image_shape else _say("The inputs are no images, so only the answers are shown.")
    return f'{no_images}<div class="cards">{cards}</div>{_say(hint)}'


def _pixel_range(x: np.ndarray) -> tuple[float, float]:
    """The values that are shown black and white: 0..255, 0..1, or whatever the numbers span."""
    if x.dtype == np.uint8:
        return 0.0, 255.0
    low, high = float(x.min()), float(x.max())
    return (0.0, 1.0) if low >= 0 and high <= 1 else (low, high)


def _mistake(run: Run, verdict: Verdict, example: int, low: float, high: float) -> str:
    true, predicted = int(verdict.t[example]), int(verdict.predicted[example])
    sure = words.percent(verdict.probability(example, predicted), 1)
    image = ""
    if run.image_shape:
        source = png(photograph(run.test.x[example], low, high))
        image = f'<img class="pixels" src="{source}" alt="test image {example}">'
    return (
        f'<figure class="card">{image}<figcaption>is {_name(verdict, true)}<br>'
        f'said {_name(verdict, predicted)} <span class="quiet">{sure}</span><br>'
        f'<span class="quiet">no. {example}</span></figcaption></figure>'
    )


# ---- what the first layer looks for


def _filters(run: Run, weight: np.ndarray | None) -> str:
    every = None if weight is None else inside.as_images(weight, run.image_shape)
    if weight is None or every is None:
        return _say("The first layer's weights do not form pictures here.")
    pictures = every[:FILTERS]
    limit = max(float(np.quantile(np.abs(pictures), 0.998)), 1e-12)
    colour = pictures.shape[1] == 3
    images = "".join(
        f'<img class="pixels" src="{png(_weight_pixels(w, limit))}" alt="unit {i}" title="unit {i}">'
        for i, w in enumerate(pictures)
    )
    scale = "" if colour else _scale(limit)
    body = f'<div class="filters {"small" if pictures.shape[-1] <= 11 else ""}">{images}</div>'
    return f"{scale}{body}{_say(f'{_which(weight, every)} {COLOUR_HINT if colour else GREY_HINT} {_noise(run)}')}"


def _noise(run: Run) -> str:
    """What even noise in the weights means, which a network that does well may show too."""
    if run.accuracy is not None and run.accuracy >= GOOD:
        return "A network that does well may use weights in which the eye finds no pattern."
    return "Even noise means too little training or too little data."


def _which(weight: np.ndarray, every: np.ndarray) -> str:
    few = f"Shown are the first {FILTERS} of {len(every):,}. " if len(every) > FILTERS else ""
    if weight.ndim == 4:
        return f"{few}Each picture is a kernel, the small window that slides over the image."
    return f"{few}Each picture holds the weights of one unit, at the pixels that they belong to."


GREY_HINT = (
    "Blue: a bright pixel speaks for the unit; orange: against it; blank: it does not matter. Edges and "
    "strokes mean that it has learned something."
)
COLOUR_HINT = (
    "Every picture shows the input that excites the unit most; grey does not count. Edges and patches of "
    "colour mean that it has learned something."
)


def _scale(limit: float) -> str:
    return f'<div class="scale"><span>&minus;{limit:.2g}</span><i></i><span>+{limit:.2g}</span></div>'


def _weight_pixels(w: np.ndarray, limit: float) -> np.ndarray:
    return diverging(w[0], limit) if len(w) == 1 else photograph(w, -limit, limit)


# ---- what the layers put out


def _activations(run: Run, found: list[Activation]) -> str:
    if not found:
        return _say("No layer of the network could be listened to.")
    chosen = found
    if len(found) > LAYERS:
        chosen = [found[i] for i in np.linspace(0, len(found) - 1, LAYERS).astype(int)]
    pictures = "".join(_activation(i, a) for i, a in enumerate(chosen))
    examples = words.counted(min(inside.EXAMPLES, len(run.test)), "test example")
    few = f" Shown are {LAYERS} of {len(found)} layers." if len(found) > LAYERS else ""
    hint = (
        f"How often each layer gave which value, on {examples}; the line is 0, and exact zeros are counted "
        f"in words. A layer that is nearly always 0 is dead, one that sits at the ends of its range is "
        f"saturated: neither passes much gradient on.{few}"
    )
    return f'<div class="layers">{pictures}</div>{_say(hint)}'


def _activation(i: int, a: Activation) -> str:
    facts = [f"mean {a.mean:.2g}", f"spread {a.std:.2g}"]
    facts += [f"{words.percent(a.zeros, 0)} zeros"] if a.zeros >= 0.005 else []
    facts += [f"{a.broken:,} not finite"] if a.broken else []
    place = f"{escape(a.path)} &middot; " if a.path else ""
    title = f'<b>{escape(a.kind)}</b> <span class="quiet">{place}{_size(a.shape)}</span>'
    picture = charts.histogram(a, f"layer{i}")
    caption = ", ".join(facts).replace("-", "&minus;")
    return f"<figure><p>{title}</p>{picture}<figcaption>{caption}</figcaption></figure>"


# ---- the layers


def _layers(run: Run) -> str:
    try:
        table = run.model.summary(run.test.x.shape[1:])
    except PellucidError as error:
        return _say(f"There is no table: {error}")
    rows = [_row("", "input", _size(table.input_shape))]
    rows += [_row(x.path, x.kind, _size(x.output_shape or ()), x.parameters, x.multiply_adds) for x in table.rows]
    total = _row("", "total", "", table.parameters, table.multiply_adds)
    head = "".join(f"<th>{name}</th>" for name in ("layer", "", "output", "parameters", "multiply-adds"))
    body = f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody><tfoot>{total}</tfoot>"
    hint = (
        "Parameters are what is learned; multiply-adds are the work for one example. Often a few layers hold "
        "most of them."
    )
    return f'<div class="scroll"><table class="sheet">{body}</table></div>{_say(hint)}'


def _row(path: str, kind: str, size: str, *counts: int) -> str:
    numbers = "".join(f"<td>{count:,}</td>" for count in counts) or "<td></td><td></td>"
    return f'<tr><td class="quiet">{escape(path)}</td><td>{escape(kind)}</td><td>{size}</td>{numbers}</tr>'


def _size(shape: tuple[int, ...]) -> str:
    return " &times; ".join(str(size) for size in shape)
