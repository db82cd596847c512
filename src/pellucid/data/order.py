"""The order in which an epoch goes through a data set."""

from __future__ import annotations

import operator

import numpy as np

from pellucid.errors import OptionError


def epoch_order(
    n: int,
    batch_size: int = 1,
    *,
    seed: int = 0,
    epoch: int = 0,
    shuffle: bool = False,
    drop_last: bool = False,
) -> np.ndarray:
    """The positions of an epoch's examples, all at once, batch after batch.

    Batch i is `order[i * batch_size : (i + 1) * batch_size]`. It depends on the arguments alone, so that
    a resumed run goes on exactly where the first one was.

    Shapes: → (n,) int64, shorter where `drop_last` leaves out a partial batch

    >>> epoch_order(5, 2, drop_last=True)
    array([0, 1, 2, 3])
    >>> sorted(epoch_order(5, seed=1, epoch=7, shuffle=True).tolist())
    [0, 1, 2, 3, 4]
    """
    order = epoch_generator(seed, epoch).permutation(n) if shuffle else np.arange(n)
    kept = n - n % batch_size if drop_last else n
    return order[:kept].astype(np.int64, copy=False)


def epoch_generator(seed: int, epoch: int, stream: int = 0) -> np.random.Generator:
    """The generator of one epoch (stream 0), or of what happens to its batch number `stream` - 1.

    Raises: OptionError unless seed and epoch are integers in 0..2**64 - 1
    Note:   a counter-based generator needs no state from the epochs before
    """
    key = [_word("seed", seed), _word("epoch", epoch)]
    return np.random.Generator(np.random.Philox(key=key, counter=[0, 0, 0, stream]))


def _word(name: str, value: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__") or not 0 <= operator.index(value) < 2**64:
        raise OptionError(f"Loader: {name} is {value!r}; give an integer in 0..2**64 - 1")
    return operator.index(value)
