"""Convolution, pooling, normalisation, activations and losses give PyTorch's numbers and gradients."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from pellucid import compile
from pellucid.autodiff import gradients
from pellucid.ops import activation, convolution, im2col, loss, normalization, pooling
from pellucid.tensor import Buffer, Tensor

torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests; install the parity extra")
F = torch.nn.functional

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}  # absolute and relative
DTYPES = list(TOLERANCE)


class Case(NamedTuple):
    """One function here and in PyTorch, for random arrays of these shapes or for these arrays, with options."""

    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    inputs: tuple[Any, ...]
    options: dict[str, Any] = {}  # noqa: RUF012 - nobody changes it

    def __str__(self) -> str:
        shapes = [x if isinstance(x, tuple) else np.shape(x) for x in self.inputs]
        options = ", ".join(f"{key}={value}" for key, value in self.options.items() if np.ndim(value) < 2)
        return f"{self.ours.__name__}({', '.join(map(str, shapes))}{', ' * bool(options)}{options})"


def arrays(case: Case, dtype: str) -> list[np.ndarray]:
    """Random numbers for each shape; integers as they are."""
    random = np.random.default_rng(0)
    made = [random.normal(size=x) if isinstance(x, tuple) else np.asarray(x) for x in case.inputs]
    return [x.astype(dtype) if x.dtype.kind == "f" else x for x in made]


def compare(case: Case, dtype: str, wrap: Callable[..., Any] = lambda function: function) -> None:
    """Value, gradients by every float input, and the gradient of a function of these gradients."""
    given = arrays(case, dtype)
    ours = [Tensor(x, requires_grad=x.dtype.kind == "f") for x in given]
    theirs = [torch.tensor(x, requires_grad=x.dtype.kind == "f") for x in given]
    y = wrap(lambda *inputs: case.ours(*inputs, **case.options))(*ours)
    wanted = case.theirs(*theirs, **case.options)
    assert y.dtype == dtype
    close(y, wanted, dtype)
    if wrap is compile:
        return
    g = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    floats = [i for i, x in enumerate(given) if x.dtype.kind == "f"]
    slopes = gradients(y, [ours[i] for i in floats], Tensor(g), create_graph=True)
    wanted_slopes = torch.autograd.grad(
        wanted, [theirs[i] for i in floats], torch.tensor(g), create_graph=True, materialize_grads=True
    )
    for slope, wanted_slope in zip(slopes, wanted_slopes, strict=True):
        close(slope, wanted_slope, dtype)
    second = sum(((slope * slope).sum() for slope in slopes), Tensor(np.zeros((), dtype)))
    wanted_second = sum((slope * slope).sum() for slope in wanted_slopes)
    if not wanted_second.requires_grad:
        return
    bends = gradients(second, [ours[i] for i in floats]) if second.requires_grad else None
    wanted_bends = torch.autograd.grad(wanted_second, [theirs[i] for i in floats], materialize_grads=True)
    for i, wanted_bend in enumerate(wanted_bends):
        close(bends[i] if bends else np.zeros(given[floats[i]].shape), wanted_bend, dtype, more=10)


def close(ours: Any, theirs: Any, dtype: str, more: float = 1) -> None:
    """Equal within the dtype's tolerance, relative to the largest number of the array."""
    wanted = theirs.numpy(force=True)
    assert ours.shape == wanted.shape
    size = max(1.0, float(np.abs(wanted[np.isfinite(wanted)]).max(initial=0)))
    np.testing.assert_allclose(np.asarray(ours), wanted, rtol=0, atol=more * size * TOLERANCE[dtype])


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
    Case(
        convolution.conv_transpose2d, F.conv_transpose2d, (x, w, (w[1] * options.get("groups", 1),)), options
    )
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
    Case(
        normalization.standardize, lambda x, m, v: (x - m) / (v + 1e-5).sqrt(), ((4, 3), (3,), np.ones(3) * 2)
    ),
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
ACTIVATIONS = [
    *(Case(getattr(activation, name), getattr(F, name), ((3, 7),)) for name in ("relu", "silu", "softplus")),
    Case(activation.softplus, F.softplus, ((3, 7),), {"beta": 2.5}),
    Case(activation.leaky_relu, F.leaky_relu, ((3, 7),)),
    Case(activation.leaky_relu, F.leaky_relu, ((3, 7),), {"negative_slope": 0.2}),
    Case(activation.elu, F.elu, ((3, 7),)),
    Case(activation.elu, F.elu, ((3, 7),), {"alpha": 0.3}),
    Case(activation.gelu, F.gelu, ((3, 7),)),
    Case(activation.gelu, F.gelu, ((3, 7),), {"approximate": "tanh"}),
    *(
        Case(ours, lambda x, axis, f=theirs: f(x, axis), ((3, 4, 5),), {"axis": axis})
        for ours, theirs in [(activation.softmax, F.softmax), (activation.log_softmax, F.log_softmax)]
        for axis in (0, 1, -1)
    ),
]
# At 0, where some have a kink, at large numbers and at nan. At its kink elu has no second derivative.
EXTREME = np.array([-1e3, -30.0, -1e-3, 0.0, 1e-3, 30.0, 1e3, np.nan])
ACTIVATIONS += [
    case._replace(inputs=(EXTREME[EXTREME != 0] if case.ours is activation.elu else EXTREME,))
    for case in ACTIVATIONS[:10]
    if "beta" not in case.options  # PyTorch's softplus is cut off where beta·x > 20
]

LABELS = np.array([0, 3, 2, 2, 4])
MAPS = np.array([[[0, 1], [2, 0]], [[1, 1], [-100, 2]]])
WEIGHT = np.array([0.5, 1.0, 2.0, 0.1, 1.5])
SHARES = np.random.default_rng(2).dirichlet(np.ones(5), 5)
REDUCTIONS = ("mean", "sum", "none")


def case_of_classes(name: str, x: Any, t: Any, weight: Any = None, **options: Any) -> Case:
    def ours(x: Any, t: Any, **options: Any) -> Any:
        w = None if weight is None else Tensor(weight).to(x.dtype)
        return getattr(loss, name)(x, t, w, **options)

    def theirs(x: Any, t: Any, **options: Any) -> Any:
        w = None if weight is None else torch.tensor(weight, dtype=x.dtype)
        return getattr(F, name)(x, t, w, **options)

    ours.__name__ = name + "_weighted" * (weight is not None)
    return Case(ours, theirs, (x, t), options)


def weighted_bce(x: Any, t: Any, logits: bool) -> Any:
    if logits:
        return loss.binary_cross_entropy_with_logits(x, t, WEIGHT, pos_weight=3 * WEIGHT)
    return loss.binary_cross_entropy(x.sigmoid(), t, WEIGHT)


def torch_weighted_bce(x: Any, t: Any, logits: bool) -> Any:
    weight = torch.tensor(WEIGHT).to(x)
    if logits:
        return F.binary_cross_entropy_with_logits(x, t, weight, pos_weight=3 * weight)
    return F.binary_cross_entropy(x.sigmoid(), t, weight)


LOSSES = [
    *(
        case_of_classes("cross_entropy", (5, 5), t, w, reduction=reduction, label_smoothing=smoothing)
        for t in (LABELS, np.eye(5)[LABELS], SHARES)
        for w in (None, WEIGHT)
        for reduction in REDUCTIONS
        for smoothing in (0.0, 0.1)
    ),
    *(
        case_of_classes(name, x, t, w, reduction=reduction, **options)
        for name in ("cross_entropy", "nll_loss")
        for w in (None, WEIGHT)
        for reduction in REDUCTIONS
        for x, t, options in [
            ((5, 5), LABELS, {"ignore_index": 2}),
            ((5, 5), np.where(LABELS == 2, -100, LABELS), {}),
            ((5,), np.array(3), {}),
        ]
    ),
    *(
        case_of_classes(name, (2, 3, 2, 2), MAPS, w, reduction=reduction)
        for name in ("cross_entropy", "nll_loss")
        for w in (None, WEIGHT[:3])
        for reduction in REDUCTIONS
    ),
    case_of_classes("cross_entropy", (2, 3, 2, 2), MAPS, WEIGHT[:3], label_smoothing=0.2),
    case_of_classes("cross_entropy", (2, 3, 2), np.random.default_rng(3).random((2, 3, 2)), WEIGHT[:3]),
    *(
        Case(getattr(loss, name), getattr(F, name), ((4, 3), (4, 3)), {"reduction": reduction})
        for name in ("mse_loss", "l1_loss")
        for reduction in REDUCTIONS
    ),
    *(
        Case(
            loss.binary_cross_entropy,
            F.binary_cross_entropy,
            (SHARES, np.eye(5)[LABELS]),
            {"reduction": reduction},
        )
        for reduction in REDUCTIONS
    ),
    *(
        Case(
            loss.binary_cross_entropy_with_logits,
            F.binary_cross_entropy_with_logits,
            (x, t),
            {"reduction": reduction},
        )
        for reduction in REDUCTIONS
        for x, t in [((5, 5), SHARES), (np.array([-90.0, 0.0, 0.0, 90.0]), np.array([1.0, 1.0, 0.0, 0.0]))]
    ),
    *(
        Case(weighted_bce, torch_weighted_bce, ((5, 5), SHARES), {"logits": logits})
        for logits in (False, True)
    ),
]
CASES = [*CONVOLUTIONS, *TRANSPOSED, *COLUMNS, *POOLING, *NORMALIZATION, *ACTIVATIONS, *LOSSES]


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
def test_batch_norm_moves_its_running_numbers_like_torch(
    shape: tuple[int, ...], dtype: str, wrap: Any
) -> None:
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
