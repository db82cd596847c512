"""Reading a command line: values that are checked as they are read, and one sentence about a mistake."""

from __future__ import annotations

import argparse
import math
import re
import shutil
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from pellucid.errors import OptionError, nearest


class UsageError(OptionError):
    """A command line that asks for what cannot be; exit code 2."""


class Parser(argparse.ArgumentParser):
    """One command's options. Mistakes are UsageErrors, and options are written out in full."""

    def __init__(self, name: str, summary: str, text: str = "") -> None:
        more = "\n\n".join(filled(part) for part in text.partition("\n\n")[2].strip().split("\n\n"))
        super().__init__(
            prog=f"pellucid {name}",
            description=summary[0].upper() + summary[1:] + "." + (f"\n\n{more}" if more else ""),
            formatter_class=_Help,
            allow_abbrev=False,
            add_help=False,
        )
        self._positionals.title, self._optionals.title = "arguments", "options"
        self._has_json = False

    def add_json(self) -> None:
        """The option --json, for commands that have a result."""
        self._has_json = True

    def _add_common(self) -> None:
        """The options of every command, which stand at the end of its help."""
        other = self.add_argument_group("other")
        if self._has_json:
            other.add_argument("--json", action="store_true", help="end the output with one JSON object")
        other.add_argument("--debug", action="store_true", help="show the traceback of an error")
        other.add_argument("--help", "-h", action="help", help="show this")

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """The options, checked. Raises: UsageError"""
        self._add_common()
        self.usage = self._one_line()  # now: argparse hides the arguments while it reads options between them
        options, rest = self.parse_known_intermixed_args(words)
        if rest:
            known = [x for x in self._option_string_actions if x.startswith("--")]
            what = "option" if rest[0].startswith("-") else "argument"
            hint = nearest(rest[0].partition("=")[0], known) if what == "option" else f"; {self.prog} --help"
            raise UsageError(f"{self.prog.partition(' ')[2]}: there is no {what} {rest[0]}{hint}")
        return options

    def _one_line(self) -> str:
        places = [f"{x.metavar}{'...' * (x.nargs in ('+', '*'))}" for x in self._positionals._group_actions]
        return " ".join([self.prog, *places, "[options]"])

    def error(self, message: str) -> NoReturn:
        words = re.sub(r"^argument ", "", message)
        words = words.replace("the following arguments are required:", "what is missing is")
        raise UsageError(f"{self.prog.partition(' ')[2]}: {words}; {self.prog} --help shows how")


def filled(paragraph: str) -> str:
    """A paragraph in lines that fit the terminal; a table (it has two spaces somewhere) as it is."""
    return paragraph if "  " in paragraph else textwrap.fill(paragraph, _width())


def _width() -> int:
    return min(shutil.get_terminal_size().columns, 100) - 2


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=_width())


# ---- kinds of value: each a function from the word to the value


def _number(wanted: str, read: Callable[[str], Any], holds: Callable[[Any], bool]) -> Callable[[str], Any]:
    def kind(word: str) -> Any:
        try:
            value = read(word)
        except ValueError:
            value = None
        if value is None or not holds(value):
            raise argparse.ArgumentTypeError(f"got {word!r}, needs {wanted}")
        return value

    return kind


count = _number("a whole number, 1 or more", int, lambda n: n >= 1)
whole = _number("a whole number from 0 to 2⁶³ - 1", int, lambda n: 0 <= n < 2**63)
rate = _number("a number above 0", float, lambda x: 0 < x < math.inf)
not_negative = _number("a number, 0 or more", float, lambda x: 0 <= x < math.inf)
below_one = _number("a number from 0 up to 1, without 1", float, lambda x: 0 <= x < 1)
fraction = _number("a fraction between 0 and 1", float, lambda x: 0 < x < 1)


def one_of(*names: str) -> Callable[[str], str]:
    """One of a few words."""

    def kind(word: str) -> str:
        if word not in names:
            raise argparse.ArgumentTypeError(f"got {word!r}, needs {', '.join(names[:-1])} or {names[-1]}")
        return word

    return kind
