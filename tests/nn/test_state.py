"""state_dict and load_state_dict: everything fits, or nothing changes."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import nn
from pellucid.errors import CheckpointError
from pellucid.tensor import Tensor


def model() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


KEYS = [
    "0.weight",
    "0.bias",
    "1.weight",
    "1.bias",
    "1.running_mean",
    "1.running_var",
    "1.num_batches_tracked",
]


def test_a_state_is_a_copy_of_everything_under_pytorchs_keys() -> None:
    network = model()
    state = network.state_dict()
    assert list(state) == KEYS
    assert {key: value.shape for key, value in state.items()} == {
        key: tensor.shape for key, tensor in [*network.named_parameters(), *network.named_buffers()]
    }
    state["0.weight"][:] = 7
    assert not (network[0].weight.numpy() == 7).any()


@pytest.mark.parametrize("kind", [lambda x: x, Tensor, lambda x: x.tolist()], ids=["array", "Tensor", "list"])
def test_a_state_loads_and_parameters_stay_themselves(kind) -> None:
    a, b = model(), model()
    a(Tensor(np.random.default_rng(0).random((5, 3), np.float32)))
    weight = b[0].weight
    report = b.load_state_dict({key: kind(value) for key, value in a.state_dict().items()})
    assert report == ([], [])
    assert b[0].weight is weight
    for key, value in b.state_dict().items():
        np.testing.assert_array_equal(value, a.state_dict()[key])
        assert value.dtype == a.state_dict()[key].dtype


def test_numbers_take_the_dtype_of_the_model() -> None:
    network = model()
    network.load_state_dict({key: value.astype(np.float64) for key, value in network.state_dict().items()})
    assert network[0].weight.dtype == np.float32
    assert network[1].num_batches_tracked.dtype == np.int64


def refused(network: nn.Module, arrays: dict, **options) -> str:
    """The message, after making sure that nothing was changed."""
    before = network.state_dict()
    with pytest.raises(CheckpointError) as error:
        network.load_state_dict(arrays, **options)
    for key, value in network.state_dict().items():
        np.testing.assert_array_equal(value, before[key])
    return str(error.value)


def changed(network: nn.Module) -> dict[str, np.ndarray]:
    return {key: value + 1 for key, value in network.state_dict().items()}


def test_missing_and_unexpected_keys_are_named() -> None:
    network = model()
    arrays = changed(network)
    del arrays["0.bias"], arrays["1.bias"]
    assert refused(network, arrays) == "load_state_dict: missing 0.bias, 1.bias; strict=False loads the others"
    arrays["fc.weight"] = np.zeros(3)
    assert refused(network, arrays) == (
        "load_state_dict: missing 0.bias, 1.bias; unexpected fc.weight; strict=False loads the others"
    )
    assert refused(network, {**changed(network), "more": np.zeros(3)}) == (
        "load_state_dict: unexpected more; strict=False loads the others"
    )


def test_many_keys_are_counted() -> None:
    assert refused(model(), {}) == (
        "load_state_dict: missing 0.weight, 0.bias, 1.weight, 1.bias, 1.running_mean, 1.running_var "
        "and 1 more; strict=False loads the others"
    )


def test_without_strict_the_others_are_loaded() -> None:
    network = model()
    report = network.load_state_dict({"0.bias": np.array([5.0, 6.0]), "else": np.zeros(1)}, strict=False)
    assert report.missing_keys == [key for key in KEYS if key != "0.bias"]
    assert report.unexpected_keys == ["else"]
    assert network[0].bias.tolist() == [5.0, 6.0]


@pytest.mark.parametrize("strict", [True, False])
def test_other_shapes_are_named_and_nothing_changes(strict: bool) -> None:
    network = model()
    arrays = changed(network) | {"0.weight": np.zeros((4, 3)), "0.bias": np.zeros(4)}
    assert refused(network, arrays, strict=strict) == (
        "load_state_dict: 0.weight has (4, 3) where the model has (2, 3), "
        "0.bias has (4,) where the model has (2,); build the model with the sizes that were saved"
    )


@pytest.mark.parametrize(
    ("value", "kind"),
    [("text", "str"), (None, "NoneType"), (np.zeros(2, complex), "ndarray"), ([[1], [2, 3]], "list")],
)
def test_what_is_no_array_of_numbers_is_refused(value, kind: str) -> None:
    network = model()
    assert refused(network, changed(network) | {"1.bias": value}) == (
        f"load_state_dict: 1.bias is a {kind} that makes no array of numbers"
    )
