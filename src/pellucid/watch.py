"""Watch: whether everything that was looked at is still the very same object.

A compiled function relies on much that lies outside of it: attributes of Modules, options of an optimiser, the values
of parameters. To compare all that at every call would take longer than a small network. But as long as the same
objects are in the same places nothing can have changed, and that is seen in a fraction of a microsecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from typing import Any

from pellucid.engines.native import load

Place = tuple[Any, str]  # an object and the name of its attribute


class Watch:
    """The keys and values of some dictionaries and the values of some attributes, as they are now.

    Note: what is changed inside of an object, such as a list that grows, is not seen

    >>> options = {"p": 0.5}
    >>> watch = Watch([options])
    >>> watch.same()
    True
    >>> options["p"] = 0.25
    >>> watch.same()
    False
    """

    __slots__ = ("_dicts", "_places", "_same", "_seen", "values")

    def __init__(self, dicts: Sequence[dict[str, Any]] = (), places: Sequence[Place] = ()) -> None:
        self._dicts, self._places = tuple(dicts), tuple(x for place in places for x in place)
        self.values = [getattr(owner, name) for owner, name in places]
        """What the places held, in order."""
        self._seen = (*_contents(self._dicts), *self.values)
        native, _ = load()
        self._same = _same if native is None else native.same

    def same(self) -> bool:
        """Whether the very same objects are there still."""
        return self._same(self._dicts, self._places, self._seen)


def _contents(dicts: Sequence[dict[str, Any]]) -> list[Any]:
    """Keys and values, and the dictionary itself where one ends."""
    return [x for d in dicts for x in (*(part for item in d.items() for part in item), d)]


def _same(dicts: tuple[Any, ...], places: tuple[Any, ...], seen: tuple[Any, ...]) -> bool:
    """What the compiled module does as well, a hundred times faster."""
    now = [*_contents(dicts), *(getattr(places[i], places[i + 1]) for i in range(0, len(places), 2))]
    return len(now) == len(seen) and all(map(is_, now, seen))
