"""Layers that change shapes only."""

from __future__ import annotations

from typing import Any

from pellucid.nn.module import Module
from pellucid.ops.shape import flatten
from pellucid.tensor import Tensor


class Flatten(Module):
    """The axes from start_dim to end_dim made one: images become rows, which Linear takes.

    Shapes: x (N, C, H, W) → (N, C·H·W)

    >>> Flatten()
    Flatten(start_dim=1, end_dim=-1)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Any) -> Tensor:
        return flatten(x, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"
