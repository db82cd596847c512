"""Assemble: phases of groups become phases of lines, with a place for every buffer."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pellucid.engines.native import image_rules, rules  # noqa: F401 - they enter their rules
from pellucid.engines.native.allocate import allocate
from pellucid.engines.native.chains import lower_chain
from pellucid.engines.native.fuse import ELEMENTWISE
from pellucid.engines.native.limits import LIMITS
from pellucid.engines.native.lower import RULES, Line, Lowering
from pellucid.engines.native.memory import Buffer, Space, View, contiguous_strides
from pellucid.engines.native.programs import lower_program
from pellucid.engines.native.schedule import Task, schedule
from pellucid.graph import Graph, Node

Group = Sequence[Node]


@dataclass
class LineTask:
    """Lines for one worker after the other: `blocks` times, each time for other rows; or, for 0, shared by all."""

    blocks: int
    cost: float  # of one block, in nanoseconds
    lines: list[Line]


@dataclass
class LinePhase:
    """Tasks that do not wait for each other."""

    tasks: list[LineTask] = field(default_factory=list)

    @property
    def shared(self) -> bool:
        return sum(task.cost * max(task.blocks, 1) for task in self.tasks) >= LIMITS.sharing

    @property
    def lines(self) -> Iterator[Line]:
        return (line for task in self.tasks for line in task.lines)


@dataclass
class Assembled:
    """All that the runtime needs. in_place: those of the pairs whose state can be changed in place"""

    phases: list[LinePhase]
    constants: bytes
    arena_bytes: int
    local_bytes: int
    in_place: list[bool]

    @property
    def lines(self) -> list[Line]:
        return [line for phase in self.phases for line in phase.lines]


def assemble(graph: Graph, groups: Sequence[Group], fed: Sequence[tuple[int, int]], late: set[int]) -> Assembled:
    """A fused graph as lines; `fed` and `late` as in `schedule`."""
    low = Lowering(graph)
    phases: list[LinePhase] = []
    readers = _readers(graph, groups)
    for tasks in schedule(graph, groups, fed, late):
        phases += _lowered(low, phases, tasks, groups, readers)
    for index, node in enumerate(graph.outputs):
        _deliver(low, node, index)
    copies = low.taken()
    if copies:
        phases.append(LinePhase([_task(1, copies)]))
    phases = _merged([phase for phase in phases if phase.tasks])
    arena = allocate([[_whole(view) for line in phase.lines for view in line.views] for phase in phases], Space.ARENA)
    local = max((_allocated_locally(task) for phase in phases for task in phase.tasks), default=0)
    uses = _uses(phases)
    in_place = [_may_be_in_place(uses[Space.OUTPUT, output], uses[Space.INPUT, place]) for output, place in fed]
    return Assembled(phases, bytes(low.constants), arena, local, in_place)


def _readers(graph: Graph, groups: Sequence[Group]) -> dict[int, set[int]]:
    """For each node the groups that read it; -1 stands for the outside."""
    readers: dict[int, set[int]] = {}
    for i, group in enumerate(groups):
        for x in (x for node in group for x in node.inputs):
            readers.setdefault(x.order, set()).add(i)
    for node in graph.outputs:
        readers.setdefault(node.order, set()).add(-1)
    return readers


def _lowered(
    low: Lowering, before: list[LinePhase], tasks: Sequence[Task], groups: Sequence[Group], readers: dict[int, set[int]]
) -> list[LinePhase]:
    """The phases of lines that a phase of groups becomes: what must be done before its chains, itself, and the rest."""
    first, stages = LinePhase(), defaultdict[int, LinePhase](LinePhase)
    for task in tasks:
        own = set(task.groups)
        members = [groups[i] for i in task.groups]
        if task.kind == "blocks":
            chain = lower_chain(low, members, lambda node, own=own: not readers.get(node.order, set()) <= own, _lower)
            stages[0].tasks += [_task(count, lines) for count, lines in chain.stretches if lines]
            stages[1].tasks += [_task(_share(line), [line]) for line in chain.after]
            target = before[0] if before and _only_given(chain.before) else first
            target.tasks += [_task(1, [line]) for line in chain.before]
            continue
        for i in task.groups:
            _lower(low, groups[i], lambda node, i=i: not readers.get(node.order, set()) <= {i})
        lines = low.taken()
        if task.kind == "together":
            for stage, line in enumerate(lines):  # a copy in another order first, say
                stages[stage].tasks.append(_task(_share(line), [line]))
        elif lines:
            stages[0].tasks.append(_task(1, lines))
    return [phase for phase in (first, *(stages[i] for i in sorted(stages))) if phase.tasks]


def _merged(phases: Sequence[LinePhase]) -> list[LinePhase]:
    """Phases of which small ones are part of the next, where only small tasks wait for them: one wait less."""
    merged: list[LinePhase] = []
    for phase in phases:
        small = merged[-1].tasks if merged and _is_small(merged[-1]) else []
        made = {id(_whole(view)) for task in small for line in task.lines for view in line.writes}
        waiting = [
            task for task in phase.tasks if made & {id(_whole(view)) for line in task.lines for view in line.reads}
        ]
        if small and all(task.blocks == 1 and task.cost < LIMITS.chain for task in waiting):
            rest = [task for task in phase.tasks if not any(task is other for other in waiting)]
            lines = [line for task in (*small, *waiting) for line in task.lines]
            merged[-1] = LinePhase([*rest, _task(1, lines)])
        else:
            merged.append(phase)
    return merged


def _is_small(phase: LinePhase) -> bool:
    """Whether one thread does it, of what the plan has made: its inputs may be written over in the next phase."""
    reads = (view.buffer.space for line in phase.lines for view in line.reads)
    return not phase.shared and all(space is Space.ARENA for space in reads)


def _task(blocks: int, lines: list[Line]) -> LineTask:
    return LineTask(blocks, sum(line.cost for line in lines), lines)


def _share(line: Line) -> int:
    """The blocks of a task of one line: none where all workers share it, one where it is too small for that."""
    return 0 if line.cost >= LIMITS.sharing else 1


def _only_given(lines: Iterable[Line]) -> bool:
    return all(view.buffer.space in (Space.INPUT, Space.CONSTANT) for line in lines for view in line.reads)


def _lower(low: Lowering, group: Group, wanted: Callable[[Node], bool]) -> None:
    """The lines of one group. wanted: whether somebody else reads a node"""
    first = group[0]
    assert first.primitive is not None, "inputs and constants are in no group"
    low.what = " ".join(node.primitive.name for node in group if node.primitive)
    if first.primitive.name in ELEMENTWISE:
        lower_program(low, group, wanted)
    else:
        views = [low.views[x.order] for x in first.inputs]
        low.views[first.order] = RULES[first.primitive.name](low, first, *views)


def _deliver(low: Lowering, node: Node, index: int) -> None:
    """Give the output memory of its own: the buffer of what made it where that is the whole of it, else a copy."""
    view = low.views[node.order]
    target = Buffer(Space.OUTPUT, math.prod(node.shape) * node.dtype.itemsize, index)
    whole = view.buffer.nbytes == target.nbytes and view.offset == 0 and view.is_contiguous()
    if view.buffer.space is Space.ARENA and whole:
        view.buffer.space, view.buffer.index = Space.OUTPUT, index
        return
    low.what = "output"
    low.copy(view, View(target, view.dtype, view.shape, contiguous_strides(view.shape)))


# ---- memory


def _whole(view: View) -> Buffer:
    return view.buffer.whole or view.buffer


def _allocated_locally(task: LineTask) -> int:
    return allocate(
        [[view.buffer for view in line.views if view.buffer.whole is None] for line in task.lines], Space.LOCAL
    )


def operand(view: View) -> tuple[int, int, int, int]:
    """Where a view begins: space, index, bytes from there, and bytes from one block of rows to the next."""
    buffer, own = _whole(view), view.buffer
    offset = buffer.offset + view.offset * view.dtype.itemsize
    if buffer is own:
        return int(own.space), own.index, offset, view.step * view.dtype.itemsize
    return int(buffer.space), buffer.index, offset + own.start, own.nbytes


# ---- state


@dataclass(frozen=True)
class Use:
    """Where a line reads or writes a buffer of the plan's caller."""

    phase: int
    task: LineTask
    line: int
    view: View

    @property
    def bytes(self) -> tuple[int, int]:
        """From where to where all blocks reach."""
        _, _, offset, step = operand(self.view)
        extent = sum((n - 1) * abs(s) for n, s in zip(self.view.shape, self.view.strides, strict=True)) + 1
        return offset, offset + step * max(self.task.blocks - 1, 0) + extent * self.view.dtype.itemsize


def _uses(phases: Sequence[LinePhase]) -> dict[tuple[int, int], list[Use]]:
    """Every use of what an output's memory gets and what an input's memory gives."""
    found = defaultdict[tuple[int, int], list[Use]](list)
    for number, phase in enumerate(phases):
        for task in phase.tasks:
            for i, line in enumerate(task.lines):
                for views, space in ((line.writes, Space.OUTPUT), (line.reads, Space.INPUT)):
                    for view in views:
                        buffer = _whole(view)
                        if buffer.space is space:
                            found[space, buffer.index].append(Use(number, task, i, view))
    return found


def _may_be_in_place(writes: Sequence[Use], reads: Sequence[Use]) -> bool:
    """Whether an output may lie where an input does: whoever reads the input does it before that is written over."""
    return bool(writes) and all(_comes_first(read, write) for read in reads for write in writes)


def _comes_first(read: Use, write: Use) -> bool:
    if read.phase != write.phase:
        return read.phase < write.phase
    if read.task is not write.task:  # rows of other blocks
        return read.bytes[1] <= write.bytes[0] or write.bytes[1] <= read.bytes[0]
    same = operand(read.view)[2:] == operand(write.view)[2:] and read.view.size == write.view.size
    if read.line == write.line:
        line = read.task.lines[read.line]
        return same and line.may_overwrite(read.view) and read.view.lies_as(write.view)
    return read.line < write.line and (same or read.task.blocks == 1)
