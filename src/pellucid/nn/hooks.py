"""Hooks: functions that a Module calls before and after its forward."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pellucid.nn.module import Module

Hook = Callable[..., Any]
_keys = itertools.count()


class Handle:
    """A hook in its place; `remove()` takes it out again."""

    def __init__(self, module: Module, place: str, hook: Hook) -> None:
        self.module, self.place, self.key = module, place, next(_keys)
        setattr(module, place, {**getattr(module, place), self.key: hook})

    def remove(self) -> None:
        hooks = getattr(self.module, self.place)
        setattr(self.module, self.place, {key: hook for key, hook in hooks.items() if key != self.key})


@contextmanager
def only_hooks(
    modules: Iterable[Module],
    before: Mapping[int, Hook] | None = None,
    after: Mapping[int, Hook] | None = None,
) -> Iterator[None]:
    """Inside, the modules have these hooks and not their own, which may not expect to see shapes only."""
    own = [(module, module._pre_hooks, module._hooks) for module in modules]
    try:
        for module, _, _ in own:
            module._pre_hooks, module._hooks = before or {}, after or {}
        yield
    finally:
        for module, pre_hooks, hooks in own:
            module._pre_hooks, module._hooks = pre_hooks, hooks
