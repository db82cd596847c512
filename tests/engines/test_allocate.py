"""A place in memory for every buffer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pellucid.engines.native.allocate import LINE, allocate
from pellucid.engines.native.memory import Buffer, Space


@given(st.lists(st.lists(st.integers(0, 7), min_size=1, max_size=4), min_size=1, max_size=12), st.data())
def test_buffers_that_live_at_the_same_time_never_overlap(uses, data):
    buffers = [Buffer(Space.ARENA, data.draw(st.integers(0, 500))) for _ in range(8)]
    size = allocate([[buffers[i] for i in used] for used in uses], Space.ARENA)
    lives = {i: [t for t, used in enumerate(uses) if i in used] for i in range(8)}
    for i, one in lives.items():
        for j, other in lives.items():
            if i < j and one and other and one[0] <= other[-1] and other[0] <= one[-1]:
                a, b = buffers[i], buffers[j]
                assert a.offset + a.nbytes <= b.offset or b.offset + b.nbytes <= a.offset
    assert all(b.offset % LINE == 0 and b.offset + b.nbytes <= size for i, b in enumerate(buffers) if lives[i])
