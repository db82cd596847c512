"""What convolution and pooling say when something does not fit."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pellucid import compile
from pellucid.errors import DTypeError, OptionError, PellucidError, ShapeError
from pellucid.ops.convolution import conv2d, conv_transpose2d
from pellucid.ops.im2col import col2im, im2col
from pellucid.ops.pooling import adaptive_avg_pool2d, avg_pool2d, max_pool2d
from pellucid.tensor import Tensor

Row = tuple[type[PellucidError], Callable[[], Any], str]


def f(*shape: int, dtype: str = "float32") -> Tensor:
    return Tensor(np.full(shape, 0.5, dtype))


CONVOLUTION: list[Row] = [
    (
        ShapeError,
        lambda: conv2d(f(2, 3, 8, 8), f(5, 4, 3, 3)),
        "conv2d: x has 3 channels but weight takes 4 (groups=1); x (2, 3, 8, 8), weight (5, 4, 3, 3)",
    ),
    (
        ShapeError,
        lambda: conv2d(f(2, 6, 8, 8), f(4, 2, 3, 3), groups=2),
        "conv2d: x has 6 channels but weight takes 4 (groups=2); x (2, 6, 8, 8), weight (4, 2, 3, 3)",
    ),
    (
        ShapeError,
        lambda: conv2d(f(8, 8), f(5, 4, 3, 3)),
        "conv2d: x must be images (N, C, H, W), got (8, 8); a single image is x.reshape(1, C, H, W)",
    ),
    (
        ShapeError,
        lambda: conv2d(f(2, 1, 8, 8, 8), f(5, 4, 3, 3)),
        "conv2d: x must be images (N, C, H, W), got (2, 1, 8, 8, 8)",
    ),
    (
        ShapeError,
        lambda: conv2d(f(2, 3, 8, 8), f(5, 27)),
        "conv2d: weight must be filters (M, C/groups, KH, KW), got (5, 27)",
    ),
    (
        ShapeError,
        lambda: conv2d(f(2, 3, 8, 8), f(5, 3, 3, 3), f(4)),
        "conv2d: bias is (4,) but weight makes 5 channels; give (5,)",
    ),
    (
        ShapeError,
        lambda: conv2d(f(2, 3, 4, 8), f(5, 3, 3, 3), padding=1, dilation=3),
        (
            "conv2d: the kernel covers 7×7 pixels but the padded image is 6×10; "
            "give larger images, a smaller kernel or more padding"
        ),
    ),
    (
        OptionError,
        lambda: conv2d(f(2, 3, 8, 8), f(5, 3, 3, 3), stride=0),
        "conv2d: stride=0 must be a whole number, 1 or more",
    ),
    (
        OptionError,
        lambda: conv2d(f(2, 3, 8, 8), f(5, 3, 3, 3), padding=(1, 2, 3)),
        "conv2d: padding=(1, 2, 3) must be one whole number, or two: (down, across)",
    ),
    (
        OptionError,
        lambda: conv2d(f(2, 3, 8, 8), f(5, 3, 3, 3), dilation=1.5),  # type: ignore[arg-type]
        "conv2d: dilation=1.5 must be a whole number, 1 or more",
    ),
    (
        OptionError,
        lambda: conv2d(f(2, 3, 8, 8), f(5, 3, 3, 3), padding="full"),
        "conv2d: there is no padding 'full'; give 'same', 'valid' or a number",
    ),
    (
        OptionError,
        lambda: conv2d(f(2, 3, 8, 8), f(5, 3, 3, 3), stride=2, padding="same"),
        "conv2d: padding='same' keeps the size only with stride=1, got stride=(2, 2)",
    ),
    (
        OptionError,
        lambda: conv2d(f(2, 4, 8, 8), f(5, 2, 3, 3), groups=2),
        "conv2d: groups=2 does not divide the 5 filters of weight (5, 2, 3, 3)",
    ),
    (
        OptionError,
        lambda: conv2d(f(2, 4, 8, 8), f(5, 2, 3, 3), groups=0),
        "conv2d: groups=0 does not divide the 5 filters of weight (5, 2, 3, 3)",
    ),
    (
        DTypeError,
        lambda: conv2d(f(2, 3, 8, 8, dtype="float64"), f(5, 3, 3, 3)),
        "conv2d: x is float64 but weight is float32; cast with x.to('float32') or model.to('float64')",
    ),
    (
        DTypeError,
        lambda: conv2d(f(2, 3, 8, 8, dtype="uint8"), f(5, 3, 3, 3)),
        "conv2d: x is uint8 but weight is float32; cast with x.to('float32')",
    ),
    (
        ShapeError,
        lambda: conv_transpose2d(f(2, 3, 8, 8), f(4, 5, 3, 3)),
        "conv_transpose2d: x has 3 channels but weight takes 4; x (2, 3, 8, 8), weight (4, 5, 3, 3)",
    ),
    (
        ShapeError,
        lambda: conv_transpose2d(f(3, 8, 8), f(4, 5, 3, 3)),
        ("conv_transpose2d: x must be images (N, C, H, W), got (3, 8, 8); a single image is x.reshape(1, C, H, W)"),
    ),
    (
        ShapeError,
        lambda: conv_transpose2d(f(1, 3, 8, 8), f(3, 5, 3)),
        "conv_transpose2d: weight must be filters (C, M/groups, KH, KW), got (3, 5, 3)",
    ),
    (
        OptionError,
        lambda: conv_transpose2d(f(2, 3, 8, 8), f(3, 5, 3, 3), groups=2),
        "conv_transpose2d: groups=2 does not divide the 3 filters of weight (3, 5, 3, 3)",
    ),
    (
        OptionError,
        lambda: conv_transpose2d(f(2, 3, 8, 8), f(3, 5, 3, 3), stride=2, output_padding=2),
        (
            "conv_transpose2d: output_padding=(2, 2) must be smaller than stride=(2, 2) or dilation=(1, 1); "
            "further rows would hold nothing but the bias"
        ),
    ),
    (
        ShapeError,
        lambda: conv_transpose2d(f(2, 3, 2, 2), f(3, 5, 3, 3), padding=2),
        "conv_transpose2d: padding=(2, 2) leaves nothing of an image of (2, 2); give less padding",
    ),
    (
        ShapeError,
        lambda: im2col(f(3, 7, 7), 5),
        "im2col: x must be images (N, C, H, W), got (3, 7, 7); a single image is x.reshape(1, C, H, W)",
    ),
    (
        ShapeError,
        lambda: col2im(f(9, 74), (1, 3, 7, 7), 5),
        "col2im: images (1, 3, 7, 7) make columns (9, 75), got (9, 74); give what im2col gave",
    ),
]
POOLING: list[Row] = [
    (
        ShapeError,
        lambda: max_pool2d(f(3, 8, 8), 2),
        ("max_pool2d: x must be images (N, C, H, W), got (3, 8, 8); a single image is x.reshape(1, C, H, W)"),
    ),
    (
        ShapeError,
        lambda: max_pool2d(f(1, 3, 8, 2), 3),
        (
            "max_pool2d: the kernel covers 3×3 pixels but the padded image is 8×2; "
            "give larger images, a smaller kernel or more padding"
        ),
    ),
    (
        OptionError,
        lambda: max_pool2d(f(1, 3, 8, 8), 3, padding=2),
        (
            "max_pool2d: padding=(2, 2) is more than half of the 3×3 pixels that the kernel covers, "
            "so that some windows would see padding only; give less"
        ),
    ),
    (
        OptionError,
        lambda: avg_pool2d(f(1, 3, 8, 8), 2, stride=-1),
        "avg_pool2d: stride=-1 must be a whole number, 1 or more",
    ),
    (
        ShapeError,
        lambda: max_pool2d(f(1, 1, 1, 8), 2, padding=1, dilation=2),
        (
            "max_pool2d: with dilation=(2, 2) and padding=((1, 1), (1, 1)), a window sees nothing of an "
            "image (1, 8); give a smaller dilation"
        ),
    ),
    (
        OptionError,
        lambda: adaptive_avg_pool2d(f(1, 3, 8, 8), 0),
        "adaptive_avg_pool2d: output_size=0 must be a whole number, 1 or more",
    ),
    (
        OptionError,
        lambda: adaptive_avg_pool2d(f(1, 3, 8, 8), (1, 2, 3)),
        "adaptive_avg_pool2d: output_size=(1, 2, 3) must be one whole number, or two: (down, across)",
    ),
]


@pytest.mark.parametrize(
    ("error", "call", "message"),
    [*CONVOLUTION, *POOLING],
    ids=lambda x: x.split(":")[0] if isinstance(x, str) else "",
)
def test_the_message_says_what_was_given_and_what_would_work(
    error: type[PellucidError], call: Callable[[], Any], message: str
) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()


def test_a_shape_error_is_the_same_inside_a_compiled_function() -> None:
    message = "conv2d: x has 3 channels but weight takes 4 (groups=1); x (2, 3, 8, 8), weight (5, 4, 3, 3)"
    with pytest.raises(ShapeError, match=f"^{re.escape(message)}$"):
        compile(conv2d)(f(2, 3, 8, 8), f(5, 4, 3, 3))
