"""Activations and losses give PyTorch's numbers and gradients."""

from typing import Any

import numpy as np
import pytest

from pellucid import compile
from pellucid.ops import activation, loss
from pellucid.tensor import Tensor
from tests.ops.parity import DTYPES, Case, compare

torch = pytest.importorskip("torch", reason="PyTorch is the oracle of these tests; install the parity extra")
F = torch.nn.functional

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
    *(Case(weighted_bce, torch_weighted_bce, ((5, 5), SHARES), {"logits": logits}) for logits in (False, True)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", [*ACTIVATIONS, *LOSSES], ids=str)
def test_values_and_gradients_are_those_of_torch(case: Case, dtype: str) -> None:
    compare(case, dtype)


@pytest.mark.parametrize("case", [*ACTIVATIONS, *LOSSES], ids=str)
def test_compiled_values_are_those_of_torch(case: Case) -> None:
    compare(case, "float64", wrap=compile)
