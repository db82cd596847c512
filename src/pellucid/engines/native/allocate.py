"""Allocate: a place in one piece of memory for every buffer. Two that are needed at the same time never overlap.

The largest first, each at the lowest place that is free for as long as it lives.
"""

from __future__ import annotations

from collections.abc import Sequence

from pellucid.engines.native.memory import Buffer, Space

LINE = 64  # bytes: buffers begin on a cache line of their own


def allocate(uses: Sequence[Sequence[Buffer]], space: Space) -> int:
    """Fill in the offset of every buffer in `space`; `uses` are the buffers that are used at each time, in order.

    Gives the size of it all in bytes.
    """
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    buffers: dict[int, Buffer] = {}
    for time, used in enumerate(uses):
        for buffer in used:
            if buffer.space is space:
                buffers[id(buffer)] = buffer
                first.setdefault(id(buffer), time)
                last[id(buffer)] = time
    placed: list[tuple[int, int, int, int]] = []  # first use, last use, begin, end
    for key in sorted(buffers, key=lambda key: (-buffers[key].nbytes, first[key])):
        buffer, size = buffers[key], -(-max(buffers[key].nbytes, 1) // LINE) * LINE
        busy = sorted((begin, end) for start, stop, begin, end in placed if start <= last[key] and stop >= first[key])
        offset = 0
        for begin, end in busy:
            if begin - offset >= size:
                break
            offset = max(offset, end)
        buffer.offset = offset
        placed.append((first[key], last[key], offset, offset + size))
    return max((end for _, _, _, end in placed), default=0)
