"""The command: run the chapters' programs, keep what each leaves, make RESULTS.md and the site of it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from book import gathered, record, results, site
from pellucid.book import chapters
from pellucid.errors import OptionError

FOLDER, OUT, QUICK = Path(__file__).parent, Path("build/book"), Path("runs/book-quick")


def main(arguments: Sequence[str] | None = None) -> int:
    options = read(arguments)
    try:
        for name in options.names:
            chapters.program(name)
        site.check()
        take(options)
        return write(options)
    except OptionError as error:
        print(error, file=sys.stderr)
        return 2
    except site.SiteError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "\nBroken off; what has run is kept, and the same command, without --again, goes on there.", file=sys.stderr
        )
        return 130
    except OSError as error:  # a folder that cannot be written, a full disk
        print(f"book: {error.filename or options.out}: {error.strerror or error}", file=sys.stderr)
        return 1


def take(options: argparse.Namespace) -> None:
    """Run what is asked for and has no record yet, a line for each."""
    start = time.monotonic()
    for name in options.names:
        for seed in range(gathered.seeds(name, options.quick)):
            run = None if options.again else record.kept(options.out, name, seed, options.quick)
            told = "was there"
            if run is None or run.failed:
                run = record.make(options.out, name, seed, options.quick)
                told = f"{run.seconds:.1f} s"
            met = run.failed or f"{sum(number['met'] for number in run.numbers)} of {len(run.numbers)} numbers met"
            line = f"{time.monotonic() - start:6.0f} s  {name}, seed {seed}: {met}, {told}"
            print(line, file=sys.stderr, flush=True)


def write(options: argparse.Namespace) -> int:
    """RESULTS.md and the site, of all records that there are; 1 where something that was asked for is not met."""
    programs = gathered.gather(options.out, options.quick, chapters.NAMES)
    file = results.write(programs, options.results)
    print(f"The numbers: {file.resolve()}")
    print(f"The pages: {site.build(programs, options.out).resolve()}")
    faults = [fault for program in programs if program.name in options.names for fault in program.faults()]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m book", description="The two books' programs: their numbers and pages.")
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="a program; all when none is given (`pellucid book list`)")
    add("--quick", action="store_true", help=f"one seed and less computed, into {QUICK}: to see whether all runs")
    add("--out", type=Path, help=f"folder of the records, RESULTS.md and the site ({OUT}, and RESULTS.md in book)")
    add("--again", action="store_true", help="run also what has a record")
    options = parser.parse_args(arguments)
    options.names = options.names or list(chapters.NAMES)
    options.results = (options.out or (QUICK if options.quick else FOLDER)) / "RESULTS.md"
    options.out = (options.out or (QUICK if options.quick else OUT)).absolute()
    if options.quick and options.results.resolve() == FOLDER.resolve() / "RESULTS.md":
        parser.error("a quick run's results are a trial, and book/RESULTS.md is none; give another --out")
    return options


if __name__ == "__main__":
    sys.exit(main())
