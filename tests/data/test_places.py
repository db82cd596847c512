"""Where data and downloads are looked for."""

from pathlib import Path

import pytest

from pellucid.data import cache_folder, data_folder
from pellucid.data.bounded import read_whole
from pellucid.data.places import existing_file, existing_folder, md5_of
from pellucid.errors import DataError


def test_the_cache_follows_its_variables_in_turn(monkeypatch):
    monkeypatch.setenv("PELLUCID_CACHE", "/a/cache")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert cache_folder() == Path("/a/cache")
    monkeypatch.delenv("PELLUCID_CACHE")
    assert cache_folder() == Path("/b/pellucid")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "pellucid"


def test_no_variable_no_data_folder(monkeypatch, tmp_path):
    monkeypatch.delenv("PELLUCID_DATA", raising=False)
    assert data_folder() is None
    monkeypatch.setenv("PELLUCID_DATA", str(tmp_path))
    assert data_folder() == tmp_path


def test_a_mistyped_data_folder_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("PELLUCID_DATA", str(tmp_path / "no"))
    with pytest.raises(DataError) as caught:
        data_folder()
    assert str(caught.value) == f"PELLUCID_DATA: there is no folder {tmp_path / 'no'}; check the path"


def test_files_and_folders_are_told_apart(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"abc")
    assert existing_file("here", str(file)) == file
    assert existing_folder("here", tmp_path) == tmp_path
    assert md5_of(file) == "900150983cd24fb0d6963f7d28e17f72"
    with pytest.raises(DataError) as caught:
        existing_folder("here", file)
    assert str(caught.value) == f"here: {file} is a file; give the path of a folder"


def test_a_whole_file_may_have_just_its_limit(tmp_path):
    (tmp_path / "file").write_bytes(bytes(10))
    assert read_whole(tmp_path / "file", "here", 10) == bytes(10)
    with pytest.raises(DataError) as caught:
        read_whole(tmp_path / "file", "here", 9)
    fault = f"{tmp_path / 'file'} unpacks to more than 9 bytes"
    assert str(caught.value) == f"here: {fault}; raise max_bytes if you trust the file"
