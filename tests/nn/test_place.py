"""Where in a model an error happened stands before its message."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid import nn
from pellucid.errors import PellucidError
from pellucid.tensor import Tensor


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([nn.Identity(), nn.Conv2d(3, 4, 3, padding=1)])

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.ReLU(), Block())
        self.fc1 = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc1(x) if x.ndim == 2 else self.body(x)


class Loose(nn.Module):
    """Holds a layer in a plain list, so that it does not know it."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = [nn.Linear(2, 2)]

    def forward(self, x: Tensor) -> Tensor:
        return self.hidden[0](x)


class Product(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x) @ x


ROW, IMAGES = np.ones((1, 3), np.float32), np.ones((1, 2, 8, 8), np.float32)
CHANNELS = "conv2d: x has 2 channels but weight takes 3 (groups=1); x (1, 2, 8, 8), weight (4, 3, 3, 3)"
FEATURES = "got 3 features; give x (..., 2), or write Linear(3, 2); x (1, 3)"

CASES = {
    "a layer alone": (nn.Linear(2, 2), ROW, f"Linear(2, 2): {FEATURES}"),
    "in a Sequential": (nn.Sequential(nn.Linear(2, 2)), ROW, f"Sequential[0] Linear(2, 2): {FEATURES}"),
    "as an attribute": (Net(), ROW, f"Net.fc1 Linear(2, 2): {FEATURES}"),
    "deep inside": (Net(), IMAGES, f"Net.body[1].blocks[1] Conv2d(3, 4, 3, padding=1): {CHANNELS}"),
    "by a name of one's own": (
        nn.Sequential({"first": nn.Conv2d(3, 4, 3)}),
        IMAGES,
        f"Sequential.first Conv2d(3, 4, 3): {CHANNELS}",
    ),
    "in a layer that is not registered": (Loose(), ROW, f"Linear(2, 2): {FEATURES}"),
    "in the forward of a network": (
        nn.Sequential(Product()),
        ROW,
        "Sequential[0] Product: matmul: x has 3 columns but w has 1 rows; x (1, 3), w (1, 3)",
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_an_error_says_where_it_happened(name: str, compiled: bool) -> None:
    model, x, message = CASES[name]
    run = pellucid.compile(lambda x: model(x)) if compiled else model
    with pytest.raises(PellucidError) as error:
        run(x)
    assert str(error.value) == message
