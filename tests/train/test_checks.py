"""What a Trainer refuses before it starts, and what it takes instead of a data set."""

import numpy as np
import pytest

from pellucid import nn, optim
from pellucid.data import ArrayDataset
from pellucid.engines.native import NativeEngine
from pellucid.errors import OptionError, RangeError, ShapeError
from pellucid.train import Trainer


def says(message, error, call):
    with pytest.raises(error) as raised:
        call()
    assert str(raised.value) == message


def linear(outputs=3, loss=None, **options):
    model = nn.Linear(4, outputs)
    return Trainer(model, loss or nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1), **options)


# ---- data


def test_a_pair_of_arrays_is_a_data_set(blobs, make_trainer):
    pair = blobs.x, blobs.t
    histories = [make_trainer().fit(data, batch_size=20, validation=data, progress=False) for data in (blobs, pair)]
    assert histories[0].last["loss"] == histories[1].last["loss"]
    assert histories[0].last["validation_loss"] == histories[1].last["validation_loss"]
    trainer = make_trainer()
    assert trainer.evaluate(pair) == trainer.evaluate(blobs)


@pytest.mark.parametrize(
    ("place", "call"),
    [
        ("fit", lambda trainer, blobs: trainer.fit({}, progress=False)),
        ("fit: validation", lambda trainer, blobs: trainer.fit(blobs, validation={}, progress=False)),
        ("evaluate", lambda trainer, blobs: trainer.evaluate({})),
    ],
)
def test_anything_else_is_none(place, call, blobs):
    message = f"{place}: got a dict as data; give an ArrayDataset, or a pair of arrays (x, t)"
    says(message, OptionError, lambda: call(linear(), blobs))


# ---- labels


def test_no_plan_is_made_for_a_look_at_the_labels(blobs, monkeypatch):
    def plan(*_):
        raise AssertionError("a plan takes longer than all the rest of a short fit")

    monkeypatch.setattr(NativeEngine, "plan", plan)
    linear()._check_labels("fit", blobs.x, blobs.t)


@pytest.mark.parametrize(
    ("place", "call"),
    [
        ("fit", lambda trainer, few, many: trainer.fit(many, progress=False)),
        ("fit: validation", lambda trainer, few, many: trainer.fit(few, validation=many, progress=False)),
        ("evaluate", lambda trainer, few, many: trainer.evaluate(many)),
    ],
)
def test_a_label_that_the_model_has_no_output_for_is_refused(place, call, blobs):
    few = blobs.subset(blobs.t < 2)
    says(
        f"{place}: label 2 of example 2 is no class of a model with 2 outputs (0 to 1); "
        "give the model an output for each class",
        RangeError,
        lambda: call(linear(2), few, blobs),
    )


def test_a_label_that_does_not_count_may_be_any(blobs):
    t = np.where(blobs.t == 2, 255, blobs.t)
    trainer = linear(2, nn.CrossEntropyLoss(ignore_index=255), metrics={})
    assert np.isfinite(trainer.fit((blobs.x, t), progress=False).last["loss"])


def test_one_hot_targets_are_no_labels(blobs):
    one_hot = np.eye(3, dtype=np.int64)[blobs.t]
    assert linear().evaluate((blobs.x, one_hot))["loss"] > 0


def test_labels_may_be_anything_to_a_loss_of_ones_own(blobs):
    trainer = linear(1, lambda output, t: ((output[:, 0] - t.to("float32")) ** 2).mean(), metrics={})
    assert trainer.evaluate(blobs)["loss"] > 0


def test_labels_are_checked_with_the_shapes_that_the_transform_gives(blobs):
    history = linear().fit(
        ArrayDataset(np.repeat(blobs.x, 2, axis=1), blobs.t), transform=lambda x, generator: x[:, ::2], progress=False
    )
    assert len(history) == 1


# ---- optimiser, loss, metrics


def test_the_optimizer_of_another_model_is_refused():
    other = optim.Adam(nn.Linear(4, 3).parameters())
    says(
        "Trainer: Adam has none of the model's parameters; make it with this model's parameters()",
        OptionError,
        lambda: Trainer(nn.Linear(4, 3), nn.CrossEntropyLoss(), other),
    )


def test_an_optimizer_of_a_part_of_the_model_is_taken(blobs):
    model = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 3))
    before = model.state_dict()
    Trainer(model, nn.CrossEntropyLoss(), optim.SGD(model[1].parameters(), lr=0.1)).fit(blobs, progress=False)
    np.testing.assert_array_equal(model.state_dict()["0.weight"], before["0.weight"])


def test_the_class_of_a_loss_is_none():
    message = "Trainer: the loss is the class MSELoss; give one of it, MSELoss()"
    says(message, OptionError, lambda: linear(3, nn.MSELoss))


@pytest.mark.parametrize("use", ["evaluate", "predict"])
def test_batches_of_nothing_are_refused(use, blobs):
    message = f"{use}: batch_size=0 must be a whole number, 1 or more"
    says(message, OptionError, lambda: getattr(linear(), use)(blobs, batch_size=0))


@pytest.mark.parametrize("reduction", ["sum", "none"])
def test_a_loss_that_is_no_mean_is_refused(reduction):
    says(
        f"Trainer: MSELoss has reduction={reduction!r}, but a training step needs the mean over the examples; "
        "give reduction='mean'",
        OptionError,
        lambda: linear(3, nn.MSELoss(reduction=reduction)),
    )


@pytest.mark.parametrize("use", ["fit", "evaluate"])
def test_a_loss_for_each_example_is_refused(use, blobs):
    trainer = linear(3, lambda output, t: output.sum(1))
    options = {"progress": False} if use == "fit" else {}
    says(
        "Trainer: the loss of 30 examples is (30,); give their mean, a scalar",
        ShapeError,
        lambda: getattr(trainer, use)(blobs, batch_size=30, **options),
    )


def test_a_metric_that_is_one_number_is_refused(blobs):
    trainer = linear(metrics={"mean_output": lambda output, t: output.mean()})
    says(
        "Trainer: the metric mean_output of 60 examples is (); give one number for each example, (60,)",
        ShapeError,
        lambda: trainer.evaluate(blobs),
    )


# ---- the last batch


def test_a_last_batch_that_is_too_small_names_the_way_out(blobs):
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    trainer = Trainer(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters()))
    data = blobs.subset(np.arange(41))
    says(
        "Sequential[1] BatchNorm1d(3): batch_norm: training needs more than one value for each channel, "
        "got x (1, 3); the last batch has only 1 example, and drop_last=True leaves it out",
        ShapeError,
        lambda: trainer.fit(data, batch_size=20, progress=False),
    )
    assert len(trainer.fit(data, batch_size=20, drop_last=True, progress=False)) == 1
