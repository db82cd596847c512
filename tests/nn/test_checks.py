"""Options and inputs that layers refuse, with the whole sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pellucid import nn
from pellucid.errors import DTypeError, OptionError, PellucidError, ShapeError

OPTIONS: dict[str, Callable[[], Any]] = {
    "Linear: in_features=4320.0 must be a whole number, 1 or more; divide with // to keep it whole": (
        lambda: nn.Linear(8640 / 2, 10)
    ),
    "Linear: in_features=0.5 must be a whole number, 1 or more": lambda: nn.Linear(0.5, 10),
    "Linear: in_features=inf must be a whole number, 1 or more": lambda: nn.Linear(float("inf"), 10),
    "Linear: out_features=0 must be a whole number, 1 or more": lambda: nn.Linear(3, 0),
    "Linear: out_features=True must be a whole number, 1 or more": lambda: nn.Linear(3, True),
    "Conv2d: in_channels='1' must be a whole number, 1 or more": lambda: nn.Conv2d("1", 2, 3),
    "Conv2d: kernel_size=0 must be a whole number, 1 or more": lambda: nn.Conv2d(1, 2, 0),
    "Conv2d: kernel_size=-1 must be a whole number, 1 or more": lambda: nn.Conv2d(1, 2, (3, -1)),
    "Conv2d: kernel_size=(3, 3, 3) must be one whole number, or two: (down, across)": (
        lambda: nn.Conv2d(1, 2, (3, 3, 3))
    ),
    "Conv2d: stride=0 must be a whole number, 1 or more": lambda: nn.Conv2d(1, 2, 3, 0),
    "Conv2d: padding=-1 must be a whole number, 0 or more": lambda: nn.Conv2d(1, 2, 3, padding=-1),
    "Conv2d: groups=2 must divide in_channels=3 and out_channels=4": lambda: nn.Conv2d(3, 4, 3, groups=2),
    "Conv2d: there is no padding 'full'; give 'same', 'valid' or a number": (
        lambda: nn.Conv2d(1, 2, 3, padding="full")
    ),
    "Conv2d: padding='same' keeps the size only with stride=1, got stride=(2, 2)": (
        lambda: nn.Conv2d(1, 2, 3, 2, "same")
    ),
    "ConvTranspose2d: output_padding=-1 must be a whole number, 0 or more": (
        lambda: nn.ConvTranspose2d(1, 2, 3, output_padding=-1)
    ),
    "MaxPool2d: kernel_size=0 must be a whole number, 1 or more": lambda: nn.MaxPool2d(0),
    "AvgPool2d: stride=0 must be a whole number, 1 or more": lambda: nn.AvgPool2d(2, 0),
    "AdaptiveAvgPool2d: output_size='x' must be a whole number, 1 or more": lambda: nn.AdaptiveAvgPool2d("x"),
    "AdaptiveAvgPool2d: output_size=(1, 2, 3) must be one whole number, or two: (down, across)": (
        lambda: nn.AdaptiveAvgPool2d((1, 2, 3))
    ),
    "BatchNorm2d: num_features=0 must be a whole number, 1 or more": lambda: nn.BatchNorm2d(0),
    "LayerNorm: normalized_shape=0 must be a whole number, 1 or more": lambda: nn.LayerNorm((3, 0)),
    "LocalResponseNorm: size=0 must be a whole number, 1 or more": lambda: nn.LocalResponseNorm(0),
    "Dropout: p=1.5 is no probability; give a number from 0 to 1": lambda: nn.Dropout(1.5),
    "GELU: there is no approximate='erf'; give 'none' or 'tanh'": lambda: nn.GELU("erf"),
    "MSELoss: there is no reduction 'avg'; give 'mean', 'sum' or 'none'": lambda: nn.MSELoss(reduction="avg"),
}


@pytest.mark.parametrize("message", OPTIONS)
def test_a_wrong_option_is_refused(message: str) -> None:
    with pytest.raises(OptionError) as error:
        OPTIONS[message]()
    assert str(error.value) == message


def zeros(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return np.zeros(shape, dtype)


PIXELS = "got uint8, pixels from 0 to 255; scale them to 0..1 with nn.functional.scale_pixels(x) first"

INPUTS: dict[str, tuple[Callable[[], nn.Module], np.ndarray, type[PellucidError]]] = {
    f"Linear(4, 2): {PIXELS}": (lambda: nn.Linear(4, 2), zeros(3, 4, dtype=np.uint8), DTypeError),
    f"Conv2d(1, 2, 3): {PIXELS}": (lambda: nn.Conv2d(1, 2, 3), zeros(1, 1, 5, 5, dtype=np.uint8), DTypeError),
    "Linear(4, 2): got float64, but the weights are float32; convert the input with x.to('float32'), "
    "or the model with model.to('float64')": (
        lambda: nn.Linear(4, 2),
        zeros(3, 4, dtype=np.float64),
        DTypeError,
    ),
    "ConvTranspose2d(1, 2, 3): got int64, but the weights are float32; convert the input with x.to('float32')": (
        lambda: nn.ConvTranspose2d(1, 2, 3),
        zeros(1, 1, 5, 5, dtype=np.int64),
        DTypeError,
    ),
    "Linear(784, 10): got x (5, 1, 28, 28); put nn.Flatten() before it, which gives 784 features": (
        lambda: nn.Linear(784, 10),
        zeros(5, 1, 28, 28),
        ShapeError,
    ),
    "Linear(784, 10): got 28 features; give x (..., 784), or write Linear(28, 10); x (5, 3, 28, 28)": (
        lambda: nn.Linear(784, 10),
        zeros(5, 3, 28, 28),
        ShapeError,
    ),
    "Linear(4, 10): got 1 features; give x (..., 4), or write Linear(1, 10); x ()": (
        lambda: nn.Linear(4, 10),
        zeros(),
        ShapeError,
    ),
    "BatchNorm1d(3): x must be (N, C) or (N, C, L), got (2, 3, 4, 5)": (
        lambda: nn.BatchNorm1d(3),
        zeros(2, 3, 4, 5),
        ShapeError,
    ),
    "BatchNorm2d(3): x must be images (N, C, H, W), got (2, 3)": (
        lambda: nn.BatchNorm2d(3),
        zeros(2, 3),
        ShapeError,
    ),
    "BatchNorm2d(3): x has 4 channels; give 3, or write BatchNorm2d(4); x (2, 4, 5, 5)": (
        lambda: nn.BatchNorm2d(3),
        zeros(2, 4, 5, 5),
        ShapeError,
    ),
}


@pytest.mark.parametrize("message", INPUTS)
def test_an_input_that_does_not_fit_is_refused(message: str) -> None:
    make, x, kind = INPUTS[message]
    with pytest.raises(kind) as error:
        make()(x)
    assert str(error.value) == message
