"""The page around the sections: its head, and nothing that is loaded from elsewhere."""

from __future__ import annotations

from html import escape
from string import Template

from pellucid.train.report.style import STYLE

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>$title</title>
<style>$style</style>
</head>
<body>
<header>
$header
</header>
<main>
$main
</main>
<footer>
$footer
</footer>
</body>
</html>
""")


def whole(title: str, header: str, main: str, footer: str) -> str:
    """The whole HTML file. `title` is plain text, the others are HTML already."""
    return _PAGE.substitute(title=escape(title), style=STYLE, header=header, main=main, footer=footer)
