"""Tensor: an array that remembers what made it.

A Tensor's value is a NumPy array, or, while a function is being compiled, a node of the graph. `apply` is the
one door through which every operation goes: it runs the primitive (or adds it to the graph) and remembers it
for `backward`.

Its operators and methods stand in `pellucid.operators`, the operations themselves in `pellucid.ops`.
"""

from __future__ import annotations

import itertools
import reprlib
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from pellucid.engines import current_engine
from pellucid.errors import DTypeError, GradientError, ShapeError, TraceError
from pellucid.graph import Node, Primitive, Shape
from pellucid.operators import NUMPY_OPERATORS, OPERATIONS, Operators

DTYPES = tuple(np.dtype(name) for name in ("bool", "uint8", "int32", "int64", "uint64", "float32", "float64"))
_KNOWN = ", ".join(map(str, DTYPES))


class Trace(Protocol):
    """What `compile` puts in the way of Tensors while it watches a function."""

    def node(self, tensor: Tensor) -> Node: ...
    def write(self, tensor: Tensor, node: Node) -> None: ...
    def read_grad(self, tensor: Tensor) -> Tensor | None: ...
    def write_grad(self, tensor: Tensor, grad: Tensor | None) -> None: ...
    def guard(self, read: Callable[[], Any], expected: Any, watched: Any = None) -> None:
        """What is traced holds only as long as `read()` gives `expected`.

        watched: dictionaries and pairs (object, attribute); as long as the same objects are in them, `read()` gives
                 the same and need not be called. None where it must be called each time.
        """
        ...


class _Context(threading.local):
    recording = True
    trace: Trace | None = None
    training: bool | None = None  # what all Modules take for their mode, whatever it is; None for each its own


context = _Context()


@contextmanager
def no_grad() -> Iterator[None]:
    """Remember nothing inside: for evaluation and for updates of parameters.

    >>> w = Parameter([1.0])
    >>> with no_grad():
    ...     (w * 2).requires_grad
    False
    """
    with recording(False):
        yield


@contextmanager
def recording(on: bool) -> Iterator[None]:
    """Switch the memory on or off inside, and back at the end whatever happens."""
    before, context.recording = context.recording, on
    try:
        yield
    finally:
        context.recording = before


class Record:
    """How a Tensor was made: the primitive, its inputs as they were, and when."""

    __slots__ = ("inputs", "options", "order", "primitive", "versions")
    _clock = itertools.count()

    def __init__(self, primitive: Primitive, inputs: tuple[Tensor, ...], options: dict[str, Any]) -> None:
        self.primitive = primitive
        self.inputs: tuple[Tensor, ...] | None = inputs  # None once backward has used and freed it
        self.options = options
        self.versions = tuple(x._version for x in inputs)
        self.order = next(Record._clock)


def apply(primitive: Primitive, *inputs: Tensor, **options: Any) -> Tensor:
    """Run a primitive now, or add it to the graph that is being traced; remember it if a gradient may be asked."""
    if context.trace is None:
        arrays = [x._array(primitive.name) for x in inputs]
        out = Tensor._wrap(current_engine().evaluate(primitive, arrays, options))
    else:
        out = Tensor._wrap(primitive.node(*(context.trace.node(x) for x in inputs), **options))
    if context.recording and out.dtype.kind == "f" and any(x.requires_grad for x in inputs):
        out.requires_grad = True
        out._record = Record(primitive, inputs, options)
    return out


class Tensor(Operators):
    """An array of numbers that remembers the operation and the inputs that made it.

    value: anything that NumPy makes an array of; it is copied. Python floats become float32, arrays keep their
           dtype (bool, uint8, int32, int64, uint64, float32, float64).

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    Tensor([2. 4.], float32)
    """

    __slots__ = ("__weakref__", "_grad", "_record", "_value", "_version", "requires_grad")
    __hash__: Any = object.__hash__  # == compares element by element

    _value: Any  # np.ndarray, Node (traced) or Stale
    _record: Record | None
    _grad: Tensor | None

    def __init__(self, value: Any, dtype: Any = None, *, requires_grad: bool = False) -> None:
        array = to_array(value, dtype)
        if requires_grad and array.dtype.kind != "f":
            raise DTypeError(f"Tensor: {array.dtype} has no gradient; give float32 or float64")
        self._value = array if context.trace is None else Node.constant(array)
        self._record, self._grad, self._version = None, None, 0
        self.requires_grad = requires_grad

    @classmethod
    def _wrap(cls, value: Any) -> Tensor:
        """A Tensor around an array or node as it is: no copy, no check."""
        self = Tensor.__new__(cls)
        self._value, self._record, self._grad, self._version, self.requires_grad = value, None, None, 0, False
        return self

    # ---- what it is

    @property
    def shape(self) -> Shape:
        return self._value.shape

    @property
    def dtype(self) -> np.dtype:
        return self._value.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        if not self.shape:
            raise ShapeError("len: a Tensor of shape () has no length; .item() gives its number")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
        words = [str(self.dtype)] + ["requires_grad"] * self.requires_grad
        if isinstance(self._value, np.ndarray):
            body = np.array2string(self._value, separator=" ", prefix="Tensor(", threshold=100)
        else:
            body = f"traced {self.shape}"
        return f"{type(self).__name__}({body}, {', '.join(words)})"

    # ---- out to NumPy and Python

    def _array(self, who: str) -> np.ndarray:
        """The value as an array, or one sentence about why there is none."""
        if not isinstance(self._value, np.ndarray):
            raise _no_value(self._value, who)
        return self._value

    def _concrete(self, who: str) -> np.ndarray:
        if context.trace is not None:
            instead = (
                "instead of if or while on a Tensor, choose with where(condition, a, b)"
                if who == "bool"
                else "return it from the compiled function and look at it outside"
            )
            raise TraceError(
                f"compile: {who} asks for the value of a Tensor {self.shape} while there are only shapes; {instead}"
            )
        return self._array(who)

    def numpy(self) -> np.ndarray:
        """The value as a NumPy array: a view that cannot be written to, since gradients may need it."""
        view = self._concrete("numpy()").view()
        view.flags.writeable = False
        return view

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Tensor:
        """`array * tensor` is the operation on Tensors; NumPy's other functions are refused in one sentence."""
        if ufunc in NUMPY_OPERATORS and method == "__call__" and not options:
            return NUMPY_OPERATORS[ufunc](*inputs)
        raise _no_ufunc(ufunc, method, options)

    def __dlpack__(self, **options: Any) -> Any:
        """A copy, since its new owner may write into it, and gradients and plans rely on the value here."""
        if options.get("copy") is False:
            raise BufferError("DLPack: a Tensor gives out copies only; leave copy=False out")
        return self._concrete("DLPack").copy().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[Any, Any]:
        return self._concrete("DLPack").__dlpack_device__()

    def item(self) -> Any:
        """The one number of a Tensor of one element, as a Python number."""
        return self._number("item()")

    def tolist(self) -> Any:
        return self._concrete("tolist()").tolist()

    def _number(self, who: str) -> Any:
        array = self._concrete(who)
        if array.size != 1:
            raise ShapeError(
                f"{who}: needs a Tensor of one element, got {self.shape}; reduce it with .sum() or index it"
            )
        return array.reshape(()).item()

    def __bool__(self) -> bool:
        return bool(self._number("bool"))

    def __float__(self) -> float:
        return float(self._number("float"))

    def __int__(self) -> int:
        return int(self._number("int"))

    def __index__(self) -> int:
        if self.dtype.kind not in "iu":
            raise DTypeError(f"index: a {self.dtype} Tensor is no index; cast it with .to('int64')")
        return self._number("index")

    def __format__(self, how: str) -> str:
        return format(self.item(), how) if how else str(self)

    def __reduce__(self) -> Any:
        return _rebuild, (type(self), self._concrete("pickle"), self.requires_grad)

    # ---- gradients

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` has gathered for this Tensor, or None."""
        found = self._grad if context.trace is None else context.trace.read_grad(self)
        if found is None and self.requires_grad and not self.is_leaf:
            warnings.warn(
                "this Tensor was computed by an operation, so backward gathers no .grad for it; "
                "write `w -= ...` inside `with no_grad():`",
                stacklevel=2,
            )
        return found

    @grad.setter
    def grad(self, grad: Tensor | None) -> None:
        if grad is not None and grad.shape != self.shape:
            raise ShapeError(f"grad: a Tensor {self.shape} was given a gradient {grad.shape}; the shapes must agree")
        if context.trace is None:
            self._grad = grad
        else:
            context.trace.write_grad(self, grad)

    @property
    def is_leaf(self) -> bool:
        return self._record is None

    def backward(self, gradient: Any = None, *, retain_graph: bool = False, create_graph: bool = False) -> None:
        """Add d self / d x to `x.grad` for every leaf x that needs it. See `pellucid.autodiff.backward`."""
        OPERATIONS["backward"](self, gradient, retain_graph=retain_graph, create_graph=create_graph)

    def detach(self) -> Tensor:
        """The same value, without the memory of how it was made."""
        value = self._array("detach") if context.trace is None else context.trace.node(self)
        return Tensor._wrap(value)

    # ---- change in place

    def assign(self, value: Any) -> Tensor:
        """Put a new value of the same shape into this Tensor.

        Raises: GradientError while gradients are being recorded for it; ShapeError when the shape differs;
                DTypeError when floats are put among integers, or an integer where it does not fit
        """
        if context.recording and self.requires_grad:
            raise GradientError(
                "assign: this Tensor needs a gradient, which a change in place would make wrong; "
                "change it inside `with no_grad():`, or make a new Tensor"
            )
        value = as_tensor(value, like=self)
        if context.recording and value.requires_grad:
            raise GradientError(
                "assign: the new value needs a gradient, which a Tensor changed in place does not pass on; "
                "assign value.detach(), or build the result with where() or concatenate()"
            )
        if value.shape != self.shape:
            raise ShapeError(f"assign: a Tensor {self.shape} was given {value.shape}; the shapes must agree")
        value = fitted("assign", value, self.dtype)
        if context.trace is None:
            self._value = value._array("assign")
        else:
            context.trace.write(self, context.trace.node(value))
        self._version += 1
        return self


class Parameter(Tensor):
    """A Tensor that is trained: a Module that it is assigned to lists it, an optimiser changes it."""

    __slots__ = ()

    def __init__(self, value: Any, dtype: Any = None, *, requires_grad: bool = True) -> None:
        super().__init__(value, dtype, requires_grad=requires_grad)


class Buffer(Tensor):
    """A Tensor that is state but not trained, such as a running mean: saved with its Module, without gradient."""

    __slots__ = ()


class Stale:
    """The place of a value that was changed in place after a gradient came to depend on it."""

    def __init__(self, tensor: Tensor, who: str) -> None:
        self.shape, self.dtype, self.who = tensor.shape, tensor.dtype, who


def to_array(value: Any, dtype: Any = None) -> np.ndarray:
    """A fresh C-ordered array in one of DTYPES. Python floats become float32.

    Raises: DTypeError for anything else (None, text, huge or complex numbers, ragged lists)
    """
    if isinstance(value, Tensor):
        value = value.numpy()
    if value is None:
        raise DTypeError("Tensor: got None; did a function forget its return?")
    try:
        array = np.array(value, dtype=dtype, order="C")
    except (ValueError, TypeError, OverflowError) as error:
        raise DTypeError(f"Tensor: cannot make an array of {type(value).__name__}: {error}") from None
    if dtype is None and array.dtype == np.float64 and not hasattr(value, "dtype"):
        array = array.astype(np.float32)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind in "OSU":
        raise DTypeError(f"Tensor: cannot be made of {reprlib.repr(value)}; give numbers that fit one of {_KNOWN}")
    if array.dtype not in DTYPES:
        raise DTypeError(f"Tensor: dtype {array.dtype} is not supported; give one of {_KNOWN}")
    return array


def as_tensor(value: Any, like: Tensor | None = None) -> Tensor:
    """A Tensor as it is; a Python number in the dtype of `like`, so that `x * 2` and `x * 0.5` keep x's dtype."""
    if isinstance(value, Tensor):
        return value
    if like is not None and isinstance(value, bool | int | float):
        fits = not isinstance(value, float) or like.dtype.kind == "f"
        return Tensor(value, like.dtype if fits and like.dtype != bool else None)
    return Tensor(value)


def fitted(name: str, value: Tensor, dtype: np.dtype) -> Tensor:
    """The value in the dtype of the Tensor that it goes into; floats may lose digits there.

    Raises: DTypeError when floats are put among integers, or an integer where it does not fit (inside a compiled
            function this is not checked)
    """
    if value.dtype == dtype:
        return value
    if value.dtype.kind == "f" != dtype.kind:
        raise DTypeError(f"{name}: {value.dtype} numbers would be cut off in a Tensor of {dtype}; cast them, or this")
    out = value.to(dtype)
    if context.trace is None and dtype.kind != "f":
        before = value.numpy()
        lost = before[out.numpy() != before]
        if lost.size:
            raise DTypeError(f"{name}: {lost[0]} does not fit into a Tensor of {dtype}; cast this to a wider dtype")
    return out


def _no_ufunc(ufunc: np.ufunc, method: str, options: dict[str, Any]) -> DTypeError:
    if ufunc in NUMPY_OPERATORS and "out" in options:
        return DTypeError(
            f"{ufunc.__name__}: a NumPy array takes no Tensor in place; write a new one, such as x = x + y"
        )
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    own = {"absolute": "abs"}.get(name, name)
    names = ("x", "y", "z", "w")[: ufunc.nin if method == "__call__" else 1]
    instead = f"pellucid.{own}({', '.join(names)}), or " if own in OPERATIONS else ""
    arrays = ", ".join(f"{x}.numpy()" for x in names)
    return DTypeError(f"{name}: NumPy's functions do not take Tensors; write {instead}np.{name}({arrays})")


def _no_value(value: Any, who: str) -> Exception:
    if isinstance(value, Stale):
        return GradientError(
            f"backward: {value.who} needs the value that a Tensor {value.shape} had in the forward pass, but it was "
            "changed in place since; call backward() before the change, or compute the forward pass again"
        )
    return TraceError(
        f"{who}: this Tensor {value.shape} is from the inside of a compiled function and has no value outside; "
        "return it from the function"
    )


def _rebuild(kind: type[Tensor], array: np.ndarray, requires_grad: bool) -> Tensor:
    return kind(array, requires_grad=requires_grad)
