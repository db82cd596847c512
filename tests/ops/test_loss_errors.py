"""What normalisation, activations and losses say when something does not fit."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pellucid import compile
from pellucid.errors import DTypeError, OptionError, PellucidError, RangeError, ShapeError
from pellucid.ops.activation import gelu
from pellucid.ops.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    l1_loss,
    mse_loss,
    nll_loss,
)
from pellucid.ops.normalization import batch_norm, layer_norm, local_response_norm
from pellucid.tensor import Tensor

Row = tuple[type[PellucidError], Callable[[], Any], str]


def f(*shape: int, dtype: str = "float32") -> Tensor:
    return Tensor(np.full(shape, 0.5, dtype))


def labels(*shape: int) -> Tensor:
    return Tensor(np.zeros(shape, np.int64))


UNEQUAL = (
    "{}: x is (100, 1) but t is (100,); the shapes must be equal, since broadcasting would "
    "compare numbers that do not belong together; reshape one of them"
)
NORMALIZATION: list[Row] = [
    (
        ShapeError,
        lambda: batch_norm(f(3), None, None, training=True),
        "batch_norm: x must be (N, C) or (N, C, ...), got (3,)",
    ),
    (
        ShapeError,
        lambda: batch_norm(f(1, 3), None, None, training=True),
        (
            "batch_norm: training needs more than one value for each channel, got x (1, 3); "
            "give a larger batch, or call model.eval()"
        ),
    ),
    (
        ShapeError,
        lambda: batch_norm(f(4, 3), None, None, f(2), training=True),
        "batch_norm: x (4, 3) has 3 channels but weight is (2,); give (3,)",
    ),
    (
        OptionError,
        lambda: batch_norm(f(4, 3), f(3), None),
        "batch_norm: evaluation needs running_mean and running_var; give both, or training=True",
    ),
    (
        ShapeError,
        lambda: layer_norm(f(4, 3), 4),
        "layer_norm: x (4, 3) does not end in normalized_shape (4,); its last axes must",
    ),
    (
        ShapeError,
        lambda: layer_norm(f(4, 3), (3,), f(4)),
        "layer_norm: weight is (4,); it must be normalized_shape (3,)",
    ),
    (
        ShapeError,
        lambda: local_response_norm(f(4, 3), 5),
        "local_response_norm: x must be (N, C, ...) with three axes or more, got (4, 3)",
    ),
    (
        OptionError,
        lambda: local_response_norm(f(4, 3, 2), 0),
        "local_response_norm: size=0 channels make no sum; give 1 or more",
    ),
]
LOSSES: list[Row] = [
    *(
        (ShapeError, lambda loss=loss: loss(f(100, 1), f(100)), UNEQUAL.format(loss.__name__))
        for loss in (mse_loss, l1_loss, binary_cross_entropy, binary_cross_entropy_with_logits)
    ),
    (
        ShapeError,
        lambda: cross_entropy(f(100, 10), labels(100, 1)),
        "cross_entropy: x (100, 10) needs labels (100,) or probabilities (100, 10), got t (100, 1)",
    ),
    (
        ShapeError,
        lambda: nll_loss(f(2, 10, 3), labels(2, 10)),
        "nll_loss: x (2, 10, 3) needs labels (2, 3), got t (2, 10)",
    ),
    (ShapeError, lambda: nll_loss(f(), labels()), "nll_loss: x must be (C,), (N, C) or (N, C, ...), got ()"),
    (
        DTypeError,
        lambda: cross_entropy(f(5, 10), f(5)),
        "cross_entropy: labels must be integers, got float32; cast them with t.to('int64')",
    ),
    (
        RangeError,
        lambda: cross_entropy(f(5, 10), [0, 1, 2, 12, 4]),
        "cross_entropy: label 12 at position 3 is not one of the 10 classes (0 to 9)",
    ),
    (
        RangeError,
        lambda: nll_loss(f(1, 3, 2), [[0, -1]]),
        "nll_loss: label -1 at position (0, 1) is not one of the 3 classes (0 to 2)",
    ),
    (
        ShapeError,
        lambda: cross_entropy(f(5, 10), labels(5), f(9)),
        "cross_entropy: weight is (9,) but x has 10 classes; give one number for each",
    ),
    (
        OptionError,
        lambda: cross_entropy(f(5, 10), labels(5), label_smoothing=2.0),
        "cross_entropy: label_smoothing=2.0 is no part of the target; give 0 to 1",
    ),
    (
        OptionError,
        lambda: mse_loss(f(5), f(5), reduction="average"),
        "mse_loss: there is no reduction 'average'; give 'mean', 'sum' or 'none'",
    ),
    (
        RangeError,
        lambda: binary_cross_entropy([-0.5, 2.5], [0.0, 1.0]),
        (
            "binary_cross_entropy: x must be probabilities from 0 to 1, got -0.5 to 2.5; "
            "give sigmoid(x), or use binary_cross_entropy_with_logits"
        ),
    ),
]
ACTIVATIONS: list[Row] = [
    (
        OptionError,
        lambda: gelu(f(3), "sigmoid"),
        "gelu: there is no approximation 'sigmoid'; give 'none' or 'tanh'",
    ),
]


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [*NORMALIZATION, *LOSSES, *ACTIVATIONS],
    ids=lambda x: x.split(":")[0] if isinstance(x, str) else "",
)
def test_the_message_says_what_was_given_and_what_would_work(
    error: type[PellucidError], call: Callable[[], Any], message: str
) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()


def test_a_refused_batch_leaves_the_running_mean_alone() -> None:
    running = f(3)
    with pytest.raises(ShapeError):
        batch_norm(f(1, 3), running, running, training=True)
    assert running.tolist() == [0.5, 0.5, 0.5]


def test_a_compiled_loss_does_not_look_at_labels() -> None:
    assert compile(cross_entropy)(f(2, 3), Tensor(np.array([0, -100]))).item() == pytest.approx(np.log(3))
