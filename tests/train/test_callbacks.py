"""Early stopping."""

import numpy as np
import pytest

from pellucid.errors import OptionError
from pellucid.train import Callback, EarlyStopping


class Script(Callback):
    """Puts numbers of our choice into the history, before early stopping looks."""

    def __init__(self, values):
        self.values, self.weights = iter(values), []

    def on_epoch(self, trainer, position, record):
        record["score"] = next(self.values)
        self.weights.append(trainer.model.state_dict()["0.weight"])


@pytest.mark.parametrize(
    ("monitor_values", "epochs", "best"),
    [([1, 2, 3, 2, 2, 5], 5, 3), ([3, 2, 1], 3, 1), ([1, 1, 1, 1], 3, 1), ([1, 2, 3, 4], 4, 4)],
)
def test_it_stops_after_its_patience_and_goes_back_to_the_best(blobs, make_trainer, monitor_values, epochs, best):
    script, stopping = Script(monitor_values), EarlyStopping(2, monitor="score", mode="max")
    trainer = make_trainer()
    history = trainer.fit(
        blobs,
        epochs=len(monitor_values),
        batch_size=20,
        callbacks=[script],
        early_stopping=stopping,
        progress=False,
    )
    assert len(history) == epochs
    assert stopping.best_epoch == best
    np.testing.assert_array_equal(trainer.model.state_dict()["0.weight"], script.weights[best - 1])


def test_among_the_callbacks_it_goes_back_to_the_best_too(blobs, make_trainer):
    script, stopping = Script([1, 3, 2, 2]), EarlyStopping(1, monitor="score", mode="max")
    trainer = make_trainer()
    history = trainer.fit(blobs, epochs=4, batch_size=20, callbacks=[stopping, script], progress=False)
    assert len(history) == 3
    np.testing.assert_array_equal(trainer.model.state_dict()["0.weight"], script.weights[1])


def test_two_of_them_are_refused(blobs, make_trainer):
    first, second = EarlyStopping(1, monitor="loss"), EarlyStopping(2, monitor="loss")
    with pytest.raises(OptionError) as error:
        make_trainer().fit(blobs, callbacks=[first], early_stopping=second, progress=False)
    assert str(error.value) == ("fit: got 2 EarlyStopping, which cannot all give their best weights back; give one")
    make_trainer().fit(blobs, callbacks=[first], early_stopping=first, progress=False)


def test_a_loss_is_better_when_smaller_and_by_min_delta(blobs, make_trainer):
    stopping = EarlyStopping(1, monitor="loss", min_delta=10.0)
    history = make_trainer().fit(blobs, epochs=5, batch_size=20, early_stopping=stopping, progress=False)
    assert len(history) == 2  # no loss falls by 10


@pytest.mark.parametrize(
    ("monitor", "mode"),
    [
        *[(name, "max") for name in ("accuracy", "validation_accuracy", "top_3", "validation_top_5")],
        *[(name, "min") for name in ("loss", "validation_loss", "error", "validation_mse", "perplexity", "rmse")],
    ],
)
def test_what_is_better_goes_by_the_name(monitor, mode):
    assert EarlyStopping(monitor=monitor).mode == mode


def test_the_mode_can_be_said(blobs, make_trainer):
    for mode, best in (("min", 3), ("max", 2)):
        stopping = EarlyStopping(5, monitor="score", mode=mode)
        script = Script([2, 3, 1])
        make_trainer().fit(blobs, epochs=3, batch_size=20, callbacks=[script], early_stopping=stopping, progress=False)
        assert stopping.best_epoch == best


def test_another_mode_is_refused():
    with pytest.raises(OptionError) as error:
        EarlyStopping(mode="larger")
    assert str(error.value) == "EarlyStopping: mode='larger'; give 'min' or 'max', or leave it out"


def test_a_second_fit_knows_nothing_of_the_first(blobs, make_trainer):
    stopping = EarlyStopping(1, monitor="loss")
    make_trainer().fit(blobs, epochs=5, batch_size=20, early_stopping=stopping, progress=False)
    second = make_trainer(seed=1, lr=1e-6)  # learns next to nothing, so that its loss is the larger one
    history = second.fit(blobs, epochs=2, batch_size=20, early_stopping=stopping, progress=False)
    assert stopping.best in history["loss"]
    assert len(history) == 2


def test_a_column_that_is_not_there_is_named(blobs, make_trainer):
    with pytest.raises(OptionError) as error:
        make_trainer().fit(blobs, batch_size=20, early_stopping=EarlyStopping(), progress=False)
    assert str(error.value) == (
        "EarlyStopping: there is no 'validation_loss' to watch; there is epoch, loss, accuracy, learning_rate, steps, "
        "seconds; give fit(validation=...) or another monitor"
    )


def test_no_patience_is_refused():
    with pytest.raises(OptionError) as error:
        EarlyStopping(0)
    assert str(error.value) == "EarlyStopping: patience=0 epochs; give 1 or more"
