"""The lock between processes."""

import threading

import pytest

from pellucid.data.lock import locked


def test_one_holder_at_a_time(tmp_path):
    entered, order = threading.Event(), []

    def second():
        entered.set()
        with locked(tmp_path / "lock"):
            order.append("second")

    with locked(tmp_path / "lock"):
        thread = threading.Thread(target=second)
        thread.start()
        entered.wait()
        thread.join(0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_an_error_in_the_block_lets_go(tmp_path):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), locked(tmp_path / "lock"):
            raise ZeroDivisionError
