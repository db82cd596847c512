"""A compiled function notices what has changed in the Modules that it calls."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pellucid import compile, nn
from pellucid.tensor import Parameter, Tensor

X = Tensor(np.ones((2, 3), np.float32))


class Net(nn.Module):
    def __init__(self) -> None:
        self.layers = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.0), nn.Linear(3, 3))
        self.powers = [1, 2]
        self.hidden = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        self.last = x
        y = self.hidden(self.layers(x))
        return sum((y**power for power in self.powers), start=y * 0)


class Watched:
    """A network with its compiled form, and how often that was traced."""

    def __init__(self, model: nn.Module) -> None:
        self.model, self.traces = model, 0
        self.compiled = compile(self._forward)

    def _forward(self, x: Tensor) -> Tensor:
        self.traces += 1
        return self.model(x)

    def agrees(self) -> bool:
        return np.array_equal(self.compiled(X).numpy(), self.model(X).numpy())


def assign(name: str, value: Callable[[], object]) -> Callable[[Net], None]:
    def change(net: Net) -> None:
        *path, last = name.split(".")
        owner = net
        for part in path:
            owner = getattr(owner, part)
        setattr(owner, last, value())

    return change


CHANGES: dict[str, Callable[[Net], object]] = {
    "a layer replaced": lambda net: net.layers.__setitem__(2, nn.Linear(3, 5)),
    "a layer added": lambda net: net.layers.append(nn.Linear(3, 5)),
    "a layer taken out": lambda net: delattr(net.layers, "2"),
    "another weight": assign("layers.0.weight", lambda: Parameter(np.full((3, 3), 0.5, np.float32))),
    "no bias": assign("layers.2.bias", lambda: None),
    "another number": assign("layers.1.p", lambda: 1.0),
    "a list replaced": assign("powers", lambda: [3]),
    "a list changed in place": lambda net: net.powers.append(3),
    "a hook": lambda net: net.hidden.register_forward_hook(lambda module, inputs, output: output * 2),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_makes_another_plan(change: str) -> None:
    watched = Watched(Net())
    assert watched.agrees() and watched.agrees() and watched.traces == 1
    CHANGES[change](watched.model)
    assert watched.agrees() and watched.agrees() and watched.traces == 2


def test_what_is_put_back_needs_no_other_plan() -> None:
    net = Net()
    watched = Watched(net)
    first = net.layers[0]
    assert watched.agrees()
    net.layers[0] = nn.Linear(3, 3)
    assert watched.agrees() and watched.traces == 2
    net.layers[0], net.layers[1].p = first, 0.0
    net.hidden.register_forward_hook(lambda *_: None).remove()
    net.summary((3,))
    assert watched.agrees() and watched.traces == 2


def test_a_layer_that_is_called_twice_may_keep_what_it_saw() -> None:
    class Keeping(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            self.last = x
            return x * 2

    keeping = Keeping()
    watched = Watched(nn.Sequential(keeping, keeping))
    for _ in range(3):
        watched.compiled(X)
    assert watched.traces == 1


def test_a_summary_can_be_taken_while_a_function_is_traced() -> None:
    layer, seen = nn.Linear(3, 2), []

    def forward(x: Tensor) -> Tensor:
        seen.append(layer.summary((3,)).multiply_adds)
        return layer(x)

    assert np.array_equal(compile(forward)(X).numpy(), layer(X).numpy())
    assert seen == [6]
