"""`pellucid data`: which data sets there are by name, where they are, and whether they are whole.

list     every data set, and where it is on this machine
fetch    download data sets into the cache and check them
verify   check the files that are here against their md5; nothing is downloaded
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pellucid.cli.options import Parser, UsageError, one_of
from pellucid.cli.screen import Screen, bytes_text, escape
from pellucid.errors import nearest

if TYPE_CHECKING:
    from pellucid.data import Entry, FileCheck


def add_options(parser: Parser) -> None:
    parser.add_argument(
        "action", metavar="ACTION", type=one_of("list", "fetch", "verify"), help="list, fetch or verify"
    )
    parser.add_argument("names", metavar="NAME", nargs="*", help="data sets; all if none")
    parser.add_json()


def run(options: argparse.Namespace) -> int:
    from pellucid import data

    known = {entry.name: entry for entry in data.catalogue()}
    for name in options.names:
        if name not in known:
            raise UsageError(f"data: there is no data set {name}{nearest(name, known)}")
    entries = [known[name] for name in options.names] or list(known.values())
    if options.action == "fetch" and not options.names:
        raise UsageError(f"data fetch: which data set? name one or more of {', '.join(known)}")
    actions = {"list": _list, "fetch": _fetch, "verify": _verify}
    return actions[options.action](Screen(options.json), entries, bool(options.names))


def _list(screen: Screen, entries: list[Entry], named: bool) -> int:
    found = []
    for entry in entries:
        where = entry.locate()
        place = {"embedded": "in the package", "absent": "not here"}.get(where.kind, str(where.folder))
        description = f"{entry.description}, {bytes_text(entry.size)}"
        screen.show(f"  [bold]{entry.name:15}[/bold]{escape(description)}")
        screen.show(f"  {'':15}[dim]{escape(place)}[/dim]")
        found.append({"name": entry.name, "where": where.kind, "folder": str(where.folder), "bytes": entry.size})
    screen.result({"data": found})
    return 0


def _fetch(screen: Screen, entries: list[Entry], named: bool) -> int:
    from pellucid import data

    folders = {}
    for entry in entries:
        with Arrivals(screen) as arrivals:
            folders[entry.name] = str(data.fetch(entry.name, arrivals))
        screen.show(f"  [bold]{entry.name:15}[/bold]whole, in {escape(folders[entry.name])}")
    screen.result({"folders": folders})
    return 0


class Arrivals:
    """A bar for each file that is being downloaded; gone when all have arrived."""

    def __init__(self, screen: Screen) -> None:
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("  {task.description}"), BarColumn(24), DownloadColumn(), TimeRemainingColumn())
        self._bars = Progress(*columns, console=screen.console, transient=True)
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> Arrivals:
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def __call__(self, name: str, done: int, total: int) -> None:
        self._bars.start()
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total)
        self._bars.update(self._tasks[name], completed=done, total=total)


def _verify(screen: Screen, entries: list[Entry], named: bool) -> int:
    """Damage is a fault; a data set that is not here is one only where it was asked for by name."""
    from pellucid import data

    checks = {entry.name: data.verify(entry.name) for entry in entries}
    for name, files in checks.items():
        screen.show(f"  [bold]{name:15}[/bold]{escape(_verdict(files))}")
    screen.result({"files": [_plain(name, check) for name, files in checks.items() for check in files]})
    states = {check.state for files in checks.values() for check in files}
    return int("damaged" in states or (named and "absent" in states))


def _verdict(files: list[FileCheck]) -> str:
    damaged = [check for check in files if check.state == "damaged"]
    if damaged:
        return "; ".join(f"{x.path} is damaged (md5 {x.md5}, expected {x.expected}); delete it" for x in damaged)
    here = [check for check in files if check.state == "ok"]
    if not here:
        return "not here"
    size = bytes_text(sum(check.path.stat().st_size for check in here))
    count = f"{len(here)} of {len(files)} files" if len(here) < len(files) else "whole"
    return f"{count}, {size}, in {files[0].path.parent}"


def _plain(name: str, check: FileCheck) -> dict[str, Any]:
    return {"data": name, "path": str(check.path), "state": check.state, "md5": check.md5}
