"""Mini-batches of a data set, in an order that depends on the seed and the epoch alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from pellucid.data.order import epoch_generator, epoch_order
from pellucid.data.transforms import Compose
from pellucid.errors import OptionError, check_whole

Transform = Callable[[np.ndarray, np.random.Generator], np.ndarray]


class Dataset(Protocol):
    """What a loader needs: a length, and arrays (x, t) for an array of positions."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any, /) -> tuple[np.ndarray, np.ndarray]: ...


class Loader:
    """Goes through a data set in mini-batches (x, t), once each time it is iterated.

    Every iteration is a new epoch with its own order and its own augmentation. Set `epoch` to resume: the
    numbers depend on (seed, epoch, batch), not on what ran before.

    Shapes: x (batch_size, ...), t (batch_size, ...); the last batch is smaller unless `drop_last`
    Raises: OptionError when batch_size is no whole number or below 1, or no batch would remain

    >>> from pellucid.data import ArrayDataset
    >>> loader = Loader(ArrayDataset(np.arange(5.0), np.arange(5)), batch_size=2)
    >>> [t.tolist() for x, t in loader]
    [[0, 1], [2, 3], [4]]
    >>> len(loader), loader.epoch
    (3, 1)
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        seed: int = 0,
        drop_last: bool = False,
        transform: Transform | Sequence[Transform] | None = None,
    ) -> None:
        self.dataset = dataset
        check_whole("Loader", batch_size=batch_size)
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last
        self.transform = transform if callable(transform) or transform is None else Compose(*transform)
        self.epoch = 0
        epoch_generator(seed, 0)  # a wrong seed is told here, not in the middle of a run
        if len(self) == 0:
            given = f"batch_size={batch_size} and drop_last={drop_last}"
            raise OptionError(f"Loader: {given} leave no batch of {len(dataset)} examples; give more examples")

    def order(self, epoch: int) -> np.ndarray:
        """The positions of that epoch's examples, batch after batch."""
        return epoch_order(
            len(self.dataset),
            self.batch_size,
            seed=self.seed,
            epoch=epoch,
            shuffle=self.shuffle,
            drop_last=self.drop_last,
        )

    def example(self) -> np.ndarray:
        """One example, as it comes in a batch: its first axis is 1."""
        x, _ = self.dataset[np.zeros(1, np.int64)]
        return x if self.transform is None else self.transform(x, epoch_generator(self.seed, 0))

    def batches(self, epoch: int, start: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The batches of that epoch from number `start` on; `self.epoch` stays as it is."""
        order = self.order(epoch)
        for batch in range(start, len(self)):
            x, t = self.dataset[order[batch * self.batch_size : (batch + 1) * self.batch_size]]
            if self.transform is not None:
                x = self.transform(x, epoch_generator(self.seed, epoch, batch + 1))
            yield x, t

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        # Counted at the start: a loop that always breaks early must not see the same batches again and again.
        epoch, self.epoch = self.epoch, self.epoch + 1
        return self.batches(epoch)

    def __len__(self) -> int:
        n = len(self.dataset)
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
