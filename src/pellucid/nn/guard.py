"""What a compiled function relies on in the Modules that it calls: their attributes and hooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pellucid import tree
from pellucid.tensor import Trace

if TYPE_CHECKING:
    from pellucid.nn.module import Module

HOOKS = ("_pre_hooks", "_hooks")
PLAIN = {bool, int, float, str, bytes, type(None)}


@contextmanager
def unchanged(module: Module, trace: Trace) -> Iterator[None]:
    """What is traced inside holds only as long as the module has the attributes that it has now.

    Note: attributes that the forward itself assigns (`self.last = x`) are left out: a plan does not run its Python
    """
    before = _attributes(module)
    yield
    after = _attributes(module)
    kept = {name: value for name, value in before.items() if after.get(name) == value}
    own = {name for name in {**before, **after} if name not in kept}
    watched = None if any(_may_grow(value) for value in vars(module).values()) else [vars(module)]
    trace.guard(lambda: {name: value for name, value in _attributes(module).items() if name not in own}, kept, watched)


def _attributes(module: Module) -> dict[str, Any]:
    """Every attribute by its name, in a form that is equal as long as it is the same."""
    # `_training` is not among them: `Module.training` notes when a plan comes to rely on it.
    found = {name: _form(value) for name, value in vars(module).items() if name not in ("_training", *HOOKS)}
    return found | {name: [_Same(hook) for hook in getattr(module, name).values()] for name in HOOKS}


def _form(value: Any) -> Any:
    kind = type(value)
    if kind in PLAIN:
        return kind, value
    if kind in (list, tuple, dict):
        leaves, structure = tree.flatten(value)
        return structure, [_form(x) for x in leaves]
    return _Same(value)


def _may_grow(value: Any) -> bool:
    """Whether it can change inside and still be the same object, and is compared by what is in it."""
    return type(value) in (list, dict) or (type(value) is tuple and any(map(_may_grow, value)))


class _Same:
    """Equal to what holds the very same object: Tensors have an == of their own."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.value is other.value

    __hash__ = None  # type: ignore[assignment]
