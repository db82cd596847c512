"""Rules for matrix products and convolutions.

x · w, one element of w changed:   one column of the product changes, by that column of x times the change
x · w, one column of x changed:    the product changes by that column times a row of w
convolution, one filter changed:   one channel changes
"""

from __future__ import annotations

from pellucid.book.differences.forms import Form
from pellucid.book.differences.walk import ROW, Walk
from pellucid.graph import Node
from pellucid.ops.convolution import conv2d_p
from pellucid.ops.linalg import matmul_p
from pellucid.ops.shape import reshape, transpose
from pellucid.tensor import Tensor, apply


def product(walk: Walk, node: Node) -> Form:
    """x (N, D) · w (D, M)"""
    x, w = node.inputs
    form_x, form_w = walk.form(x), walk.form(w)
    if len(x.shape) == 2 and form_x is None and form_w is not None and form_w.index:
        return _right_changed(walk, node, x, w, form_w)
    if len(x.shape) == 2 and form_w is None and form_x is not None and form_x.index:
        return _left_changed(walk, node, x, w, form_x)
    if form_w is None and len(w.shape) == 2:  # one large product instead of many small ones
        rows = reshape(walk.loose(x), (walk.count * x.shape[0], x.shape[1]))
        return Form({}, reshape(apply(matmul_p, rows, Tensor._wrap(w)), (walk.count, *node.shape)))
    return Form({}, apply(matmul_p, walk.loose(x), walk.loose(w)))


def _right_changed(walk: Walk, node: Node, x: Node, w: Node, form: Form) -> Form:
    row, column = form.index.get(0), form.index.get(1)
    if row is None:  # whole columns of w: (K, D)
        y = apply(matmul_p, form.value, transpose(Tensor._wrap(x), (1, 0)))
        return Form({1: column} if column else {}, y)
    added = walk.change(w)
    if column is None:  # a whole row of w: (K, M)
        column_of_x = reshape(walk.taken(x, {1: row}), (walk.count, x.shape[0], 1))
        return Form({}, walk.taken(node, {}) + column_of_x * reshape(added, (walk.count, 1, w.shape[1])))
    if walk.split and walk.left is None and x.shape[0] > 1 and walk.is_moved(w):
        walk.left = x, row, column
        part = walk.index(ROW, None)
        index = {0: part, 1: column}
        return Form(index, walk.taken(node, index) + walk.taken(x, {0: part, 1: row}) * added)
    index = {1: column}
    return Form(index, walk.taken(node, index) + walk.taken(x, {1: row}) * reshape(added, (walk.count, 1)))


def _left_changed(walk: Walk, node: Node, x: Node, w: Node, form: Form) -> Form:
    row, column = form.index.get(0), form.index.get(1)
    if column is None:  # whole rows of x: (K, D)
        return Form({0: row} if row else {}, apply(matmul_p, form.value, Tensor._wrap(w)))
    added, row_of_w = walk.change(x), walk.taken(w, {0: column})
    if row is None:  # a whole column of x: (K, N)
        outer = reshape(added, (walk.count, x.shape[0], 1)) * reshape(row_of_w, (walk.count, 1, w.shape[1]))
        return Form({}, walk.taken(node, {}) + outer)
    return Form({0: row}, walk.taken(node, {0: row}) + reshape(added, (walk.count, 1)) * row_of_w)


def convolution(walk: Walk, node: Node) -> Form:
    """x (N, C, H, W) with the filters w (M, C/groups, KH, KW)"""
    x, w = node.inputs
    form_x, form_w, count = walk.form(x), walk.form(w), walk.count
    options = dict(node.options)
    if form_w is None:  # the perturbations as more images, or as images in the place of all
        images = walk.loose(x, (1, 2, 3))
        kept = {0: form_x.index[0]} if form_x is not None and 0 in form_x.index else {}
        y = apply(conv2d_p, reshape(images, (-1, *x.shape[1:])), Tensor._wrap(w), **options)
        return Form(kept, reshape(y, (count, *node.shape[len(kept) :])))
    filters = walk.loose(w, (1, 2, 3))
    if form_x is None and options["groups"] == 1:  # the perturbations as more filters
        kept = {1: form_w.index[0]} if 0 in form_w.index else {}
        y = apply(conv2d_p, Tensor._wrap(x), reshape(filters, (-1, *w.shape[1:])), **options)
        if kept:
            return Form(kept, transpose(y, (1, 0, 2, 3)))
        n, m, *size = node.shape
        return Form({}, transpose(reshape(y, (n, count, m, *size)), (1, 0, 2, 3, 4)))
    return _grouped(walk, node)


def _grouped(walk: Walk, node: Node) -> Form:
    """Images and filters both changed: each perturbation is a group of channels of its own."""
    x, w = node.inputs
    n, c, *size = x.shape
    images = reshape(transpose(walk.loose(x), (1, 0, 2, 3, 4)), (n, walk.count * c, *size))
    filters = reshape(walk.loose(w), (-1, *w.shape[1:]))
    options = {**node.options, "groups": node.options["groups"] * walk.count}
    y = reshape(apply(conv2d_p, images, filters, **options), (n, walk.count, *node.shape[1:]))
    return Form({}, transpose(y, (1, 0, 2, 3, 4)))
