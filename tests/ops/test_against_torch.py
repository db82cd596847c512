"""Convolution, pooling and normalisation give PyTorch's numbers and gradients."""

from typing import Any

import numpy as np
import pytest

from pellucid import compile
from pellucid.ops import convolution, im2col, normalization, pooling
from pellucid.tensor import Buffer, Tensor
from tests.ops.parity import DTYPES, Case, close, compare

torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests; install the parity extra")
F = torch.nn.functional


def unfolded(x: Any, **options: Any) -> Any:
    """PyTorch's unfold gives (N, C·KH·KW, OH·OW)."""
    return F.unfold(x, **options).transpose(1, 2).flatten(0, 1)


def folded(col: Any, input_shape: Any, **options: Any) -> Any:
    n, channels, *size = input_shape
    del channels
    return F.fold(col.reshape(n, -1, col.shape[1]).transpose(1, 2), size, **options)


CONVOLUTIONS = [
    Case(convolution.conv2d, F.conv2d, (x, w, (w[0],)), options)
    for x, w, options in [
        ((2, 3, 7, 7), (4, 3, 3, 3), {}),
        ((1, 1, 5, 5), (1, 1, 5, 5), {}),
        ((2, 3, 8, 9), (4, 3, 1, 1), {}),
        ((2, 3, 8, 9), (4, 3, 1, 1), {"stride": 2}),
        ((2, 3, 9, 7), (4, 3, 3, 2), {"stride": 2}),
        ((2, 3, 9, 8), (4, 3, 3, 3), {"stride": (3, 2), "padding": (2, 1)}),
        ((2, 2, 9, 9), (3, 2, 3, 3), {"dilation": 2}),
        ((2, 2, 9, 11), (3, 2, 3, 2), {"dilation": (2, 3), "stride": (2, 1), "padding": 2}),
        ((2, 4, 6, 6), (6, 2, 3, 3), {"groups": 2}),
        ((2, 4, 6, 6), (8, 1, 3, 3), {"groups": 4, "padding": 1, "stride": 2}),
        ((2, 3, 6, 7), (4, 3, 3, 3), {"padding": "same"}),
        ((2, 3, 6, 7), (4, 3, 4, 2), {"padding": "same", "dilation": (1, 3)}),
        ((2, 3, 6, 7), (4, 3, 3, 3), {"padding": "valid"}),
        ((2, 1, 2, 2), (1, 1, 4, 4), {"padding": 3}),
        ((300, 3, 12, 12), (2, 3, 5, 5), {"padding": 2}),  # more than one block
    ]
]
TRANSPOSED = [
    Case(convolution.conv_transpose2d, F.conv_transpose2d, (x, w, (w[1] * options.get("groups", 1),)), options)
    for x, w, options in [
        ((2, 3, 4, 4), (3, 2, 3, 3), {}),
        ((2, 3, 4, 5), (3, 2, 3, 3), {"stride": 2, "padding": 1, "output_padding": 1}),
        ((2, 3, 4, 5), (3, 2, 3, 2), {"stride": (3, 2), "output_padding": (2, 1)}),
        ((2, 3, 4, 5), (3, 2, 3, 2), {"stride": (3, 2), "padding": (1, 0), "output_padding": (2, 1)}),
        ((2, 3, 4, 4), (3, 2, 3, 3), {"dilation": 2, "output_padding": 1, "padding": 2}),
        ((2, 4, 4, 4), (4, 3, 3, 3), {"groups": 2, "stride": 2}),
    ]
]
COLUMNS = [
    Case(im2col.im2col, unfolded, (x,), {"kernel_size": k, **options})
    for x, k, options in [
        ((1, 3, 7, 7), 5, {}),
        ((10, 3, 7, 7), 5, {}),
        ((2, 3, 7, 8), (3, 2), {"stride": 2, "padding": 1}),
        ((2, 3, 9, 8), 3, {"stride": (1, 2), "padding": (0, 2), "dilation": 2}),
    ]
] + [
    Case(im2col.col2im, folded, (col,), {"input_shape": x, "kernel_size": k, **options})
    for col, x, k, options in [
        ((9, 75), (1, 3, 7, 7), 5, {}),
        ((2 * 4 * 5, 18), (2, 3, 7, 8), (3, 2), {"stride": 2, "padding": 1}),
    ]
]
POOLS = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 2},
    {"kernel_size": (3, 2), "stride": (1, 2), "padding": (1, 1)},
    {"kernel_size": 3, "stride": 2, "padding": 1},
    {"kernel_size": 2, "stride": 3},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True},
    {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True},
    {"kernel_size": 4, "stride": 3, "padding": 2, "ceil_mode": True},
]
POOLING = [
    *(Case(pooling.max_pool2d, F.max_pool2d, (x,), o) for o in POOLS for x in [(2, 3, 8, 9), (2, 1, 7, 4)]),
    Case(pooling.max_pool2d, F.max_pool2d, ((2, 3, 9, 8),), {"kernel_size": 3, "dilation": 2, "stride": 1}),
    Case(
        pooling.max_pool2d,
        F.max_pool2d,
        ((2, 3, 9, 8),),
        {"kernel_size": 2, "dilation": (3, 2), "padding": 1},
    ),
    *(
        Case(pooling.avg_pool2d, F.avg_pool2d, (x,), {**o, "count_include_pad": include})
        for o in POOLS
        for include in (True, False)
        for x in [(2, 3, 8, 9), (2, 1, 7, 4)]
    ),
    *(
        Case(pooling.adaptive_avg_pool2d, F.adaptive_avg_pool2d, ((2, 3, 7, 10),), {"output_size": size})
        for size in (1, 3, 5, (7, 5), (None, 2), (9, 12))
    ),
]
RUNNING = np.array([0.3, -0.2, 1.0]), np.array([0.5, 1.0, 2.0])


def evaluating_batch_norm(x: Any, w: Any, b: Any) -> Any:
    return normalization.batch_norm(x, *(Tensor(r).to(x.dtype) for r in RUNNING), w, b)


def training_batch_norm(x: Any, w: Any, b: Any, eps: float) -> Any:
    return normalization.batch_norm(x, None, None, w, b, True, eps=eps)


def weighted_layer_norm(x: Any, w: Any, b: Any) -> Any:
    return normalization.layer_norm(x, w.shape, w, b, 1e-3)


NORMALIZATION = [
    Case(
        evaluating_batch_norm,
        lambda x, w, b: F.batch_norm(x, *(torch.tensor(r).to(x) for r in RUNNING), w, b),
        ((4, 3, 2, 5), (3,), (3,)),
    ),
    *(
        Case(
            training_batch_norm,
            lambda x, w, b, **o: F.batch_norm(x, None, None, w, b, True, **o),
            (x, (3,), (3,)),
            {"eps": eps},
        )
        for x, eps in [((5, 3), 1e-5), ((4, 3, 6), 1e-3), ((4, 3, 2, 5), 1e-5)]
    ),
    Case(normalization.standardize, lambda x, m, v: (x - m) / (v + 1e-5).sqrt(), ((4, 3), (3,), np.ones(3) * 2)),
    *(
        Case(normalization.layer_norm, F.layer_norm, (x,), {"normalized_shape": x[-n:]})
        for x in [(5, 4), (2, 3, 4), (2, 3, 4, 5)]
        for n in range(1, len(x))
    ),
    Case(
        weighted_layer_norm,
        lambda x, w, b: F.layer_norm(x, w.shape, w, b, 1e-3),
        ((5, 3, 4), (3, 4), (3, 4)),
    ),
    *(
        Case(normalization.local_response_norm, F.local_response_norm, (x,), o)
        for x in [(2, 7, 5), (2, 7, 3, 4), (2, 4, 2, 3, 2)]
        for o in [{"size": 5}, {"size": 2, "alpha": 0.5, "beta": 0.9, "k": 2.0}, {"size": 1, "alpha": 1.0}]
    ),
]
CASES = [*CONVOLUTIONS, *TRANSPOSED, *COLUMNS, *POOLING, *NORMALIZATION]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_values_and_gradients_are_those_of_torch(case: Case, dtype: str) -> None:
    compare(case, dtype)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_compiled_values_are_those_of_torch(case: Case) -> None:
    compare(case, "float64", wrap=compile)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(6, 3), (2, 3, 4), (2, 3, 2, 2)])
@pytest.mark.parametrize("wrap", [lambda function: function, compile], ids=["eager", "compiled"])
def test_batch_norm_moves_its_running_numbers_like_torch(shape: tuple[int, ...], dtype: str, wrap: Any) -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, shape).astype(dtype)
    ours = Buffer(np.zeros(3, dtype)), Buffer(np.ones(3, dtype))
    theirs = torch.zeros(3, dtype=getattr(torch, dtype)), torch.ones(3, dtype=getattr(torch, dtype))
    step = wrap(lambda x: normalization.batch_norm(x, *ours, training=True, momentum=0.3))
    for i in range(3):
        y = step(Tensor(x * (i + 1)))
        wanted = F.batch_norm(torch.tensor(x * (i + 1)), *theirs, training=True, momentum=0.3)
        close(y, wanted, dtype)
    for mine, wanted in zip(ours, theirs, strict=True):
        close(mine, wanted, dtype)


def test_max_pool_takes_nan_for_the_largest_and_padding_for_the_smallest() -> None:
    x = np.full((1, 1, 4, 4), -np.inf, np.float32)
    x[0, 0, 1, 2] = np.nan
    y = pooling.max_pool2d(Tensor(x), 2, padding=1)
    wanted = F.max_pool2d(torch.tensor(x), 2, padding=1)
    np.testing.assert_array_equal(y.numpy(), wanted.numpy())
