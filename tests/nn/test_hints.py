"""What a Linear in a Sequential says when the features do not fit."""

from __future__ import annotations

import numpy as np
import pytest

import pellucid
from pellucid import nn
from pellucid.errors import ShapeError
from pellucid.tensor import Tensor


def convolutions(padding: int) -> list[nn.Module]:
    return [nn.Conv2d(1, 30, 5, padding=padding), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()]


def pixels(*shape: int) -> Tensor:
    return Tensor(np.ones(shape, np.float32))


CASES = {
    "another padding would fit": (
        nn.Sequential(*convolutions(2), nn.Linear(4320, 100)),
        pixels(3, 1, 28, 28),
        (
            "Sequential[4] Linear(4320, 100): got 5880 features from Flatten; "
            "with 28×28 images padding=0 in Conv2d(1, 30, 5, padding=2) gives 4320, "
            "or write Linear(5880, 100)"
        ),
    ),
    "a larger padding would fit": (
        nn.Sequential(*convolutions(0), nn.ReLU(), nn.Linear(5880, 100)),
        pixels(3, 1, 28, 28),
        (
            "Sequential[5] Linear(5880, 100): got 4320 features from Flatten; "
            "with 28×28 images padding=2 in Conv2d(1, 30, 5) gives 5880, or write Linear(4320, 100)"
        ),
    ),
    "no padding would fit": (
        nn.Sequential(*convolutions(0), nn.Linear(4608, 100)),
        pixels(3, 1, 28, 28),
        ("Sequential[4] Linear(4608, 100): got 4320 features from Flatten; with 28×28 images write Linear(4320, 100)"),
    ),
    "small images": (
        nn.Sequential(*convolutions(0), nn.Linear(4320, 100)),
        pixels(3, 1, 8, 9),
        ("Sequential[4] Linear(4320, 100): got 120 features from Flatten; with 8×9 images write Linear(120, 100)"),
    ),
    "in nested Sequentials": (
        nn.Sequential(nn.Sequential(*convolutions(2)), nn.Sequential(nn.Dropout(), nn.Linear(4320, 100))),
        pixels(3, 1, 28, 28),
        (
            "Sequential[1][1] Linear(4320, 100): got 5880 features from Flatten; "
            "with 28×28 images padding=0 in Conv2d(1, 30, 5, padding=2) gives 4320, "
            "or write Linear(5880, 100)"
        ),
    ),
    "after another Linear": (
        nn.Sequential(nn.Linear(6, 50), nn.ReLU(), nn.Linear(40, 10)),
        pixels(3, 6),
        "Sequential[2] Linear(40, 10): got 50 features from Linear(6, 50); give 40, or write Linear(50, 10)",
    ),
    "the second Linear after convolutions": (
        nn.Sequential(*convolutions(0), nn.Linear(4320, 100), nn.Linear(90, 10)),
        pixels(3, 1, 28, 28),
        ("Sequential[5] Linear(90, 10): got 100 features from Linear(4320, 100); give 90, or write Linear(100, 10)"),
    ),
    "after Flatten alone": (
        nn.Sequential(nn.Flatten(), nn.Linear(784, 10)),
        pixels(3, 1, 8, 8),
        "Sequential[1] Linear(784, 10): got 64 features from Flatten; give 784, or write Linear(64, 10)",
    ),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_the_message_tells_what_would_fit(name: str, compiled: bool) -> None:
    model, x, message = CASES[name]
    state, paddings = model.state_dict(), [m.padding for m in model.modules() if isinstance(m, nn.Conv2d)]
    run = pellucid.compile(lambda x: model(x)) if compiled else model
    with pytest.raises(ShapeError) as error:
        run(x)
    assert str(error.value) == message
    assert [m.padding for m in model.modules() if isinstance(m, nn.Conv2d)] == paddings
    for key, value in model.state_dict().items():
        np.testing.assert_array_equal(value, state[key])


def test_the_search_for_a_padding_changes_no_statistics_and_draws_nothing() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Dropout(), nn.Flatten(), nn.Linear(7, 2))
    pellucid.seed(0)
    with pytest.raises(ShapeError):
        model(pixels(2, 1, 6, 6))
    after_one_draw = pellucid.uniform((1,)).item()
    pellucid.seed(0)
    nn.Dropout()(pixels(2, 4, 4, 4))
    assert pellucid.uniform((1,)).item() == after_one_draw
    assert model[1].num_batches_tracked.item() == 1


def test_the_search_for_a_padding_calls_no_hooks() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(7, 2))
    seen = []
    model[0].register_forward_hook(lambda module, inputs, output: seen.append(output.numpy().shape))
    with pytest.raises(ShapeError):
        model(pixels(2, 1, 6, 6))
    assert seen == [(2, 4, 4, 4)]
