"""Pooling."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import Tensor
from pellucid.autodiff import gradients
from pellucid.errors import PellucidError
from pellucid.operators import OPERATIONS
from tests.ops import images
from tests.ops.harness import Case, checks, floats, integers

max_pool2d, avg_pool2d = OPERATIONS["max_pool2d"], OPERATIONS["avg_pool2d"]

NONE = ((0, 0), (0, 0))
# images, kernel, stride, padding, and the size of the output
SETTINGS = [
    ((2, 2, 4, 4), (2, 2), (2, 2), NONE, (2, 2)),
    ((1, 2, 5, 4), (3, 2), (2, 1), ((1, 1), (1, 0)), (3, 4)),
    ((2, 1, 3, 3), (2, 2), (1, 1), ((0, 1), (1, 1)), (3, 4)),
    ((0, 2, 4, 4), (2, 2), (2, 2), NONE, (2, 2)),
]


def even_means(x: np.ndarray, *, padding: int, count_include_pad: bool) -> np.ndarray:
    options = {"kernel": (3, 3), "stride": (2, 2), "padding": ((padding, padding),) * 2}
    counts = 9.0 if count_include_pad else images.window_sums(np.ones_like(x), **options)
    return images.window_sums(x, **options) / counts


def adaptive(x: np.ndarray, *, output_size: tuple[int, int]) -> np.ndarray:
    y = np.zeros((*x.shape[:2], *output_size), x.dtype)
    (height, width), (down, across) = x.shape[2:], output_size
    for i in range(down):
        for j in range(across):
            rows = slice(i * height // down, -(-(i + 1) * height // down))
            columns = slice(j * width // across, -(-(j + 1) * width // across))
            y[:, :, i, j] = x[:, :, rows, columns].mean((2, 3))
    return y


CASES = [
    *(
        Case(
            "max_pool2d_argmax",
            [make(*x)],
            images.largest_places,
            {"kernel": kernel, "stride": stride, "padding": padding, "dilation": (1, 1)},
            note=f"setting{i}-{make.__name__}",
            smooth=False,
            extreme=False,
        )
        for make in (floats, integers)
        for i, (x, kernel, stride, padding, _) in enumerate(SETTINGS)
    ),
    Case(
        "max_pool2d_argmax",
        [floats(1, 2, 5, 6)],
        images.largest_places,
        {"kernel": (2, 2), "stride": (1, 2), "padding": ((1, 1), (1, 1)), "dilation": (2, 3)},
        note="dilation",
        smooth=False,
        extreme=False,
    ),
    *(
        Case(
            "sum_pool2d",
            [floats(*x)],
            images.window_sums,
            {"kernel": kernel, "stride": stride, "padding": padding},
            note=f"setting{i}",
            extreme=False,
        )
        for i, (x, kernel, stride, padding, _) in enumerate(SETTINGS)
    ),
    *(
        Case(
            "sum_unpool2d",
            [floats(*x[:2], *size)],
            images.window_sums_back,
            {"size": x[2:], "kernel": kernel, "stride": stride, "padding": padding},
            note=f"setting{i}",
            extreme=False,
        )
        for i, (x, kernel, stride, padding, size) in enumerate(SETTINGS)
    ),
    *(
        Case(
            "max_pool2d",
            [floats(2, 2, 5, 5)],
            lambda x, *, kernel_size, stride, padding, dilation: images.largest(
                x,
                kernel=(kernel_size,) * 2,
                stride=(stride,) * 2,
                padding=((padding,) * 2,) * 2,
                dilation=(dilation,) * 2,
            ),
            {"kernel_size": kernel, "stride": stride, "padding": padding, "dilation": dilation},
            note=f"{kernel}-{stride}-{padding}-{dilation}",
        )
        for kernel, stride, padding, dilation in [(2, 2, 0, 1), (3, 2, 1, 1), (2, 1, 1, 2)]
    ),
    *(
        Case(
            "avg_pool2d",
            [floats(2, 2, 5, 5)],
            even_means,
            {"padding": padding, "count_include_pad": included},
            run=lambda x, **options: avg_pool2d(x, 3, 2, **options),
            note=f"{padding}-{included}",
            extreme=False,
        )
        for padding, included in [(0, True), (1, True), (1, False)]
    ),
    *(
        Case(
            "adaptive_avg_pool2d",
            [floats(2, 1, 6, 4)],
            adaptive,
            {"output_size": size},
            note=f"{size}".replace(" ", ""),
            extreme=False,
        )
        for size in [(1, 1), (3, 2), (4, 3), (6, 4)]
    ),
]

TestPooling = checks(CASES)


def test_the_first_of_equal_numbers_gets_the_whole_gradient() -> None:
    x = Tensor(np.ones((1, 1, 2, 2)), requires_grad=True)
    assert gradients(max_pool2d(x, 2).sum(), [x])[0].tolist() == [[[[1.0, 0.0], [0.0, 0.0]]]]


def test_nan_is_the_largest_and_the_padding_never_is() -> None:
    x = Tensor(np.array([[-1.0, np.nan], [-3.0, -4.0]]).reshape(1, 1, 2, 2))
    found = max_pool2d(x, 2, 1, 1).numpy()[0, 0]
    np.testing.assert_array_equal(found, [[-1, np.nan, np.nan], [-1, np.nan, np.nan], [-3, -3, -4]])


def test_ceil_mode_counts_a_last_window_that_reaches_over_the_edge() -> None:
    x = Tensor(np.arange(25.0).reshape(1, 1, 5, 5))
    assert max_pool2d(x, 2, ceil_mode=True).tolist() == [[[[6, 8, 9], [16, 18, 19], [21, 23, 24]]]]
    assert avg_pool2d(x, 2, ceil_mode=True).numpy()[0, 0, 2].tolist() == [20.5, 22.5, 24.0]


X = Tensor(np.zeros((1, 1, 4, 4)))
WRONG = [
    lambda: max_pool2d(X, 5),
    lambda: max_pool2d(X, 2, 0),
    lambda: max_pool2d(X, 2, padding=2),
    lambda: avg_pool2d(X, (2, 2, 2)),
    lambda: avg_pool2d(Tensor(np.zeros((4, 4))), 2),
    lambda: avg_pool2d(X, 2, 1, -1),
]


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(PellucidError, match=r"^(max|avg)_pool2d: .*\S$"):
        WRONG[number]()
