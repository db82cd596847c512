"""A program's page, the first page, and the links of what Sphinx makes of them."""

from __future__ import annotations

import re

import pytest

from book import gathered, links, pages, record, site
from book.contents import by_chapter


@pytest.fixture
def fine(programs, tmp_path):
    """ch02-fine with its three seeds, and the folder of the records."""
    for seed in range(3):
        record.make(tmp_path, "ch02-fine", seed, quick=False)
    return gathered.gather(tmp_path, quick=False, names=["ch02-fine"])[0], tmp_path


def test_a_page_is_prose_code_and_what_the_code_printed(fine):
    program, _ = fine
    page = pages.page(program, record.source("ch02-fine"))
    assert page.startswith('# A program that comes to its end\n\n{.reference}\nA. Writer, "A Book", 2030, chapter 2\n')
    places = [
        page.index(text)
        for text in (
            "The first words.",
            'print("one", end=" ")',
            "```{code-block} text\n:class: output\n\none line\npair: [1.  2.5]    the book: [1, 2.5]\n```",
            r"The second words, of x\*\*2 and a\_b.",
            "turn 0\nturn 1\ndrawn: 0.5    the book: 0.5\n```\n\n",
            "![A program that comes to its end.](ch02-fine/ch02-fine.png)",
            "\ndrawn\n```",
            "## Beside the book",
            "## What differs from the book\n\n- It differs, because it does.\n",
            "## What the program calls\n\nWhat draws.\n\n```python\ndef _draw(",
        )
    ]
    assert places == sorted(places)
    assert "note: " not in page and "def run" not in page
    assert "| drawn | 0.5        | 0.60 ± 0.10 **(met with 2 of 3 seeds)** |" in page
    assert "the mean of 3 runs" in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\n", []),
        ("a\n\nb\n", [("text", "a\n\nb")]),
        ("note: n\npicture: a.png\npicture: b.png\n", [("picture", "a.png"), ("picture", "b.png")]),
        ("a\npicture: a.png\nb\n", [("text", "a"), ("picture", "a.png"), ("text", "b")]),
    ],
)
def test_what_was_printed_is_text_and_pictures(text, shown):
    assert list(pages._divided(text)) == shown


def test_a_program_that_has_not_run_has_a_page(programs):
    program = gathered.Program("ch02-fine", "A program.", 3, [])
    page = pages.page(program, record.source("ch02-fine"))
    assert "This program has not been run." in page and 'print("one", end=" ")' in page


def test_a_failure_is_told_on_the_page(programs, tmp_path, capfd):
    record.make(tmp_path, "ch02-raises", 0, quick=False)
    program = gathered.gather(tmp_path, quick=False, names=["ch02-raises"])[0]
    page = pages.page(program, record.source("ch02-raises"))
    assert ":::{error}\nfailed: ValueError: there is \\| no way on\n:::" in page
    assert pages.state(program) == "failed"


def test_code_with_a_fence_in_it_gets_a_longer_one():
    assert pages._fenced('"""```"""', "python") == '````python\n"""```"""\n````'


@pytest.mark.parametrize(("text", "shown"), [("1. first", r"1\. first"), ("- a", r"\- a"), ("10 apples", "10 apples")])
def test_no_paragraph_becomes_a_list(text, shown):
    assert pages._paragraph(text) == shown


def test_the_first_page_names_every_program(fine):
    program, _ = fine
    front = pages.front("Words.\n\n<!-- programs -->\n", [program], by_chapter([program.name]))
    assert "### Deep Learning from Scratch, chapter 2: perceptrons" in front
    assert "| [ch02-fine](ch02-fine.md) | A program that comes to its end. | 1 of 2 |" in front
    assert ":caption: Deep Learning from Scratch, chapter 2: perceptrons\n\nch02-fine <ch02-fine>\n" in front
    assert front.startswith("Words.\n\n### ")


def test_the_first_page_has_a_place_for_the_programs():
    assert (site.FOLDER / "index.md").read_text(encoding="utf-8").count("<!-- programs -->") == 1


def test_sphinx_makes_a_site_without_a_warning_of_what_ran_failed_and_never_ran(fine):
    pytest.importorskip("sphinx")
    pytest.importorskip("furo")
    pytest.importorskip("myst_parser")
    _, out = fine
    record.make(out, "ch02-raises", 0, quick=False)
    first = site.build(gathered.gather(out, quick=False, names=["ch02-fine", "ch02-raises", "ch03-crashes"]), out)
    assert links.faults(first.parent) == []
    page = re.sub(r"<[^>]*>", "", (first.parent / "ch02-fine.html").read_text(encoding="utf-8"))
    for text in ("The second words, of x**2 and a_b.", "turn 0\nturn 1", "It differs, because it does."):
        assert text in page
    assert "failed: ValueError: there is | no way on" in (first.parent / "ch02-raises.html").read_text(encoding="utf-8")
    assert "This program has not been run." in (first.parent / "ch03-crashes.html").read_text(encoding="utf-8")
    assert (first.parent / "_images" / "ch02-fine.png").exists()


def test_what_is_lacking_for_the_site_is_told(monkeypatch):
    monkeypatch.setattr(site, "NEEDS", ("sphinxx", "numpy"))
    with pytest.raises(
        site.SiteError, match=r"^book: the pages need sphinxx; pip install -e '\.\[site\]', which `make"
    ):
        site.check()


GOOD = '<link rel="stylesheet" href="a.css"><a href="#here">x</a><p id="here"><a href="https://example.org/">y</a>'


@pytest.mark.parametrize(
    ("page", "fault"),
    [
        (GOOD, None),
        ('<a href="b.html#there">x</a>', None),
        ('<a href="b.html?a=1#there">x</a>', None),
        ('<a href="c.html">x</a>', "index.html: c.html leads to no file"),
        ('<a href="b.html#nowhere">x</a>', "index.html: b.html#nowhere leads to no anchor"),
        ('<a href="#nowhere">x</a>', "index.html: #nowhere leads to no anchor"),
        ('<img src="c.png">', "index.html: c.png leads to no file"),
        ('<img src="https://example.org/c.png">', "index.html loads https://example.org/c.png"),
        ('<script src="//example.org/c.js"></script>', "index.html loads //example.org/c.js"),
        ('<link href="https://example.org/c.css">', "index.html loads https://example.org/c.css"),
    ],
)
def test_links_are_looked_at(tmp_path, page, fault):
    (tmp_path / "a.css").write_text("p { background: url(data:image/png;base64,x) }", encoding="utf-8")
    (tmp_path / "b.html").write_text('<p id="there">', encoding="utf-8")
    (tmp_path / "index.html").write_text(page, encoding="utf-8")
    assert links.faults(tmp_path) == ([fault] if fault else [])


@pytest.mark.parametrize("rule", ['@import "https://example.org/x";', "p { background: url('https://example.org/x') }"])
def test_styles_load_nothing_from_elsewhere(tmp_path, rule):
    (tmp_path / "a.css").write_text(rule, encoding="utf-8")
    assert links.faults(tmp_path) == ["a.css loads https://example.org/x"]
