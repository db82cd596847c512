"""The history of a run."""

import pytest

from pellucid.errors import OptionError
from pellucid.train import History

RECORDS = [
    {"epoch": 1, "loss": 0.5, "steps": 10, "seconds": 0.25},
    {"epoch": 2, "loss": 0.25, "steps": 10, "seconds": 0.5, "validation_loss": 0.3},
]


def test_a_column_is_read_by_name():
    history = History(RECORDS)
    assert history["loss"] == [0.5, 0.25]
    assert history["validation_loss"] == [0.3]
    assert (history.steps, history.seconds, len(history), history.last["epoch"]) == (20, 0.75, 2, 2)
    assert [record["epoch"] for record in history] == [1, 2]


def test_an_unknown_column_names_those_that_there_are():
    with pytest.raises(OptionError) as error:
        History(RECORDS)["acuracy"]
    assert str(error.value) == "history: there is no 'acuracy'; there is epoch, loss, seconds, steps, validation_loss"


def test_it_shows_the_last_epoch():
    assert repr(History(RECORDS)) == "History(2 epochs; last: loss=0.25, seconds=0.5, validation_loss=0.3)"
    assert repr(History()) == "History(no epoch yet)"
    assert History().last == {}
