"""What the tests of the benchmarks share: results as a run leaves them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.results import Results

HEAD = {
    "date": "2030-01-02 03:04 UTC",
    "machine": {"processor": "Abacus", "cores": 2, "memory_bytes": 2**34, "system": "Linux 7", "load": 0.1},
    "versions": {"python": "3.11.9", "pellucid": "0.1.0", "torch": "2.13.0"},
    "native": {"isa": "avx2", "isas": ["baseline", "avx2"], "compiler": "GCC 12"},
    "settings": {"rounds": 3, "turn_seconds": 0.4, "quick": False},
}


def trained(library: str, workload: str, *rounds: float, threads: int = 2) -> dict[str, object]:
    """A record of training, rounds in microseconds."""
    return {
        "part": "training",
        "library": library,
        "workload": workload,
        "threads": threads,
        "dtype": "float32",
        "rounds": [micro / 1e6 for micro in rounds],
        "first_epoch": 1.5,
        "steps": 600,
    }


@pytest.fixture
def results(tmp_path: Path) -> Results:
    found = Results(tmp_path / "results.json", HEAD)
    for record in (
        {
            "part": "ceiling",
            "threads": 2,
            "float32": 500e9,
            "float64": 250e9,
            "isas": {"baseline": 125e9, "avx2": 500e9},
        },
        trained("pellucid", "W1", 40, 50, 44),
        trained("torch", "W1", 320, 300, 352),
        trained("pellucid", "W3", 1000, 1200, 1100),
        trained("torch", "W3", 12000, 11000, 13000),
        trained("pellucid", "W1", 60, 70, 65, threads=1),
        {"part": "training", "library": "jax", "workload": "W1", "threads": 2, "skipped": "jax is not installed"},
        {"part": "training", "library": "jax", "workload": "W3", "threads": 2, "skipped": "jax is not installed"},
        *(
            {**trained(library, f"784-50-10@{size}", time), "part": "growth", "what": "batch", "size": size}
            for library, time in (("pellucid", 10.0), ("torch", 100.0))
            for size in (1, 16)
        ),
        {"part": "latency", "what": "trainer", "rounds": [2e-5]},
        {"part": "startup", "what": "PyTorch", "rounds": [1.25]},
        {
            "part": "memory",
            "library": "torch",
            "workload": "W5",
            "threads": 2,
            "baseline": 100 * 2**20,
            "peak": 350 * 2**20,
        },
    ):
        found.put(record)
    return found
