"""The catalogue: where a data set is, how it comes, whether it is whole."""

import hashlib

import pytest

from pellucid.data import catalogue, entry, fetch, verify
from pellucid.data.known_sets import Entry
from pellucid.errors import DataError


@pytest.fixture
def toy(server, monkeypatch):
    """A data set of two files that the test's own server has."""
    files = tuple(server.put(f"toy/{name}", name.encode() * 100) for name in ("one.gz", "two.gz"))
    known = Entry("toy", "two files", "nobody", (), files, (server.url + "toy/",))
    monkeypatch.setattr("pellucid.data.known_sets.ENTRIES", (known,))
    monkeypatch.delenv("PELLUCID_DATA", raising=False)
    return known


def test_the_digits_are_embedded_and_whole():
    assert entry("digits").locate().kind == "embedded"
    assert [check.state for check in verify("digits")] == ["ok"]
    assert entry("digits").size < 100_000
    assert (fetch("digits") / "digits.LICENSE.md").exists()


def test_every_entry_says_what_it_is():
    for known in catalogue():
        assert known.description
        assert known.source
        assert len(known.classes) == 10
        assert all(mirror.endswith("/") for mirror in known.mirrors)
        assert all(len(file.md5) == 32 for file in known.files)


def test_a_data_set_is_absent_then_fetched_into_the_cache(toy, server, tmp_path):
    assert (toy.locate().kind, [check.state for check in verify("toy")]) == ("absent", ["absent"] * 2)
    assert fetch("toy") == tmp_path / "cache" / "toy"
    assert (toy.locate().kind, [check.state for check in verify("toy")]) == ("cache", ["ok"] * 2)
    fetch("toy")
    assert len(server.requests) == 2


def test_only_what_is_missing_is_fetched(toy, server):
    (fetch("toy") / "two.gz").unlink()
    assert toy.locate().kind == "absent"
    fetch("toy")
    assert [path for path, _, _ in server.requests] == ["toy/one.gz", "toy/two.gz", "toy/two.gz"]


def test_the_user_s_folder_goes_before_the_cache_and_needs_no_network(toy, server, tmp_path, monkeypatch):
    (tmp_path / "mine" / "toy").mkdir(parents=True)
    monkeypatch.setenv("PELLUCID_DATA", str(tmp_path / "mine"))
    assert toy.locate().kind == "absent"
    for file in toy.files:
        (tmp_path / "mine" / "toy" / file.name).write_bytes(file.name.encode() * 100)
    assert toy.locate().kind == "PELLUCID_DATA"
    assert fetch("toy") == tmp_path / "mine" / "toy"
    assert server.requests == []


def test_a_damaged_file_is_told_and_deleting_it_helps(toy):
    path = fetch("toy") / "one.gz"
    path.write_bytes(b"damaged")
    assert [check.state for check in verify("toy")] == ["damaged", "ok"]
    with pytest.raises(DataError) as caught:
        fetch("toy")
    fault = f"one.gz is damaged (md5 {hashlib.md5(b'damaged').hexdigest()}, expected {toy.files[0].md5})"
    assert str(caught.value) == f"toy: {fault}; delete {path} to download it again"
    path.unlink()
    fetch("toy")
    assert [check.state for check in verify("toy")] == ["ok", "ok"]


def test_an_unknown_name_is_refused():
    with pytest.raises(DataError) as caught:
        entry("cifar")
    assert str(caught.value) == "data: there is no data set 'cifar'; there are digits, mnist, fashion-mnist"


def test_the_official_files_are_whole(real_data):
    for name in ("mnist", "fashion-mnist"):
        assert entry(name).locate().kind == "PELLUCID_DATA"
        assert [check.path.stat().st_size for check in verify(name)] == [file.size for file in entry(name).files]
        assert {check.state for check in verify(name)} == {"ok"}
