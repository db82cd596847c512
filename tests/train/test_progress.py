"""What a run shows."""

import sys

from pellucid.train.position import Position
from pellucid.train.progress import epoch_line

RECORD = {
    "epoch": 3,
    "loss": 0.123456,
    "accuracy": 0.98765,
    "validation_loss": 0.2,
    "validation_accuracy": 1.0,
    "learning_rate": 0.1,
    "steps": 5,
    "seconds": 1.25,
}


def test_an_epoch_is_one_line():
    assert epoch_line(Position(epochs=12, batches=5), RECORD) == (
        "epoch  3/12  loss 0.1235  acc 98.77 %  val loss 0.2000  val acc 100.0 %  1.2 s"
    )


def test_a_large_loss_leaves_the_line_short():
    line = epoch_line(Position(epochs=12, batches=5), {**RECORD, "loss": 1234567.8, "validation_loss": 1e30})
    assert line == "epoch  3/12  loss 1.235e+06  acc 98.77 %  val loss 1e+30  val acc 100.0 %  1.2 s"


def test_away_from_a_terminal_there_is_one_plain_line_an_epoch(blobs, make_trainer, capsys):
    make_trainer().fit(blobs, epochs=2, batch_size=20)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]


def test_on_a_terminal_there_is_a_bar_and_the_lines_stay(blobs, make_trainer, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("FORCE_COLOR", "1")
    make_trainer().fit(blobs, epochs=2, batch_size=20)
    shown = capsys.readouterr().err
    assert "epoch 2/2" in shown
    assert "images/s" in shown
