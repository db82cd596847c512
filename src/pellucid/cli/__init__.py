"""The command line: finds the command, runs it, and turns what goes wrong into one sentence and an exit code.

Exit codes: 0, 2 for a command line that asks for what cannot be, 130 for Ctrl-C, 1 for everything else.
"""

from __future__ import annotations

import os
import sys
import traceback
from argparse import Namespace
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from pellucid.cli.options import Parser, UsageError
from pellucid.errors import OptionError, PellucidError, nearest

COMMANDS = {
    "train": "train a network; the run's folder keeps weights, curves and a report",
    "evaluate": "measure a run on its test data, class by class",
    "predict": "show a run images of your own and what it takes them for",
    "check": "compare a run's gradients with numerical ones",
    "info": "versions, engine, instruction sets, cores, data",
    "data": "list, fetch and verify data sets",
    "book": "run programs of the two books, also as you typed them in",
}

EXAMPLES = (
    "pellucid train",
    "pellucid train --data mnist --model fast-conv",
    "pellucid predict runs/mnist-fast-conv-1 seven.png",
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; the exit code.

    >>> main(["--version"])
    pellucid 0.1.0
    0
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words)
    except SystemExit as stop:  # argparse, after --help
        return int(stop.code or 0)
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt as stop:
        return _complain(f"interrupted{stop.args[0] if stop.args else ''}", 130, words)
    except OptionError as error:
        return _complain(str(error), 2, words)
    except PellucidError as error:
        return _complain(str(error), 1, words)
    except OSError as error:
        return _complain(_file_fault(error), 1, words)
    except MemoryError:
        return _complain("there is not enough memory for this; try a smaller --batch-size or model", 1, words)
    except Exception as error:  # noqa: BLE001 - a defect is told in a sentence too
        if "--debug" in words:
            traceback.print_exc()
        sentence = f"this is a defect of Pellucid ({type(error).__name__}: {error}); --debug shows where"
        print(f"pellucid: {sentence}", file=sys.stderr)
        return 1


def _run(words: list[str]) -> int:
    first = next((i for i, word in enumerate(words) if word != "--debug"), None)
    if first is None:
        print(overview(), file=sys.stderr)
        return 2
    name = words[first]
    if name == "help" and len(words) > first + 1:
        return _run([words[first + 1], "--help"])
    if name in ("--help", "-h", "help"):
        print(overview())
        return 0
    if name == "--version":
        from pellucid import __version__

        print(f"pellucid {__version__}")
        return 0
    if name not in COMMANDS:
        what = "option" if name.startswith("-") else "command"
        raise UsageError(f"there is no {what} {name}{nearest(name, COMMANDS)}")
    command, options = read(name, words[first + 1 :])
    return command.run(options)


def read(name: str, words: Sequence[str]) -> tuple[ModuleType, Namespace]:
    """The command called `name`, and its options from the rest of the command line.

    options.rest: the words that a command leaves to a program it runs
    """
    command = import_module(f"pellucid.cli.{name}")
    parser = Parser(name, COMMANDS[name], command.__doc__ or "")
    command.add_options(parser)
    own, rest = command.divide(words) if hasattr(command, "divide") else (words, [])
    options = parser.read(own)
    options.rest = rest
    return command, options


def _complain(sentence: str, code: int, words: list[str]) -> int:
    if "--debug" in words:
        traceback.print_exc()
    print(f"pellucid: {sentence}", file=sys.stderr)
    return code


def _file_fault(error: OSError) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def overview() -> str:
    """What `pellucid --help` prints."""
    width = max(map(len, COMMANDS)) + 2
    commands = [f"  {name:{width}}{words}" for name, words in COMMANDS.items()]
    lines = [
        "usage: pellucid COMMAND [options]",
        "",
        "Trains networks that you can see through.",
        "",
        *commands,
        "",
        "examples:",
        *(f"  {line}" for line in EXAMPLES),
        "",
        "pellucid COMMAND --help shows a command's options; --version the version.",
    ]
    return "\n".join(lines)
