"""Runs of programs in processes of their own, and what is kept of them."""

from __future__ import annotations

import json
import threading
from types import ModuleType

import pytest

from book import record, source, worker


def _lines(name: str, beginning: str) -> list[int]:
    return [n for n, line in enumerate(record.source(name).splitlines(), 1) if line.strip().startswith(beginning)]


def test_a_run_leaves_what_it_printed_by_the_line_that_did(programs, tmp_path):
    run = record.make(tmp_path, "ch02-fine", 1, quick=False)
    read = source.read(record.source("ch02-fine"))
    by_part = [(read.place(line), text) for line, text in run.printed]
    assert [text for part, text in by_part if part == 0] == [
        "one ",
        "line\n",
        "pair: [1.  2.5]    the book: [1, 2.5]\n",
    ]
    assert "".join(text for part, text in by_part if part == 1) == (
        "turn 0\nturn 1\ndrawn: 0.6    the book: 0.5\npicture: ch02-fine.png\ndrawn\n"
        "note: It differs, because it does.\n"
    )
    drawing = {text: line for line, text in run.printed}["picture: ch02-fine.png\ndrawn\n"]
    assert drawing == _lines("ch02-fine", "_draw(page)")[0]


def test_a_run_leaves_its_numbers_notes_and_pictures(programs, tmp_path):
    run = record.make(tmp_path, "ch02-fine", 1, quick=True)
    assert run.numbers[0] == {"what": "pair", "ours": [1.0, 2.5], "book": "[1, 2.5]", "met": True}
    assert run.notes == ["It differs, because it does."] and run.failed is None
    assert (run.seed, run.quick) == (1, True) and run.seconds > 0
    assert {"date", "machine", "versions"} <= set(run.where)
    folder = record.place(tmp_path, "ch02-fine", 1)
    assert sorted(file.name for file in folder.iterdir()) == ["ch02-fine.png", "record.json"]
    assert [file.name for file in folder.parent.iterdir()] == ["seed-1"]


def test_a_program_that_raises_leaves_what_it_had_and_the_reason(programs, tmp_path, capfd):
    run = record.make(tmp_path, "ch02-raises", 0, quick=False)
    assert run.failed == "ValueError: there is | no way on"
    assert [number["what"] for number in run.numbers] == ["before"]
    assert "Traceback" in capfd.readouterr().err


def test_a_program_that_takes_its_process_with_it_leaves_a_record(programs, tmp_path):
    assert record.make(tmp_path, "ch03-crashes", 0, quick=False).failed == "ended by signal 9"
    found = record.kept(tmp_path, "ch03-crashes", 0, quick=False)
    assert found is not None and found.failed == "ended by signal 9"


def test_a_broken_off_run_leaves_nothing_but_the_older_record(programs, tmp_path):
    folder = record.place(tmp_path, "ch03-broken-off", 0)
    folder.mkdir(parents=True)
    older = record.Record("ch03-broken-off", 0, False, record.fingerprint("ch03-broken-off"), seconds=7.0)
    older.write(folder)
    with pytest.raises(KeyboardInterrupt):
        record.make(tmp_path, "ch03-broken-off", 0, quick=False)
    assert record.kept(tmp_path, "ch03-broken-off", 0, quick=False) == older


@pytest.fixture
def kept(programs, tmp_path):
    """A folder with a record of ch02-fine, and the record's file."""
    record.make(tmp_path, "ch02-fine", 0, quick=True)
    return tmp_path, record.place(tmp_path, "ch02-fine", 0) / "record.json"


def test_a_record_is_read_as_it_was_written(kept):
    out, _ = kept
    found = record.kept(out, "ch02-fine", 0, quick=True)
    assert found is not None and found.numbers[0]["ours"] == [1.0, 2.5]
    assert record.kept(out, "ch02-fine", 1, quick=True) is None
    assert record.kept(out, "ch02-fine", 0, quick=False) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"name": "ch02-fine"}', '{"colour": 1}', "\ufffd"])
def test_a_damaged_record_is_none(kept, text):
    out, file = kept
    file.write_text(text, encoding="utf-16" if text == "\ufffd" else "utf-8")
    assert record.kept(out, "ch02-fine", 0, quick=True) is None


@pytest.mark.parametrize("numbers", [5, [5], [{}]])
def test_a_record_whose_numbers_are_damaged_is_none(kept, numbers):
    out, file = kept
    stored = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(stored | {"numbers": numbers}), encoding="utf-8")
    assert record.kept(out, "ch02-fine", 0, quick=True) is None


def test_a_record_of_an_older_source_is_none(kept):
    out, file = kept
    stored = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(stored | {"fingerprint": "of yesterday"}), encoding="utf-8")
    assert record.kept(out, "ch02-fine", 0, quick=True) is None


def test_a_record_without_its_picture_is_none(kept):
    out, file = kept
    (file.parent / "ch02-fine.png").unlink()
    assert record.kept(out, "ch02-fine", 0, quick=True) is None


def test_what_another_thread_prints_belongs_to_the_line_before():
    def function():
        listener.write("here")
        thread = threading.Thread(target=lambda: listener.write(" there"))
        thread.start()
        thread.join()

    listener = worker.Listener(function.__code__)
    function()
    first = function.__code__.co_firstlineno + 1
    assert listener.heard == [(first, "here there")]


def test_a_program_is_told_where_another_has_left_its_files(tmp_path):
    """Each runs into a folder of its own; what it finds there is of the same seed."""
    found = []
    program = ModuleType("ch03_other")
    vars(program)["run"] = lambda page: found.append(page.left_by("ch02-fine"))
    folder = record.place(tmp_path, "ch03-other", 1).with_suffix(".new")
    worker.run(program, record.Record("ch03-other", 1, True, ""), folder)
    assert found == [record.place(tmp_path, "ch02-fine", 1)]
