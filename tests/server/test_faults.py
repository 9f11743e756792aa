"""Plans of faults, committed by a real server on loopback and seen by a client that reads bytes."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from workbench.core.errors import RequestError
from workbench.server.faults import App, Faulty, Message, Plan, Receive, Send

BODY = bytes(range(256)) * 16
DOCUMENT = {"id": "1", "state": 2, "files": ["a.mp4"]}


async def plain(scope: Message, receive: Receive, send: Send) -> None:
    """A tiny application: a file that honours Range, and a status."""
    headers = dict(scope["headers"])
    begin = int(headers.get(b"range", b"bytes=0-").removeprefix(b"bytes=").removesuffix(b"-"))
    body = json.dumps(DOCUMENT).encode() if scope["path"].endswith("/status") else BODY[begin:]
    told = [(b"content-length", str(len(body)).encode()), (b"ETag", b'"one"')]
    await send({"type": "http.response.start", "status": 206 if begin else 200, "headers": told})
    half = len(body) // 2
    await send({"type": "http.response.body", "body": body[:half], "more_body": True})
    await send({"type": "http.response.body", "body": body[half:], "more_body": False})


@contextmanager
def serving(app: App) -> Iterator[int]:
    """The application behind a real server; its port."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


def ask(port: int, path: str, method: str = "GET", *headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and every byte of the body until the connection ends."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as line:
        head = "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", *headers, "", ""])
        line.sendall(head.encode())
        data = b""
        while piece := line.recv(65536):
            data += piece
    start, _, body = data.partition(b"\r\n\r\n")
    first, *rest = start.decode("latin-1").split("\r\n")
    return int(first.split()[1]), {k.lower(): v for k, v in (r.split(": ", 1) for r in rest)}, body


def committed(
    fault: dict[str, Any], path: str = "/p/export/1/file", *headers: str
) -> tuple[int, dict[str, str], bytes]:
    """The answer of a server that has this fault in its plan."""
    with serving(Faulty(plain, Plan.of({"fault": [fault]}))) as port:
        return ask(port, path, "GET", *headers)


@pytest.mark.parametrize("at", [0, 1, 1000, 2048, 4095, 4096, 9999])
def test_drop(at: int) -> None:
    """The connection ends after so many bytes of the body, whose announced length is the true one."""
    status, headers, body = committed({"kind": "drop", "at": at})
    assert (status, headers["content-length"], body) == (200, "4096", BODY[:at])


def test_status() -> None:
    """The error is answered with its Retry-After."""
    status, headers, body = committed({"kind": "status", "code": 503, "retry_after": 2})
    assert (status, headers["retry-after"], body) == (503, "2", b"")


def test_slow() -> None:
    """The answer begins late and drips, and is whole in the end."""
    begin = time.monotonic()
    _, _, body = committed({"kind": "slow", "seconds": 0.2, "bytes_per_second": 20_000})
    assert body == BODY and 0.35 < time.monotonic() - begin < 5


@pytest.mark.parametrize("by", [-96, 100])
def test_length(by: int) -> None:
    """Content-Length is wrong; a shorter one is kept to."""
    _, headers, body = committed({"kind": "length", "by": by})
    assert headers["content-length"] == str(4096 + by) and body == BODY[: 4096 + by]


def test_header() -> None:
    """A header has another value, or is gone."""
    assert committed({"kind": "header", "name": "ETag", "value": '"two"'})[1]["etag"] == '"two"'
    assert "etag" not in committed({"kind": "header", "name": "etag", "value": ""})[1]


def test_range() -> None:
    """The range is not seen, so the whole file comes."""
    status, _, body = committed({"kind": "range"}, "/export/1/file", "Range: bytes=100-")
    assert (status, body) == (200, BODY)


def test_body() -> None:
    """Something else comes with its own right length."""
    _, headers, body = committed({"kind": "body", "text": "<html>ä"}, "/export/1/status")
    assert body == "<html>ä".encode() and headers["content-length"] == str(len(body))


def test_document() -> None:
    """Single keys of the document lie, the others stay."""
    hostile = ["../../etc/passwd", "CON", "a\u0000b"]
    _, _, body = committed({"kind": "document", "set": {"files": hostile}}, "/export/1/status")
    assert json.loads(body) == {**DOCUMENT, "files": hostile}


def test_turns_and_places() -> None:
    """A fault happens from its turn on, so often, and only where its path and method say."""
    fault = {"kind": "status", "path": "/export/*/file", "method": "GET", "times": 2, "after": 1}
    with serving(Faulty(plain, Plan.of({"fault": [fault]}))) as port:
        others = [ask(port, "/export/1/status")[0], ask(port, "/export/1/file", "HEAD")[0]]
        seen = [ask(port, "/p/export/1/file")[0] for _ in range(4)]
    assert others == [200, 200] and seen == [200, 503, 503, 200]


def test_a_plan_is_read_from_toml(tmp_path: Path) -> None:
    """The file's tables become faults in their order."""
    (tmp_path / "plan.toml").write_text('[[fault]]\nkind = "drop"\nat = 5\n[[fault]]\nkind = "range"\ntimes = 1\n')
    assert [fault.kind for fault in Plan.read(tmp_path / "plan.toml").faults] == ["drop", "range"]


BAD = [
    {"kind": "explode"},
    {"at": 5},
    {"kind": "drop", "at": "five"},
    {"kind": "drop", "at": True},
    {"kind": "drop", "code": 500},
    {"kind": "status", "code": 99},
    {"kind": "header", "name": "X", "value": "a\r\nb"},
    {"kind": "document", "set": []},
    "drop",
]


@pytest.mark.parametrize("entry", BAD, ids=str)
def test_a_wrong_plan_is_refused(entry: object) -> None:
    """The error names the fault by its number."""
    with pytest.raises(RequestError, match="fault 2"):
        Plan.of({"fault": [{"kind": "range"}, entry]})


@pytest.mark.parametrize("text", ["[[fault", "faults = 1", "fault = 1"])
def test_a_file_that_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    """What is not TOML, or another TOML, is an error of the request."""
    (tmp_path / "plan.toml").write_text(text)
    with pytest.raises(RequestError, match="faults"):
        Plan.read(tmp_path / "plan.toml")
