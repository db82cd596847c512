"""`pellucid book`: the list, a program, and what is no program."""

from __future__ import annotations

from pellucid.book import chapters
from pellucid.cli import main


def test_the_list_has_a_line_for_each_program(capsys):
    assert main(["book", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(chapters.NAMES)


def test_a_program_shows_its_numbers_and_its_picture(tmp_path, capsys):
    assert main(["book", "ch02-gates", "ch04-losses", "--quick", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "XOR: [0, 1, 1, 0]    the book: [0, 1, 1, 0]" in out
    assert "ch04-losses: How wrong an answer is" in out
    assert "4 of 4 numbers met, " in out
    assert (tmp_path / "ch02-gates.png").exists()


def test_a_number_that_is_not_met_is_an_exit_code(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(chapters.program("ch03-softmax"), "run", lambda page: page.beside("one", 1, 2, within=0))
    assert main(["book", "ch03-softmax", "--out", str(tmp_path)]) == 1
    assert "one: 1    the book: 2    (not met)" in capsys.readouterr().out


def test_all_names_are_looked_at_before_one_runs(tmp_path, capsys):
    assert main(["book", "ch04-losses", "ch05-trian", "--out", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "pellucid: book: there is no program 'ch05-trian', did you mean 'ch05-train'?\n"


def test_list_takes_no_names(capsys):
    assert main(["book", "list", "ch05-train"]) == 2
    assert "book list: what is ch05-train?" in capsys.readouterr().err


def test_a_typed_in_program_takes_no_options_of_the_chapters(capsys):
    assert main(["book", "run", "--quick", "mine.py"]) == 2
    assert "book run: --quick and --out are for the chapters' own programs" in capsys.readouterr().err


def test_the_folder_for_the_pictures_may_be_called_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["book", "--out", "run", "ch02-gates", "ch04-losses"]) == 0
    assert "ch04-losses: How wrong an answer is" in capsys.readouterr().out
    assert (tmp_path / "run" / "ch02-gates.png").exists()


def test_without_a_name_the_command_says_where_names_are(capsys):
    assert main(["book"]) == 2
    captured = capsys.readouterr()
    assert captured.err == "pellucid: book: which program? pellucid book NAME runs one, pellucid book list shows all\n"


def test_list_among_names_is_no_program(capsys):
    assert main(["book", "ch02-gates", "list"]) == 2
    assert capsys.readouterr().err == "pellucid: book: list is no program but comes first: pellucid book list\n"


def test_a_folder_that_cannot_be_made_is_told_before_anything_is_computed(tmp_path, capsys):
    file = tmp_path / "taken"
    file.write_text("")
    assert main(["book", "ch02-gates", "--out", str(file)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (f"pellucid: book: pictures cannot go to {file}: File exists; --out names another folder\n")
