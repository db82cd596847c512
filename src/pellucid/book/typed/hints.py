"""One sentence beside an error: what was probably meant.

Each rule is a function from a failure to a sentence or None; the first that knows one is heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import FrameType

from pellucid.book.typed import absent, misspelt, unreadable
from pellucid.book.typed.cells import Cell
from pellucid.book.typed.failure import Failure, Rule

RULES: dict[type[BaseException], tuple[Rule, ...]] = {
    IndentationError: (unreadable.block_not_indented,),
    SyntaxError: (unreadable.not_a_letter, unreadable.after_backslash, unreadable.outside, unreadable.python2),
    TypeError: (misspelt.unknown_keyword, misspelt.method_without_self),
    NameError: (
        misspelt.name_of_a_method,
        misspelt.name_defined_below,
        misspelt.name_of_the_books,
        misspelt.name_mistyped,
    ),
    KeyError: (misspelt.key_mistyped,),
    AttributeError: (misspelt.unknown_keyword, misspelt.attribute_mistyped),
    ImportError: (absent.window_asked_for, absent.module_missing),
    UnicodeDecodeError: (absent.python2_pickle,),
    OSError: (absent.file_missing, absent.style_renamed),
    ValueError: (misspelt.pooling_without_pad,),
}


def hint(error: BaseException, frame: FrameType | None, line: int, cells: Sequence[Cell]) -> str | None:
    """What was probably meant, where a rule knows it."""
    failure = Failure(error, frame, line, cells)
    for kind, rules in RULES.items():
        if isinstance(error, kind):
            for rule in rules:
                text = rule(failure)
                if text:
                    return text
    return None
