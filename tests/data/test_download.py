"""Downloads from a misbehaving server: nothing half-written ever gets the file's name."""

import hashlib
import signal
import subprocess
import sys
import threading

import pytest

from pellucid.data.download import PROGRAM, download
from pellucid.data.places import RemoteFile
from pellucid.errors import DataError

CONTENT = bytes(range(256)) * 1000


def names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_a_file_is_brought_checked_and_brought_only_once(server, tmp_path):
    file, seen = server.put("a/x.gz", CONTENT), []
    for _ in range(2):
        path = download("toy", file, [server.url + "a/"], tmp_path / "new" / "toy", lambda *at: seen.append(at))
    assert path.read_bytes() == CONTENT
    assert names(path.parent) == ["x.gz"]
    assert server.requests == [("a/x.gz", None, PROGRAM)]
    assert seen[-1] == ("x.gz", len(CONTENT), len(CONTENT))


def test_an_interrupted_download_goes_on_where_it_was(server, tmp_path):
    file = server.put("x", CONTENT)
    (tmp_path / "x.part").write_bytes(CONTENT[:1000])
    assert download("toy", file, [server.url], tmp_path).read_bytes() == CONTENT
    assert [asked for _, asked, _ in server.requests] == ["bytes=1000-"]


def test_what_broke_off_at_one_mirror_goes_on_at_the_next(server, tmp_path):
    file = server.put("a/x", CONTENT)
    server.put("b/x", CONTENT)
    server.behaviour["a/x"] = "break off"
    path = download("toy", file, [server.url + "a/", server.url + "b/"], tmp_path)
    assert path.read_bytes() == CONTENT
    assert [asked for _, asked, _ in server.requests] == [None, "bytes=128000-"]


def test_a_server_that_ignores_the_range_is_read_from_the_start(server, tmp_path):
    file = server.put("x", CONTENT)
    server.behaviour["x"] = "no range"
    (tmp_path / "x.part").write_bytes(b"other")
    assert download("toy", file, [server.url], tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("stale", [b"wrong start", bytes(len(CONTENT)), bytes(len(CONTENT) + 1)])
def test_a_stale_part_is_thrown_away_and_begun_again(server, tmp_path, stale):
    file = server.put("x", CONTENT)
    (tmp_path / "x.part").write_bytes(stale)
    assert download("toy", file, [server.url], tmp_path).read_bytes() == CONTENT
    assert names(tmp_path) == ["x"]


def test_a_whole_part_only_needs_its_name(server, tmp_path):
    file = server.put("x", CONTENT)
    (tmp_path / "x.part").write_bytes(CONTENT)
    assert download("toy", file, [server.url], tmp_path).read_bytes() == CONTENT
    assert server.requests == []


def test_every_mirror_s_fault_is_told_and_nothing_is_left(server, tmp_path):
    file = server.put("good/x", CONTENT)
    server.put("damaged/x", bytes(len(CONTENT)))
    server.put("long/x", CONTENT + b"more")
    server.behaviour["busy/x"] = 503
    mirrors = [server.url + name for name in ("none/", "busy/", "damaged/", "long/")]
    with pytest.raises(DataError) as caught:
        download("toy", file, mirrors, tmp_path)
    none, busy, damaged, long = (f"{mirror}x: " for mirror in mirrors)
    md5 = f"md5 {hashlib.md5(bytes(len(CONTENT))).hexdigest()}"
    assert str(caught.value) == (
        f"toy: x could not be downloaded ({none}HTTP 404 Not Found; {busy}HTTP 503 Service Unavailable;"
        f" {damaged}sent a damaged file ({md5}, expected {file.md5}); {long}sent more than the 256,000 bytes"
        f" expected); put it into {tmp_path}, or set PELLUCID_DATA to a folder that has toy/x"
    )
    assert names(tmp_path) == []
    assert download("toy", file, [*mirrors, server.url + "good/"], tmp_path).read_bytes() == CONTENT


def test_a_download_that_breaks_off_everywhere_keeps_what_it_has(server, tmp_path):
    file = server.put("x", CONTENT)
    server.behaviour["x"] = "break off"
    with pytest.raises(DataError, match="broke off after 128,000 of 256,000 bytes"):
        download("toy", file, [server.url], tmp_path)
    assert names(tmp_path) == ["x.part"]
    assert download("toy", file, [server.url], tmp_path).read_bytes() == CONTENT


def test_an_answer_with_another_range_is_refused(server, tmp_path):
    file = server.put("x", CONTENT)
    server.behaviour["x"] = "wrong range"
    (tmp_path / "x.part").write_bytes(CONTENT[:10])
    with pytest.raises(DataError, match="answered with another range than was asked for"):
        download("toy", file, [server.url], tmp_path)


def test_no_server_at_all_is_told(server, tmp_path):
    server.http.shutdown()
    server.http.server_close()
    with pytest.raises(DataError) as caught:
        download("toy", RemoteFile("x", 1, "0" * 32), [server.url], tmp_path)
    assert f"({server.url}x: Connection refused); put it into {tmp_path}" in str(caught.value)


def test_a_cache_that_cannot_be_written_to_is_told(server, tmp_path):
    (tmp_path / "cache").write_text("a file, no folder")
    with pytest.raises(DataError) as caught:
        download("toy", server.put("x", CONTENT), [server.url], tmp_path / "cache" / "toy")
    fault = f"cannot write to {tmp_path / 'cache' / 'toy'} (Not a directory)"
    assert str(caught.value) == f"toy: {fault}; set PELLUCID_CACHE to a folder that you can write to"


FETCH = """
import sys
from pathlib import Path
from pellucid.data.download import download
from pellucid.data.places import RemoteFile
name, size, md5, url, folder = sys.argv[1:]
print(download("toy", RemoteFile(name, int(size), md5), [url], Path(folder)).stat().st_size)
"""


def fetcher(file, url, folder):
    command = [sys.executable, "-c", FETCH, file.name, str(file.size), file.md5, url, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_two_processes_download_once(server, tmp_path):
    file = server.put("x", CONTENT)
    server.gate.clear()
    processes = [fetcher(file, server.url, tmp_path) for _ in range(2)]
    _wait_for_request(server)
    server.gate.set()
    assert [process.communicate()[0].strip() for process in processes] == ["256000"] * 2
    assert len(server.requests) == 1


def test_a_killed_holder_of_the_lock_stops_nobody(server, tmp_path):
    file = server.put("x", CONTENT)
    server.gate.clear()
    with fetcher(file, server.url, tmp_path) as holder:
        _wait_for_request(server)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert names(tmp_path) == []
    server.gate.set()
    assert download("toy", file, [server.url], tmp_path).read_bytes() == CONTENT


def _wait_for_request(server):
    pause = threading.Event()
    for _ in range(1000):
        if server.requests:
            return
        pause.wait(0.01)
    pytest.fail("no request came in ten seconds")
