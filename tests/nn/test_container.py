"""Sequential and ModuleList."""

from __future__ import annotations

from collections import OrderedDict

import pytest

from pellucid import nn
from pellucid.errors import OptionError
from pellucid.tensor import Tensor


def layers() -> list[nn.Module]:
    return [nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)]


def test_a_sequential_runs_its_layers_in_order() -> None:
    a, b, c = layers()
    x = Tensor([[1.0, 2.0, 3.0]])
    assert nn.Sequential(a, b, c)(x).tolist() == c(b(a(x))).tolist()
    assert nn.Sequential()(x) is x


@pytest.mark.parametrize("container", [lambda x: nn.Sequential(*x), nn.ModuleList], ids=["Sequential", "ModuleList"])
def test_layers_are_reached_as_in_a_list(container) -> None:
    a, b, c = layers()
    box = container([a, b, c])
    assert len(box) == 3
    assert list(box) == [a, b, c]
    assert (box[0], box[-1]) == (a, c)
    assert type(box[1:]) is type(box)
    assert list(box[1:]) == [b, c]
    assert list(box[::2]) == [a, c]
    extra = nn.Tanh()
    assert box.append(extra) is box
    box[1] = nn.Sigmoid()
    assert [type(layer).__name__ for layer in box] == ["Linear", "Sigmoid", "Linear", "Tanh"]
    name = type(box).__name__
    for index in (4, -5):
        with pytest.raises(IndexError, match=f"^{name}: there is no layer {index}; there are 4$"):
            box[index]


@pytest.mark.parametrize("kind", [dict, OrderedDict])
def test_a_sequential_takes_names(kind) -> None:
    a, b, _ = layers()
    model = nn.Sequential(kind([("fc", a), ("act", b)]))
    assert model.fc is a
    assert list(model.state_dict()) == ["fc.weight", "fc.bias"]
    assert list(model) == [a, b]
    assert [name for name, _ in model[1:].named_children()] == ["act"]


def test_a_layer_may_stand_twice() -> None:
    relu = nn.ReLU()
    model = nn.Sequential(relu, nn.Linear(2, 2), relu)
    assert len(model) == 3
    assert model[2] is relu


def test_a_module_list_lists_parameters_and_extends() -> None:
    box = nn.ModuleList(layers()).extend([nn.Linear(2, 2)])
    assert [name for name, _ in box.named_parameters()] == [
        "0.weight", "0.bias", "2.weight", "2.bias", "3.weight", "3.bias",
    ]  # fmt: skip


MISTAKES = {
    "a class": (nn.ReLU, "Sequential[1]: got the class ReLU; write ReLU(...)"),
    "a function": (abs, "Sequential[1]: got <built-in function abs>; give a Module"),
    "nothing": (None, "Sequential[1]: got None; give a Module"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_only_modules_are_taken(name: str) -> None:
    value, message = MISTAKES[name]
    with pytest.raises(OptionError) as error:
        nn.Sequential(nn.ReLU(), value)
    assert str(error.value) == message


def test_a_module_list_cannot_be_called() -> None:
    with pytest.raises(OptionError) as error:
        nn.ModuleList()(1)
    assert str(error.value) == ("ModuleList: there is no forward; define `def forward(self, x)` in class ModuleList")
