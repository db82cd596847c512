"""Dropout."""

from __future__ import annotations

from typing import Any

from pellucid.errors import OptionError
from pellucid.nn import functional
from pellucid.nn.module import Module
from pellucid.tensor import Tensor


class Dropout(Module):
    """While training, each number becomes 0 with probability p and the others are divided by 1 - p.

    inplace:   taken for PyTorch's sake; values are not overwritten
    Note:      in `eval()` mode x passes as it is
    Reference: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014

    >>> Dropout(0.5)
    Dropout(p=0.5, inplace=False)
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        if not 0 <= p <= 1:
            raise OptionError(f"Dropout: p={p} is no probability; give a number from 0 to 1")
        self.p, self.inplace = p, inplace

    def forward(self, x: Any) -> Tensor:
        return functional.dropout(x, self.p, self.training)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"
