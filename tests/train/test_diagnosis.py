"""A loss that is no longer finite stops the run and names the layer."""

import numpy as np
import pytest

import pellucid
from pellucid import Tensor, nn, optim
from pellucid.data import ArrayDataset
from pellucid.errors import TrainingError
from pellucid.train import Trainer
from pellucid.train.resume import held, put_back
from tests.agreement import on_every_engine


class Blow(nn.Module):
    """Divides by the smallest input, which is 0 for one example of the data."""

    def forward(self, x):
        return x / x.min()


def fit(model, x, lr=0.1, loss=None, **options):
    trainer = Trainer(model, loss or nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=lr))
    trainer.fit(ArrayDataset(x, np.arange(len(x)) % 2), progress=False, **options)


def test_the_first_layer_that_broke_is_named_with_the_step():
    x = np.ones((8, 3), np.float32)
    x[5, 1] = 0
    model = nn.Sequential(nn.Identity(), Blow(), nn.Linear(3, 2))
    with pytest.raises(TrainingError) as error:
        fit(model, x, batch_size=8)
    assert str(error.value) == (
        "fit: the loss is nan at step 1 (epoch 1, batch 1); the first layer whose output is not finite is 1 (Blow()); "
        "try a smaller lr than 0.1, or clip_norm=1"
    )


def test_steps_before_the_bad_one_are_kept_and_the_step_is_the_right_one(monkeypatch):
    monkeypatch.setattr("pellucid.train.loop.LOOK_UP_SECONDS", 1e6)
    pellucid.seed(0)
    x = np.ones((64, 3), np.float32)
    model = nn.Sequential(nn.Linear(3, 2))
    with pytest.raises(TrainingError, match=r"the loss is inf at step 3 \(epoch 1, batch 3\); .* loss function"):
        fit(model, x, lr=1e38, batch_size=8, epochs=50)


def test_a_loss_that_breaks_by_itself_is_said_to():
    def loss(output, t):
        return (output - output).sum() / 0.0 + output.sum()

    with pytest.raises(TrainingError, match="every layer's output is finite, so it comes from the loss function"):
        fit(nn.Linear(3, 2), np.ones((4, 3), np.float32), batch_size=4, loss=loss)


def test_a_parameter_that_was_broken_before_is_named_without_blaming_the_learning_rate():
    model = nn.Sequential(nn.Identity(), nn.Linear(3, 2))
    state = model.state_dict()
    state["1.weight"] = np.full_like(state["1.weight"], np.nan)
    model.load_state_dict(state)
    with pytest.raises(TrainingError) as error:
        fit(model, np.ones((4, 3), np.float32), batch_size=4)
    assert str(error.value) == (
        "fit: the loss is nan at step 1 (epoch 1, batch 1); the parameter 1.weight itself is not finite; "
        "give it finite numbers before training"
    )


def test_a_parameter_that_a_step_broke_is_named_with_the_learning_rate():
    x = np.arange(24, dtype=np.float32).reshape(8, 3)
    with pytest.raises(
        TrainingError, match=r"weight is not finite since the step before; try a smaller lr than 1e\+300"
    ):
        fit(nn.Linear(3, 2), x, lr=1e300, batch_size=4)


def test_an_input_that_is_not_finite_is_named_without_blaming_the_learning_rate():
    x = np.ones((4, 3), np.float32)
    with pytest.raises(TrainingError) as error:
        fit(nn.Linear(3, 2), x, batch_size=4, transform=lambda x, generator: x * np.float32(np.nan))
    assert str(error.value) == (
        "fit: the loss is nan at step 1 (epoch 1, batch 1); the input itself is not finite; "
        "mend or leave out the examples that hold nan or inf"
    )


def test_the_model_is_left_before_the_update_that_made_it_useless():
    x = np.ones((8, 3), np.float32)
    x[5, 1] = 0
    model = nn.Sequential(Blow(), nn.Linear(3, 2))
    before = model.state_dict()
    with pytest.raises(TrainingError):
        fit(model, x, batch_size=8)
    for name, array in before.items():
        np.testing.assert_array_equal(array, model.state_dict()[name])


@pytest.mark.parametrize(
    ("lr", "validate", "message"),
    [
        (1e38, True, "fit: the validation loss is nan after epoch 1; try a smaller lr than 1e+38, or clip_norm=1"),
        (
            1e300,
            False,
            "fit: the parameter weight is not finite after epoch 1; try a smaller lr than 1e+300, or clip_norm=1",
        ),
    ],
)
def test_an_exploding_last_step_is_noticed(lr, validate, message):
    pellucid.seed(0)
    x = np.arange(24, dtype=np.float32).reshape(8, 3)
    with pytest.raises(TrainingError) as error:
        fit(nn.Linear(3, 2), x, lr=lr, batch_size=8, validation=(x, np.arange(8) % 2) if validate else None)
    assert str(error.value) == message


@on_every_engine
@pytest.mark.parametrize("by_hand", [False, True])
def test_arrays_that_are_held_are_never_written_into(blobs, make_trainer, by_hand, engine_name):
    """So that what a run was before a chunk of steps can be kept without a copy."""
    trainer = make_trainer(scheduler=lambda o: optim.StepLR(o, step_size=1, gamma=0.5))
    before = held(trainer)
    copies = [array.copy() for _, array in before]
    weights = trainer.model.state_dict()
    with pellucid.engine(engine_name):
        if by_hand:
            trainer.step(Tensor(blobs.x), Tensor(blobs.t))
        else:
            trainer.fit(blobs, epochs=2, batch_size=16, progress=False)
    moved = sum(not np.array_equal(tensor.numpy(), copy) for (tensor, _), copy in zip(before, copies, strict=True))
    assert moved > len(weights), "weights, optimiser, schedule and random numbers"
    for (_, array), copy in zip(before, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    put_back(before)
    for name, array in trainer.model.state_dict().items():
        np.testing.assert_array_equal(array, weights[name], err_msg=name)
