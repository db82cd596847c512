"""Slips that raise nothing, or only far away: found in the source, or in the values that a program leaves behind.

Each rule is a function from the program's tree to the slips in it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pellucid.book.typed.cells import Cell, tree_of

SLOW = "it computes the loss twice for every single parameter; `gradient` of chapter 5 gives the same at once"
STEPS = {"h", "eps", "epsilon", "delta"}
MANY = 100


@dataclass(frozen=True)
class Slip:
    """A line of the program, and what is the matter with it.

    cell:  the number of the notebook's cell, with a comma; empty in a file of Python
    early: is said before the program runs, for it may not end
    """

    line: int
    text: str
    cell: str = ""
    early: bool = False

    def told(self) -> str:
        return f"{self.cell}line {self.line}: {self.text}"


def _slip(node: ast.AST, text: str, *, early: bool = False) -> Slip:
    return Slip(getattr(node, "lineno", 0), text, getattr(node, "cell", ""), early)


Rule = Callable[[ast.Module], Iterator[Slip]]


def of_source(cells: Sequence[Cell]) -> list[Slip]:
    """What can be seen without running the program."""
    tree = tree_of(cells)
    return sorted({slip for rule in RULES for slip in rule(tree)}, key=lambda slip: (slip.cell, slip.line))


def of_values(cells: Sequence[Cell], names: Mapping[str, object]) -> list[Slip]:
    """What can be seen once it has run: curves of a single number."""
    found = []
    for node in ast.walk(tree_of(cells)):
        match node:
            case ast.Call(func=ast.Attribute(attr="plot"), args=[ast.Name(name)]) if _is_number(names.get(name)):
                lists = [x for x, value in names.items() if name in x and isinstance(value, list) and value]
                hint = f"did you mean {lists[0]!r}?" if lists else "give it a list"
                found.append(_slip(node, f"{name!r} is one number, of which plot shows nothing; {hint}"))
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0)


# ---- the rules


def divided_and_multiplied(tree: ast.Module) -> Iterator[Slip]:
    """(f(x + h) - f(x - h)) / 2*h"""
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(ast.BinOp(_, ast.Div(), ast.Constant(2 | 2.0)), ast.Mult(), ast.Name(h)) if h in STEPS:
                text = f"`/ 2*{h}` divides by 2 and multiplies by {h}; with {h} = 1e-4 the gradient is 1e-8 of what it "
                yield _slip(node, text + f"should be, and descent stands still; write `/ (2*{h})`")


def number_for_the_step(tree: ast.Module) -> Iterator[Slip]:
    """if 1 % iter_per_epoch == 0"""
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(ast.Constant(int(number)), ast.Mod(), ast.Name(name)):
                text = f"`{number} % {name}` is the same in every step; with the loop's variable it is `i % {name}`"
                yield _slip(node, text)


def labels_as_factors(tree: ast.Module) -> Iterator[Slip]:
    """t * np.log(y[np.arange(batch_size), t])"""
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(ast.Name(t), ast.Mult(), ast.Call(ast.Attribute(attr="log")) as log) if _picks(log, t):
                text = (
                    f"{t!r} holds labels here, and `[..., {t}]` already picks the right class; multiplied by {t!r} the "
                )
                yield _slip(node, text + f"loss counts a 7 seven times and a 0 never; leave out `{t} *`")


def _picks(node: ast.AST, name: str) -> bool:
    """Whether something in it is indexed by the name, last."""
    inside = (x.slice for x in ast.walk(node) if isinstance(x, ast.Subscript))
    return any(isinstance(x, ast.Tuple) and isinstance(x.elts[-1], ast.Name) and x.elts[-1].id == name for x in inside)


def list_for_its_item(tree: ast.Module) -> Iterator[Slip]:
    """for b, w in zip(self.biases, self.weights): ... + self.biases"""
    for loop in ast.walk(tree):
        match loop:
            case ast.For(target=ast.Tuple(targets), iter=ast.Call(func=ast.Name("zip"), args=lists)):
                items = {ast.unparse(x): ast.unparse(target) for x, target in zip(lists, targets, strict=False)}
                for node in ast.walk(loop):
                    if isinstance(node, ast.BinOp) and ast.unparse(node.right) in items:
                        name = ast.unparse(node.right)
                        text = (
                            f"`{name}` is the whole list, of which the loop goes through one `{items[name]}` at a time"
                        )
                        yield _slip(node, f"{text}; did you mean `{items[name]}`?")


def softmax_of_all_rows(tree: ast.Module) -> Iterator[Slip]:
    """A softmax without an axis in a program that uses batches."""
    names = {x.id for x in ast.walk(tree) if isinstance(x, ast.Name)}
    if not names & {"batch_size", "x_batch"}:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == "softmax" and "axis" not in ast.unparse(node):
            text = "this softmax takes the sum over the whole batch instead of each row: the largest class stays the "
            yield Slip(
                node.lineno, text + "same but the numbers are no probabilities; `common.functions` has one by rows"
            )


def differences_in_a_long_loop(tree: ast.Module) -> Iterator[Slip]:
    """for i in range(10000): grad = net.numerical_gradient(...), with a class of the program's own."""
    classes = (x for x in ast.walk(tree) if isinstance(x, ast.ClassDef))
    if not any(isinstance(x, ast.FunctionDef) and x.name == "numerical_gradient" for c in classes for x in c.body):
        return
    for loop in ast.walk(tree):
        match loop:
            case ast.For(iter=ast.Call(func=ast.Name("range"), args=[count])) if _count(count, tree) >= MANY:
                for node in ast.walk(loop):
                    match node:
                        case ast.Call(func=ast.Attribute(attr="numerical_gradient")):
                            text = f"numerical_gradient in each of {_count(count, tree)} steps takes long: {SLOW}"
                            yield _slip(node, text + " (Ctrl-C ends the program)", early=True)


def _count(node: ast.AST, tree: ast.Module) -> int:
    """A number, or that which the program gives to a name; 0 when neither."""
    match node:
        case ast.Constant(int(value)):
            return value
        case ast.Name(name):
            for x in ast.walk(tree):
                match x:
                    case ast.Assign(targets=[ast.Name(target)], value=ast.Constant(int(value))) if target == name:
                        return value
    return 0


RULES: tuple[Rule, ...] = (
    divided_and_multiplied,
    number_for_the_step,
    labels_as_factors,
    list_for_its_item,
    softmax_of_all_rows,
    differences_in_a_long_loop,
)
