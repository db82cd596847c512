"""Ctrl-C waits for the end of the steps that are under way."""

import os
import signal
import threading

import pytest

from pellucid.train import Callback
from pellucid.train.checkpoint import read_arrays
from pellucid.train.interrupt import held_interrupt


@pytest.fixture(autouse=True)
def listening():
    """Started in the background, a test run ignores Ctrl-C."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_the_first_interrupt_is_remembered_and_the_second_one_acts():
    with held_interrupt() as interrupted:
        assert not interrupted()
        os.kill(os.getpid(), signal.SIGINT)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_handler_of_before_is_back_afterwards():
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="on purpose"), held_interrupt():
        raise ValueError("on purpose")
    assert signal.getsignal(signal.SIGINT) is before


def test_it_does_nothing_in_another_thread():
    seen = []

    def work():
        with held_interrupt() as interrupted:
            seen.append(interrupted())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


def test_an_interrupted_fit_saves_where_it_is_and_raises(tmp_path, blobs, make_trainer, monkeypatch):
    monkeypatch.setattr("pellucid.train.loop.LOOK_UP_SECONDS", 0.0)

    class Interrupt(Callback):
        def on_steps(self, trainer, position):
            if position.batch == 2:
                os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        make_trainer().fit(blobs, batch_size=10, callbacks=[Interrupt()], checkpoint=tmp_path / "c", progress=False)
    assert read_arrays(tmp_path / "c")[1]["position"]["batch"] == 2
