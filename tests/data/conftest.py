"""A web server of this machine that can be told to misbehave, and places of data that belong to one test."""

import hashlib
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pellucid.data.places import RemoteFile


class Server:
    """Serves `files` by path.

    `behaviour` maps a path to a status to answer with, or to one of: "no range" (ignores Range), "break off"
    (sends half, once), "wrong range" (answers with another range than was asked for). While `gate` is shut,
    no answer comes.
    """

    def __init__(self):
        self.files, self.behaviour, self.requests = {}, {}, []
        self.gate = threading.Event()
        self.gate.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.answer(self)

            def log_message(self, *arguments):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.http.handle_error = lambda request, address: None  # a client that hangs up is what is tested
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def stop(self):
        self.gate.set()
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()

    def put(self, path, content):
        self.files[path] = content
        return RemoteFile(path.rpartition("/")[2], len(content), hashlib.md5(content).hexdigest())

    def answer(self, handler):
        path = handler.path[1:]
        self.requests.append((path, handler.headers.get("Range"), handler.headers["User-Agent"]))
        self.gate.wait(10)
        behaviour = self.behaviour.get(path, 200 if path in self.files else 404)
        if isinstance(behaviour, int) and behaviour != 200:
            handler.send_error(behaviour)
            return
        content, start = self.files[path], 0
        asked = handler.headers.get("Range")
        if asked and behaviour != "no range":
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        handler.send_response(206 if start else 200)
        shown = 0 if behaviour == "wrong range" else start
        handler.send_header("Content-Range", f"bytes {shown}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - start))
        handler.end_headers()
        if behaviour == "break off":
            del self.behaviour[path]
            content = content[: len(content) // 2]
        handler.wfile.write(content[start:])


@pytest.fixture
def server():
    server = Server()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _own_places(monkeypatch, tmp_path):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("PELLUCID_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def real_data(request):
    """The folder of the real data sets; the test is skipped where `PELLUCID_DATA` does not name one."""
    if not os.environ.get("PELLUCID_DATA"):
        pytest.skip("PELLUCID_DATA is not set: the official files are not here")
    return os.environ["PELLUCID_DATA"]
