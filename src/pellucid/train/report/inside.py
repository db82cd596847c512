"""A look inside the network: what its layers put out for some test examples, and its first weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.nn.module import evaluating
from pellucid.tensor import Tensor, no_grad
from pellucid.train.trainer import prepare

if TYPE_CHECKING:
    from pellucid.nn.module import Module
    from pellucid.train.report.findings import Run

EXAMPLES = 200  # test examples that are sent through the network
BINS = 48


@dataclass(frozen=True)
class Activation:
    """What one layer put out. The histogram leaves exact zeros out, of which ReLU makes a mountain.

    Shapes: counts (BINS,), edges (BINS + 1,)
    """

    path: str
    kind: str
    shape: tuple[int, ...]
    mean: float
    std: float
    zeros: float  # share of all outputs, 0..1
    broken: int  # outputs that are not finite
    counts: np.ndarray
    edges: np.ndarray


def activations(run: Run) -> tuple[list[Activation], Module | None]:
    """What every layer puts out, in the order in which they work, and the first layer with weights."""
    found: list[Activation] = []
    weighted: list[Module] = []

    def hook_of(path: str) -> Callable[[Module, Any, Any], None]:
        def hook(module: Module, inputs: Any, output: Any) -> None:
            if weights(module) is not None:
                weighted.append(module)
            if isinstance(output, Tensor) and not _same_numbers(inputs, output):
                found.append(_measure(path, module, output.numpy()))

        return hook

    leaves = [(path, module) for path, module in run.model.named_modules() if not list(module.children())]
    handles = [module.register_forward_hook(hook_of(path)) for path, module in leaves]
    try:
        with evaluating(), no_grad():
            run.model(prepare(Tensor(run.test.x[:EXAMPLES]), run.dtype))
    finally:
        for handle in handles:
            handle.remove()
    return found, weighted[0] if weighted else None


def weights(module: Module) -> np.ndarray | None:
    """The matrix or the kernels of a layer; None when it has neither."""
    weight = getattr(module, "weight", None)
    return weight.numpy() if isinstance(weight, Tensor) and weight.ndim in (2, 4) else None


def as_images(weight: np.ndarray, image_shape: tuple[int, ...] | None) -> np.ndarray | None:
    """First-layer weights as pictures (units, C, height, width) with C 1 or 3; None when they make none."""
    if weight.ndim == 4:
        return weight if weight.shape[1] in (1, 3) else weight.reshape(-1, 1, *weight.shape[2:])
    if image_shape is not None and weight.shape[1] == np.prod(image_shape):
        return weight.reshape(-1, *image_shape)
    return None


def _same_numbers(inputs: Any, output: Tensor) -> bool:
    """Whether a layer only hands on what it got, as Flatten does, and Dropout in evaluation mode."""
    first = inputs[0] if inputs and isinstance(inputs[0], Tensor) else None
    return (
        first is not None
        and first.size == output.size
        and np.array_equal(first.numpy().ravel(), output.numpy().ravel())
    )


def _measure(path: str, module: Module, output: np.ndarray) -> Activation:
    finite = output[np.isfinite(output)].astype(np.float64)
    rest = finite[finite != 0]
    counts, edges = np.histogram(rest, BINS, _limits(rest))
    mean, std = (float(finite.mean()), float(finite.std())) if finite.size else (0.0, 0.0)
    zeros = 1 - rest.size / finite.size if finite.size else 0.0
    broken = int(output.size - finite.size)
    return Activation(path, type(module).__name__, output.shape[1:], mean, std, zeros, broken, counts, edges)


def _limits(values: np.ndarray) -> tuple[float, float]:
    """Where a histogram starts and ends: without the outermost thousandth, which would squeeze the others."""
    if not values.size:
        return 0.0, 1.0
    low, high = np.quantile(values, [0.0005, 0.9995])
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)
