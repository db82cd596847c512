"""Hints about keywords, names, keys and attributes that are not what was meant, and about shapes."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pellucid.book.typed.defined import all_names, where
from pellucid.book.typed.failure import Failure, close

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
    if not isinstance(key, str | int | float):
        return None
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
