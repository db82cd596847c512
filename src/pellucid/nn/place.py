"""Where in a model an error happened: `Net.features[4] Linear(4320, 100):`."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pellucid.errors import PellucidError

if TYPE_CHECKING:
    from pellucid.nn.module import Module


def add_place(error: PellucidError, module: Module) -> None:
    """Say in the error that it happened inside `module`. Called from the innermost module outwards."""
    modules = error.__dict__.setdefault("modules", [])
    modules.append(module)
    inner, outer = modules[0], modules[-1]
    steps = "".join(_step(parent, child) for parent, child in pairwise(reversed(modules)))
    error.place = f"{type(outer).__name__}{steps} {inner.label()}:" if steps else f"{inner.label()}:"


def _step(parent: Module, child: Module) -> str:
    """How a parent reaches a child: `.fc1`, `[4]`, `.blocks[0]`; nothing for one that it does not know."""
    names = next((name for name, module in parent.named_modules() if module is child), "").split(".")
    return "".join(f"[{name}]" if name.isdigit() else f".{name}" for name in names if name)
