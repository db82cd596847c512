"""Counter-based random numbers (Philox): a draw depends on a seed and a position, and on nothing else.

The same seed and position give the same bits on every engine, any number of threads and after a resume,
because there is no hidden state to get out of step: number i of a draw is a pure function of (seed, block, i).

Blocks: one block is four 64-bit words. A float64 takes a word (its upper 53 bits), a float32 half a word (the
upper 24 bits of it, the low half first). Each draw takes whole blocks, so that draws never overlap.

Reference: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011
"""

from __future__ import annotations

import math

import numpy as np

WORDS = 4  # 64-bit words in a block


def blocks_needed(shape: tuple[int, ...], dtype: np.dtype) -> int:
    """How many blocks a draw of this shape and dtype takes.

    >>> blocks_needed((10,), np.dtype("float64")), blocks_needed((10,), np.dtype("float32"))
    (3, 2)
    """
    return -(-math.prod(shape) * dtype.itemsize // (8 * WORDS))


def uniform(seed: int, block: int, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Uniform numbers in [0, 1), starting at `block` of the stream that `seed` names.

    >>> uniform(0, 0, (2,), np.dtype("float64")).shape
    (2,)
    """
    count = blocks_needed(shape, dtype) * WORDS
    words = np.random.Philox(key=seed, counter=block).random_raw(count)
    size = math.prod(shape)
    if dtype == np.float64:
        numbers = (words[:size] >> np.uint64(11)) * 2.0**-53
    else:
        halves = words.astype("<u8", copy=False).view("<u4")[:size]
        numbers = (halves >> np.uint32(8)).astype(np.float32) * np.float32(2.0**-24)
    return numbers.reshape(shape)
