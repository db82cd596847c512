"""Files of network2: a network as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pellucid.book.nielsen.costs import COSTS
from pellucid.data.places import existing_file
from pellucid.errors import DataError, nearest

Arrays = list[np.ndarray]


def write_network(
    filename: str | os.PathLike[str], sizes: Sequence[int], weights: Arrays, biases: Arrays, cost: str
) -> None:
    """Write the file, beside its place first, so that there is never half of one."""
    content = {
        "sizes": [int(size) for size in sizes],
        "weights": [np.asarray(w).tolist() for w in weights],
        "biases": [np.asarray(b).tolist() for b in biases],
        "cost": cost,
    }
    path = Path(filename)
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.write_text(json.dumps(content), encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def read_network(filename: str | os.PathLike[str]) -> tuple[list[int], Arrays, Arrays, Any]:
    """(sizes, weights, biases, the class of the cost) of a file. Raises: DataError"""
    path = existing_file("load", filename)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"load: {path} is damaged or no JSON ({error}); save the network again") from error
    if not isinstance(content, dict) or not {"sizes", "weights", "biases", "cost"} <= content.keys():
        raise DataError(f"load: {path} is no network; give a file that Network.save wrote")
    cost = content["cost"]
    if not isinstance(cost, str) or cost not in COSTS:
        raise DataError(f"load: {path} has the cost {cost!r}, which is not known{nearest(str(cost), COSTS)}")
    sizes = content["sizes"]
    if not isinstance(sizes, list) or len(sizes) < 2 or not all(type(size) is int and size > 0 for size in sizes):
        raise DataError(f"load: {path} is damaged: its sizes are {sizes!r}; save the network again")
    weights = _arrays(path, "weights", content["weights"], list(zip(sizes[1:], sizes[:-1], strict=True)))
    biases = _arrays(path, "biases", content["biases"], [(size, 1) for size in sizes[1:]])
    return sizes, weights, biases, COSTS[cost]


def _arrays(path: Path, name: str, lists: Any, shapes: list[tuple[int, int]]) -> Arrays:
    try:
        arrays = [np.array(x, np.float64) for x in lists]
    except (TypeError, ValueError):
        arrays = []
    found = [x.shape for x in arrays]
    if found != shapes:
        raise DataError(f"load: {path} is damaged: its {name} are not the arrays {shapes}; save the network again")
    return arrays
