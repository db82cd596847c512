"""`python -m book`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from book import __main__ as command
from book import record, site


@pytest.fixture
def without_pages(monkeypatch):
    """RESULTS.md is made, the site is not."""
    monkeypatch.setattr(site, "check", lambda: None)
    monkeypatch.setattr(site, "build", lambda programs, out: out / "site" / "index.html")


@pytest.fixture
def here(programs, without_pages, tmp_path):
    return tmp_path


def test_a_run_tells_what_was_met_and_where_it_is(here, capsys):
    assert command.main(["ch02-fine", "--quick", "--out", str(here)]) == 0
    captured = capsys.readouterr()
    assert "ch02-fine, seed 0: 2 of 2 numbers met" in captured.err
    assert captured.out.splitlines() == [
        f"The numbers: {here / 'RESULTS.md'}",
        f"The pages: {here / 'site' / 'index.html'}",
    ]
    text = (here / "RESULTS.md").read_text(encoding="utf-8")
    assert "No record, or one of an older source: ch02-raises, ch03-crashes, ch03-broken-off" in text


def test_a_number_that_is_not_met_with_a_seed_is_an_exit_status(here, capsys):
    assert command.main(["ch02-fine", "--out", str(here)]) == 1
    fault = "ch02-fine: drawn: 0.60 ± 0.10, the book: 0.5: met with 2 of 3 seeds"
    assert fault in capsys.readouterr().err.splitlines()


def test_a_program_that_fails_keeps_no_other_from_running(here, capsys):
    assert command.main(["ch02-raises", "ch03-crashes", "ch02-fine", "--quick", "--out", str(here)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert "ch02-raises: failed: ValueError: there is | no way on" in lines
    assert "ch03-crashes: failed: ended by signal 9" in lines
    assert any("ch02-fine, seed 0: 2 of 2 numbers met" in line for line in lines)
    assert "failed: ended by signal 9" in (here / "RESULTS.md").read_text(encoding="utf-8")


def test_what_was_done_before_ctrl_c_is_kept_and_not_done_again(here, capsys):
    assert command.main(["ch02-fine", "ch03-broken-off", "--quick", "--out", str(here)]) == 130
    broken = "Broken off; what has run is kept, and the same command, without --again, goes on there."
    assert capsys.readouterr().err.splitlines()[-1] == broken
    assert not (here / "RESULTS.md").exists()
    assert command.main(["ch02-fine", "--quick", "--out", str(here)]) == 0
    assert "ch02-fine, seed 0: 2 of 2 numbers met, was there" in capsys.readouterr().err


def test_again_runs_what_has_a_record(here, capsys):
    for options in ([], ["--again"]):
        assert command.main(["ch02-fine", "--quick", "--out", str(here), *options]) == 0
        assert "was there" not in capsys.readouterr().err


def test_a_damaged_record_is_made_anew(here, capsys):
    command.main(["ch02-fine", "--quick", "--out", str(here)])
    file = record.place(here, "ch02-fine", 0) / "record.json"
    file.write_text("{", encoding="utf-8")
    assert command.main(["ch02-fine", "--quick", "--out", str(here)]) == 0
    assert json.loads(file.read_text(encoding="utf-8"))["name"] == "ch02-fine"


def test_records_of_programs_that_are_not_named_stay_in_the_results(here):
    command.main(["ch02-fine", "--quick", "--out", str(here)])
    command.main(["ch02-raises", "--quick", "--out", str(here)])
    text = (here / "RESULTS.md").read_text(encoding="utf-8")
    assert "| drawn " in text and "failed: ValueError" in text


def test_an_unknown_program_is_told_before_any_runs(here, capsys):
    assert command.main(["ch02-fine", "ch02-fin", "--out", str(here)]) == 2
    captured = capsys.readouterr()
    assert captured.err == "book: there is no program 'ch02-fin', did you mean 'ch02-fine'?\n"
    assert not list(here.iterdir())


def test_faults_of_the_pages_are_an_exit_status(here, monkeypatch, capsys):
    def build(programs, out):
        raise site.SiteError("book: the pages have faults, which are listed above")

    monkeypatch.setattr(site, "build", build)
    assert command.main(["ch02-fine", "--quick", "--out", str(here)]) == 1
    assert "book: the pages have faults" in capsys.readouterr().err


def test_a_quick_run_never_touches_the_results():
    full, quick = command.read([]), command.read(["--quick"])
    assert full.results == command.FOLDER / "RESULTS.md" and full.out == Path("build/book").absolute()
    assert quick.results == Path("runs/book-quick/RESULTS.md") and quick.out == Path("runs/book-quick").absolute()


def test_a_quick_run_refuses_the_folder_of_the_results(capsys):
    with pytest.raises(SystemExit) as stop:
        command.read(["--quick", "--out", str(command.FOLDER)])
    assert stop.value.code == 2
    assert "a quick run's results are a trial, and book/RESULTS.md is none" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told_in_a_sentence(here, capsys):
    taken = here / "taken"
    taken.write_text("")
    assert command.main(["ch02-fine", "--quick", "--out", str(taken)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"book: {taken}") and lines[0].endswith("Not a directory")
