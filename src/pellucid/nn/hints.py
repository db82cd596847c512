"""What to write instead, when a Linear gets another number of features than it was made for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid.compile import compile
from pellucid.errors import PellucidError
from pellucid.nn.convolution import Conv2d
from pellucid.nn.hooks import only_hooks
from pellucid.nn.linear import FeaturesError, Linear
from pellucid.nn.shape import Flatten
from pellucid.tensor import Tensor, as_tensor, context

if TYPE_CHECKING:
    from pellucid.nn.module import Module


def explain(error: FeaturesError, before: Sequence[Module], layer: Module, x: Any) -> None:
    """Put into the error where the features come from, and with which padding they would fit.

    before: the layers that ran, on x; layer: the one that failed, or has the one that failed inside
    """
    if not before:
        return
    wrong = error.layer
    fixed = f"Linear({error.got}, {wrong.out_features})"
    source = _source(before)
    origin = source.label() if isinstance(source, Linear) else type(source).__name__
    message = f"got {error.got} features from {origin}"
    convolutions = [m for one in before for m in one.modules() if isinstance(m, Conv2d)]
    if convolutions and not isinstance(source, Linear):
        error.message = f"{message}; {_fitting(convolutions[-1], [*before, layer], wrong, x)}write {fixed}"
    elif layer is wrong:
        error.message = f"{message}; give {wrong.in_features}, or write {fixed}"


def _source(before: Sequence[Module]) -> Module:
    """The last layer that makes features; activations and the like only pass them on."""
    inner = [m for one in before for m in one.modules() if not list(m.children())]
    return next((m for m in reversed(inner) if isinstance(m, Linear | Flatten)), inner[-1])


def _fitting(convolution: Conv2d, layers: Sequence[Module], wrong: Linear, x: Any) -> str:
    """The part of the sentence that names the images, and the padding that fits if there is one."""
    x = as_tensor(x)
    images = "×".join(map(str, x.shape[2:]))
    label, before = convolution.label(), convolution.padding
    for padding in range(max(convolution.kernel_size)):
        convolution.padding = (padding, padding)
        try:
            with only_hooks(m for layer in layers for m in layer.modules()):
                fits = _fits(layers, wrong, x)
        finally:
            convolution.padding = before
        if fits:
            return f"with {images} images padding={padding} in {label} gives {wrong.in_features}, or "
    return f"with {images} images "


def _fits(layers: Sequence[Module], wrong: Linear, x: Tensor) -> bool:
    """Whether the layers run as far as through the Linear; by shapes, without computing anything."""
    try:
        _run_shapes(layers, x)
    except FeaturesError as error:
        return error.layer is not wrong
    except PellucidError:
        return False
    return True


def _run_shapes(layers: Sequence[Module], x: Tensor) -> None:
    def run(x: Any) -> Any:
        for layer in layers:
            x = layer(x)
        return x

    if context.trace is None:
        compile(run).graph(np.zeros(x.shape, x.dtype))
    else:
        run(x)
