"""Files are whole or not there."""

import os

import pytest

from pellucid.train.files import write_bytes, write_text


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "notes.json"
    write_text(path, "first")
    write_text(path, "sécond")
    assert path.read_text(encoding="utf-8") == "sécond"
    assert names(tmp_path) == ["notes.json"]


def test_a_failure_leaves_the_old_file_and_nothing_beside(tmp_path, monkeypatch):
    path = tmp_path / "weights"
    write_bytes(path, b"old")

    def full(handle):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space left"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["weights"]


def test_what_a_killed_process_left_beside_is_written_over(tmp_path):
    (tmp_path / "weights.part").write_bytes(b"half of an older one")
    write_bytes(tmp_path / "weights", b"new")
    assert names(tmp_path) == ["weights"]
