"""The command: measure, write results.json, make RESULTS.md and the plots of it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import check, machine, results
from benchmarks.libraries import LIBRARIES
from benchmarks.parts import PARTS, Run
from benchmarks.workloads import TABLE

FOLDER = Path(__file__).parent
QUICK = Path("runs/benchmarks-quick")


def main(arguments: Sequence[str] | None = None) -> int:
    options = read(arguments)
    if options.check:
        return 0 if check.run(options.workloads, options.libraries, print) else 1
    if (options.readme or options.report) and not (options.out / "results.json").exists():
        print(f"There is no {options.out / 'results.json'}; run `make bench` first.", file=sys.stderr)
        return 1
    if options.readme:
        return refresh(options.out)
    if not options.report:
        try:
            take(options)
        except KeyboardInterrupt:
            print("\nBroken off; what was measured is kept.", file=sys.stderr)
            return 130
    write(options.out)
    return 0


def refresh(folder: Path) -> int:
    """The README's table, of a folder's results.json."""
    from benchmarks import readme

    try:
        print(readme.refresh(results.read(folder / "results.json")))
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def take(options: argparse.Namespace) -> None:
    """Measure what is asked for."""
    head = machine.describe()
    if head["machine"]["load"] > machine.BUSY:
        busy = f"The machine is busy (load {head['machine']['load']}): these figures will not be fair."
        print(busy, file=sys.stderr)
    file, start = options.out / "results.json", time.monotonic()
    old = results.read(file).records if options.add and file.exists() else []
    settings = {"rounds": options.rounds, "turn_seconds": options.turn_seconds, "quick": options.quick}
    found = results.Results(file, head | {"settings": settings}, old)
    found.write()

    def say(text: str) -> None:
        print(f"{time.monotonic() - start:6.0f} s  {text}", file=sys.stderr, flush=True)

    run = Run(
        results=found,
        say=say,
        workloads=options.workloads,
        libraries=options.libraries,
        threads=options.threads,
        rounds=options.rounds,
        turn_seconds=options.turn_seconds,
        quick=options.quick,
    )
    for part in options.parts:
        PARTS[part](run)
    found.head["settings"]["seconds"] = round(time.monotonic() - start)
    found.write()


def write(folder: Path) -> None:
    """RESULTS.md and the plots of a folder's results.json."""
    from benchmarks import plots, report

    found = results.read(folder / "results.json")
    for file in (report.write(found, folder), *plots.draw(found, folder / "plots")):
        print(file)


def read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description="Pellucid side by side with other libraries.")
    add = parser.add_argument
    add("--workloads", type=_names(TABLE), default=list(TABLE), metavar="W1,W2", help=f"of {', '.join(TABLE)}")
    add("--libraries", type=_names(LIBRARIES), default=list(LIBRARIES), metavar="A,B", help=", ".join(LIBRARIES))
    add("--parts", type=_names(PARTS), default=list(PARTS), metavar="P,Q", help=f"of {', '.join(PARTS)}")
    add("--rounds", type=int, help="turns of each library (5; 2 when quick)")
    add("--threads", type=_counts, metavar="1,2", help="numbers of threads (1, 2 and all cores; all when quick)")
    add("--quick", action="store_true", help=f"a tenth of the work, into {QUICK}: to see whether all runs")
    add("--out", type=Path, help="folder of results.json, RESULTS.md and plots/ (benchmarks)")
    add("--add", action="store_true", help="keep earlier results of what is not measured now")
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--report", action="store_true", help="measure nothing: RESULTS.md and plots of results.json")
    other.add_argument("--readme", action="store_true", help="measure nothing: put the table into README.md")
    other.add_argument("--check", action="store_true", help="measure nothing: do all libraries compute the same?")
    options = parser.parse_args(arguments)
    cores = machine.cores()
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.threads = options.threads or ([cores] if options.quick else sorted({1, min(2, cores), cores}))
    options.turn_seconds = 0.05 if options.quick else 0.4
    options.out = options.out or (QUICK if options.quick else FOLDER)
    return options


def _names(known):
    def names(text: str) -> list[str]:
        given = text.split(",")
        for name in given:
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no {name!r}; there is {', '.join(known)}")
        return given

    return names


def _counts(text: str) -> list[int]:
    try:
        counts = sorted({int(part) for part in text.split(",")})
    except ValueError:
        counts = [0]
    if counts[0] < 1 or counts[-1] > machine.cores():
        raise argparse.ArgumentTypeError(f"got {text}; give numbers from 1 to {machine.cores()}, such as 1,2")
    return counts


if __name__ == "__main__":
    sys.exit(main())
