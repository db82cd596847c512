"""One sentence beside an error: what was probably meant.

Each rule is a function from a failure to a sentence or None; the first that knows one is heard.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import linecache
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import Any

from pellucid.book.typed.cells import Cell, tree_of
from pellucid.book.typed.defined import PLACES, all_names, where
from pellucid.book.typed.importing import ROOMS


@dataclass(frozen=True)
class Failure:
    """An error, and where in the program it came up.

    frame: None where it does not even compile
    cells: of the file that the line stands in
    """

    error: BaseException
    frame: FrameType | None
    line: int
    cells: Sequence[Cell]

    @property
    def said(self) -> str:
        return str(self.error)

    @cached_property
    def names(self) -> dict[str, Any]:
        """What the program calls by a name at this place."""
        return {} if self.frame is None else {**self.frame.f_globals, **self.frame.f_locals}

    @cached_property
    def tree(self) -> ast.Module:
        """The source of the file, or of the notebook's cell, that the line stands in, as far as it parses."""
        return tree_of(self.cells)

    def nodes(self) -> list[ast.AST]:
        """What of the source reaches into the line, innermost last."""
        return [
            x
            for x in ast.walk(self.tree)
            if isinstance(x, ast.expr | ast.stmt) and x.lineno <= self.line <= (x.end_lineno or x.lineno)
        ]

    def value(self, node: ast.AST) -> Any:
        """What a name, or an attribute of one, stands for here; None for anything else. Nothing is called."""
        match node:
            case ast.Name(name):
                return self.names.get(name)
            case ast.Attribute(inner, name):
                return inspect.getattr_static(self.value(inner), name, None)
        return None


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


def close(word: str, known: Iterable[str]) -> str | None:
    """The known word that is the same but for case and underscores, else one a letter or two off."""
    known = [x for x in known if x != word]
    for x in known:
        if _bare(x) == _bare(word):
            return x
    return next(iter(difflib.get_close_matches(word, known, 1, 0.75)), None)


def _bare(word: str) -> str:
    return word.replace("_", "").lower()


# ---- calls

# Keywords of functions that do not name theirs, such as plt.plot.
KEYWORDS = (
    "axis", "label", "linestyle", "linewidth", "marker", "markersize", "markevery", "color", "alpha", "loc", "bins",
    "range", "dtype", "keepdims", "cmap", "interpolation", "figsize", "fontsize", "encoding", "flags", "op_flags",
)  # fmt: skip


def unknown_keyword(failure: Failure) -> str | None:
    """np.argmax(t, aixs=1)"""
    found = re.search(r"unexpected keyword argument '?(\w+)'?|'?(\w+)'? is an invalid keyword", failure.said)
    if not found:
        return None
    word = str(found[1] or found[2])
    for node in failure.nodes():
        match node:
            case ast.Call(func=function, keywords=keywords) if word in {x.arg for x in keywords}:
                meant = close(word, [*_parameters(failure.value(function)), *KEYWORDS])
                name = ast.unparse(function).rpartition(".")[2]
                return f"the keyword {word!r} is unknown to {name}" + (f"; did you mean {meant!r}?" if meant else "")
    return None


def _parameters(function: Any) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def method_without_self(failure: Failure) -> str | None:
    """def numerical_gradient2(f, x): inside of a class, called as self.numerical_gradient2(f, x)"""
    found = re.match(r"(?:\w+\.)*(\w+)\(\) takes (?:from )?\d+ .*positional arguments? but \d+", failure.said)
    for class_, method in _methods(failure.tree):
        arguments = method.args.posonlyargs + method.args.args
        without = not method.decorator_list and (not arguments or arguments[0].arg != "self")
        if found and method.name == found[1] and without:
            return (
                f"{method.name} is indented into the class {class_.name} but has no `self`; write "
                f"`def {method.name}(self, ...)`, or move it to the margin and call it without `self.`"
            )
    return None


def _methods(tree: ast.Module) -> Iterable[tuple[ast.ClassDef, ast.FunctionDef]]:
    for class_ in ast.walk(tree):
        if isinstance(class_, ast.ClassDef):
            yield from ((class_, x) for x in class_.body if isinstance(x, ast.FunctionDef))


# ---- names


def name_of_a_method(failure: Failure) -> str | None:
    """numerical_gradient2(f, W) where numerical_gradient2 has slid into the class"""
    name = getattr(failure.error, "name", None)
    for class_, method in _methods(failure.tree):
        if method.name == name:
            return (
                f"{name} is indented into the class {class_.name}, so that only `self.{name}` finds it; "
                "move it to the margin, outside of the class"
            )
    return None


def name_defined_below(failure: Failure) -> str | None:
    """A function that is used above its definition."""
    name = getattr(failure.error, "name", None)
    for node in failure.tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name and node.lineno > failure.line:
            return f"{name} is defined in line {node.lineno}, below its use; move it up"
    return None


def name_of_the_books(failure: Failure) -> str | None:
    """iter_per_epoch, plt, numerical_gradient, ... without the line that brings them"""
    name = getattr(failure.error, "name", None) or ""
    place = where(name)
    return f"{name} is not defined; {place}" if place else None


def name_mistyped(failure: Failure) -> str | None:
    """train_ac for train_acc, softmaxwithloss for SoftmaxWithLoss"""
    name = getattr(failure.error, "name", None) or ""
    builtins = vars(__import__("builtins"))
    meant = close(name, failure.names) or close(name, builtins)
    if meant:
        return f"{name} is not defined; did you mean {meant!r}?"
    meant = close(name, all_names())
    return f"{name} is not defined; did you mean {meant!r}? If so, {where(meant)}" if meant else None


def key_mistyped(failure: Failure) -> str | None:
    """network['w1'] for network['W1']"""
    key = failure.error.args[0] if failure.error.args else None
    for node in reversed(failure.nodes()):
        held = failure.value(node.value) if isinstance(node, ast.Subscript) else None
        if not isinstance(held, Mapping) or key in held:
            continue
        name, keys = ast.unparse(node.value), [x for x in held if isinstance(x, str)]  # type: ignore[attr-defined]
        meant = close(key, keys) if isinstance(key, str) else None
        if meant and meant.lower() == str(key).lower():
            return f"{name} has no {key!r} but {meant!r}: keys differ by case"
        if meant:
            return f"{name} has no {key!r}; did you mean {meant!r}?"
        return f"{name} has no {key!r}; it has {', '.join(map(repr, list(held)[:8])) or 'nothing yet'}"
    return None


def attribute_mistyped(failure: Failure) -> str | None:
    """self.lastLayer where __init__ has set self.last_layer"""
    error = failure.error
    if not isinstance(error, AttributeError) or not error.name or error.obj is None:
        return None
    meant = close(error.name, dir(error.obj))
    what = getattr(error.obj, "__name__", None) or type(error.obj).__name__
    if meant:
        return f"{what} has no {error.name!r}; did you mean {meant!r}?"
    place = where(error.name)
    return f"{what} has no {error.name!r}; {place}" if place else None


# ---- modules and files


def module_missing(failure: Failure) -> str | None:
    """commom.functions, cPickle, pandas"""
    name = getattr(failure.error, "name", None) or ""
    if isinstance(failure.error, ModuleNotFoundError):
        if where(name) and name not in PLACES:
            return where(name)
        meant = close(name, ROOMS)
        if meant:
            return f"there is no module {name}; did you mean {meant!r}?"
        top = name.partition(".")[0]
        unused = _unused(failure, top)
        return f"{top} is not installed" + (
            "; the program does not use it: take the line out" if unused else f"; `pip install {top}` brings it"
        )
    found = re.match(r"cannot import name '(\w+)' from '([\w.]+)'", failure.said)
    if not found:
        return None
    meant = None if found[1] in PLACES else close(found[1], PLACES)
    place = where(found[1]) or where(meant or "")
    start = f"{found[2]} has no {found[1]!r}"
    return f"{start}; did you mean {meant!r}? {place}" if meant else f"{start}; {place}" if place else None


def _unused(failure: Failure, module: str) -> bool:
    """Whether the program imports the module and never looks at it."""
    imports = [x for x in ast.walk(failure.tree) if isinstance(x, ast.Import)]
    local = {x.asname or module for node in imports for x in node.names if x.name.partition(".")[0] == module}
    return bool(local) and not any(isinstance(x, ast.Name) and x.id in local for x in ast.walk(failure.tree))


_START = "put it into the folder from which you start the program"
FILES = {
    "mnist.pkl.gz": "it lies in data/ of github.com/mnielsen/neural-networks-and-deep-learning; without it, "
    "`mnist_loader.load_data()` gives the same arrays, made of MNIST's four files",
    "sample_weight.pkl": "it lies in ch03/ of github.com/oreilly-japan/deep-learning-from-scratch; " + _START,
    "deep_convnet_params.pkl": "it lies in ch08/ of github.com/oreilly-japan/deep-learning-from-scratch; " + _START,
    "params.pkl": "`network.save_params('params.pkl')` of chapter 7's training program writes it; run that one first",
}


def file_missing(failure: Failure) -> str | None:
    """mnist.pkl.gz and sample_weight.pkl, which the books bring along; ..\\data on a machine with /"""
    name = getattr(failure.error, "filename", None)
    if not isinstance(name, str):
        return None
    straight = name.replace("\\", "/")
    base, start = Path(straight).name, ""
    if straight != name and os.sep == "/":
        start = f"`\\` separates folders on Windows only; write {straight!r}"
        if Path(straight).exists():
            return start
        start += ". And "
    program = failure.names.get("__file__")
    if isinstance(program, str) and Path(program).parent.joinpath(base).is_file():
        return f"{start}{base} lies beside the program; start it from there: cd {Path(program).parent.absolute()}"
    return f"{start}{base} is not here: {FILES[base]}" if base in FILES else start.removesuffix(". And ") or None


def python2_pickle(failure: Failure) -> str | None:
    """pickle.load of a file that Python 2 wrote"""
    if isinstance(failure.error, UnicodeDecodeError) and "pickle.load" in linecache.getline(
        _file(failure), failure.line
    ):
        return "Python 2 wrote this file; `pickle.load(f, encoding='latin1')` reads it"
    return None


def _file(failure: Failure) -> str:
    return "" if failure.frame is None else failure.frame.f_code.co_filename


def style_renamed(failure: Failure) -> str | None:
    """plt.style.use('seaborn')"""
    found = re.match(r"'(seaborn[\w-]*)' is not a valid package style", failure.said)
    if not found:
        return None
    return f"matplotlib calls it 'seaborn-v0_8{found[1].removeprefix('seaborn')}' today; the line can be left out, too"


def window_asked_for(failure: Failure) -> str | None:
    """matplotlib.use('TkAgg') where there is no screen"""
    if "Cannot load backend" in failure.said:
        return "there is no screen for this backend; leave out the line, and pictures are saved as files"
    return None


# ---- shapes


def pooling_without_pad(failure: Failure) -> str | None:
    """out_h = int(1 + (H - self.pool_h) / self.stride) with pad above 0"""
    pad = getattr(failure.names.get("self"), "pad", 0)
    for node in failure.tree.body if pad and "reshape" in failure.said else ():
        for x in ast.walk(node):
            match x:
                case ast.Assign(targets=[ast.Name("out_h" | "out_w" as name)], value=value):
                    if "pool" in ast.unparse(value) and "pad" not in ast.unparse(value):
                        return (
                            f"{name} in line {x.lineno} leaves out the padding (pad={pad}): `+ 2*self.pad` is missing"
                        )
    return None


# ---- what does not compile


def block_not_indented(failure: Failure) -> str | None:
    """A program copied from a page that has lost its indentation."""
    if not isinstance(failure.error, IndentationError):
        return None
    if failure.said.startswith("expected an indented block"):
        return "what belongs to `def`, `class`, `for` or `if` stands four spaces further in than that line"
    if failure.said.startswith("unexpected indent") and failure.error.lineno == _first_line(failure.cells):
        return "the first line begins at the margin; a method needs its `class` line above it"
    return "lines of one block begin in the same column, with spaces only"


def _first_line(cells: Sequence[Cell]) -> int:
    """The number of the first line that is more than a comment."""
    lines = enumerate((cells[0].text if cells else "").splitlines(), 1)
    return next((i for i, line in lines if line.strip() and not line.lstrip().startswith("#")), 0)


def not_a_letter(failure: Failure) -> str | None:
    """，for , and “ for " as an input method or a word processor makes them"""
    found = re.search(r"invalid character '(.)'|invalid non-printable character U\+(\w+)", failure.said)
    if not found:
        return None
    if found[2]:
        return "an invisible character stands there, often a hard space from a web page; type the space anew"
    plain = PLAIN.get(found[1])
    return f"{found[1]!r} looks like {plain!r} but is another character; type {plain!r}" if plain else None


PLAIN = dict(zip("，（）：；“”‘’【】＝＋－＊／［］！％，−×、", ",():;\"\"''[]=+-*/[]!%,-*,", strict=True))


def after_backslash(failure: Failure) -> str | None:
    """(x_train, t_train), (x_test, t_test) = \\ load_mnist()"""
    if "after line continuation character" in failure.said:
        return "a backslash ends its line; what follows belongs into the next line, or the backslash goes"
    return None


def outside(failure: Failure) -> str | None:
    """return at the margin"""
    found = re.match(r"'(return|yield|break|continue)' ", failure.said)
    if not found or not re.search("outside|not properly in loop", failure.said):
        return None
    return f"`{found[1]}` has slid to the margin; it stands four spaces further in than what it belongs to"


def python2(failure: Failure) -> str | None:
    """print "Epoch" and except E, e"""
    if "Missing parentheses in call to 'print'" in failure.said:
        return "this is Python 2, as in the first edition of the text; today it is `print(...)`"
    return None


Rule = Callable[[Failure], str | None]
RULES: dict[type[BaseException], tuple[Rule, ...]] = {
    IndentationError: (block_not_indented,),
    SyntaxError: (not_a_letter, after_backslash, outside, python2),
    TypeError: (unknown_keyword, method_without_self),
    NameError: (name_of_a_method, name_defined_below, name_of_the_books, name_mistyped),
    KeyError: (key_mistyped,),
    AttributeError: (unknown_keyword, attribute_mistyped),
    ImportError: (window_asked_for, module_missing),
    UnicodeDecodeError: (python2_pickle,),
    OSError: (file_missing, style_renamed),
    ValueError: (pooling_without_pad,),
}
