"""Chains: groups lowered for a block of rows.

The rules see nodes of a few rows, and memory that is the thread's own. What somebody outside the chain reads becomes
a part of a whole: block after block, or, for a sum over the rows, one part of the sum a block.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pellucid.engines.native.blocks import Access, access
from pellucid.engines.native.cost import cost, is_view
from pellucid.engines.native.limits import LIMITS
from pellucid.engines.native.lower import PARTS, Line, Lowering
from pellucid.engines.native.memory import Buffer, Space, View, contiguous_strides
from pellucid.engines.native.patterns import name_of, nbytes
from pellucid.graph import Node, Primitive

Group = Sequence[Node]
LowerGroup = Callable[[Lowering, Group, Callable[[Node], bool]], None]


@dataclass
class Chain:
    """Lines that run for `blocks` blocks, those that come before since all blocks read the same, and those after."""

    stretches: list[tuple[int, list[Line]]]
    before: list[Line]
    after: list[Line]


def lower_chain(low: Lowering, groups: Sequence[Group], wanted: Callable[[Node], bool], lower: LowerGroup) -> Chain:
    """The lines of a chain. wanted: whether somebody outside the chain reads a node"""
    return _ChainLowering(low, groups, wanted, lower).chain()


class _ChainLowering:
    def __init__(self, low: Lowering, groups: Sequence[Group], wanted: Callable[[Node], bool], lower: LowerGroup):
        self.low, self.groups, self.wanted, self.lower = low, groups, wanted, lower
        self.ways = [_known(access(group)) for group in groups]
        self.rows = self.ways[0].rows
        self.read_inside = _read_by_others(groups)
        self.wholes: dict[int, View] = {}  # of the nodes that are wanted
        self.parts: dict[int, Node] = {}  # those of which there are parts of a sum
        self.stretches = self._stretches()
        self.total = sum(count for _, _, count in self.stretches)

    def chain(self) -> Chain:
        before: list[Line] = []
        lowered: list[tuple[int, list[Line]]] = []
        first = 0
        for start, size, count in self.stretches:
            same, lines = self._stretch(start, size, first)
            before += same
            lowered.append((count, lines))
            first += count
        self.low.views.update(self.wholes)
        return Chain(lowered, before, self._sums())

    def _stretches(self) -> list[tuple[int, int, int]]:
        """Where blocks of one size begin, their rows, and how many they are: all of the same size, or of two.

        There are as many blocks as the memory asks for, or the work is worth.
        """
        found = {node.order: node for group in self.groups for node in group if self._is_stored(node, group)}
        for group, way in zip(self.groups, self.ways, strict=True):
            inputs = [x for node in group for x in node.inputs]
            found.update((x.order, x) for x, axis in zip(inputs, way.inputs, strict=True) if axis is not None)
        each = sum(nbytes(node) for node in found.values() if not is_view([node])) / self.rows
        by_memory = self.rows * each / LIMITS.block_bytes if len(self.groups) > 1 else 1
        work = sum(map(cost, self.groups)) / LIMITS.two_blocks
        by_work = 1 if work < 1 else 2 * math.sqrt(max(1.0, work / 3))
        count = 1 << max(math.ceil(math.log2(max(by_memory, 1))), math.floor(math.log2(by_work)))
        size, larger = divmod(self.rows, min(count, self.rows))
        smaller = min(count, self.rows) - larger
        stretches = [(0, size + 1, larger), ((size + 1) * larger, size, smaller)]
        return [stretch for stretch in stretches if stretch[2]]

    def _is_stored(self, node: Node, group: Group) -> bool:
        return len(group) == 1 or node.order in self.read_inside or self.wanted(node)

    def _stretch(self, start: int, size: int, first: int) -> tuple[list[Line], list[Line]]:
        """The lines for blocks of `size` rows from `start` on; of those, first the ones that are the same for all.

        first: the number of the first of these blocks, of all
        """
        low, copies = self.low, dict[int, Node]()
        low.space = Space.LOCAL
        for group, way in zip(self.groups, self.ways, strict=True):
            axes = iter(way.inputs)
            here: list[Node] = []
            for node in group:
                inputs = tuple(self._input(x, next(axes), copies, start, size) for x in node.inputs)
                shape = node.shape if way.partial else (size, *node.shape[1:])
                copy = Node(node.primitive, inputs, node.options, shape, node.dtype)
                copies[node.order] = copy
                here.append(copy)
            outer = {copies[node.order].order for node in group if self._is_stored(node, group)}
            parts = PARTS.get(name_of(here[0])) if way.partial else None
            if parts is not None:
                low.views[here[0].order] = parts[0](low, here[0], *(low.views[x.order] for x in here[0].inputs))
            else:
                self.lower(low, here, lambda copy, outer=outer: copy.order in outer)
            for node in group:
                if self.wanted(node):
                    self._deliver(node, copies[node.order], way.partial, start, first)
        low.space = Space.ARENA
        return _divided(low.taken())

    def _input(self, x: Node, axis: int | None, copies: dict[int, Node], start: int, size: int) -> Node:
        if x.order in copies:
            return copies[x.order]
        if axis is None:
            return x
        view = self.low.views[x.order]
        at = [(start, size, 1) if a == axis else (0, n, 1) for a, n in enumerate(view.shape)]
        part = replace(view.slice(at), step=size * view.strides[axis])
        node = Node(shape=part.shape, dtype=x.dtype)
        self.low.views[node.order] = part
        return node

    def _deliver(self, node: Node, copy: Node, partial: bool, start: int, first: int) -> None:
        """Make what the block has of a node a part of the whole that others read."""
        view = self.low.views[copy.order]
        if partial:
            view = self._covering(view)
            shape, per_block = (self.total, *view.shape), view.size
            offset, strides = first * per_block, (per_block, *contiguous_strides(view.shape))
            self.parts[node.order] = node
        else:
            if view.buffer.space is not Space.LOCAL:  # rows of what was there before; one row has no stride to speak of
                strides = (view.step // view.shape[0], *view.strides[1:])
                self.wholes.setdefault(node.order, replace(view, shape=node.shape, strides=strides, step=0))
                return
            view = self._covering(view)
            shape, strides = node.shape, view.strides
            offset = start * view.strides[0]
        buffer = view.buffer
        if node.order not in self.wholes:
            whole = buffer.whole or Buffer(Space.ARENA, math.prod(shape) * node.dtype.itemsize)
            self.wholes[node.order] = View(whole, node.dtype, shape, strides)
        if buffer.whole is None:
            buffer.whole, buffer.start = self.wholes[node.order].buffer, offset * node.dtype.itemsize
            return
        if buffer.whole is not self.wholes[node.order].buffer:  # the memory belongs to another whole already
            fresh = self.low.copy(view, self.low.new(view.shape, view.dtype))
            fresh.buffer.whole = self.wholes[node.order].buffer
            fresh.buffer.start = offset * node.dtype.itemsize

    def _covering(self, view: View) -> View:
        """The view itself where it is all of its buffer, rows outermost, so that blocks lie one behind the other."""
        order = sorted(range(len(view.shape)), key=lambda a: (-view.strides[a], a))
        covers = (
            view.offset == 0 and view.is_contiguous(order) and view.size * view.dtype.itemsize == view.buffer.nbytes
        )
        outermost = not view.shape or view.strides[0] * view.shape[0] == view.size
        if covers and outermost:
            return view
        return self.low.copy(view, self.low.new(view.shape, view.dtype))

    def _sums(self) -> list[Line]:
        """The parts of the sums over the rows, summed."""
        for order, node in self.parts.items():
            if name_of(node) in PARTS:
                whole = self.wholes[order]
                parts = whole.reshape((self.total, *whole.shape[2:]))
                self.low.what = f"{name_of(node)} of {self.total} parts"
                self.low.views[order] = PARTS[name_of(node)][1](self.low, node, parts)
                continue
            parts = Node(shape=(self.total, *node.shape), dtype=node.dtype)
            self.low.views[parts.order] = self.wholes[order]
            sum = Primitive.registry["sum"].node(parts, axes=(0,))
            self.lower(self.low, [sum], lambda _: True)
            self.low.views[order] = self.low.views[sum.order]
        return self.low.taken()


def _divided(lines: list[Line]) -> tuple[list[Line], list[Line]]:
    """Lines that do the same for every block, such as laying out a weight, and the others."""
    writers: dict[int, int] = {}
    for line in lines:
        for view in line.writes:
            writers[id(view.buffer)] = writers.get(id(view.buffer), 0) + 1
    same: list[Line] = []
    fixed: set[int] = set()
    others: list[Line] = []
    for line in lines:
        reads_same = all(
            view.step == 0 and (view.buffer.space is not Space.LOCAL or id(view.buffer) in fixed) for view in line.reads
        )
        own = all(writers[id(view.buffer)] == 1 and view.buffer.whole is None for view in line.writes)
        if line.reads and reads_same and own:
            same.append(line)
            fixed.update(id(view.buffer) for view in line.writes)
        else:
            others.append(line)
    for line in same:
        for view in line.writes:
            view.buffer.space = Space.ARENA
    return same, others


def _known(way: Access | None) -> Access:
    assert way is not None, "a chain has only groups that can be computed by rows"
    return way


def _read_by_others(groups: Sequence[Group]) -> set[int]:
    """The nodes that a group makes and another one reads."""
    found = set()
    for group in groups:
        own = {node.order for node in group}
        found.update(x.order for node in group for x in node.inputs if x.order not in own)
    return found
