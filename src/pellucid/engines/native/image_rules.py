"""How the primitives of images become kernel calls: convolution, pooling, windows as columns.

Inside a plan images lie channels last, whatever the user sees: a convolution then reads and writes whole vectors of
channels. Elementwise groups keep the order of what they read, so it stays so from layer to layer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from pellucid.engines.native.lower import PARTS, Lowering, rule
from pellucid.engines.native.memory import View
from pellucid.engines.native.rules import fill
from pellucid.graph import Node, Shape

CHANNELS_LAST = (0, 2, 3, 1)  # how (N, C, H, W) lies in memory


def _images(low: Lowering, x: View) -> View:
    return low.ordered(x, CHANNELS_LAST)


def _new_images(low: Lowering, node: Node) -> View:
    return low.new(node.shape, node.dtype, CHANNELS_LAST)


def _window_numbers(kernel: Sequence[int], options: Any) -> list[int]:
    """The sizes of the kernel, stride, padding and dilation, in the order in which the kernels of images have them."""
    (top, _), (left, _) = options["padding"]
    return [*kernel, *options["stride"], top, left, *options.get("dilation", (1, 1))]


def _conv_numbers(x: Shape, w: Shape, y: Shape, options: Any) -> tuple[list[int], int]:
    sizes = [x[0], x[2], x[3], x[1], y[2], y[3], y[1]]
    numbers = [*sizes, *_window_numbers(w[2:], options), options["groups"]]
    return numbers, 2 * math.prod(y) * math.prod(w[1:])


@rule("conv2d")
def _conv2d(low: Lowering, node: Node, x: View, w: View) -> View:
    return _convolution(low, node, x, w, _conv_numbers(x.shape, w.shape, node.shape, node.options))


@rule("conv2d_input_gradient")
def _conv2d_input_gradient(low: Lowering, node: Node, g: View, w: View) -> View:
    return _convolution(low, node, g, w, _conv_numbers(node.shape, w.shape, g.shape, node.options))


def _convolution(low: Lowering, node: Node, x: View, w: View, numbers_and_work: tuple[list[int], int]) -> View:
    """Two lines: the second reads images, and the weights as the first has packed them.

    What is packed depends neither on the images nor on how many there are: calls on parts of the batch share it.
    """
    assert node.primitive is not None, "a constant is no convolution"
    kernel, (numbers, work) = node.primitive.name, numbers_and_work
    y = _new_images(low, node)
    transformed = 16 if _is_three_by_three(w.shape, node.options) else 0  # taps, of convolution_winograd.cpp
    packed = low.new(_packed_shape(x.shape[1], w, y.shape[1] // node.options["groups"], transformed), w.dtype)
    low.emit(f"{kernel}_pack_weights_{node.dtype}", [packed], [low.ordered(w)], numbers, w.size)
    low.emit(f"{kernel}_{node.dtype}", [y], [_images(low, x), packed], numbers, work)
    return y


VECTOR_BYTES = 64  # the widest: a row of packed weights is whole vectors, whichever the machine has


def _packed_shape(channels: int, w: View | Node, filters: int, more: int = 0) -> Shape:
    """Of the channels of all groups and the filters of one, in the image that is read and in the one that is made."""
    lanes = VECTOR_BYTES // w.dtype.itemsize
    return (channels, math.prod(w.shape[2:]) + more, -(-filters // lanes) * lanes)


def _is_three_by_three(w: Shape, options: Any) -> bool:
    plain = all(tuple(options[name]) == (1, 1) for name in ("stride", "dilation"))
    return w[2:] == (3, 3) and plain and options["groups"] == 1


@rule("conv2d_weight_gradient")
def _conv2d_weight_gradient(low: Lowering, node: Node, x: View, g: View) -> View:
    """Two lines: sums over the images of one block each, then over the blocks."""
    nbytes = math.prod(_weight_shape(node)) * node.dtype.itemsize
    blocks = _blocks(g.shape[0], g.shape[2] * g.shape[3], nbytes)
    return _weight_of_parts(low, node, _weight_parts(low, node, x, g, blocks))


def _weight_parts(low: Lowering, node: Node, x: View, g: View, blocks: int = 1) -> View:
    parts = low.new((blocks, *_weight_shape(node)), node.dtype)
    numbers, work = _conv_numbers(x.shape, node.shape, g.shape, node.options)
    reads = [_images(low, x), _images(low, g)]
    low.emit(f"conv2d_weight_gradient_partial_{node.dtype}", [parts], reads, [*numbers, blocks], work)
    return parts


def _weight_of_parts(low: Lowering, node: Node, parts: View) -> View:
    w = low.new(node.shape, node.dtype)
    x, g = node.inputs
    numbers, _ = _conv_numbers(x.shape, node.shape, g.shape, node.options)
    low.emit(f"conv2d_weight_gradient_sum_{node.dtype}", [w], [parts], [*numbers, parts.shape[0]], parts.size)
    return w


def _weight_shape(node: Node) -> Shape:
    """The shape of a weight as the kernels of its gradient have it."""
    x, g = node.inputs
    return _packed_shape(x.shape[1], node, g.shape[1] // node.options["groups"])


PARTS["conv2d_weight_gradient"] = (_weight_parts, _weight_of_parts)

MOST_BLOCKS, BLOCK_POSITIONS, BLOCKS_BYTES = 16, 1024, 8 << 20


def _blocks(images: int, positions: int, nbytes: int) -> int:
    """Into how many blocks of images a weight gradient falls: by shapes alone, since the number decides on the bits.

    Many, so that there is work for many threads; each with as many positions to sum that reading its sums again costs
    next to nothing, and all together not larger than a cache.
    """
    return max(1, min(MOST_BLOCKS, images, images * positions // BLOCK_POSITIONS, BLOCKS_BYTES // max(nbytes, 1)))


def _pool_numbers(x: Shape, y: Shape, options: Any) -> list[int]:
    return [x[0], x[2], x[3], x[1], y[2], y[3], *_window_numbers(options["kernel"], options)]


@rule("max_pool2d")
def _max_pool2d(low: Lowering, node: Node, x: View) -> View:
    y, position = _new_images(low, node), low.new(node.shape, np.dtype("uint8"), CHANNELS_LAST)
    numbers = _pool_numbers(x.shape, y.shape, node.options)
    low.emit(f"max_pool2d_{x.dtype}", [y, position], [_images(low, x)], numbers, 4 * x.size)
    return y


@rule("max_pool2d_position")
def _max_pool2d_position(low: Lowering, node: Node, x: View) -> View:
    numbers = tuple(_pool_numbers(x.shape, node.shape, node.options))
    for line in low.lines:  # made beside the values, where these are needed too
        if line.kernel == f"max_pool2d_{x.dtype}" and line.numbers == numbers and line.reads[0].buffer is x.buffer:
            return line.writes[1]
    y, position = low.new(node.shape, x.dtype, CHANNELS_LAST), _new_images(low, node)
    low.emit(f"max_pool2d_{x.dtype}", [y, position], [_images(low, x)], numbers, 4 * x.size)
    return position


@rule("max_pool2d_gradient", "sum_unpool2d")
def _unpool(low: Lowering, node: Node, g: View, *position: View) -> View:
    return _windowed(low, node, [g, *position], _pool_numbers(node.shape, g.shape, node.options), math.prod(node.shape))


@rule("max_pool2d_argmax", "sum_pool2d")
def _pool(low: Lowering, node: Node, x: View) -> View:
    return _windowed(low, node, [x], _pool_numbers(x.shape, node.shape, node.options), x.size)


def _windowed(low: Lowering, node: Node, given: Sequence[View], numbers: Sequence[int], pixels: int) -> View:
    """The kernel of the primitive's name, on images, for the dtype of the first."""
    assert node.primitive is not None, "a constant is no pooling"
    y = _new_images(low, node)
    low.emit(f"{node.primitive.name}_{given[0].dtype}", [y], [_images(low, x) for x in given], numbers, 4 * pixels)
    return y


# ---- windows as columns


@rule("im2col")
def _im2col(low: Lowering, node: Node, x: View) -> View:
    kernel, stride, dilation = (node.options[name] for name in ("kernel", "stride", "dilation"))
    image = _padded(low, x, node.options["padding"])
    sizes = [(image.shape[2 + a] - dilation[a] * (kernel[a] - 1) - 1) // stride[a] + 1 for a in range(2)]
    sn, sc, sh, sw = image.strides
    windows = replace(
        image,
        shape=(x.shape[0], *sizes, x.shape[1], *kernel),
        strides=(sn, stride[0] * sh, stride[1] * sw, sc, dilation[0] * sh, dilation[1] * sw),
    )
    return low.copy(windows, low.new(windows.shape, x.dtype)).reshape(node.shape)  # type: ignore[return-value]


def _padded(low: Lowering, x: View, padding: Sequence[tuple[int, int]]) -> View:
    """The images with zeros around them."""
    widths = [(0, 0), (0, 0), *padding]
    if not any(map(any, widths)):
        return x
    shape = tuple(n + before + after for n, (before, after) in zip(x.shape, widths, strict=True))
    y = fill(low, low.new(shape, x.dtype), 0)
    low.copy(x, y.slice([(before, n, 1) for n, (before, _) in zip(x.shape, widths, strict=True)]))
    return y


@rule("col2im")
def _col2im(low: Lowering, node: Node, col: View) -> View:
    x, options, (n, c, *size) = low.new(node.shape, node.dtype), node.options, node.shape
    out = [
        (size[a] + sum(options["padding"][a]) - options["dilation"][a] * (options["kernel"][a] - 1) - 1)
        // options["stride"][a]
        + 1
        for a in range(2)
    ]
    numbers = [n, *size, c, *out, *_window_numbers(options["kernel"], options)]
    low.emit(f"col2im_{node.dtype}", [x], [low.ordered(col)], numbers, 4 * col.size)
    return x
