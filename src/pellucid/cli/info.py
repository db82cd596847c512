"""`pellucid info`: what this installation is made of, and what it found on this machine."""

from __future__ import annotations

import argparse
import os
import platform
from pathlib import Path
from typing import Any

from pellucid.cli.options import Parser
from pellucid.cli.screen import Screen, bytes_text
from pellucid.errors import PellucidError


def add_options(parser: Parser) -> None:
    parser.add_json()


def run(options: argparse.Namespace) -> int:
    screen, facts = Screen(options.json), gather()
    screen.facts(describe(facts))
    screen.result(facts)
    return 0


def gather() -> dict[str, Any]:
    """Everything that is shown, as plain values."""
    import numpy

    import pellucid
    from pellucid.cli.threads import thread_count
    from pellucid.engines import ENGINES, current_engine

    return {
        "pellucid": pellucid.__version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
        "engine": current_engine().name,
        "engines": list(ENGINES),
        "native": _native(),
        "cores": _usable_cores(),
        "blas_threads": thread_count(),
        "data": _data(),
        "path": str(Path(pellucid.__file__ or "").parent),
    }


def _native() -> dict[str, Any]:
    from pellucid.engines.native import info

    try:
        return info()
    except PellucidError as error:  # PELLUCID_ISA or PELLUCID_THREADS asks for what cannot be
        return {"available": False, "reason": str(error)}


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _data() -> dict[str, Any]:
    from pellucid import data

    try:
        given = data.data_folder()
    except PellucidError as error:
        return {"PELLUCID_DATA": None, "cache": str(data.cache_folder()), "sets": {}, "fault": str(error)}
    sets = {entry.name: entry.locate() for entry in data.catalogue()}
    return {
        "PELLUCID_DATA": None if given is None else str(given),
        "cache": str(data.cache_folder()),
        "cache_bytes": _size(data.cache_folder()),
        "sets": {name: {"where": x.kind, "folder": str(x.folder)} for name, x in sets.items()},
    }


def _size(folder: Any) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) if folder.is_dir() else 0


def describe(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """The same for people."""
    native, sets = facts["native"], facts["data"]
    others = [name for name in facts["engines"] if name != facts["engine"]]
    return [
        ("pellucid", f"{facts['pellucid']}, in {facts['path']}"),
        ("python", f"{facts['python']}, NumPy {facts['numpy']}, {facts['platform']}"),
        ("engine", "; ".join([_engine(facts), *(f"there is also {x}" for x in others)])),
        ("kernels", f"built by {native['compiler']}" if native["available"] else native["reason"]),
        *([("vectors", _vectors(native))] if native["available"] else []),
        ("cores", f"{facts['cores']}; {_threads(native.get('threads'), facts['blas_threads'])}"),
        *_describe_data(sets),
    ]


def _engine(facts: dict[str, Any]) -> str:
    if facts["engine"] == "native" and not facts["native"]["available"]:
        return "native, which cannot run (see kernels)"
    return facts["engine"]


def _vectors(native: dict[str, Any]) -> str:
    return f"{native['isa']} chosen; found {', '.join(native['isas'])} (PELLUCID_ISA forces one)"


def _threads(kernels: int | None, blas: int | None) -> str:
    words = [f"the kernels use {kernels}"] if kernels else []
    words += ["NumPy's BLAS decides how many it uses" if blas is None else f"NumPy's BLAS uses {blas}"]
    return ", ".join(words)


def _describe_data(sets: dict[str, Any]) -> list[tuple[str, str]]:
    if "fault" in sets:
        return [("data", sets["fault"])]
    words = {"embedded": "in the package", "absent": "not here; pellucid data fetch brings it"}
    lines = [f"{name:15}{words.get(x['where'], x['folder'])}" for name, x in sets["sets"].items()]
    names = ["data"] + [""] * (len(lines) - 1)
    return [*zip(names, lines, strict=True), ("cache", f"{sets['cache']}, {bytes_text(sets['cache_bytes'])}")]
