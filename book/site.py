"""The pages as a site of plain files: Markdown into a folder, Sphinx, and a look at every link."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from book import links, pages, record, results
from book.contents import by_chapter
from book.gathered import Program

FOLDER = Path(__file__).parent
NEEDS = ("sphinx", "myst_parser", "furo")


class SiteError(Exception):
    """The site cannot be built, or not as it should be: a sentence or some lines."""


def check() -> None:
    """Raises: SiteError when a package is lacking"""
    lacking = [name for name in NEEDS if find_spec(name) is None]
    if lacking:
        raise SiteError(f"book: the pages need {', '.join(lacking)}; pip install -e '.[site]', which `make book` does")


def build(programs: Sequence[Program], out: Path) -> Path:
    """The site's first page; an older site stays until the new one is whole.

    Raises: SiteError for a warning of Sphinx, a link that leads nowhere, a file that another host would have to send
    """
    sources, made, site = out / "pages", out / "site.new", out / "site"
    for folder in (sources, made):
        shutil.rmtree(folder, ignore_errors=True)
    write(programs, sources, out)
    options = ["--builder", "html", "--nitpicky", "--fail-on-warning", "--keep-going", "--quiet", "--fresh-env"]
    folders = ["--conf-dir", str(FOLDER), "--doctree-dir", str(out / "doctrees"), str(sources), str(made)]
    if subprocess.run([sys.executable, "-m", "sphinx", *options, *folders], check=False).returncode:
        raise SiteError("book: the pages have faults, which are listed above")
    if faults := links.faults(made):
        raise SiteError("\n".join(["book: links of the pages have faults:", *faults]))
    shutil.rmtree(site, ignore_errors=True)
    made.rename(site)
    return site / "index.html"


def write(programs: Sequence[Program], sources: Path, out: Path) -> None:
    """The Markdown, and the pictures that the programs drew with their first seed."""
    sources.mkdir(parents=True)
    for program in programs:
        _write(sources, program.name, pages.page(program, record.source(program.name)))
        for run in program.records[:1]:
            pictures = record.place(out, run.name, run.seed)
            (sources / program.name).mkdir()
            for picture in run.pictures:
                shutil.copy(pictures / picture, sources / program.name / picture)
    _write(sources, "RESULTS", results.text(programs, lambda name: f"{name}.md"))
    chapters = by_chapter([program.name for program in programs])
    _write(sources, "index", pages.front((FOLDER / "index.md").read_text(encoding="utf-8"), programs, chapters))


def _write(sources: Path, name: str, text: str) -> None:
    """A page without its own contents at its side, where code and tables need the room."""
    (sources / f"{name}.md").write_text(f"---\nhide-toc: true\n---\n\n{text}", encoding="utf-8")
