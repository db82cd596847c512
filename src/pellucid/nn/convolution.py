"""Convolution layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pellucid.errors import OptionError, check_whole
from pellucid.nn import functional, init
from pellucid.nn.checks import same_dtype
from pellucid.nn.module import Module
from pellucid.ops.windows import IntOrPair, pair
from pellucid.tensor import Parameter, Tensor, as_tensor


class _Convolution(Module):
    """What Conv2d and ConvTranspose2d share: options, parameters, and how they print."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrPair,
        stride: IntOrPair,
        dilation: IntOrPair,
        groups: int,
    ) -> None:
        name = type(self).__name__
        check_whole(name, in_channels=in_channels, out_channels=out_channels, groups=groups)
        if in_channels % groups or out_channels % groups:
            raise OptionError(
                f"{name}: groups={groups} must divide in_channels={in_channels} and out_channels={out_channels}"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = pair(name, "kernel_size", kernel_size)
        self.stride = pair(name, "stride", stride)
        self.dilation = pair(name, "dilation", dilation)
        self.output_padding = (0, 0)
        self.padding: tuple[int, int] | str = (0, 0)

    def _make_parameters(self, outer: int, inner: int, bias: bool, dtype: Any) -> None:
        dtype = dtype or np.float32
        self.weight = Parameter(np.zeros((outer, inner // self.groups, *self.kernel_size), dtype))
        self.bias = Parameter(np.zeros(self.out_channels, dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new initial values: uniform in ±1/√fan_in, as in PyTorch."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(math.prod(self.weight.shape[1:]))
            init.uniform_(self.bias, -bound, bound)

    def _options(self) -> list[str]:
        shown = {"padding": (0, 0), "dilation": (1, 1), "output_padding": (0, 0), "groups": 1}
        words = [f"{key}={getattr(self, key)}" for key, usual in shown.items() if getattr(self, key) != usual]
        return words + ["bias=False"] * (self.bias is None)

    def extra_repr(self) -> str:
        sizes = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        return ", ".join([sizes, *self._options()])

    def label(self) -> str:
        """As it would be written: `Conv2d(1, 30, 5, padding=2)`."""
        words = [str(self.in_channels), str(self.out_channels), _short(self.kernel_size)]
        usual = {"stride": (1, 1), "padding": (0, 0)}
        words += [f"{key}={_short(getattr(self, key))}" for key, value in usual.items() if getattr(self, key) != value]
        return f"{type(self).__name__}({', '.join(words)})"


class Conv2d(_Convolution):
    """Every window of the images times every filter.

    padding:   pixels of 0 around the images, "valid" for none, "same" for as many as keep the size
    Shapes:    x (N, in_channels, H, W), weight (out_channels, in_channels/groups, *kernel_size) →
               (N, out_channels, OH, OW), OH = (H + 2·padding - dilation·(kernel - 1) - 1) // stride + 1
    Note:      weight and bias start uniformly in ±1/√fan_in, as in PyTorch
    Reference: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document
               recognition", 1998

    >>> Conv2d(1, 30, 5)
    Conv2d(1, 30, kernel_size=(5, 5), stride=(1, 1))
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrPair,
        stride: IntOrPair = 1,
        padding: IntOrPair | str = 0,
        dilation: IntOrPair = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, dilation, groups)
        self.padding = self._checked(padding)
        self._make_parameters(out_channels, in_channels, bias, dtype)

    def _checked(self, padding: IntOrPair | str) -> tuple[int, int] | str:
        if not isinstance(padding, str):
            return pair("Conv2d", "padding", padding, 0)
        if padding not in ("valid", "same"):
            raise OptionError(f"Conv2d: there is no padding {padding!r}; give 'same', 'valid' or a number")
        if padding == "same" and self.stride != (1, 1):
            raise OptionError(f"Conv2d: padding='same' keeps the size only with stride=1, got stride={self.stride}")
        return padding

    def forward(self, x: Any) -> Tensor:
        x = as_tensor(x)
        same_dtype(x, self.weight)
        return functional.conv2d(x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


class ConvTranspose2d(_Convolution):
    """Every pixel times a whole filter, added up where filters overlap: a small image becomes a larger one.

    output_padding: rows and columns more at the bottom and right
    Shapes:    x (N, in_channels, H, W), weight (in_channels, out_channels/groups, *kernel_size) →
               (N, out_channels, OH, OW),
               OH = (H - 1)·stride - 2·padding + dilation·(kernel - 1) + output_padding + 1
    Reference: M. Zeiler, D. Krishnan, G. Taylor, R. Fergus, "Deconvolutional networks", 2010

    >>> ConvTranspose2d(30, 1, 2, stride=2)
    ConvTranspose2d(30, 1, kernel_size=(2, 2), stride=(2, 2))
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: IntOrPair,
        stride: IntOrPair = 1,
        padding: IntOrPair = 0,
        output_padding: IntOrPair = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: IntOrPair = 1,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, dilation, groups)
        self.padding = pair("ConvTranspose2d", "padding", padding, 0)
        self.output_padding = pair("ConvTranspose2d", "output_padding", output_padding, 0)
        self._make_parameters(in_channels, out_channels, bias, dtype)

    def forward(self, x: Any) -> Tensor:
        x = as_tensor(x)
        same_dtype(x, self.weight)
        assert not isinstance(self.padding, str), "only Conv2d takes a word"
        options = (self.stride, self.padding, self.output_padding, self.groups, self.dilation)
        return functional.conv_transpose2d(x, self.weight, self.bias, *options)


def _short(value: Sequence[int] | str) -> str:
    """(5, 5) as 5."""
    if isinstance(value, str):
        return repr(value)
    return str(value[0]) if value[0] == value[1] else str(tuple(value))
