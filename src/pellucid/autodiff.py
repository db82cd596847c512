"""Gradients: backwards through what the Tensors remember, and numerically to check it.

`backward` walks from the loss to the leaves, newest operation first, and hands each operation's gradient rule
the gradient by its output. The rules are Tensor operations, so with create_graph=True the walk is itself
remembered and can be differentiated again.

Reference: D. Rumelhart, G. Hinton, R. Williams, "Learning representations by back-propagating errors", 1986
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pellucid.errors import GradientError, ShapeError
from pellucid.operators import OPERATIONS, operation
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
    Raises: as `backward`

    >>> x = Tensor([3.0], requires_grad=True)
    >>> (slope,) = gradients((x * x * x).sum(), [x], create_graph=True)
    >>> gradients(slope.sum(), [x])
    [Tensor([18.], float32)]
    """
    found = _propagate(output, gradient, {id(x) for x in inputs}, create_graph)
    if not (retain_graph or create_graph):
        _free(output)
    return [found[id(x)] if id(x) in found else Tensor(np.zeros(x.shape, x.dtype)) for x in inputs]


def grad(function: Callable[..., Any], position: int | tuple[int, ...] = 0) -> Callable[..., Any]:
    """The function that gives the gradient of `function` (scalar-valued) by its argument at `position`.

    The gradient function can be given to `grad` again.

    >>> cube = lambda x: x * x * x
    >>> grad(cube)(Tensor(2.0)).item(), grad(grad(cube))(Tensor(2.0)).item()
    (12.0, 12.0)
    """
    positions = (position,) if isinstance(position, int) else position

    def gradient_function(*args: Any) -> Any:
        inputs = list(args)
        for i in positions:
            x = as_tensor(args[i])
            # Inside an outer `grad` the argument must stay connected; a plain one gets a leaf of its own.
            inputs[i] = x * 1 if x.requires_grad else _leaf(x)
        with recording(True):
            output = function(*inputs)
        found = gradients(output, [inputs[i] for i in positions], create_graph=True)
        return found[0] if isinstance(position, int) else tuple(found)

    return gradient_function


def _leaf(x: Tensor) -> Tensor:
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


# ---- numerically


def numerical_gradient(function: Callable[[Any], Any], x: Any, *, h: float = 1e-4) -> Any:
    """The gradient of a scalar-valued function by central differences, one element after the other.

    Math:    ∂f/∂xᵢ ≈ (f(x + h·eᵢ) - f(x - h·eᵢ)) / 2h, error O(h²) and rounding O(ε/h); computed in float64
    Shapes:  x any → the gradient, of x's shape; a NumPy array for an array, a Tensor for a Tensor
    Note:    a float64 x is changed in place and restored, so a function may also look at x from outside, as the
             books' `lambda W: net.loss(x, t)` does; any other dtype is computed on a float64 copy, which is
             what `function` is called with. Integers are converted with a warning.
    Reference: K. Saitoh, "Deep Learning from Scratch", 2016, section 4.3

    >>> numerical_gradient(lambda x: (x**2).sum(), np.array([3.0, 4.0])).round(6)
    array([6., 8.])
    """
    x = x if isinstance(x, Tensor | np.ndarray) else np.asarray(x)
    if x.dtype.kind not in "f":
        warnings.warn(f"numerical_gradient: x holds {x.dtype}; it was converted to float64", stacklevel=2)
    copied = x.dtype != np.float64 or (isinstance(x, np.ndarray) and not x.flags.writeable)
    if copied:
        x = x.to("float64") if isinstance(x, Tensor) else x.astype(np.float64)
    if isinstance(x, Tensor):
        x = x if x.is_leaf else x.detach()
    differences = _tensor_differences if isinstance(x, Tensor) else _array_differences
    with recording(False):
        slope = differences(function, x, h)
    if copied and slope.size and not slope.any():
        warnings.warn(
            "numerical_gradient: all differences are zero; the function was called with a float64 copy of x, "
            "so it must use its argument and not look at x from outside",
            stacklevel=2,
        )
    return Tensor(slope) if isinstance(x, Tensor) else slope


def _array_differences(function: Callable[[Any], Any], x: np.ndarray, h: float) -> np.ndarray:
    slope = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        before = x[i]
        try:
            x[i] = before + h
            above = _number(function(x))
            x[i] = before - h
            slope[i] = (above - _number(function(x))) / (2 * h)
        finally:
            x[i] = before
    return slope


def _tensor_differences(function: Callable[[Any], Any], x: Tensor, h: float) -> np.ndarray:
    value, version, before = x._value, x._version, x.numpy()
    slope = np.zeros_like(before)
    try:
        for i in np.ndindex(before.shape):
            step = np.zeros_like(before)
            step[i] = h
            x.assign(Tensor(before + step))
            above = _number(function(x))
            x.assign(Tensor(before - step))
            slope[i] = (above - _number(function(x))) / (2 * h)
    finally:
        x._value, x._version = value, version  # as if it had never been changed
    return slope


def _number(value: Any) -> float:
    shape = getattr(value, "shape", ())
    if math.prod(shape) != 1:
        raise ShapeError(f"numerical_gradient: the function gave shape {shape}; it must give one number")
    return float(value.item() if shape else value)


class GradientCheck:
    """What `check_gradients` found: the worst element, its two gradients, and how far they are apart."""

    def __init__(
        self, position: int, index: tuple[int, ...], analytic: float, numeric: float, floor: float = 1.0
    ) -> None:
        self.position, self.index = position, index
        self.analytic, self.numeric, self.floor = analytic, numeric, floor

    @property
    def error(self) -> float:
        """|analytic - numeric| / max(|analytic|, |numeric|, floor)"""
        return abs(self.analytic - self.numeric) / max(self.floor, abs(self.analytic), abs(self.numeric))

    def __repr__(self) -> str:
        where = f"input {self.position}{list(self.index) if self.index else ''}"
        return (
            f"worst at {where}: backward gives {self.analytic:.9g}, differences give {self.numeric:.9g} "
            f"(relative error {self.error:.1e})"
        )


def check_gradients(
    function: Callable[..., Any],
    *inputs: Any,
    tolerance: float = 1e-6,
    h: float = 1e-5,
    allow_zero: bool = False,
) -> GradientCheck:
    """Compare the gradients of `function` by every input, from backward, with central differences, in float64.

    A function with more than one output is checked through the weighted sum of its outputs (fixed weights in
    1..2, so that no two of them cancel).

    Raises: GradientError naming the worst element when it is off by more than `tolerance` (relative to itself, or to
            the largest gradient where that is below 1, else to 1); or when all gradients are zero, since such a
            check shows nothing (allow_zero=True lets it pass)

    >>> check_gradients(lambda x, w: x @ w, [[1.0, 2.0]], [[3.0], [4.0]]).error < 1e-6
    True
    """
    leaves = [_leaf(Tensor(np.asarray(as_tensor(x).numpy(), np.float64))) for x in inputs]
    scalar = _weighted(function)
    output = scalar(*leaves)
    known = gradients(output, leaves) if output.requires_grad else [leaf.detach() * 0 for leaf in leaves]
    analytic = [g.numpy() for g in known]
    numeric = []
    for position, leaf in enumerate(leaves):
        others = list(leaves)

        def by_one(x: Tensor, position: int = position, others: list[Tensor] = others) -> Any:
            return scalar(*others[:position], x, *others[position + 1 :])

        numeric.append(numerical_gradient(by_one, leaf, h=h).numpy())
    worst = _worst(analytic, numeric, output.item())
    if not worst.error <= tolerance:
        raise GradientError(f"check_gradients: {worst!r}, more than the tolerance {tolerance:g}")
    if not allow_zero and not any(np.any(g) for g in analytic):
        raise GradientError(
            "check_gradients: all gradients are zero, so this check shows nothing; "
            "give inputs at which the function has a slope, or allow_zero=True"
        )
    return worst


def _weighted(function: Callable[..., Any]) -> Callable[..., Tensor]:
    def scalar(*inputs: Tensor) -> Tensor:
        output = as_tensor(function(*inputs))
        if output.size == 1:
            return OPERATIONS["reshape"](output, ())
        weights = 1 + np.random.Generator(np.random.Philox(key=0)).random(output.shape)
        return (output * Tensor(weights)).sum()

    return scalar


def _worst(analytic: list[np.ndarray], numeric: list[np.ndarray], value: float) -> GradientCheck:
    # Small gradients are held against the largest one; below 1e-4 of the value the differences are rounding.
    largest = max((float(np.fmax.reduce(np.abs(g), axis=None)) for g in [*analytic, *numeric] if g.size), default=0)
    floor = min(1.0, max(largest, 1e-4 * abs(value))) or 1.0
    checks = [
        GradientCheck(position, i, float(a[i]), float(n[i]), floor)
        for position, (a, n) in enumerate(zip(analytic, numeric, strict=True))
        for i in np.ndindex(a.shape)
    ]
    if not checks:
        raise GradientError("check_gradients: there is no element to check; give an input that is not empty")
    return max(checks, key=lambda check: np.inf if np.isnan(check.error) else check.error)
