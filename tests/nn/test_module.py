"""Module: what it lists, its mode, dtype and hooks."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import pellucid
from pellucid import nn
from pellucid.errors import DTypeError, OptionError, PellucidError
from pellucid.tensor import Buffer, Parameter, Tensor


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(4, 3)
        self.scale = Parameter([2.0])
        self.count = Buffer(np.array(0))
        self.features = nn.Sequential(nn.Linear(3, 3), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        return self.features(self.fc1(x)) * self.scale


def names(pairs) -> list[str]:
    return [name for name, _ in pairs]


def test_attributes_are_listed_in_the_order_of_assignment() -> None:
    net = Net()
    expected = ["scale", "fc1.weight", "fc1.bias", "features.0.weight", "features.0.bias"]
    assert names(net.named_parameters()) == expected
    assert [id(x) for x in net.parameters()] == [id(x) for _, x in net.named_parameters()]
    assert names(net.named_buffers()) == ["count"]
    assert [x.shape for x in net.buffers()] == [()]
    assert names(net.named_modules()) == ["", "fc1", "features", "features.0", "features.1"]
    assert names(net.named_children()) == ["fc1", "features"]
    assert list(net.children()) == [net.fc1, net.features]
    assert names(net.named_parameters(recurse=False)) == ["scale"]
    assert names(net.named_parameters("net")) == [f"net.{name}" for name in expected]


def test_deleting_an_attribute_unregisters_it() -> None:
    net = Net()
    del net.scale
    del net.features
    assert names(net.named_parameters()) == ["fc1.weight", "fc1.bias"]
    net.fc1 = None
    assert names(net.named_parameters()) == []


def test_a_module_needs_no_super_init() -> None:
    class Small(nn.Module):
        def __init__(self) -> None:
            self.w = Parameter([1.0])

        def forward(self, x: Tensor) -> Tensor:
            return x * self.w

    small = Small()
    assert small.training
    assert names(small.named_parameters()) == ["w"]
    assert small(Tensor([3.0])).item() == 3.0


def test_a_shared_parameter_is_listed_once_and_saved_under_both_names() -> None:
    net = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    net[1].weight = net[0].weight
    assert names(net.named_parameters()) == ["0.weight"]
    assert list(net.state_dict()) == ["0.weight", "1.weight"]
    shared = nn.ReLU()
    assert names(nn.Sequential(shared, shared).named_modules()) == ["", "0"]


def test_register_buffer_makes_a_buffer_of_anything() -> None:
    module = nn.Module()
    module.register_buffer("a", np.ones(2))
    module.register_buffer("b", Tensor([1.0]))
    module.register_buffer("none", None)
    assert names(module.named_buffers()) == ["a", "b"]
    assert module.none is None


def test_train_and_eval_reach_every_module_and_can_be_chained() -> None:
    net = Net()
    assert net.eval() is net
    assert [m.training for m in net.modules()] == [False] * 5
    net.train()
    assert all(m.training for m in net.modules())
    net.fc1.training = False
    assert [m.training for m in net.modules()] == [True, False, True, True, True]


def test_a_compiled_function_makes_a_new_plan_when_the_mode_changes() -> None:
    dropout = nn.Sequential(nn.Dropout(0.5))
    run = pellucid.compile(lambda x: dropout(x))
    x = Tensor(np.ones((100,), np.float32))
    trained = run(x).numpy()
    assert set(np.unique(trained)) == {0.0, 2.0}
    dropout.eval()
    np.testing.assert_array_equal(run(x).numpy(), x.numpy())
    dropout.train()
    again = run(x).numpy()
    assert set(np.unique(again)) == {0.0, 2.0}
    assert (again != trained).any()


def test_zero_grad_forgets_gradients() -> None:
    net = Net()
    net(Tensor(np.ones((2, 4), np.float32))).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())


def test_requires_grad_freezes_and_thaws() -> None:
    net = Net()
    assert net.fc1.requires_grad_(False) is net.fc1
    net(Tensor(np.ones((2, 4), np.float32))).sum().backward()
    assert net.fc1.weight.grad is None
    assert net.scale.grad is not None
    net.requires_grad_()
    assert all(p.requires_grad for p in net.parameters())


def test_to_converts_in_place_and_keeps_the_parameters_themselves() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    net(Tensor(np.ones((4, 3), np.float32))).sum().backward()
    before = [id(p) for p in net.parameters()]
    weights = net[0].weight.numpy()
    assert net.double() is net
    assert [id(p) for p in net.parameters()] == before
    assert {p.dtype for p in net.parameters()} == {np.dtype("float64")}
    assert {p.grad.dtype for p in net.parameters()} == {np.dtype("float64")}
    assert [b.dtype for b in net.buffers()] == [np.float64, np.float64, np.int64]
    np.testing.assert_array_equal(net[0].weight.numpy(), weights.astype(np.float64))
    assert net(Tensor(np.ones((4, 3)))).dtype == np.float64
    assert {p.dtype for p in net.float().parameters()} == {np.dtype("float32")}


@pytest.mark.parametrize("dtype", ["int64", "float16", "nonsense"])
def test_to_takes_floats_only(dtype: str) -> None:
    with pytest.raises(DTypeError) as error:
        nn.Linear(2, 2).to(dtype)
    assert str(error.value) == f"Linear.to: got {dtype!r}; give 'float32' or 'float64'"


def test_apply_visits_the_innermost_first() -> None:
    seen = []
    net = Net()
    assert net.apply(lambda module: seen.append(type(module).__name__)) is net
    assert seen == ["Linear", "Linear", "ReLU", "Sequential", "Net"]


def test_hooks_see_and_replace_and_go_away() -> None:
    layer = nn.ReLU()
    seen = []
    first = layer.register_forward_hook(lambda module, inputs, output: seen.append((module, inputs, output)))
    second = layer.register_forward_hook(lambda module, inputs, output: output + 1)
    before = layer.register_forward_pre_hook(lambda module, inputs: seen.append(inputs))
    x = Tensor([-1.0, 2.0])
    assert layer(x).tolist() == [1.0, 3.0]
    assert seen[0] == (x,)
    assert seen[1][:2] == (layer, (x,))
    assert seen[1][2].tolist() == [0.0, 2.0]
    for handle in (first, second, before, before):
        handle.remove()
    assert layer(x).tolist() == [0.0, 2.0]
    assert len(seen) == 2
    assert nn.ReLU()._hooks == {}


def test_a_module_can_be_copied_and_pickled() -> None:
    net = Net().eval()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert not twin.training
        assert twin.fc1.weight is not net.fc1.weight
        for key, value in net.state_dict().items():
            np.testing.assert_array_equal(twin.state_dict()[key], value)


def test_a_module_without_forward_says_so() -> None:
    class Empty(nn.Module):
        pass

    with pytest.raises(OptionError) as error:
        Empty()(1)
    assert str(error.value) == "Empty: there is no forward; define `def forward(self, x)` in class Empty"


def test_a_network_prints_as_a_tree() -> None:
    assert repr(Net()) == (
        "Net(\n"
        "  (fc1): Linear(in_features=4, out_features=3, bias=True)\n"
        "  (features): Sequential(\n"
        "    (0): Linear(in_features=3, out_features=3, bias=True)\n"
        "    (1): ReLU()\n"
        "  )\n"
        ")"
    )


def test_an_error_of_the_user_in_a_hook_is_not_hidden() -> None:
    layer = nn.Linear(2, 2)
    layer.register_forward_hook(lambda module, inputs, output: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        layer(Tensor([[1.0, 2.0]]))
    assert not issubclass(ZeroDivisionError, PellucidError)


def test_seed_makes_a_model_reproducible() -> None:
    states = []
    for _ in range(2):
        pellucid.seed(3)
        states.append(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Linear(4, 5)).state_dict())
    for key, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][key])
        assert np.ptp(value) > 0
