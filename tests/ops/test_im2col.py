"""im2col and col2im."""

from __future__ import annotations

import numpy as np
import pytest

from pellucid import Tensor
from pellucid.errors import ShapeError
from pellucid.operators import OPERATIONS
from tests.ops import images
from tests.ops.harness import Case, checks, floats

PLAIN = {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}
SETTINGS = [
    ((2, 2, 4, 3), {"kernel": (2, 2)}, (12, 8)),
    ((1, 2, 5, 5), {"kernel": (3, 2), "stride": (2, 1), "padding": ((1, 1), (1, 1))}, (18, 12)),
    ((2, 1, 5, 5), {"kernel": (2, 2), "dilation": (3, 2)}, (12, 4)),
    ((0, 1, 3, 3), {"kernel": (2, 2)}, (0, 4)),
]

CASES = [
    case
    for shape, options, columns in SETTINGS
    for case in (
        Case(
            "im2col",
            [floats(*shape)],
            images.window_rows,
            PLAIN | options,
            note=f"{options['kernel']}".replace(" ", ""),
        ),
        Case(
            "col2im",
            [floats(*columns)],
            images.window_rows_back,
            PLAIN | options | {"shape": shape},
            note=f"{options['kernel']}".replace(" ", ""),
            extreme=False,
        ),
    )
]

TestIm2col = checks(CASES)


def test_a_convolution_is_im2col_and_a_matrix_product() -> None:
    rng = np.random.default_rng(0)
    x, w = Tensor(rng.standard_normal((2, 3, 5, 5))), Tensor(rng.standard_normal((4, 3, 2, 3)))
    product = OPERATIONS["im2col"](x, (2, 3), 1, 1) @ w.reshape(4, -1).T
    by_columns = product.reshape(2, 6, 5, 4).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(by_columns.numpy(), OPERATIONS["conv2d"](x, w, padding=1).numpy(), rtol=1e-12)


def test_columns_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ShapeError) as caught:
        OPERATIONS["col2im"](np.zeros((4, 4)), (1, 1, 4, 4), 2)
    assert str(caught.value) == "col2im: images (1, 1, 4, 4) make columns (9, 4), got (4, 4); give what im2col gave"
