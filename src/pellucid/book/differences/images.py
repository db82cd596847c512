"""Rules for pooling, windows as columns, gathering, and for what has no rule of its own."""

from __future__ import annotations

from pellucid.book.differences.forms import Form, rest_of
from pellucid.book.differences.walk import Walk, primitive_of
from pellucid.graph import Node
from pellucid.ops.indexing import gather_p
from pellucid.ops.shape import concatenate, reshape, transpose
from pellucid.tensor import Tensor, apply


def pooled(walk: Walk, node: Node) -> Form:
    """Each image of each channel by itself: perturbations, images and channels are the channels of one batch."""
    primitive = primitive_of(node)
    index, (value,) = walk.aligned(node, (2, 3))
    images = reshape(value, (walk.count, -1, *value.shape[-2:]))
    y = apply(primitive, images, **node.options)
    return Form(index, reshape(y, (walk.count, *rest_of(node.shape, index))))


def columns(walk: Walk, node: Node) -> Form:
    """im2col and col2im: the perturbations as more images."""
    primitive = primitive_of(node)
    (x,), options = node.inputs, dict(node.options)
    if "shape" in options:
        options["shape"] = (walk.count * options["shape"][0], *options["shape"][1:])
    y = apply(primitive, reshape(walk.loose(x), (walk.count * x.shape[0], *x.shape[1:])), **options)
    return Form({}, reshape(y, (walk.count, *node.shape)))


def gathered(walk: Walk, node: Node) -> Form:
    """x[i, j, ...] with places that stay as they are."""
    x, *places = node.inputs
    if any(walk.form(place) is not None for place in places):
        return one_by_one(walk, node)
    value, leading, rank = walk.loose(x), len(places), len(places[0].shape)
    # gather takes the leading axes, so the perturbations stand behind them meanwhile.
    value = transpose(value, (*range(1, leading + 1), 0, *range(leading + 1, value.ndim)))
    y = apply(gather_p, value, *map(Tensor._wrap, places))
    return Form({}, transpose(y, (rank, *range(rank), *range(rank + 1, y.ndim))))


def one_by_one(walk: Walk, node: Node) -> Form:
    """Any primitive: once for each perturbation."""
    primitive = primitive_of(node)
    walk.unrolled = True
    values = [walk.loose(x) if walk.form(x) is not None else None for x in node.inputs]
    outputs = [
        apply(
            primitive,
            *(Tensor._wrap(x) if v is None else v[k] for x, v in zip(node.inputs, values, strict=True)),
            **node.options,
        )
        for k in range(walk.count)
    ]
    return Form({}, concatenate([reshape(y, (1, *node.shape)) for y in outputs]))
