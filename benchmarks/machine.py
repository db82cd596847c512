"""Where and with what it was measured: the head of the results."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("pellucid", "numpy", "torch", "jax", "jaxlib", "scikit-learn", "onnxruntime")
ROOT = Path(__file__).parent.parent
BUSY = 0.5  # other processes, on average, from which on the figures are not to be trusted


def describe(packages: Sequence[str] = PACKAGES) -> dict[str, Any]:
    """The machine, the versions of these packages and the date, as plain values."""
    from pellucid.engines import native

    found = native.info()
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": {
            "processor": _processor(),
            "cores": cores(),
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "system": f"{platform.system()} {platform.release()}",
            "load": load(),
        },
        "versions": {"python": platform.python_version(), **_versions(packages), **_commit()},
        "native": {"isa": found["isa"], "isas": found["isas"], "compiler": found["compiler"]},
    }


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def load() -> float:
    """How many processes have wanted to run during the last minute, on average."""
    return round(os.getloadavg()[0], 2)


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _versions(packages: Sequence[str]) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _commit() -> dict[str, str]:
    """Of the sources that were measured, where git knows; a + says that they were changed after it."""
    try:
        ask = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
        done = subprocess.run(ask, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"commit": done.stdout.strip()}
