"""A program's page in Markdown: its prose, its code, what each piece of code printed and drew, its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from benchmarks.figures import number
from benchmarks.markdown import plain, table
from book import source
from book.gathered import Program
from book.record import Record
from book.results import ours
from book.source import Part, Source

PICTURE, NOTE = "picture: ", "note: "  # how `Page` begins the lines that it prints for these
QUICK = "Made with quick settings, with which some programs compute less than the book does."


def page(program: Program, text: str) -> str:
    """text: the program's source, which its records are of"""
    return "\n\n".join(blocks(program, source.read(text))) + "\n"


def blocks(program: Program, read: Source) -> Iterator[str]:
    yield f"# {plain(read.title)}"
    if read.reference:
        yield f"{{.reference}}\n{plain(read.reference)}"
    if read.text:
        yield plain(read.text)
    if not program.records:
        yield _box("warning", "This program has not been run.")
    elif program.records[0].quick:
        yield _box("note", QUICK)
    for part in read.before:
        yield from _prose_and_code(part)
    shown = outputs(program.records[0], read) if program.records else {}
    for i, part in enumerate(read.body):
        yield from _prose_and_code(part)
        yield from (_shown(what, program) for what in shown.get(i, ()))
    yield from _result(program)
    if read.after:
        yield "## What the program calls"
        for part in read.after:
            yield from _prose_and_code(part)


def _result(program: Program) -> Iterator[str]:
    for failure in program.failures:
        yield _box("error", plain(failure))
    if program.rows:
        yield "## Beside the book"
        yield table(["", "the book", "Pellucid"], [[plain(r.what), plain(r.book), ours(r)] for r in program.rows], 3)
    yield how(program)
    if program.notes:
        yield "## What differs from the book"
        yield "\n".join(f"- {plain(note)}" for note in program.notes)


def how(program: Program) -> str:
    """The command, the time, and what the numbers are where there are several of each."""
    command = f"`pellucid book {program.name}` runs this program."
    if program.seconds is None:
        return command
    seconds = f"It took {number(program.seconds)} seconds"
    if len(program.records) == 1:
        return f"{command} {seconds}."
    count = len(program.records)
    means = (
        f"The numbers are means over {count} seeds ± their standard deviation; above is what it printed with seed 0."
    )
    return f"{command} {seconds}, the mean of {count} runs. {means}"


def outputs(run: Record, read: Source) -> dict[int, list[tuple[str, str]]]:
    """By part of the program, in the order of time: ("text", what it printed) and ("picture", its file).

    Notes are left out: they stand together at the end of the page.
    """
    whole: dict[int, str] = {}  # first put together: what one line printed may end in the middle of a line
    for line, text in run.printed:
        part = read.place(line)
        whole[part] = whole.get(part, "") + text
    return {part: list(_divided(text)) for part, text in whole.items()}


def _divided(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.startswith(NOTE)]
    for is_picture, group in groupby(lines, lambda line: line.startswith(PICTURE)):
        if is_picture:
            yield from (("picture", line.removeprefix(PICTURE)) for line in group)
        elif printed := "\n".join(group).strip("\n"):
            yield "text", printed


def _shown(what: tuple[str, str], program: Program) -> str:
    kind, text = what
    if kind == "picture":
        return f"![{plain(program.summary)}]({program.name}/{text})"
    return _fenced(text, "{code-block} text", ":class: output\n\n")


def _prose_and_code(part: Part) -> Iterator[str]:
    if part.prose:
        yield "\n\n".join(_paragraph(paragraph) for paragraph in part.prose.split("\n\n"))
    if part.code:
        yield _fenced(part.code, "python")


def _paragraph(text: str) -> str:
    """Nothing at its beginning makes it a list."""
    head, space, rest = plain(text).partition(" ")
    if head in ("-", "+") or (head[-1:] in (".", ")") and head[:-1].isdigit()):
        head = f"{head[:-1]}\\{head[-1]}"
    return head + space + rest


def _fenced(text: str, kind: str, options: str = "") -> str:
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{kind}\n{options}{text}\n{fence}"


def _box(kind: str, text: str) -> str:
    return f":::{{{kind}}}\n{text}\n:::"


# ---- the front page


def front(text: str, programs: Sequence[Program], by_chapter: dict[str, list[str]]) -> str:
    """The hand-written text with the table of programs, and the contents, in the place of its mark."""
    known = {program.name: program for program in programs}
    chapters = "\n\n".join(_chapter(title, [known[name] for name in names]) for title, names in by_chapter.items())
    return text.replace("<!-- programs -->", f"{chapters}\n\n{_contents('Results', {'all numbers': 'RESULTS'})}")


def _chapter(title: str, programs: Sequence[Program]) -> str:
    rows = [[f"[{program.name}]({program.name}.md)", plain(program.summary), state(program)] for program in programs]
    shown = table(["program", "what it shows", "met"], rows, left=2)
    return f"### {title}\n\n{shown}\n\n{_contents(title, {program.name: program.name for program in programs})}"


def state(program: Program) -> str:
    if program.failures:
        return "failed"
    if not program.records:
        return "not run"
    return f"{sum(not row.fault for row in program.rows)} of {len(program.rows)}"


def _contents(caption: str, pages: Mapping[str, str]) -> str:
    """A part of the contents, which stand beside every page: titles and pages."""
    entries = "\n".join(f"{title} <{page}>" for title, page in pages.items())
    return f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```"
