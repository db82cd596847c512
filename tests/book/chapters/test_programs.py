"""Every program of the chapters, with quick settings: it runs, its numbers are the book's, its pictures are there."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from pellucid.book import chapters
from pellucid.book.chapters.page import Page
from pellucid.errors import OptionError

WITHOUT_MNIST = {
    *("ch02-gates", "ch03-activations", "ch03-three-layer", "ch03-softmax", "ch04-losses", "ch04-gradient"),
    *("ch04-simple-net", "ch05-apples", "ch06-valley", "ch06-activations", "ch07-convolution", "ch07-im2col"),
    "ch08-stacks",
}
WITHOUT_PICTURES = {
    *("ch03-three-layer", "ch03-softmax", "ch04-losses", "ch04-simple-net", "ch05-gradient-check", "ch07-im2col"),
    *("ch06-batch-norm-check", "ch08-stacks", "ch08-dropout", "ch08-half-precision"),
    *("nielsen-1-baselines", "nielsen-1-svm", "nielsen-1-network", "nielsen-1-hidden"),
}


@pytest.mark.parametrize("name", chapters.NAMES)
def test_a_program_gives_the_books_numbers(name, tmp_path):
    if name not in WITHOUT_MNIST and "PELLUCID_DATA" not in os.environ:
        pytest.skip("MNIST is needed: PELLUCID_DATA names its folder")
    if name == "nielsen-1-svm":
        pytest.importorskip("sklearn", reason="scikit-learn is needed: pip install scikit-learn")
    page = Page(tmp_path, quick=True)
    chapters.program(name).run(page)
    assert [number for number in page.numbers if not number.met] == []
    assert page.numbers
    assert all(file.stat().st_size > 5_000 for file in page.pictures)
    assert bool(page.pictures) != (name in WITHOUT_PICTURES)


@pytest.mark.parametrize("name", chapters.NAMES)
def test_a_program_says_in_a_line_what_it_shows(name):
    assert 20 < len(chapters.summary(name)) < 100


def test_an_unknown_program_is_told():
    with pytest.raises(OptionError, match=r"^book: there is no program 'ch05-trian', did you mean 'ch05-train'\?$"):
        chapters.program("ch05-trian")


@pytest.mark.parametrize(
    ("options", "met"),
    [
        ({"within": 0.1}, True),
        ({"within": 0.01}, False),
        ({"at_least": 0.9}, True),
        ({"at_least": 0.97}, False),
        ({"at_most": 0.96}, True),
        ({"at_most": 0.94}, False),
    ],
)
def test_a_number_that_is_not_the_books_is_noticed(tmp_path, capsys, options, met):
    page = Page(tmp_path)
    page.beside("accuracy", np.float64(0.95), 1.0, **options)
    assert page.numbers[0].met is met
    assert ("(not met)" in capsys.readouterr().out) is not met


def test_without_optuna_the_random_search_is_still_made(tmp_path, monkeypatch):
    if "PELLUCID_DATA" not in os.environ:
        pytest.skip("MNIST is needed: PELLUCID_DATA names its folder")
    monkeypatch.setitem(sys.modules, "optuna", None)
    page = Page(tmp_path, quick=True)
    chapters.program("ch06-hyperparameters").run(page)
    assert all(number.met for number in page.numbers)
    assert page.notes[-1] == "the Bayesian search is left out because it needs Optuna: pip install optuna"
