"""A network whose parameters may be kept in a file, as the book's weight files are."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from pellucid.book import weights
from pellucid.book.networks.network import Network
from pellucid.errors import DataError


class SavedNetwork(Network):
    """Those of chapters 7 and 8, which take long enough to learn that one keeps what they have learned."""

    def accuracy(self, x: Any, t: Any, batch_size: int | None = 100) -> float:
        return super().accuracy(x, t, batch_size)

    def save_params(self, file_name: str | os.PathLike[str] = "params.pkl") -> None:
        """All parameters into a pickle file that the book's own programs read; the whole file or nothing."""
        weights.save_params(self.params, file_name)

    def load_params(self, file_name: str | os.PathLike[str] = "params.pkl") -> None:
        """The parameters of a file; all of them or none.

        Raises: DataError when it is missing, damaged, or belongs to another network
        """
        found = weights.load_params(file_name)
        shapes = {key: array.shape for key, array in found.items()}
        expected = {key: array.shape for key, array in self.params.items()}
        if shapes != expected:
            wrong = next(key for key in {**expected, **shapes} if shapes.get(key) != expected.get(key))
            theirs, ours = (found.get(wrong, "not at all") for found in (shapes, expected))
            raise DataError(
                f"{type(self).__name__}.load_params: {os.fspath(file_name)} has {wrong} {theirs}, this network {ours}; "
                "make the network with the sizes of the file"
            )
        self.params.update((key, array.astype(np.float64)) for key, array in found.items())
        self._follow()
