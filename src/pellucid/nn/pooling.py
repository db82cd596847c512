"""Pooling layers: images made smaller, without parameters."""

from __future__ import annotations

from typing import Any

from pellucid.nn import functional
from pellucid.nn.module import Module
from pellucid.ops.pooling import wanted_size
from pellucid.ops.windows import IntOrPair, pair
from pellucid.tensor import Tensor


class MaxPool2d(Module):
    """The largest number of every window.

    stride: kernel_size when left out, so that the windows do not overlap
    Shapes: x (N, C, H, W) → (N, C, OH, OW), OH = (H + 2·padding - dilation·(kernel - 1) - 1) // stride + 1

    >>> MaxPool2d(2)
    MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)
    """

    def __init__(
        self,
        kernel_size: IntOrPair,
        stride: IntOrPair | None = None,
        padding: IntOrPair = 0,
        dilation: IntOrPair = 1,
        *,
        ceil_mode: bool = False,
    ) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        pair("MaxPool2d", "kernel_size", self.kernel_size)
        pair("MaxPool2d", "stride", self.stride)
        self.padding, self.dilation, self.ceil_mode = padding, dilation, ceil_mode

    def forward(self, x: Any) -> Tensor:
        return functional.max_pool2d(x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)

    def extra_repr(self) -> str:
        window = f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
        return f"{window}, dilation={self.dilation}, ceil_mode={self.ceil_mode}"


class AvgPool2d(Module):
    """The mean of every window; the padding counts as 0 unless count_include_pad=False.

    Shapes: as MaxPool2d

    >>> AvgPool2d(2)
    AvgPool2d(kernel_size=2, stride=2, padding=0)
    """

    def __init__(
        self,
        kernel_size: IntOrPair,
        stride: IntOrPair | None = None,
        padding: IntOrPair = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        pair("AvgPool2d", "kernel_size", self.kernel_size)
        pair("AvgPool2d", "stride", self.stride)
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad

    def forward(self, x: Any) -> Tensor:
        return functional.avg_pool2d(
            x, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AdaptiveAvgPool2d(Module):
    """The mean of each of output_size fields: images of any size become images of that size.

    output_size: one number, or two (down, across); None keeps the size in that direction

    Shapes:    x (N, C, H, W) → (N, C, *output_size)
    Reference: M. Lin, Q. Chen, S. Yan, "Network in network", 2013, for output_size=1

    >>> AdaptiveAvgPool2d(1)
    AdaptiveAvgPool2d(output_size=1)
    """

    def __init__(self, output_size: Any) -> None:
        wanted_size("AdaptiveAvgPool2d", output_size)
        self.output_size = output_size

    def forward(self, x: Any) -> Tensor:
        return functional.adaptive_avg_pool2d(x, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"
