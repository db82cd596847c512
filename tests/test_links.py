"""Links in the documents lead to files of the repository, and to headings in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md"),
    *("benchmarks/RESULTS.md", "book/RESULTS.md", "book/index.md"),
)
CODE = re.compile(r"^```.*?^```|^    .*?$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)")


def links(text: str) -> list[str]:
    """Those that name no other host."""
    return [link for link in LINK.findall(CODE.sub("", text)) if not re.match(r"[a-z]+:", link)]


def headings(text: str) -> set[str]:
    """The anchors that headings have: lower case, hyphens for spaces, no marks."""
    found = re.findall(r"^#+ (.*)$", CODE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def faults(file: Path) -> list[str]:
    found = []
    for link in links(file.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = file.parent / path if path else file
        if not target.exists():
            found.append(f"{link} leads to no file")
        elif anchor and anchor not in headings(target.read_text(encoding="utf-8")):
            found.append(f"{link} leads to no heading")
    return found


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_leads_somewhere(name):
    assert faults(ROOT / name) == []


def test_the_documents_have_links():
    assert "CONTRIBUTING.md" in links((ROOT / "README.md").read_text(encoding="utf-8"))
    assert "RESULTS.md" in links((ROOT / "book/index.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a](b.md)", "b.md leads to no file"),
        ("[a](#how-it-is-built)", "#how-it-is-built leads to no heading"),
        ("# How *it* is: built\n\n[a](#how-it-is-built)", None),
        ("`[a](b.md)` and\n\n    [a](b.md)\n\n```\n[a](b.md)\n```", None),
        ("[a](https://example.org/b.md) and [a](mailto:a@example.org)", None),
        (r"[a\](b.md)", None),
    ],
)
def test_a_link_that_leads_nowhere_is_noticed(tmp_path, text, fault):
    file = tmp_path / "a.md"
    file.write_text(text, encoding="utf-8")
    assert faults(file) == ([fault] if fault else [])
