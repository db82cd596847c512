"""Module: what has parameters, and the parts of which a network is built.

A Module's Parameters, Buffers and Modules are simply its attributes, in the order in which they were
assigned; whoever asks for them looks through `vars(module)`. There is no second list to keep in step, and
nothing to call first: `super().__init__()` does no harm and is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Self, TypeVar

import numpy as np

from pellucid.errors import DTypeError, OptionError, PellucidError
from pellucid.nn.guard import unchanged
from pellucid.nn.hooks import Handle, Hook
from pellucid.nn.place import add_place
from pellucid.nn.state import LoadReport, load_state, named_state
from pellucid.nn.summary import Summary, summarize
from pellucid.tensor import Buffer, Parameter, Tensor, context

Kind = TypeVar("Kind")
_NONE: Mapping[int, Hook] = MappingProxyType({})


class Module:
    """The base of all layers and networks: define `forward`, call the module.

    >>> class Double(Module):
    ...     def __init__(self):
    ...         self.factor = Parameter([2.0])
    ...
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> model = Double()
    >>> model(Tensor([3.0]))
    Tensor([6.], float32, requires_grad)
    >>> [name for name, _ in model.named_parameters()]
    ['factor']
    """

    _training = True
    _hooks: Mapping[int, Hook] = _NONE
    _pre_hooks: Mapping[int, Hook] = _NONE

    def forward(self, *args: Any, **options: Any) -> Any:
        name = type(self).__name__
        raise OptionError(f"there is no forward; define `def forward(self, x)` in class {name}")

    def __call__(self, *args: Any, **options: Any) -> Any:
        if context.trace is None:
            return self._call(args, options)
        with unchanged(self, context.trace):
            return self._call(args, options)

    def _call(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        try:
            for hook in tuple(self._pre_hooks.values()):
                hook(self, args)
            output = self.forward(*args, **options)
        except PellucidError as error:
            add_place(error, self)
            raise
        for hook in tuple(self._hooks.values()):
            changed = hook(self, args, output)
            output = output if changed is None else changed
        return output

    # ---- what it has

    def _own(self, kind: type[Kind]) -> list[tuple[str, Kind]]:
        return [(name, value) for name, value in vars(self).items() if isinstance(value, kind)]

    def _children(self) -> list[tuple[str, Module]]:
        return self._own(Module)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        return _each_once(self._children())

    def children(self) -> Iterator[Module]:
        return (module for _, module in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all within it, each once, with its path: `features.0`."""
        return _each_once(self._walk(prefix, set()))

    def modules(self) -> Iterator[Module]:
        return (module for _, module in self.named_modules())

    def _walk(self, prefix: str, seen: set[int]) -> Iterator[tuple[str, Module]]:
        if id(self) not in seen:
            seen.add(id(self))
            yield prefix, self
            for name, child in self._children():
                yield from child._walk(_join(prefix, name), seen)

    def named_parameters(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Parameter]]:
        """The Parameters in the order of their assignment; one that is shared stands under its first name."""
        return self._named(Parameter, prefix, recurse)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self, prefix: str = "", recurse: bool = True) -> Iterator[tuple[str, Buffer]]:
        """The Buffers: state that is not trained, such as running means."""
        return self._named(Buffer, prefix, recurse)

    def buffers(self, recurse: bool = True) -> Iterator[Buffer]:
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _named(self, kind: type[Kind], prefix: str, recurse: bool) -> Iterator[tuple[str, Kind]]:
        modules = self.named_modules(prefix) if recurse else [(prefix, self)]
        return _each_once((_join(path, name), x) for path, module in modules for name, x in module._own(kind))

    def register_buffer(self, name: str, tensor: Any) -> None:
        """`self.name = Buffer(tensor)`, as PyTorch writes it; None leaves the place empty."""
        buffer = tensor if tensor is None or isinstance(tensor, Buffer) else Buffer(tensor)
        setattr(self, name, buffer)

    # ---- mode

    @property
    def training(self) -> bool:
        """Whether dropout drops and batch normalisation learns; a guard in compiled functions."""
        if context.training is not None:
            return context.training
        if context.trace is not None:
            context.trace.guard(lambda: self._training, self._training, [(self, "_training")])
        return self._training

    @training.setter
    def training(self, mode: bool) -> None:
        self._training = bool(mode)

    def train(self, mode: bool = True) -> Self:
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        return self.train(False)

    # ---- parameters, all at once

    def zero_grad(self) -> None:
        """Forget the gradients: every parameter's `.grad` becomes None."""
        for parameter in self.parameters():
            parameter.grad = None

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Whether the parameters are trained."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def to(self, dtype: Any) -> Self:
        """Convert parameters, gradients and buffers of floats in place: a Parameter stays the same object.

        Raises: DTypeError unless it is float32 or float64
        """
        try:
            known = np.dtype(dtype)
        except TypeError:
            known = None
        if known not in (np.float32, np.float64):
            raise DTypeError(f"{type(self).__name__}.to: got {dtype!r}; give 'float32' or 'float64'")
        for tensor in (*self.parameters(), *self.buffers()):
            if tensor.dtype.kind == "f" and tensor.dtype != known:
                _convert(tensor, known)
        return self

    def float(self) -> Self:
        return self.to("float32")

    def double(self) -> Self:
        return self.to("float64")

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call `function` with every module inside, the innermost first, and then with this one."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    # ---- state

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and buffers as NumPy arrays, under PyTorch's keys."""
        return {key: tensor.numpy().copy() for key, tensor in named_state(self)}

    def load_state_dict(self, arrays: Mapping[str, Any], strict: bool = True) -> LoadReport:
        """Take over parameters and buffers: all of them, or, when one does not fit, none.

        arrays: NumPy arrays, Tensors or PyTorch's tensors by key
        strict: whether every key must be there, and no other
        Raises: CheckpointError naming the keys that are missing, not expected, or of another shape
        """
        return load_state(self, arrays, strict)

    # ---- to look at

    def summary(self, input_shape: Sequence[int]) -> Summary:
        """A table of layers: output shapes, parameters, multiply-adds. From shapes alone; changes nothing.

        input_shape: without the batch axis, such as (1, 28, 28)
        """
        return summarize(self, input_shape)

    def register_forward_hook(self, hook: Hook) -> Handle:
        """Call hook(module, inputs, output) after every forward; what it returns replaces the output.

        Note: in a compiled function, hooks run when a plan is made, and another hook makes another plan
        """
        return Handle(self, "_hooks", hook)

    def register_forward_pre_hook(self, hook: Hook) -> Handle:
        """Call hook(module, inputs) before every forward."""
        return Handle(self, "_pre_hooks", hook)

    def extra_repr(self) -> str:
        """What stands between the brackets in the printed module."""
        return ""

    def label(self) -> str:
        """The module in one line, as error messages call it."""
        extra = self.extra_repr()
        return f"{type(self).__name__}({extra})" if extra else type(self).__name__

    def __repr__(self) -> str:
        lines = [f"({name}): {child!r}".replace("\n", "\n  ") for name, child in self._children()]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        body = [self.extra_repr(), *lines] if self.extra_repr() else lines
        return f"{type(self).__name__}(\n  " + "\n  ".join(body) + "\n)"


@contextmanager
def evaluating() -> Iterator[None]:
    """Inside, in this thread, every Module takes itself to be in evaluation mode; none is changed."""
    before, context.training = context.training, False
    try:
        yield
    finally:
        context.training = before


def _convert(tensor: Tensor, dtype: np.dtype) -> None:
    """Give a Tensor another dtype in place, its gradient too."""
    tensor._value = tensor._array("to").astype(dtype)
    tensor._version += 1
    if tensor._grad is not None:
        tensor._grad = tensor._grad.detach().to(dtype)


def _join(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _each_once(named: Any) -> Iterator[tuple[str, Any]]:
    """Without those that have come before under another name."""
    seen: set[int] = set()
    for name, value in named:
        if id(value) not in seen:
            seen.add(id(value))
            yield name, value
