"""The options that say what computes: --engine and --threads."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from pellucid.cli.options import Parser, count
from pellucid.cli.threads import use_threads


def add_computing(parser: Parser) -> None:
    group = parser.add_argument_group("computing")
    group.add_argument(
        "--engine", metavar="NAME", help="what runs the graphs: native (where it was built) or reference"
    )
    group.add_argument(
        "--threads", type=count, metavar="N", help="threads that compute, NumPy's OpenBLAS included (all)"
    )


@contextmanager
def computing(options: argparse.Namespace, engine: str | None = None) -> Iterator[str]:
    """Inside, the engine and threads that were asked for compute; else `engine`, else the current one."""
    from pellucid.engines import current_engine
    from pellucid.engines import engine as engine_called

    if options.threads is not None:
        use_threads(options.threads)
    with engine_called(options.engine or engine or current_engine().name) as chosen:
        yield chosen.name
