"""Gradients: backwards through what the Tensors remember.

`backward` walks from the loss to the leaves, newest operation first, and hands each operation's gradient rule
the gradient by its output. The rules are Tensor operations, so with create_graph=True the walk is itself
remembered and can be differentiated again.

Reference: D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating errors", 1986
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from pellucid.errors import DTypeError, GradientError, OptionError, ShapeError
from pellucid.operators import operation
from pellucid.tensor import Record, Stale, Tensor, as_tensor, recording


@operation
def backward(output: Tensor, gradient: Any = None, *, retain_graph: bool = False, create_graph: bool = False) -> None:
    """Add the gradient of `output` by every leaf that needs one to that leaf's `.grad`.

    gradient:     the gradient by the output itself, of its shape; 1 for a scalar when left out
    retain_graph: keep the memory of the forward pass for another backward
    create_graph: remember this pass too, so that the gradients can be differentiated (keeps the graph as well)
    Raises:       GradientError when nothing was remembered, the graph was freed, or a value was changed in place;
                  ShapeError when the output is no scalar and no gradient is given

    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> backward((w * w).sum())
    >>> w.grad
    Tensor([2. 4.], float32)
    """
    leaves, found = _leaves(output), _propagate(output, gradient, None, create_graph)
    for leaf in leaves:
        if id(leaf) in found:
            x_bar = found[id(leaf)]
            with recording(create_graph):
                # One gradient may be that of several leaves (a + b); changed in place it must not change the others.
                own = x_bar if x_bar.requires_grad else x_bar.detach()
                leaf.grad = own if leaf.grad is None else leaf.grad + own
    if not (retain_graph or create_graph):
        _free(output)


def gradients(
    output: Tensor,
    inputs: Sequence[Tensor],
    gradient: Any = None,
    *,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> list[Tensor]:
    """The gradients of `output` by each of `inputs`, without touching any `.grad`.

    Shapes: like `inputs`; zeros where the output does not depend on an input
    Raises: DTypeError for what is no Tensor; otherwise as `backward`

    >>> x = Tensor([3.0], requires_grad=True)
    >>> (slope,) = gradients((x * x * x).sum(), [x], create_graph=True)
    >>> gradients(slope.sum(), [x])
    [Tensor([18.], float32)]
    """
    if not isinstance(output, Tensor):
        raise DTypeError(f"gradients: takes a Tensor and a list of Tensors; the first is {_kind(output)}")
    if isinstance(inputs, Tensor) or not isinstance(inputs, Iterable):
        raise DTypeError(f"gradients: takes a Tensor and a list of Tensors; the second is {_kind(inputs)}, write [x]")
    inputs = list(inputs)
    for x in inputs:
        if not isinstance(x, Tensor):
            raise DTypeError(f"gradients: takes a Tensor and a list of Tensors; in the list is {_kind(x)}")
    found = _propagate(output, gradient, {id(x) for x in inputs}, create_graph)
    if not (retain_graph or create_graph):
        _free(output)
    return [found[id(x)] if id(x) in found else Tensor(np.zeros(x.shape, x.dtype)) for x in inputs]


def grad(function: Callable[..., Any], position: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that gives the gradient of `function` (scalar-valued) by its argument at `position`.

    The gradient function can be given to `grad` again.

    Raises: OptionError when there is no argument at `position`; DTypeError for what is no function; otherwise as
            `backward`

    >>> cube = lambda x: x * x * x
    >>> grad(cube)(Tensor(2.0)).item(), grad(grad(cube))(Tensor(2.0)).item()
    (12.0, 12.0)
    """
    if isinstance(function, Tensor):
        raise DTypeError("grad: takes a function; for the gradients of a Tensor write gradients(y, [x])")
    if not callable(function):
        raise DTypeError(f"grad: takes a function; got {_kind(function)}")
    positions = (position,) if isinstance(position, int) else position

    def gradient_function(*args: Any) -> Any:
        inputs = list(args)
        for i in positions:
            if i not in range(-len(args), len(args)):
                raise OptionError(f"grad: there is no argument {i!r} among the {len(args)} given, counted from 0")
            x = as_tensor(args[i])
            if x.dtype.kind != "f":
                raise DTypeError(f"grad: argument {i} is {x.dtype}, which has no gradient; give floats")
            # Inside an outer `grad` the argument must stay connected; a plain one gets a leaf of its own.
            inputs[i] = x * 1 if x.requires_grad else leaf_of(x)
        with recording(True):
            output = as_tensor(function(*inputs))
        found = gradients(output, [inputs[i] for i in positions], create_graph=True)
        return found[0] if isinstance(position, int) else tuple(found)

    return gradient_function


def _kind(value: Any) -> str:
    """The value's kind, as a sentence names it."""
    return f"a {type(value).__name__}" if isinstance(value, Tensor) else reprlib.repr(value)


def leaf_of(x: Tensor) -> Tensor:
    """A Tensor of x's value that needs a gradient and remembers nothing."""
    leaf = x.detach()
    leaf.requires_grad = True
    return leaf


def _start(output: Tensor, gradient: Any) -> Tensor:
    """The gradient by the output itself, checked."""
    if not output.requires_grad:
        raise GradientError(
            f"backward: this Tensor {output.shape} remembers no operation; its inputs need requires_grad=True, "
            "and it must not come from no_grad(), detach() or a compiled function"
        )
    if gradient is None:
        if output.size != 1:
            raise ShapeError(
                f"backward: the output has shape {output.shape}, and only a scalar has a gradient by itself; "
                f"reduce it with .sum() or .mean(), or give gradient= of shape {output.shape}"
            )
        return Tensor(np.ones(output.shape, output.dtype))
    gradient = as_tensor(gradient, like=output)
    if gradient.shape != output.shape:
        raise ShapeError(f"backward: gradient= has shape {gradient.shape}, the output {output.shape}; they must agree")
    return gradient


def _records(output: Tensor) -> list[tuple[Tensor, Record]]:
    """Every remembered operation that `output` depends on, oldest first."""
    found: dict[int, tuple[Tensor, Record]] = {}
    waiting = [output]
    while waiting:
        y = waiting.pop()
        record = y._record
        if record is None or record.order in found:
            continue
        if record.inputs is None:
            raise GradientError(
                f"backward: the memory of {record.primitive.name} was freed by an earlier backward(); "
                "call that one with retain_graph=True, or compute the forward pass again"
            )
        found[record.order] = (y, record)
        waiting.extend(x for x in record.inputs if x.requires_grad)
    return [found[order] for order in sorted(found)]


def _leaves(output: Tensor) -> list[Tensor]:
    """The Tensors that need a gradient and were not made by an operation, each once."""
    inputs = [x for _, record in _records(output) for x in record.inputs or ()]
    return list({id(x): x for x in [*inputs, output] if x.requires_grad and x.is_leaf}.values())


def _propagate(output: Tensor, gradient: Any, wanted: set[int] | None, create_graph: bool) -> dict[int, Tensor]:
    """The gradients by the `wanted` Tensors (None: by all), by id; walks only where a wanted one is reached."""
    found = {id(output): _start(output, gradient)}
    records = _records(output)
    useful = _useful(records, wanted)
    with recording(create_graph):
        for y, record in reversed(records):
            g = found.get(id(y))
            if g is None:
                continue
            if wanted is None or id(y) not in wanted:
                del found[id(y)]
            for position, x in enumerate(record.inputs or ()):
                if x.requires_grad and (useful is None or id(x) in useful):
                    x_bar = _input_gradient(position, g, y, record)
                    if x_bar is not None:
                        found[id(x)] = x_bar if id(x) not in found else found[id(x)] + x_bar
    return found


def _useful(records: list[tuple[Tensor, Record]], wanted: set[int] | None) -> set[int] | None:
    """The ids of the Tensors through which a wanted one is reached."""
    if wanted is None:
        return None
    useful = set(wanted)
    for y, record in records:
        if any(id(x) in useful for x in record.inputs or ()):
            useful.add(id(y))
    return useful


def _input_gradient(position: int, g: Tensor, y: Tensor, record: Record) -> Tensor | None:
    """One operation's gradient by one of its inputs."""
    rule = record.primitive.gradient(position)
    if rule is None:
        return None
    assert record.inputs is not None, "_records has refused freed ones"
    inputs = [
        x if x._version == version else _stale(x, record)
        for x, version in zip(record.inputs, record.versions, strict=True)
    ]
    y = y if y._version == 0 else _stale(y, record)
    return rule(g, y, *inputs, **record.options)


def _stale(x: Tensor, record: Record) -> Tensor:
    """Stands in for an input that was changed in place: a rule may look at its shape, not at its value."""
    return Tensor._wrap(Stale(x, record.primitive.name))


def _free(output: Tensor) -> None:
    for _, record in _records(output):
        record.inputs = None
