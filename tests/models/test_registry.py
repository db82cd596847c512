"""Models by name."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid import models, nn
from pellucid.errors import OptionError, PellucidError, ShapeError

SHAPES = [(1, 28, 28), (1, 8, 8), (3, 32, 32), (3, 9, 14), (1, 6, 6)]


def sizes(model: nn.Module) -> list[tuple[int, ...]]:
    return [p.shape for p in model.parameters() if p.ndim > 1]


def test_the_names() -> None:
    assert models.names() == ["perceptron", "two-layer", "simple-conv", "fast-conv"]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", models.names())
def test_a_model_takes_images_of_any_size_and_learns(name: str, shape: tuple[int, ...]) -> None:
    model = models.create(name, shape, 7)
    x = np.random.default_rng(0).random((4, *shape), np.float32)
    loss = nn.CrossEntropyLoss()(model(x), np.arange(4))
    loss.backward()
    assert model(x).shape == (4, 7)
    assert all(np.any(p.grad.numpy()) for p in model.parameters())


def test_the_sizes_are_the_books() -> None:
    assert sizes(models.create("perceptron", (1, 28, 28), 10)) == [(10, 784)]
    assert sizes(models.create("two-layer", (1, 28, 28), 10)) == [(50, 784), (10, 50)]
    expected = [(30, 1, 5, 5), (100, 4320), (10, 100)]
    assert sizes(models.create("simple-conv", (1, 28, 28), 10)) == expected
    assert sizes(models.create("784-100-10", (1, 28, 28), 10)) == [(100, 784), (10, 100)]
    assert sizes(models.create("64-32-16-10", [1, 8, 8], 10)) == [(32, 64), (16, 32), (10, 16)]
    assert sizes(models.create("5-3", (5,), 3)) == [(3, 5)]


def test_layers_with_relu_start_with_hes_values() -> None:
    for name in ("two-layer", "simple-conv", "784-100-10"):
        model = models.create(name, (1, 28, 28), 10)
        for p in model.parameters():
            expected = np.sqrt(2 / np.prod(p.shape[1:])) if p.ndim > 1 else 0.0
            assert p.numpy().std() == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("name", [*models.names(), "784-100-10"])
def test_a_seed_fixes_the_weights(name: str) -> None:
    states = []
    for _ in range(2):
        pellucid.seed(4)
        states.append(models.create(name, (1, 28, 28), 10).state_dict())
    for key, value in states[0].items():
        np.testing.assert_array_equal(value, states[1][key])


KNOWN = "there is perceptron, two-layer, simple-conv, fast-conv, or sizes such as 784-100-10"
NEEDS = "it needs images (channels, height, width) of 6×6 pixels or more"

MISTAKES: dict[str, tuple[str, tuple[int, ...], type[PellucidError]]] = {
    "model: there is no 'simple_conv', did you mean 'simple-conv'?": (
        "simple_conv",
        (1, 8, 8),
        OptionError,
    ),
    "model: there is no 'TwoLayer', did you mean 'two-layer'?": (
        "TwoLayer",
        (1, 8, 8),
        OptionError,
    ),
    f"model: there is no 'resnet'; {KNOWN}": ("resnet", (1, 8, 8), OptionError),
    f"model: there is no '784'; {KNOWN}": ("784", (1, 28, 28), OptionError),
    f"model: there is no ''; {KNOWN}": ("", (1, 28, 28), OptionError),
    "model 784-100-10: the data has 1×8×8 = 64 numbers and 10 classes; write 64-100-10": (
        "784-100-10",
        (1, 8, 8),
        ShapeError,
    ),
    "model 64-100-3: the data has 1×8×8 = 64 numbers and 10 classes; write 64-100-10": (
        "64-100-3",
        (1, 8, 8),
        ShapeError,
    ),
    "model 64-0-10: the data has 1×8×8 = 64 numbers and 10 classes; every size must be 1 or more": (
        "64-0-10",
        (1, 8, 8),
        ShapeError,
    ),
    f"model simple-conv: the data has shape (1, 5, 9); {NEEDS}": ("simple-conv", (1, 5, 9), ShapeError),
    f"model fast-conv: the data has shape (1, 3, 9); {NEEDS.replace('6×6', '4×4')}": (
        "fast-conv",
        (1, 3, 9),
        ShapeError,
    ),
    f"model fast-conv: the data has shape (64,); {NEEDS.replace('6×6', '4×4')}": ("fast-conv", (64,), ShapeError),
    f"model simple-conv: the data has shape (64,); {NEEDS}": ("simple-conv", (64,), ShapeError),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_a_mistake_is_told_in_one_sentence(message: str) -> None:
    name, shape, kind = MISTAKES[message]
    with pytest.raises(kind) as error:
        models.create(name, shape, 10)
    assert str(error.value) == message
