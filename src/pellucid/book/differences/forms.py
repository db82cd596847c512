"""What becomes of one value of a graph under K perturbations at once: a Form.

A perturbation changes one element of a parameter, and often not all of what is computed from it: an element of a
weight changes one column of the product. A Form says along which axes a perturbation changes one place only, which
place, and the new numbers there. Axes come in two kinds, therefore: those with an Index, and the rest.

    value of the graph   (100, 50)             every value of the layer, unperturbed
    index                {1: (K,)}             perturbation k changes column index[1][k]
    value                (K, 100)              to this

With no Index at all, the value is (K, *shape): everything may have changed.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pellucid.graph import Node, Shape
from pellucid.ops.comparison import logical_and, where
from pellucid.ops.indexing import gather_p
from pellucid.ops.shape import broadcast_to, reshape, transpose
from pellucid.tensor import Tensor, apply


@dataclass(frozen=True)
class Index:
    """A place along one axis for each perturbation, as an input of the graph, (K,).

    key:   equal for two that are always the same
    table: the place for each element of the parameter; None where it is something else that says it
    """

    key: Hashable
    place: Tensor
    table: np.ndarray | None


@dataclass(frozen=True)
class Form:
    """One value under K perturbations (see above). index: by axis, in the order of the axes"""

    index: Mapping[int, Index]
    value: Tensor

    def holds(self, key: Hashable) -> bool:
        """Whether perturbations change one place only along the axis that this Index is for."""
        return any(index.key == key for index in self.index.values())


@dataclass(frozen=True)
class Added:
    """A value of one number, under perturbations that are parts of larger ones: what each part adds to it, (K,)."""

    value: Tensor


def element(shape: Shape, indices: Mapping[int, Index], value: Tensor) -> Form:
    """A Form in which an axis of size 1 counts among the rest; value: (K, *rest), those axes left out or not."""
    kept = {a: index for a, index in sorted(indices.items()) if shape[a] != 1}
    return Form(kept, reshape(value, (value.shape[0], *rest_of(shape, kept))))


def rest_of(shape: Shape, index: Iterable[int]) -> Shape:
    """The sizes of the axes without an Index."""
    return tuple(n for a, n in enumerate(shape) if a not in index)


def place_of(axis: int, index: Iterable[int]) -> int:
    """Which axis of a Form's value an axis without an Index is."""
    return 1 + axis - sum(a < axis for a in index)


def taken(base: Tensor, index: Mapping[int, Index], count: int) -> Tensor:
    """The unperturbed value at the places of the perturbations: (K, *rest)."""
    rest = rest_of(base.shape, index)
    node = base._value
    if isinstance(node, Node) and node.primitive is not None and node.primitive.name == "broadcast_to":
        # What is repeated is taken before it is repeated: of a constant nothing is taken at all.
        source = Tensor._wrap(node.inputs[0])
        before = base.ndim - source.ndim
        kept = {a - before: i for a, i in index.items() if a >= before and source.shape[a - before] == base.shape[a]}
        values = _gathered(source, kept)
        sizes = (1 if a < before else source.shape[a - before] for a in range(base.ndim) if a not in index)
        values = reshape(values, (values.shape[0], *sizes))
    else:
        values = _gathered(base, index)
    return broadcast_to(values, (count, *rest))


def _gathered(base: Tensor, index: Mapping[int, Index]) -> Tensor:
    """(K, *rest), or (1, *shape) where there is no Index."""
    if not index:
        return reshape(base, (1, *base.shape))
    order = [*index, *(a for a in range(base.ndim) if a not in index)]
    return apply(gather_p, transpose(base, order), *(i.place for i in index.values()))


def loosened(form: Form, base: Tensor, axes: Iterable[int]) -> Form:
    """The same perturbations with no Index for `axes`: the new numbers stand among those that have not changed."""
    index = {a: i for a, i in form.index.items() if a not in axes}
    if len(index) == len(form.index):
        return form
    count = form.value.shape[0]
    unperturbed = taken(base, index, count)
    opened = [a for a in form.index if a not in index]
    sizes = tuple(1 if a in opened else n for a, n in enumerate(base.shape) if a not in index)
    here: Any = True
    for axis in opened:
        line = [1] * len(sizes)
        line[place_of(axis, index) - 1] = base.shape[axis]
        place = reshape(form.index[axis].place, (count, *(1 for _ in sizes)))
        here = logical_and(here, place == Tensor(np.arange(base.shape[axis]).reshape(line)))
    value = reshape(form.value, (count, *sizes))
    return Form(index, where(here, value, unperturbed))
