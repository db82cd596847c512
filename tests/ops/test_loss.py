"""Losses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from pellucid import Tensor, compile, engine
from pellucid.autodiff import gradients
from pellucid.errors import RangeError, ShapeError
from pellucid.operators import OPERATIONS
from tests.agreement import assert_agrees, on_every_engine
from tests.ops.harness import Case, Input, checks, floats, given

cross_entropy, mse_loss = OPERATIONS["cross_entropy"], OPERATIONS["mse_loss"]

LABELS = given([2, 0, 1, 2], "int64")


def probabilities(*shape: int) -> Input:
    return floats(*shape, low=0.05, high=0.95)


def classes(x, t, w=None, *, label_smoothing=0.0, ignore_index=-100, reduction="mean"):
    """By the definition, example after example."""
    w = np.ones(x.shape[1]) if w is None else w
    losses, counts = np.zeros(len(t)), np.zeros(len(t))
    for n, label in enumerate(t):
        if label == ignore_index:
            continue
        logs = special.log_softmax(x[n])
        losses[n] = -(1 - label_smoothing) * w[label] * logs[label] - label_smoothing * (w * logs).mean()
        counts[n] = w[label]
    return reduced(losses, reduction, counts)


def reduced(losses, reduction, counts=None):
    if reduction == "none":
        return losses
    total = losses.sum()
    return total / (losses.size if counts is None else counts.sum()) if reduction == "mean" else total


def soft(x, t, *, label_smoothing=0.0):
    t = t * (1 - label_smoothing) + label_smoothing / x.shape[1]
    return -(t * special.log_softmax(x, 1)).sum(1).mean()


def binary(x, t, *, reduction="mean"):
    return reduced(-(t * np.log(x) + (1 - t) * np.log1p(-x)), reduction)


def binary_logits(x, t, *, reduction="mean"):
    return binary(special.expit(x), t, reduction=reduction)


CASES = [
    *(
        Case("cross_entropy", [floats(4, 3), LABELS], classes, {"reduction": how}, note=how)
        for how in ("mean", "sum", "none")
    ),
    *(
        Case("cross_entropy", [floats(4, 3), LABELS], classes, options, note=note)
        for note, options in [("smooth", {"label_smoothing": 0.2}), ("ignore", {"ignore_index": 2})]
    ),
    Case(
        "cross_entropy",
        [floats(4, 3), LABELS, given([1.0, 2.0, 0.5])],
        classes,
        {"label_smoothing": 0.2},
        fixed=(2,),
        note="weight",
    ),
    Case("cross_entropy", [floats(4, 3), probabilities(4, 3)], soft, {"label_smoothing": 0.2}, note="soft"),
    Case(
        "cross_entropy",
        [floats(2, 3, 2), given([[0, 1], [2, 2]], "int64")],
        lambda x, t: classes(np.moveaxis(x, 1, 2).reshape(4, 3), t.ravel()),
        note="places",
    ),
    Case("nll_loss", [floats(4, 3), LABELS], lambda x, t: -x[np.arange(4), t].mean()),
    *(
        Case(
            name,
            [floats(4, 3), floats(4, 3)],
            lambda x, t, *, reduction, f=f: reduced(f(x - t), reduction),
            {"reduction": how},
            note=how,
        )
        for name, f in [("mse_loss", np.square), ("l1_loss", np.abs)]
        for how in ("mean", "sum", "none")
    ),
    *(
        Case(
            "binary_cross_entropy",
            [probabilities(4, 3), probabilities(4, 3)],
            binary,
            {"reduction": how},
            note=how,
            run=lambda x, t, **o: OPERATIONS["binary_cross_entropy"](x, t, **o),
        )
        for how in ("mean", "none")
    ),
    *(
        Case(
            "binary_cross_entropy_with_logits",
            [floats(4, 3), probabilities(4, 3)],
            binary_logits,
            {"reduction": how},
            note=how,
        )
        for how in ("mean", "none")
    ),
]
CASES = [Case(c.name, c.inputs, c.oracle, c.options, c.note, c.fixed, extreme=False) for c in CASES]

TestLoss = checks([case for case in CASES if case.name != "binary_cross_entropy"])
PROBABILITIES = [case for case in CASES if case.name == "binary_cross_entropy"]
TestLossOfProbabilities = checks(PROBABILITIES)
del TestLossOfProbabilities.test_extreme_numbers_are_handled_as_numpy_does  # it refuses what is no probability


def test_an_output_of_one_column_is_not_compared_with_all_targets() -> None:
    with pytest.raises(ShapeError) as caught:
        mse_loss(np.zeros((4, 1)), np.zeros(4))
    assert str(caught.value) == (
        "mse_loss: x is (4, 1) but t is (4,); the shapes must be equal, since broadcasting would "
        "compare numbers that do not belong together; reshape one of them"
    )


def test_the_gradient_of_cross_entropy_is_softmax_less_the_target() -> None:
    x = Tensor(np.random.default_rng(0).standard_normal((4, 3)), requires_grad=True)
    (slope,) = gradients(cross_entropy(x, [2, 0, 1, 2]), [x])
    expected = (special.softmax(x.numpy(), 1) - np.eye(3)[[2, 0, 1, 2]]) / 4
    np.testing.assert_allclose(slope.numpy(), expected, atol=1e-15)


def test_losses_of_certain_and_wrong_outputs_are_finite() -> None:
    x = Tensor([[1e4, 0.0], [-1e4, 1e4]], requires_grad=True)
    loss = cross_entropy(x, [1, 0])
    assert loss.item() == pytest.approx(1.5e4)
    assert np.isfinite(gradients(loss, [x])[0].numpy()).all()
    x = Tensor([0.0, 1.0, 1.0], requires_grad=True)
    loss = OPERATIONS["binary_cross_entropy"](x, [1.0, 0.0, 1.0])
    assert loss.item() == pytest.approx(200 / 3)
    assert np.isfinite(gradients(loss, [x])[0].numpy()).all()


@pytest.mark.parametrize("label", [-1, 3])
@on_every_engine
def test_a_compiled_loss_takes_no_label_that_eager_refuses(label: int, engine_name: str) -> None:
    loss = compile(cross_entropy)
    x = Tensor([[1.0, 2.0, 3.0]])
    with engine(engine_name):
        assert_agrees(loss(x, Tensor([2])), cross_entropy(x, [2]), engine_name)
        with pytest.raises(RangeError) as caught:
            loss(x, Tensor([label]))
    assert str(caught.value) == f"take_along_axis: {label} is outside of an axis of size 3"
