"""Schedule: which groups run when.

A plan runs in phases. What is in one phase does not wait for anything else in it, so that threads may share it out;
between phases they wait for each other. In a phase there are tasks:

    blocks      a chain of groups, run from end to end for some rows before the next ones (see `blocks.py`)
    together    one large kernel call that all threads share among themselves
    alone       small things, one after the other on one thread

Every group runs as early as it can. Only the product that an update of state alone needs waits for that update, so
that both run as one chain; an update waits until nobody reads the old value any more, so that it can be in place; and
what is recomputed waits for its reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pellucid.engines.native.blocks import Access, access
from pellucid.engines.native.cost import cost, is_view
from pellucid.engines.native.limits import LIMITS
from pellucid.graph import Graph, Node

Group = Sequence[Node]


@dataclass
class Task:
    """Groups that run one after the other: for one block of rows after the other, where there are rows."""

    kind: str  # blocks, together, alone
    groups: list[int] = field(default_factory=list)


class Schedule:
    """Groups on their way into phases."""

    def __init__(self, graph: Graph, groups: Sequence[Group], fed: Sequence[tuple[int, int]], late: set[int]) -> None:
        self.groups = groups
        self.costs = [cost(group) for group in groups]
        self.access: list[Access | None] = [access(group) for group in groups]
        self.of = {node.order: i for i, group in enumerate(groups) for node in group}
        self.needs = [
            {self.of[x.order] for node in group for x in node.inputs if x.order in self.of} - {i}
            for i, group in enumerate(groups)
        ]
        self.consumers: list[set[int]] = [set() for _ in groups]
        for i, needs in enumerate(self.needs):
            for other in needs:
                self.consumers[other].add(i)
        self.readers: dict[int, set[int]] = {}  # of a node, by its order
        for i, group in enumerate(groups):
            for x in (x for node in group for x in node.inputs):
                self.readers.setdefault(x.order, set()).add(i)
        self.after = self._after(graph, fed)
        self.updates = {self.of[graph.outputs[o].order] for o, _ in fed if graph.outputs[o].order in self.of}
        self.late = {i for i, group in enumerate(groups) if all(node.order in late for node in group)}
        self.done: set[int] = set()
        self.left = list(range(len(groups)))

    def _after(self, graph: Graph, fed: Sequence[tuple[int, int]]) -> list[set[int]]:
        """For each group those that read the old value of the state that it writes, where these can come first."""
        after: list[set[int]] = [set() for _ in self.groups]
        all_needs: list[set[int]] = []
        for needs in self.needs:  # groups stand in order
            all_needs.append(needs.union(*(all_needs[other] for other in needs)))
        for output, place in fed:
            writer = self.of.get(graph.outputs[output].order)
            if writer is None:
                continue
            readers = self._readers(graph.inputs[place]) - {writer}
            if not any(writer in all_needs[reader] for reader in readers):
                after[writer] |= readers
        return after

    def _readers(self, source: Node) -> set[int]:
        """The groups that read the memory of a node, itself or another view of it."""
        found: set[int] = set()
        for i in self.readers.get(source.order, ()):
            if is_view(self.groups[i]):
                found |= self._readers(self.groups[i][0])
            else:
                found.add(i)
        return found

    # ---- phases

    def phases(self) -> Iterable[list[Task]]:
        first = self._first()
        if first:
            self.done.update(first)
            self.left = [i for i in self.left if i not in self.done]
            yield [Task("alone", first)]
        while self.left:
            views = self._views()
            if views:
                yield [Task("alone", views)]
                continue
            tasks = self._phase(patient=True) or self._phase(patient=False)
            assert tasks, "groups that wait for each other"
            for task in tasks:
                self.done.update(task.groups)
            self.left = [i for i in self.left if i not in self.done]
            yield tasks

    def _first(self) -> list[int]:
        """What is cheap and needs nothing but inputs, where it sums over rows: a chain would end at such a sum.

        A mean over the labels that count, say: its gradient can then run by rows together with the loss.
        """
        found: dict[int, None] = {}  # in order
        for i in self.left:
            cheap = self.costs[i] < LIMITS.chain and i not in self.updates and not self.after[i]
            if cheap and self.needs[i] <= found.keys():
                found[i] = None
        chosen = {i for i in found if (how := self.access[i]) is not None and how.partial}
        for i in found:  # groups stand in order: what is made of the sums
            if self.needs[i] & chosen:
                chosen.add(i)
        for i in reversed(found):  # and all that leads to that
            if self.consumers[i] & chosen:
                chosen.add(i)
        return sorted(chosen)

    def _views(self) -> list[int]:
        """Views of what is there already are there too."""
        views = []
        for i in self.left:
            if self._is_free(i) and self.needs[i] <= self.done:
                self.done.add(i)
                views.append(i)
        self.left = [i for i in self.left if i not in self.done]
        return views

    def _is_free(self, i: int) -> bool:
        return is_view(self.groups[i]) and not self._may_copy(i)

    def _may_copy(self, i: int) -> bool:
        """Whether it is a reshape of images, which may lie in another order than their axes."""
        node = self.groups[i][0]
        return node.primitive is not None and node.primitive.name == "reshape" and len(node.inputs[0].shape) > 2

    def _phase(self, patient: bool) -> list[Task]:
        """All that can run now. patient: what belongs to an update waits for it"""
        ready = [i for i in self.left if self.needs[i] <= self.done]
        chains: dict[tuple[int, int], Task] = {}
        for i in ready:
            how = self.access[i]
            if how is None or self.costs[i] < LIMITS.chain or (patient and self._waits_for_update(i)):
                continue
            if self._may_join(i, None):
                chains.setdefault(self._chain(i, how), Task("blocks"))
        alone, together = Task("alone"), list[Task]()
        there = set(self.done)
        again = True
        while again:
            again, waiting = False, ready
            ready = []
            for i in waiting:
                task = self._task_for(i, chains, alone, patient)
                if task is None:
                    ready.append(i)
                    continue
                task.groups.append(i)
                if task.kind == "together":
                    together.append(task)
                there.add(i)
                ready += [other for other in self.consumers[i] if self.needs[other] <= there]
                again = True
            ready = sorted(set(ready) - there)
        return [task for task in (*together, *chains.values(), alone) if task.groups]

    def _task_for(self, i: int, chains: dict[tuple[int, int], Task], alone: Task, patient: bool) -> Task | None:
        """The task of this phase that a group can be in, or None where it must wait."""
        if patient and self._waits_for_update(i):
            return None
        how = self.access[i]
        chain = chains.get(self._chain(i, how)) if how is not None else None
        if patient and i in self.late and not self._is_wanted_now(i, chain):
            return None
        if chain is not None and self._may_join(i, chain):
            return chain
        needs = self.needs[i] | self.after[i]
        if self.costs[i] >= (LIMITS.sharing if chain is None else LIMITS.chain):
            return Task("together") if chain is None and needs <= self.done else None
        return alone if needs <= self.done | set(alone.groups) else None

    def _chain(self, i: int, how: Access) -> tuple[int, int]:
        """What a group must have in common with the others of its chain: the rows, and the update that they are for."""
        update = self._update(i)
        return how.rows, -1 if update is None else update

    def _update(self, i: int) -> int | None:
        """The update of state that a group is, or that alone needs it, over the same rows."""
        if i in self.updates:
            return i
        (update,) = self.consumers[i] if len(self.consumers[i]) == 1 else (None,)
        if update not in self.updates or self.costs[i] < LIMITS.chain:
            return None
        mine, its = self.access[i], self.access[update]
        return update if mine and its and mine.rows == its.rows and not mine.partial else None

    def _may_join(self, i: int, chain: Task | None) -> bool:
        """Whether all that a group needs is there, or is made for the same rows earlier in the chain."""
        inside = set(chain.groups) if chain is not None else set()
        how = self.access[i]
        assert how is not None, "only what can be computed by rows is asked for"
        if not (self.needs[i] <= self.done | inside and self.after[i] <= self.done):
            return False
        inputs = [x for node in self.groups[i] for x in node.inputs]
        for x, axis in zip(inputs, how.inputs, strict=True):
            maker = self.of.get(x.order)
            if maker is None or maker == i or maker not in inside:
                continue
            made = self.access[maker]
            if axis != 0 or made is None or made.partial:
                return False
        return True

    def _is_wanted_now(self, i: int, chain: Task | None) -> bool:
        """Whether somebody who needs a group has everything else."""
        there = self.done | {i} | set(chain.groups if chain is not None else ())
        return any(self.needs[other] <= there for other in self.consumers[i])

    def _waits_for_update(self, i: int) -> bool:
        """Whether the only one who needs the group is an update that cannot run yet."""
        update = self._update(i)
        if update is None or update == i:
            return False
        return not (self.needs[update] | self.after[update]) - {i} <= self.done


def schedule(graph: Graph, groups: Sequence[Group], fed: Sequence[tuple[int, int]], late: set[int]) -> list[list[Task]]:
    """The groups of a graph in phases.

    fed:  pairs (output, input) that are the same state, before and after
    late: orders of nodes that should not be made before they are read
    """
    return list(Schedule(graph, groups, fed, late).phases())
