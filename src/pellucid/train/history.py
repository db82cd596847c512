"""What a training run has been through."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pellucid.errors import OptionError


class History:
    """One record an epoch: epoch (from 1), loss, each metric, the same of the validation data with `validation_`
    before it, learning_rate, seconds and steps.

    >>> history = History([{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}])
    >>> history["loss"], history.last["epoch"]
    ([0.5, 0.25], 2)
    """

    def __init__(self, records: list[dict[str, Any]] | None = None) -> None:
        self.records = list(records or [])

    def __getitem__(self, name: str) -> list[Any]:
        known = {key for record in self.records for key in record}
        if name not in known:
            raise OptionError(f"history: there is no {name!r}; there is {', '.join(sorted(known)) or 'no epoch yet'}")
        return [record[name] for record in self.records if name in record]

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.records)

    @property
    def last(self) -> dict[str, Any]:
        """The record of the latest epoch; empty before the first."""
        return self.records[-1] if self.records else {}

    @property
    def steps(self) -> int:
        """Updates of the parameters in all epochs together."""
        return sum(record["steps"] for record in self.records)

    @property
    def seconds(self) -> float:
        """Seconds in all epochs together, validation included."""
        return sum(record["seconds"] for record in self.records)

    def __repr__(self) -> str:
        shown = ", ".join(f"{key}={value:.4g}" for key, value in self.last.items() if isinstance(value, float))
        return f"History({len(self)} epochs; last: {shown})" if self.records else "History(no epoch yet)"
