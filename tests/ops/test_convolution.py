"""Convolution and its two gradients."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import Tensor
from pellucid.errors import PellucidError
from pellucid.operators import OPERATIONS
from tests.ops import images
from tests.ops.harness import Case, checks, floats

conv2d, conv_transpose2d = OPERATIONS["conv2d"], OPERATIONS["conv_transpose2d"]

PLAIN = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}
# images, weights, what differs from PLAIN, and the size of the output
SETTINGS = [
    ((2, 2, 4, 5), (3, 2, 3, 2), {}, (2, 4)),
    ((1, 1, 5, 5), (1, 1, 1, 1), {"stride": (2, 3)}, (3, 2)),
    ((2, 2, 5, 6), (2, 2, 3, 3), {"stride": (2, 2), "padding": ((1, 1), (1, 1))}, (3, 3)),
    ((1, 2, 5, 5), (2, 2, 2, 2), {"dilation": (2, 3)}, (3, 2)),
    ((2, 4, 3, 3), (4, 2, 2, 2), {"groups": 2, "padding": ((1, 0), (0, 2))}, (3, 4)),
    (
        (1, 3, 4, 4),
        (6, 1, 3, 3),
        {"groups": 3, "stride": (2, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1)},
        (2, 4),
    ),
    ((0, 2, 4, 4), (3, 2, 3, 3), {}, (2, 2)),
]


def settings():
    for number, (x, w, options, size) in enumerate(SETTINGS):
        yield x, w, (x[0], w[0], *size), PLAIN | options, f"setting{number}"


CASES = [
    *(
        Case("conv2d", [floats(*x), floats(*w)], images.convolution, options, note=note, extreme=False)
        for x, w, _, options, note in settings()
    ),
    *(
        Case(
            "conv2d_input_gradient",
            [floats(*g), floats(*w)],
            images.convolution_by_input,
            options | {"size": x[2:]},
            note=note,
            extreme=False,
        )
        for x, w, g, options, note in settings()
    ),
    *(
        Case(
            "conv2d_weight_gradient",
            [floats(*x), floats(*g)],
            images.convolution_by_weight,
            options | {"size": w[2:]},
            note=note,
            extreme=False,
        )
        for x, w, g, options, note in settings()
    ),
    Case(
        "conv2d",
        [floats(2, 2, 4, 4), floats(3, 2, 3, 3), floats(3)],
        lambda x, w, b: images.convolution(x, w, **PLAIN | {"padding": ((1, 1), (1, 1))}) + b[:, None, None],
        run=lambda x, w, b: conv2d(x, w, b, padding="same"),
        note="same-bias",
        extreme=False,
    ),
    Case(
        "conv_transpose2d",
        [floats(2, 2, 3, 3), floats(2, 3, 3, 2), floats(3)],
        lambda x, w, b: (
            images.convolution_by_input(x, w, size=(5, 5), **PLAIN | {"stride": (2, 2), "padding": ((1, 1), (1, 1))})
            + b[:, None, None]
        ),
        run=lambda x, w, b: conv_transpose2d(x, w, b, 2, 1, (0, 1)),
        note="bias",
        extreme=False,
    ),
    Case(
        "conv_transpose2d",
        [floats(1, 2, 2, 2), floats(2, 1, 2, 2)],
        lambda x, w: np.pad(
            images.convolution_by_input(x, w, size=(4, 4), **PLAIN | {"stride": (2, 2), "groups": 2}),
            [(0, 0), (0, 0), (0, 1), (0, 1)],
        ),
        run=lambda x, w: conv_transpose2d(x, w, stride=2, output_padding=1, groups=2),
        note="output-padding",
        extreme=False,
    ),
]

TestConvolution = checks(CASES)


def test_a_convolution_is_a_correlation_of_whole_numbers() -> None:
    x = Tensor(np.arange(9.0).reshape(1, 1, 3, 3))
    w = Tensor(np.array([[1.0, 0.0], [0.0, -1.0]]).reshape(1, 1, 2, 2))
    assert conv2d(x, w).tolist() == [[[[-4.0, -4.0], [-4.0, -4.0]]]]


X = Tensor(np.zeros((1, 2, 4, 4)))


def weight(*shape: int) -> Tensor:
    return Tensor(np.zeros(shape))


WRONG = [
    lambda: conv2d(X, weight(3, 3, 2, 2)),
    lambda: conv2d(X, weight(3, 2, 5, 5)),
    lambda: conv2d(X, weight(3, 2, 2, 2), stride=0),
    lambda: conv2d(X, weight(3, 2, 2, 2), padding=-1),
    lambda: conv2d(X, weight(3, 2, 2, 2), padding="most"),
    lambda: conv2d(X, weight(3, 2, 2, 2), padding="same", stride=2),
    lambda: conv2d(X, weight(3, 1, 2, 2), groups=2),
    lambda: conv2d(X, weight(3, 2, 2, 2), weight(2)),
    lambda: conv2d(X, weight(3, 2, 2, 2).to("float32")),
    lambda: conv2d(Tensor(np.zeros((2, 4, 4))), weight(3, 2, 2, 2)),
    lambda: conv_transpose2d(X, weight(2, 3, 2, 2), output_padding=1),
    lambda: conv_transpose2d(X, weight(3, 3, 2, 2)),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(PellucidError, match=r"^conv(_transpose)?2d: .*\S$"):
        WRONG[number]()
