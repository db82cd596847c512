"""Walking through a graph once, with the Forms of all values that a parameter reaches."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np

from pellucid.book.differences.forms import Added, Form, Index, element, loosened, taken
from pellucid.graph import Graph, Node, Primitive
from pellucid.operators import OPERATIONS
from pellucid.tensor import Tensor


class UnsplitError(Exception):
    """The perturbations cannot be taken apart by rows in this graph."""


Rule = Callable[["Walk", Node], "Form | Added"]
ROW = "row"  # the key of the row that a part of a perturbation is for


class Walk:
    """The Forms of a graph's values under `count` perturbations of one parameter, and the inputs made for them.

    split: take each perturbation apart into what it does to one row of a product and to another, since many of these
           parts do nothing: where the input of a layer is 0, its weight has no effect. What the parts add to the
           loss is then added up; this needs rows that stay apart from there to a sum over them.
    """

    def __init__(self, parameter: Node, count: int, *, split: bool = False) -> None:
        self.parameter, self.count, self.split = parameter, count, split
        self.forms: dict[int, Form | Added] = {}
        self.indices: dict[Hashable, Index] = {}
        self.unrolled = False
        self.left: tuple[Node, Index, Index] | None = None  # of the product that was split: x, and where its weight is
        self.changed = Node(shape=(count,), dtype=parameter.dtype, name="changed")
        self.step = Node(shape=(count,), dtype=parameter.dtype, name="step")

    def index(self, key: Hashable, table: np.ndarray | None) -> Index:
        """The Index of this key: an input of the graph, made once."""
        if key not in self.indices:
            place = Node(shape=(self.count,), dtype=np.dtype("int64"), name=f"place{len(self.indices)}")
            self.indices[key] = Index(key, Tensor._wrap(place), table)
        return self.indices[key]

    def start(self) -> None:
        """The parameter itself: one element changed."""
        shape = self.parameter.shape
        tables = np.unravel_index(np.arange(math.prod(shape)), shape) if shape else ()
        places = {a: self.index(("element", a), tables[a]) for a, n in enumerate(shape) if n != 1}
        self.forms[self.parameter.order] = element(shape, places, Tensor._wrap(self.changed))

    def through(self, graph: Graph, rules: Callable[[Node], Rule]) -> None:
        """Find the Form of every value that changes."""
        self.start()
        for node in graph.nodes:
            inputs = [self.forms[x.order] for x in node.inputs if x.order in self.forms]
            if not inputs:
                continue
            form = rules(node)(self, node)
            self.forms[node.order] = form
            if any(_in_parts(x) for x in inputs) and not _in_parts(form):
                raise UnsplitError

    # ---- for the rules

    def form(self, node: Node) -> Form | None:
        """The Form of a value, or None where it stays as it is."""
        form = self.forms.get(node.order)
        if isinstance(form, Added):
            raise UnsplitError
        return form

    def taken(self, node: Node, index: Mapping[int, Index]) -> Tensor:
        """The unperturbed value at the places of the perturbations: (K, *rest)."""
        return taken(Tensor._wrap(node), index, self.count)

    def is_moved(self, node: Node) -> bool:
        """Whether a value is the parameter itself, in another shape or order at most."""
        form = self.form(node)
        return form is not None and form.value._value is self.changed

    def change(self, node: Node) -> Tensor:
        """What the perturbations add to a value at their places: (K, *rest)."""
        if self.is_moved(node):
            return Tensor._wrap(self.step)
        form = self.form(node)
        assert form is not None, "asked where a value changes"
        return OPERATIONS["subtract"](form.value, self.taken(node, form.index))

    def loose(self, node: Node, axes: Any = None) -> Tensor:
        """The perturbed value with no Index for `axes`, for no axis at all unless given: (K, *shape)."""
        form = self.form(node)
        if form is None:
            return self.taken(node, {})
        return loosened(form, Tensor._wrap(node), range(len(node.shape)) if axes is None else axes).value

    def aligned(self, node: Node, local: Any = ()) -> tuple[dict[int, Index], list[Tensor]]:
        """All inputs of a node at the same places: the Index that they have in common, but for the axes `local`."""
        forms = [self.form(x) for x in node.inputs]
        first, *others = [form for form in forms if form is not None]
        common = {
            a: i
            for a, i in first.index.items()
            if a not in local and all(a in x.index and x.index[a].key == i.key for x in others)
        }
        values = []
        for x, form in zip(node.inputs, forms, strict=True):
            if form is None:
                values.append(self.taken(x, common))
            else:
                values.append(loosened(form, Tensor._wrap(x), [a for a in form.index if a not in common]).value)
        return common, values


def primitive_of(node: Node) -> Primitive:
    """The primitive of a value that a rule is asked for."""
    assert node.primitive is not None, "inputs and constants have no rule"
    return node.primitive


def _in_parts(form: Form | Added) -> bool:
    return isinstance(form, Added) or form.holds(ROW)
