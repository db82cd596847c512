"""The modules of the books' own folders, such as common.functions, importable while a program runs.

What the program's own folder has under such a name goes first: his own file wins.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import spec_from_loader
from types import ModuleType
from typing import Any

_BOOK = "pellucid.book."
_LAYERS = ("functions", "util", "layers", "image_layers")
_NETWORK = (*_LAYERS, "gradient")

# Each module that a program may import, and the rooms of pellucid.book whose public names it has; none for a folder.
ROOMS: dict[str, tuple[str, ...]] = {
    "common": (),
    "common.functions": ("functions",),
    "common.gradient": ("gradient",),
    "common.layers": _LAYERS,
    "common.optimizer": ("optimizer",),
    "common.util": ("util",),
    "common.trainer": ("optimizer", "trainer"),
    "common.multi_layer_net": (*_NETWORK, "networks.multi_layer_net"),
    "common.multi_layer_net_extend": (*_NETWORK, "networks.multi_layer_net_extend"),
    "dataset": (),
    "dataset.mnist": ("mnist",),
    "and_gate": ("gates",),
    "nand_gate": ("gates",),
    "or_gate": ("gates",),
    "xor_gate": ("gates",),
    "gradient_2d": ("gradient",),
    "layer_naive": ("layers",),
    "two_layer_net": (*_NETWORK, "networks.two_layer_net"),
    "simple_convnet": (*_NETWORK, "networks.simple_convnet"),
    "deep_convnet": (*_NETWORK, "networks.deep_convnet"),
    "network": ("nielsen.network",),
    "network2": ("nielsen.network2",),
    "mnist_loader": ("nielsen.mnist_loader",),
    "mnist_average_darkness": ("nielsen.mnist_average_darkness",),
    "mnist_svm": ("nielsen.mnist_svm",),
    "expand_mnist": ("nielsen.expand_mnist",),
}

# What the books' files import for themselves, and so hand on to `from common.functions import *`.
HANDED_ON = {"np": "numpy", "os": "os", "sys": "sys", "pickle": "pickle"}

# Imported by programs that often do without: where it is not installed, only its use is an error.
STANDS_IN = ("pandas",)


class Offered:
    """Finds and makes the modules; stands before Python's own finders, which might know another `dataset`."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._others = set(folders)
        self.made: set[str] = set()

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        """His own module of this name, else ours; None for any other name."""
        if name in STANDS_IN and PathFinder.find_spec(name) is None:
            return spec_from_loader(name, self)  # type: ignore[arg-type]
        if name not in ROOMS:
            return None
        own = PathFinder.find_spec(name, [x for x in sys.path if x not in self._others] if path is None else path)
        if own is not None and (own.loader is not None or not ROOMS[name]):
            return own
        self.made.add(name)
        return spec_from_loader(name, self, is_package=not ROOMS[name])  # type: ignore[arg-type]

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Fill a module with the rooms' names, as if it had imported everything from them."""
        if module.__name__ in STANDS_IN:
            module.__getattr__ = _absent(module.__name__)  # type: ignore[method-assign]
            return
        rooms = ROOMS[module.__name__]
        if not rooms:
            return
        for name, source in HANDED_ON.items():
            setattr(module, name, import_module(source))
        for room in rooms:
            source = import_module(_BOOK + room)
            module.__doc__ = source.__doc__
            names = getattr(source, "__all__", None) or _own_names(source)
            vars(module).update({name: getattr(source, name) for name in names})
        if "layers" in rooms and len(rooms) > 1:
            from collections import OrderedDict

            module.OrderedDict = OrderedDict  # type: ignore[attr-defined]


def _absent(module: str) -> Callable[[str], Any]:
    def ask(name: str) -> Any:
        if name.startswith("__"):  # Python itself asks, while it imports
            raise AttributeError(name)
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    return ask


def _own_names(room: ModuleType) -> list[str]:
    """What a room defines, rather than imports: its functions and classes."""
    found = vars(room).items()
    return [x for x, value in found if x[0] != "_" and getattr(value, "__module__", None) == room.__name__]


@contextmanager
def offered(folder: str) -> Iterator[Offered]:
    """The modules can be imported by a program from this folder; afterwards they are gone again."""
    finder, before = Offered([x for x in sys.path if x != folder]), dict(sys.modules)
    for name in ROOMS:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, finder)  # type: ignore[arg-type]
    try:
        yield finder
    finally:
        sys.meta_path.remove(finder)  # type: ignore[arg-type]
        for name in (*ROOMS, *STANDS_IN):
            sys.modules.pop(name, None)
            if name in before:
                sys.modules[name] = before[name]
