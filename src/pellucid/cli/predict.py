"""`pellucid predict`: what a run takes images of your own for.

Images may have any size and colour, dark on light or light on dark. What is shown is what the network sees:
for digits the image cropped, scaled and centred as its training data was.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.cli.computing import add_computing, computing
from pellucid.cli.options import Parser
from pellucid.cli.screen import Screen, escape, percent
from pellucid.errors import DataError


def add_options(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN", help="the folder of a run")
    parser.add_argument("images", metavar="IMAGE", nargs="+", help="image files")
    add_computing(parser)
    parser.add_json()


def run(options: argparse.Namespace) -> int:
    from pellucid.cli.pictures import from_plain
    from pellucid.cli.runs import Run, make_trainer

    screen, folder = Screen(options.json), Run(options.run)
    config = folder.read_config()
    with computing(options):
        trainer = make_trainer(folder.load_model(config), config["options"])
        screen.facts(folder.notes(config))
        picture = from_plain(config.get("picture"))
        found = []
        for path in map(Path, options.images):
            try:
                pixels = picture.convert(path)
            except DataError as error:  # the other images may be in order
                complain(error, options.debug)
                continue
            chances = softmax(trainer.predict(pixels[np.newaxis])[0])
            show(screen, path, pixels, chances, config["classes"])
            found.append(plain(path, chances, config["classes"]))
    screen.result({"run": str(folder.folder), "predictions": found})
    return int(len(found) < len(options.images))


def complain(error: DataError, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    print(f"pellucid: {error}", file=sys.stderr)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Scores as probabilities, in float64."""
    e = np.exp(np.float64(scores) - scores.max())
    return e / e.sum()


def plain(path: Path, chances: np.ndarray, classes: list[str]) -> dict[str, Any]:
    """One prediction for programs."""
    best = int(chances.argmax())
    return {
        "image": str(path),
        "class": classes[best],
        "probability": float(chances[best]),
        "probabilities": dict(zip(classes, map(float, chances), strict=True)),
    }


def show(screen: Screen, path: Path, pixels: np.ndarray, chances: np.ndarray, classes: list[str]) -> None:
    """The image beside a bar for each class."""
    from pellucid.cli.drawing import beside, picture, probabilities

    best = int(chances.argmax())
    levels = pixels * 255 if pixels.dtype.kind == "f" else pixels
    drawn = picture(levels, screen.console.color_system is not None)
    title = f"{escape(path.name)}: [bold]{escape(classes[best])}[/bold], {percent(chances[best]).strip()}"
    screen.show("", f"  {title}", "", beside(drawn, probabilities(classes, chances)))
