"""Numbers over seeds, and RESULTS.md."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from book import figures, results
from book.gathered import Program, Row
from book.record import Record

WHERE = {
    "date": "2030-01-02 03:04 UTC",
    "machine": {"processor": "Abacus", "cores": 2, "memory_bytes": 2**34, "system": "Linux 7", "load": 0.1},
    "versions": {"python": "3.11.9", "pellucid": "0.1.0"},
    "native": {"isa": "avx2"},
}


def run(seed: int, *numbers: tuple[str, object, str, bool], **rest) -> Record:
    keys = ("what", "ours", "book", "met")
    stored = [dict(zip(keys, number, strict=True)) for number in numbers]
    return Record("ch05-train", seed, False, "", WHERE, 2.0 + seed, numbers=stored, **rest)


@pytest.fixture
def program() -> Program:
    """Three seeds of five: the accuracy is met with two of them."""
    runs = [
        run(
            seed,
            ("test accuracy", 0.96 + seed / 100, "0.97", seed > 0),
            ("price", 220, "220", True),
            ("price", 715 - (seed == 1), "715", False),
            notes=["It differs.", f"With seed {seed % 2} a_b."],
            pictures=["ch05-train.png"],
        )
        for seed in range(3)
    ]
    return Program("ch05-train", "A network learns.", 5, runs)


@pytest.mark.parametrize("name", ["contents", "figures", "worker"])
def test_examples_run(name):
    result = doctest.testmod(import_module(f"book.{name}"))
    assert result.attempted and not result.failed


def test_mean_and_standard_deviation_are_of_the_seeds():
    # statistics by hand: mean 3, squares of the differences 4, 1, 0, 1, 4, their sum by 4 is 2.5, its root 1.58
    assert figures.over_seeds([1.0, 2.0, 3.0, 4.0, 5.0]) == "3.0 ± 1.6"


def test_what_has_no_mean_is_listed():
    assert figures.over_seeds([1.0, float("nan")]) == "1; nan"
    assert figures.over_seeds(["falls", "rises", "falls"]) == "falls; rises"
    assert figures.over_seeds([[1.0], [1.0, 2.0]]) == "[1]; [1, 2]"


def test_a_long_row_is_shortened():
    assert figures.one([float(i) for i in range(100)]) == "[0, 1, 2, …, 98, 99]"


def test_a_number_has_the_digits_of_the_books():
    assert Row("slope", "0.1999999999990898", [0.1999999999990898], [True]).text == "0.1999999999990898"
    assert Row("loss", "falls", [0.123456789], [True]).text == "0.1235"


def test_a_row_says_with_how_many_seeds_it_is_met():
    assert Row("", "1", [1, 1], [True, True]).fault == ""
    assert Row("", "1", [1, 1, 2, 1, 1], [True, True, False, True, True]).fault == "met with 4 of 5 seeds"
    assert Row("", "1", [2], [False]).fault == "not met"


def test_the_second_number_of_a_name_stays_the_second(program):
    assert [(row.what, row.ours) for row in program.rows[1:]] == [
        ("price", [220, 220, 220]),
        ("price", [715, 714, 715]),
    ]


def _text(*programs: Program) -> list[str]:
    text = results.text(programs, lambda name: f"../{name}.py")
    return [" ".join(line.split()) for line in text.splitlines()]


def test_results_have_the_numbers_beside_the_books(program):
    lines = _text(program)
    assert "- Run 2030-01-02 03:04 UTC" in lines
    assert "- Machine: Abacus, 2 cores, 16 GiB, Linux 7" in lines
    assert "- 3 runs, each in a process of its own, 9.00 seconds in all, imports not counted" in lines
    assert "## Deep Learning from Scratch, chapter 5: backpropagation" in lines
    first = "| [ch05-train](../ch05-train.py), 5 seeds | test accuracy | 0.97 | 0.970 ± 0.010 "
    assert f"{first}**(met with 2 of 3 seeds)** | `ch05-train.png` | 3.00 |" in lines
    assert "| | price | 220 | 220 | | |" in lines
    assert "| | price | 715 | 714.67 ± 0.58 **(not met)** | | |" in lines


def test_results_say_first_what_is_not_met_or_lacking(program):
    lines = _text(program, Program("ch06-valley", "A valley.", 1, []))
    assert "- **1 of 3 numbers met; 1 of 2 programs have run**" in lines
    assert "- **ch05-train: price: 714.67 ± 0.58, the book: 715: not met**" in lines
    assert "- No record, or one of an older source: ch06-valley" in lines
    assert "- ch05-train has run with 3 of 5 seeds" in lines
    assert "| [ch06-valley](../ch06-valley.py) | | | no record | — | — |" in lines


def test_results_tell_what_differs_once(program):
    lines = _text(program)
    assert [line for line in lines if line.startswith("- ch05-train: ") and "differs" in line] == [
        "- ch05-train: It differs."
    ]
    assert r"- ch05-train: With seed 0 a\_b." in lines and r"- ch05-train: With seed 1 a\_b." in lines


def test_results_tell_a_failure(program):
    program.records[1].failed = "ValueError: a | b"
    lines = _text(program)
    assert r"- **ch05-train: failed: ValueError: a \| b (with seed 1)**" in lines
    assert r"| | | | **failed: ValueError: a \| b (with seed 1)** | | |" in lines
    assert program.seconds == 3.0  # of seeds 0 and 2


def test_results_of_nothing():
    assert "- Nothing has been run" in _text(Program("ch06-valley", "A valley.", 1, []))


def test_a_quick_run_is_told(program):
    for record in program.records:
        record.quick = True
    assert any("with quick settings: a trial" in line for line in _text(program))


def test_versions_that_differ_between_runs_stand_beside_each_other():
    runs = [run(0), run(1)]
    runs[1].where = {**WHERE, "versions": {**WHERE["versions"], "pellucid": "0.2.0"}}
    told = list(results.where([Program("ch05-train", "A network learns.", 2, runs)]))
    assert any(line.startswith("Versions: python 3.11.9, pellucid 0.1.0 and 0.2.0, kernels for ") for line in told)
