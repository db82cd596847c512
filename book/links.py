"""Every link of a built site leads to a file and an anchor of it, and nothing is loaded from other hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {("link", "href"), ("use", "href"), ("image", "href")}  # every src loads, and these
STYLE_LOADS = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])((?:https?:)?//[^"')]+)""")


@dataclass
class Parsed(HTMLParser):
    """What a page refers to, what it loads, and the anchors that it has."""

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif name == "src" or (tag, name) in LOADS:
                self.loads.append(value or "")
            elif name == "href":
                self.links.append(value or "")


def faults(site: Path) -> list[str]:
    """A line for each link that leads nowhere and each file that comes from elsewhere."""
    pages = {file: _parse(file) for file in sorted(site.resolve().rglob("*.html"))}
    found = [fault for file, page in pages.items() for fault in _faults_of(file, page, pages)]
    for file in sorted(site.rglob("*.css")):
        found += [f"{file.name} loads {url}" for url in STYLE_LOADS.findall(file.read_text(encoding="utf-8"))]
    return found


def _parse(file: Path) -> Parsed:
    page = Parsed()
    page.feed(file.read_text(encoding="utf-8"))
    return page


def _faults_of(file: Path, page: Parsed, pages: dict[Path, Parsed]) -> Iterator[str]:
    for url in page.loads:
        if urlsplit(url).netloc:
            yield f"{file.name} loads {url}"
    for url in (*page.links, *page.loads):
        parts = urlsplit(url)
        if parts.scheme or parts.netloc:
            continue
        target = (file.parent / unquote(parts.path)).resolve() if parts.path else file.resolve()
        if not target.is_file():
            yield f"{file.name}: {url} leads to no file"
        elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
            yield f"{file.name}: {url} leads to no anchor"
