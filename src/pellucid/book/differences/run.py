"""Running: all elements of a parameter through its plan, block after block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pellucid.book.differences.plan import BlockPlan, Losses

STRETCH = 1 << 16  # perturbations whose places are worked out at once
DENSE = 0.5  # parts for each number on the left of a product: with more, taking it apart by rows does not pay


def whole(plan: BlockPlan, w: np.ndarray, arrays: Sequence[np.ndarray], h: float) -> np.ndarray:
    """The gradient by w, every perturbation in one.

    arrays: the inputs of the graph, w among them
    """
    if not plan.reached:
        return np.zeros_like(w)
    losses, _ = plan.start(arrays)
    slopes = [_slopes(plan, losses, w, some, None, h) for some in _stretches(w.size)]
    return np.concatenate(slopes).reshape(w.shape)


def by_rows(plan: BlockPlan, w: np.ndarray, arrays: Sequence[np.ndarray], h: float) -> np.ndarray | None:
    """The gradient by w, its perturbations taken apart by the rows of the product that it is in.

    There is a part for each number that is not 0 in x, on the left of the product, and each weight that it is
    multiplied with. What a changed weight does to a row depends on that number alone, so equal numbers in a row of x,
    of which an image has many, are one part. None where there are so many parts that nothing is won.
    """
    assert plan.walk.left is not None, "only losses with a product are taken apart"
    losses, x = plan.start(arrays)
    rows, columns, starts = _equal_in_rows(x)
    if len(starts) - 1 > DENSE * x.size:
        return None
    weights = _by_row_of_weights(plan, w, x.shape[1])
    slope, width = np.zeros(w.size), weights.shape[1]
    for some in _stretches(len(starts) - 1, width):
        first = starts[some]
        slopes = _slopes(plan, losses, w, weights[columns[first]].reshape(-1), np.repeat(rows[first], width), h)
        slopes = slopes.reshape(-1, width)
        which = np.repeat(np.arange(len(some)), np.diff(starts[[*some, some[-1] + 1]]))
        for these in _stretches(len(which), width):
            added_to = weights[columns[first[0] + these]]
            slope += np.bincount(added_to.reshape(-1), slopes[which[these]].reshape(-1), w.size)
    return slope.reshape(w.shape)


def _equal_in_rows(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The numbers of x that are not 0, equal ones of a row side by side: rows, columns, and where other ones begin.

    The last beginning is the end.
    """
    rows, columns = np.nonzero(x)
    numbers = x[rows, columns]
    order = np.lexsort((numbers, rows))
    other = (np.diff(rows[order]) != 0) | (np.diff(numbers[order]) != 0)
    starts = np.concatenate([[0], np.flatnonzero(other) + 1, [len(order)]]) if len(order) else np.zeros(1, np.int64)
    return rows[order], columns[order], starts


def _by_row_of_weights(plan: BlockPlan, w: np.ndarray, count: int) -> np.ndarray:
    """Which elements of w stand in each row of the right side of the product: (count, M)."""
    assert plan.walk.left is not None, "only losses with a product are taken apart"
    _, row, _ = plan.walk.left
    assert row.table is not None, "it is the parameter's own"
    return np.argsort(row.table, kind="stable").reshape(count, -1)


def _stretches(size: int, each: int = 1) -> Iterator[np.ndarray]:
    """0, 1, ..., size - 1 in pieces for about STRETCH perturbations, when each number stands for so many."""
    step = max(1, STRETCH // max(1, each))
    return (np.arange(start, min(start + step, size)) for start in range(0, size, step))


def _slopes(
    plan: BlockPlan, losses: Losses, w: np.ndarray, elements: np.ndarray, rows: np.ndarray | None, h: float
) -> np.ndarray:
    """(L(w + h) - L(w - h)) / 2h for these elements, in blocks of half as many as the plan takes perturbations.

    rows: where the perturbations are taken apart, the row that each is for
    """
    size, half = len(elements), plan.count // 2
    blocks = -(-size // half)
    element = _blocks(elements, blocks, half)
    before = w.reshape(-1)[element]
    changed = before + np.array([[h], [-h]])
    row = element if rows is None else _blocks(rows, blocks, half)
    places = (row if index.table is None else index.table[element] for index in plan.walk.indices.values())
    inputs = [changed, changed - before, *places]
    slopes = np.empty((blocks, half))
    for k in range(blocks):
        above, below = losses([x[k].reshape(-1) for x in inputs]).reshape(2, half)
        slopes[k] = (above - below) / (2 * h)
    return slopes.reshape(-1)[:size]


def _blocks(places: np.ndarray, blocks: int, half: int) -> np.ndarray:
    """(blocks, 2, half): each block twice, for +h and for -h; the last one filled up with what it has."""
    full = np.concatenate([places, np.repeat(places[-1:], blocks * half - len(places))])
    return np.repeat(full.reshape(blocks, 1, half), 2, axis=1)
