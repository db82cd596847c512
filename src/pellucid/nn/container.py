"""Containers: Sequential and ModuleList."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self, overload

from pellucid.errors import OptionError
from pellucid.nn.hints import explain
from pellucid.nn.linear import FeaturesError
from pellucid.nn.module import Module


class _Layers(Module):
    """Modules in a row, under the names "0", "1", ... or names of one's own."""

    def _set(self, name: str, layer: Any) -> None:
        if not isinstance(layer, Module):
            kind = (
                f"the class {layer.__name__}; write {layer.__name__}(...)" if isinstance(layer, type) else repr(layer)
            )
            hint = "" if isinstance(layer, type) else "; give a Module"
            raise OptionError(f"{type(self).__name__}[{name}]: got {kind}{hint}")
        setattr(self, name, layer)

    def append(self, layer: Module) -> Self:
        self._set(str(len(self)), layer)
        return self

    def __len__(self) -> int:
        return len(self._children())

    def __iter__(self) -> Iterator[Module]:
        return iter([layer for _, layer in self._children()])

    def _name(self, index: int) -> str:
        names = [name for name, _ in self._children()]
        if not -len(names) <= index < len(names):
            raise IndexError(f"{type(self).__name__}: there is no layer {index}; there are {len(names)}")
        return names[index]

    def __setitem__(self, index: int, layer: Module) -> None:
        self._set(self._name(index), layer)

    @overload
    def __getitem__(self, index: int) -> Module: ...
    @overload
    def __getitem__(self, index: slice) -> Self: ...
    def __getitem__(self, index: int | slice) -> Module | Self:
        if isinstance(index, slice):
            return self._part(self._children()[index])
        return getattr(self, self._name(index))

    def _part(self, layers: list[tuple[str, Module]]) -> Self:
        raise NotImplementedError


class Sequential(_Layers):
    """One layer after the other.

    layers: Modules, or one dictionary of Modules by name

    >>> from pellucid.nn.activation import ReLU
    >>> model = Sequential(ReLU(), ReLU())
    >>> len(model), model[-1]
    (2, ReLU())
    """

    def __init__(self, *layers: Module | Mapping[str, Module]) -> None:
        named = layers[0] if len(layers) == 1 and isinstance(layers[0], Mapping) else dict(enumerate(layers))
        for name, layer in named.items():
            self._set(str(name), layer)

    def forward(self, x: Any) -> Any:
        before: list[Module] = []
        start = x
        for _, layer in self._children():
            try:
                x = layer(x)
            except FeaturesError as error:
                explain(error, before, layer, start)
                raise
            before.append(layer)
        return x

    def _part(self, layers: list[tuple[str, Module]]) -> Self:
        return type(self)(dict(layers))


class ModuleList(_Layers):
    """A list of Modules that its owner knows of: a plain list would hide their parameters."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        self.extend(modules)

    def extend(self, modules: Iterable[Module]) -> Self:
        for layer in modules:
            self.append(layer)
        return self

    def _part(self, layers: list[tuple[str, Module]]) -> Self:
        return type(self)(layer for _, layer in layers)
