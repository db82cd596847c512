"""`pellucid info` and `pellucid data`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

import pellucid
from pellucid import data
from pellucid.engines import ENGINES
from pellucid.engines.native import info
from tests.cli.conftest import Call


def test_info_names_versions_engine_and_data(call: Call) -> None:
    called = call("info")
    assert called.code == 0
    assert [line.split()[0] for line in called.out.splitlines()[:4]] == [
        "pellucid",
        "python",
        "engine",
        "kernels",
    ]
    assert f"  pellucid  {pellucid.__version__}, in " in called.out
    assert "not here; pellucid data fetch brings it" in called.out


def test_info_json_has_everything(call: Call) -> None:
    facts = call("info", "--json").json
    assert facts["pellucid"] == pellucid.__version__
    assert facts["engine"] in facts["engines"]
    assert facts["native"]["available"] in (True, False)
    assert facts["cores"] >= 1
    assert facts["data"]["sets"]["digits"]["where"] == "embedded"
    assert facts["data"]["sets"]["mnist"]["where"] == "absent"


def test_info_says_what_is_wrong_where_kernels_cannot_run(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pellucid.engines.native.load", lambda: (None, "a reason"))
    lines = call("info").out.splitlines()
    if "native" in ENGINES:
        assert lines[2].startswith("  engine    native, which cannot run (see kernels)")
    assert lines[3] == "  kernels   a reason"


def test_info_survives_a_wrong_data_folder(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PELLUCID_DATA", "/nowhere")
    called = call("info")
    assert called.code == 0
    assert "PELLUCID_DATA: there is no folder /nowhere; check the path" in called.out


def test_threads_are_taken_over(call: Call, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr("pellucid.cli.computing.use_threads", told.append)
    assert call("evaluate", run, "--threads", 3).code == 0
    assert told == [3]


def test_the_number_of_threads_reaches_the_kernels_and_blas_where_it_can_be_told(call: Call) -> None:
    from pellucid.cli.threads import thread_count, use_threads

    before, kernels = thread_count(), info()["threads"]
    try:
        assert use_threads(3) == (before is not None)
        assert os.environ.pop("PELLUCID_THREADS") == "3"
        assert info()["threads"] in (3, 0)
        assert thread_count() in (3, None)
    finally:
        use_threads(before or 1)
        del os.environ["PELLUCID_THREADS"]
        if kernels:
            sys.modules["pellucid._native"].set_threads(kernels)


def test_data_list_shows_every_set_and_where_it_is(call: Call) -> None:
    called = call("data", "list")
    assert called.code == 0
    assert [line.split()[0] for line in called.out.splitlines()[::2]] == [x.name for x in data.catalogue()]
    assert "in the package" in called.out


def test_data_list_json(call: Call) -> None:
    found = call("data", "list", "digits", "--json").json["data"]
    assert [(x["name"], x["where"]) for x in found] == [("digits", "embedded")]


def test_data_with_an_unknown_name_is_refused(call: Call) -> None:
    called = call("data", "list", "mnits")
    assert called.code == 2
    assert called.err == "pellucid: data: there is no data set mnits, did you mean 'mnist'?\n"


def test_data_fetch_of_what_is_here_says_where(call: Call) -> None:
    called = call("data", "fetch", "digits", "--json")
    assert called.code == 0
    assert Path(called.json["folders"]["digits"]).is_dir()


def test_data_verify_finds_the_digits_whole_and_does_not_mind_what_is_absent(call: Call) -> None:
    called = call("data", "verify")
    assert called.code == 0
    assert "  digits         whole, 46 kB" in called.out
    assert "  mnist          not here\n" in called.out


def test_data_verify_minds_what_is_absent_when_it_is_named(call: Call) -> None:
    assert call("data", "verify", "mnist").code == 1


def test_data_verify_names_a_damaged_file(call: Call, tmp_path: Path) -> None:
    file = tmp_path / "cache" / "mnist" / "train-images-idx3-ubyte.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"damaged")
    called = call("data", "verify", "mnist", "--json")
    assert called.code == 1
    assert f"{file} is damaged (md5 " in called.err.replace("\n", "")
    states = [check["state"] for check in called.json["files"]]
    assert states == ["damaged", "absent", "absent", "absent"]


def test_json_results_are_one_line(call: Call) -> None:
    lines = call("data", "verify", "--json").out.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["files"]
