"""What the books' layers share: `forward` remembers what it did, `backward` goes back through it.

A layer says what it computes with operations on Tensors; its gradients come from those, not from formulas of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from pellucid.autodiff import gradients, leaf_of
from pellucid.book.arrays import array_of, floats_alike, on_tensors, tensor_of
from pellucid.errors import GradientError, ShapeError
from pellucid.tensor import Tensor, recording


class Recording:
    """A function of arrays that was run, and its gradients by each of them.

    >>> square = Recording(lambda x: x * x, np.array([1.0, 2.0]))
    >>> square.value(), square.gradients("square", np.array([1.0, 1.0]))
    (array([1., 4.]), [array([2., 4.])])
    """

    def __init__(self, function: Callable[..., Tensor], *inputs: Any) -> None:
        self.inputs = [leaf_of(x) for x in floats_alike(*inputs)]
        with recording(True):
            self.output = function(*self.inputs)

    def value(self) -> Any:
        return array_of(self.output)

    def gradients(self, name: str, dout: Any) -> list[Any]:
        """The gradients by the inputs, where `dout` is the gradient by the output; as often as is asked.

        Raises: ShapeError when dout does not have the output's shape
        """
        dout = tensor_of(dout).to(self.output.dtype)
        if dout.shape != self.output.shape:
            raise ShapeError(f"{name}: forward gave {self.output.shape} but dout is {dout.shape}; they must agree")
        return [array_of(x) for x in gradients(self.output, self.inputs, dout, retain_graph=True)]


class Layer:
    """A layer of the books. Given Tensors, `forward` gives Tensors and nothing is kept for `backward`."""

    _recording: Recording | None = None

    def _forward(self, function: Callable[..., Tensor], *inputs: Any) -> Any:
        """The function's value, remembered if the inputs are arrays."""
        if on_tensors(*inputs):
            return function(*floats_alike(*inputs))
        self._recording = Recording(function, *inputs)
        return self._recording.value()

    def _backward(self, dout: Any) -> list[Any]:
        """The gradients by the inputs that `_forward` was given, in their order."""
        name = type(self).__name__
        if self._recording is None:
            raise GradientError(f"{name}: backward needs a forward on arrays before it; call forward(x) first")
        return self._recording.gradients(name, dout)


def given(x: Any) -> Any:
    """What a layer keeps of what it was given: lists as arrays, so that x.shape is there; Tensors as they are."""
    return x if isinstance(x, Tensor) else np.asarray(x)
