"""The books' layers for images: forward and backward, under the books' names.

Reference: K. Saitoh, "Deep Learning from Scratch", 2016, chapter 7
"""

from __future__ import annotations

from typing import Any

from pellucid.book.layer import Layer, given
from pellucid.ops.convolution import conv2d
from pellucid.ops.pooling import max_pool2d
from pellucid.tensor import Tensor


class Convolution(Layer):
    """Every window of the images times every filter. What is left over at the bottom and right is not seen.

    Shapes: x (N, C, H, W), W (FN, C, FH, FW), b (FN,) → (N, FN, OH, OW), OH = (H + 2·pad - FH) // stride + 1
    Raises: ShapeError when channels or b do not fit, or the filter is larger than the padded image
    """

    def __init__(self, W: Any, b: Any, stride: int = 1, pad: int = 0) -> None:
        self.W, self.b, self.stride, self.pad = W, b, stride, pad
        self.x: Any = None
        self.dW: Any = None
        self.db: Any = None

    def forward(self, x: Any) -> Any:
        self.x = given(x)
        return self._forward(self._convolved, x, self.W, self.b)

    def backward(self, dout: Any) -> Any:
        dx, self.dW, self.db = self._backward(dout)
        return dx

    def _convolved(self, x: Tensor, W: Tensor, b: Tensor) -> Tensor:
        return conv2d(x, W, b, stride=self.stride, padding=self.pad)


class Pooling(Layer):
    """The largest number of each window; its gradient goes to the first such number.

    Shapes: x (N, C, H, W) → (N, C, OH, OW), OH = (H + 2·pad - pool_h) // stride + 1
    Raises: ShapeError when the window is larger than the padded image; OptionError when pad is more than half of it
    Note:   the book's own code leaves pad out of the output's size, and so fails where it is not 0. What is
            padded is never the largest, here
    """

    def __init__(self, pool_h: int, pool_w: int, stride: int = 1, pad: int = 0) -> None:
        self.pool_h, self.pool_w, self.stride, self.pad = pool_h, pool_w, stride, pad
        self.x: Any = None

    def forward(self, x: Any) -> Any:
        self.x = given(x)
        return self._forward(self._pooled, x)

    def backward(self, dout: Any) -> Any:
        (dx,) = self._backward(dout)
        return dx

    def _pooled(self, x: Tensor) -> Tensor:
        return max_pool2d(x, (self.pool_h, self.pool_w), self.stride, self.pad)
