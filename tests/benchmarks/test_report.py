"""What is made of the numbers: figures, tables, RESULTS.md, the README's section, plots."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

from benchmarks import plots, readme, report
from benchmarks.figures import Spread, ratios
from benchmarks.results import Results, read
from tests.benchmarks.conftest import trained


@pytest.mark.parametrize("name", ["figures", "markdown", "report"])
def test_examples_in_the_benchmarks_run(name):
    result = doctest.testmod(import_module(f"benchmarks.{name}"))
    assert result.attempted and not result.failed


def test_ratios_are_taken_within_each_round():
    # The machine was half as fast in the second round: the ratio is the same, that of the medians would not be.
    assert ratios([8.0, 16.0, 8.0], [2.0, 4.0, 1.0]) == Spread(4.0, 4.0, 8.0)


def test_a_round_that_one_lacks_does_not_count():
    assert ratios([8.0, 16.0, 99.0], [2.0, 2.0]) == Spread(6.0, 4.0, 8.0)


def test_results_are_read_as_they_were_written(results):
    again = read(results.file)
    assert again.head == results.head and again.records == results.records


def test_a_record_takes_the_place_of_the_older_one(results):
    before = len(results.records)
    results.put(trained("torch", "W1", 400))
    assert len(read(results.file).records) == before
    found = results.one("training", library="torch", workload="W1", threads=2)
    assert found is not None and found["rounds"] == [400 / 1e6]
    results.put(trained("torch", "W1", 500, threads=1))
    assert len(results.records) == before + 1


def test_the_report_has_every_part(results):
    text = report.write(results, results.file.parent).read_text(encoding="utf-8")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert "- Measured 2030-01-02 03:04 UTC" in lines
    assert "- Ceiling of 2 threads: 500 GFLOP/s in float32 (baseline 125, avx2 500), 250 in float64" in lines
    assert "| W1 784-50-10, ReLU, batch 100, SGD | **44.0** | 320 |" in lines
    assert "| W3 5×5 conv, pool, 4320-100-10, batch 100, Adam | **1,100** | 12,000 |" in lines
    assert "| W1 | 8.00 (6.00–8.00) |" in lines
    assert "| W1 | 16.0 | 32.0 | 44.0 | 73 % |" in lines
    assert "| 16 | 10.0 | 100 | 10.0 (10.0–10.0) |" in lines
    assert "| Pellucid, Trainer.predict | 20.0 |" in lines
    assert "| PyTorch | 1,250 |" in lines
    assert "| PyTorch | 100 | 250 |" in lines
    assert "- jax W1, jax W3: jax is not installed" in lines
    assert lines.index("## A training step, 2 threads") < lines.index("## A training step, 1 thread")


def test_a_report_of_almost_nothing(results):
    little = Results(results.file, results.head, [trained("torch", "W1", 300)])
    text = "\n".join(report.sections(little))
    assert "| W1 784-50-10, ReLU, batch 100, SGD | **300** |" in text
    assert "## Memory" not in text and "Pellucid's share" not in text


def test_the_readme_gets_its_section_and_keeps_the_rest(results, tmp_path):
    file = tmp_path / "README.md"
    file.write_text("# Pellucid\n\n## How it is built\n\nSo.\n", encoding="utf-8")
    readme.refresh(results, file)
    first = file.read_text(encoding="utf-8")
    assert first.startswith("# Pellucid\n\n## How fast it is\n\n<!-- benchmarks -->\nMicroseconds a training step")
    assert "2 threads of Abacus with 2 cores, 2030-01-02:" in first
    assert first.endswith("<!-- /benchmarks -->\n\n## How it is built\n\nSo.\n")
    readme.refresh(results, file)
    assert file.read_text(encoding="utf-8") == first


def test_the_readme_refuses_a_trial(results, tmp_path):
    results.head = {**results.head, "settings": {**results.head["settings"], "quick": True}}
    with pytest.raises(ValueError, match=r"^readme: these are a quick run's results; run `make bench`$"):
        readme.refresh(results, tmp_path / "README.md")


def test_the_readme_of_this_project_has_a_place_for_it(results, tmp_path):
    copy = tmp_path / "README.md"
    copy.write_text(readme.README.read_text(encoding="utf-8"), encoding="utf-8")
    readme.refresh(results, copy)
    assert "## How fast it is" in copy.read_text(encoding="utf-8")


def test_plots_are_drawn(results, tmp_path):
    files = [file.name for file in plots.draw(results, tmp_path / "plots")]
    assert files == ["steps-2.png", "ceiling-2.png", "steps-1.png", "growth.png", "around.png"]
