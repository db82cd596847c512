"""Processes that take turns, and what happens to the others when one fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks import check
from benchmarks.__main__ import main, read
from benchmarks.libraries import LIBRARIES, Library
from benchmarks.problem import Job
from benchmarks.results import read as read_results
from benchmarks.turns import ROOT, Worker, WorkerError, measure
from benchmarks.workloads import TABLE, find

TINY = {"threads": 1, "steps": 4}
needs_native = pytest.mark.skipif(find_spec("pellucid._native") is None, reason="pellucid._native was not built")


def test_jobs_are_measured_in_turn():
    seen, said = {}, []
    jobs = [Job("numpy", "784-20-10@10", **TINY), Job("numpy", "784-30-10@10", **TINY)]
    measure(jobs, rounds=2, turn_seconds=0.001, keep=lambda r: seen.__setitem__(r["workload"], r), say=said.append)
    for record in seen.values():
        assert len(record["rounds"]) == 2 and min(record["rounds"]) > 0
        assert record["steps"] == 4 and record["epochs"] >= 1 and record["first_epoch"] > 0
    assert len(said) == 4


def test_one_that_fails_does_not_stop_the_others():
    seen = {}
    jobs = [Job("sklearn" if find_spec("sklearn") else "numpy", "W4", **TINY), Job("numpy", "784-20-10@10", **TINY)]
    measure(
        jobs, rounds=1, turn_seconds=0.001, keep=lambda r: seen.__setitem__(r["workload"], r), say=lambda text: None
    )
    assert seen["W4"]["failed"].startswith("exit status 1: ") and seen["W4"]["rounds"] == []
    assert len(seen["784-20-10@10"]["rounds"]) == 1


def test_a_worker_that_is_killed_says_so():
    with Worker(Job("numpy", "784-20-10@10", **TINY)) as worker:
        worker.answer()
        os.kill(worker.process.pid, signal.SIGKILL)
        with pytest.raises(WorkerError) as caught:
            worker.ask(epochs=1)
    assert str(caught.value) == "killed by SIGKILL: without a word"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_worker_stands_still_between_its_turns():
    with Worker(Job("numpy", "784-20-10@10", **TINY)) as worker:
        worker.answer()
        file, deadline = Path(f"/proc/{worker.process.pid}/stat"), time.monotonic() + 20
        while (state := file.read_text().rpartition(")")[2].split()[0]) != "T" and time.monotonic() < deadline:
            time.sleep(0.01)
        assert state == "T"
        assert worker.ask(memory=True)["peak"] > 2**20
    assert worker.process.returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_worker_outlives_its_driver():
    program = (
        "from benchmarks.turns import Worker; from benchmarks.problem import Job; import os, signal\n"
        "worker = Worker(Job('numpy', '784-20-10@10', 1, steps=4)); worker.answer()\n"
        "print(worker.process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    driver = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    process, deadline = Path(f"/proc/{int(driver.stdout)}"), time.monotonic() + 20
    while process.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not process.exists()


@needs_native
def test_the_command_measures_and_reports(tmp_path, capsys):
    asked = ["--workloads", "W1", "--libraries", "pellucid,numpy", "--parts", "training,memory", "--threads", "1"]
    assert main([*asked, "--quick", "--rounds", "1", "--out", str(tmp_path)]) == 0
    found = read_results(tmp_path / "results.json")
    assert {record["library"] for record in found.of("training")} == {"pellucid", "numpy"}
    assert all(len(record["rounds"]) == 1 for record in found.of("training"))
    assert found.head["settings"]["quick"] is True
    assert "**a quick run: a trial, not a measurement**" in (tmp_path / "RESULTS.md").read_text(encoding="utf-8")
    written = capsys.readouterr().out.split()
    assert str(tmp_path / "RESULTS.md") in written and str(tmp_path / "plots" / "steps-1.png") in written


def test_ctrl_c_keeps_what_was_measured(tmp_path):
    asked = ["--quick", "--workloads", "W1", "--libraries", "numpy", "--parts", "training", "--threads", "1"]
    command = [sys.executable, "-m", "benchmarks", *asked, "--rounds", "100000", "--out", str(tmp_path)]
    file, deadline = tmp_path / "results.json", time.monotonic() + 60
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        while not (file.exists() and read_results(file).records) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.endswith("\nBroken off; what was measured is kept.\n")
    assert read_results(file).one("training", library="numpy", workload="W1") is not None


@pytest.mark.parametrize("option", ["--readme", "--report"])
def test_without_results_there_is_nothing_to_write(option, tmp_path, capsys):
    assert main([option, "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"There is no {tmp_path / 'results.json'}; run `make bench` first.\n"


def test_a_missing_library_is_skipped_with_a_hint():
    library = Library("x", "X", "with_x", (("x-on-the-registry", "no_such_module"),))
    reason = library.why_not(find("W1"), "float32")
    assert reason == "x-on-the-registry is not installed; pip install x-on-the-registry"


def test_what_a_library_cannot_do_is_said():
    assert LIBRARIES["numpy"].why_not(find("W3"), "float32") == "written for fully connected networks only"
    if find_spec("sklearn"):
        reason = LIBRARIES["sklearn"].why_not(find("W2"), "float32")
        assert reason == "scikit-learn has no sigmoid outputs with a squared error"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--workloads", "W1,W9"], "argument --workloads: there is no 'W9'; there is W1, W2, W3, W4, W5, W6"),
        (["--threads", "0"], "argument --threads: got 0; give numbers from 1 to "),
        (["--threads", "two"], "argument --threads: got two; give numbers from 1 to "),
    ],
)
def test_a_wrong_option_is_told(given, message, capsys):
    with pytest.raises(SystemExit):
        read(given)
    assert message in capsys.readouterr().err


@needs_native
@pytest.mark.parametrize("library", [name for name in LIBRARIES if name not in ("pellucid", "torch-compile")])
@pytest.mark.parametrize("workload", TABLE)
def test_every_library_comes_to_the_same_losses(workload, library):
    reason = LIBRARIES[library].why_not(find(workload), "float64")
    if reason:
        pytest.skip(reason)
    ours, theirs = check.compare(workload, ["pellucid", library], steps=2, batch=10)
    assert theirs.distance < check.TOLERANCE, (ours, theirs)
