"""How a function here is compared with PyTorch's: values, gradients, and gradients of gradients.

PyTorch is imported by the tests that use this, which are skipped where it is not installed.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pellucid import compile
from pellucid.autodiff import gradients
from pellucid.tensor import Tensor

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}  # of the largest number in an array, at least of 1
DTYPES = list(TOLERANCE)


class Case(NamedTuple):
    """A function here and in PyTorch, for random arrays of these shapes or for these arrays, with options."""

    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    inputs: tuple[Any, ...]
    options: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it

    def __str__(self) -> str:
        shapes = [x if isinstance(x, tuple) else np.shape(x) for x in self.inputs]
        options = ", ".join(f"{key}={value}" for key, value in self.options.items() if np.ndim(value) < 2)
        return f"{self.ours.__name__}({', '.join(map(str, shapes))}{', ' * bool(options)}{options})"


def arrays(case: Case, dtype: str) -> list[np.ndarray]:
    """Random numbers for each shape; integers as they are."""
    random = np.random.default_rng(0)
    made = [random.normal(size=x) if isinstance(x, tuple) else np.asarray(x) for x in case.inputs]
    return [x.astype(dtype) if x.dtype.kind == "f" else x for x in made]


def compare(case: Case, dtype: str, wrap: Callable[..., Any] = lambda function: function) -> None:
    """Value, gradients by every float input, and the gradient of a function of these gradients."""
    given = arrays(case, dtype)
    ours = [Tensor(x, requires_grad=x.dtype.kind == "f") for x in given]
    import torch

    theirs = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in given]
    y = wrap(lambda *inputs: case.ours(*inputs, **case.options))(*ours)
    wanted = case.theirs(*theirs, **case.options)
    assert y.dtype == dtype
    close(y, wanted, dtype)
    if wrap is compile:
        return
    g = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    floats = [i for i, x in enumerate(given) if x.dtype.kind == "f"]
    slopes = gradients(y, [ours[i] for i in floats], Tensor(g), create_graph=True)
    wanted_slopes = torch.autograd.grad(
        wanted, [theirs[i] for i in floats], torch.tensor(g), create_graph=True, materialize_grads=True
    )
    for slope, wanted_slope in zip(slopes, wanted_slopes, strict=True):
        close(slope, wanted_slope, dtype)
    second = sum(((slope * slope).sum() for slope in slopes), Tensor(np.zeros((), dtype)))
    wanted_second = sum((slope * slope).sum() for slope in wanted_slopes)
    if not wanted_second.requires_grad:
        return
    bends = gradients(second, [ours[i] for i in floats]) if second.requires_grad else None
    wanted_bends = torch.autograd.grad(wanted_second, [theirs[i] for i in floats], materialize_grads=True)
    for i, wanted_bend in enumerate(wanted_bends):
        close(bends[i] if bends else np.zeros(given[floats[i]].shape), wanted_bend, dtype, more=10)


def close(ours: Any, theirs: Any, dtype: str, more: float = 1) -> None:
    """Equal within the dtype's tolerance, relative to the largest number of the array."""
    wanted = theirs.numpy(force=True)
    assert ours.shape == wanted.shape
    size = max(1.0, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0)))
    np.testing.assert_allclose(np.asarray(ours), wanted, rtol=0, atol=more * size * TOLERANCE[dtype])
