"""Figure 1, short: no 5xx, no file outside, whatever is sent. The long form is ``bench/server_attack.py``."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from tests.server import attack
from tests.server import traced as tracing
from tests.server.conftest import RECORDINGS
from tests.server.traced import Traced
from workbench.server import connections
from workbench.server.serving import Background


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Background, Path]]:
    """A server with room for many waiting exports, and its state folder; a secret lies beside it."""
    folder = tmp_path_factory.mktemp("attacked")
    (folder / "passwd").write_text("root:x:0\n", encoding="ascii")
    with Background(RECORDINGS, state=folder / "state", slots=1, queue=8) as server:
        yield server, folder / "state"


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Traced:
    """A server whose every call to the system is seen, its workers' too."""
    if why := tracing.unusable():
        pytest.skip(f"which files are touched is not checked: {why}")
    return Traced(tmp_path_factory.mktemp("traced") / "here", RECORDINGS, slots=1, queue=8)


def test_random_requests_find_no_mistake(target: tuple[Background, Path]) -> None:
    """Random methods, addresses, queries, headers and bodies: refusals in form, no 5xx."""
    with httpx.Client(base_url=target[0].url, timeout=30) as client:
        _attack(client, 100)


def test_no_file_is_touched_outside(traced: Traced) -> None:
    """Of all files that the server and its workers touch under attack, each is theirs; footage is only read."""
    with traced as server, httpx.Client(base_url=server.url, timeout=30) as client:
        attack.work(client, attack.PATHS)
        _attack(client, 60)
    assert traced.outside() == []
    seen = traced.by_workers()
    assert any(touch.path.startswith(str(RECORDINGS)) for touch in seen), "workers were seen to read footage"
    made = [touch.path for touch in seen if touch.writes and touch.path.startswith(f"{traced.own[0]}/work/")]
    assert {Path(path).suffix for path in made} >= {".mp4", ".mkv", ".avi", ".jpg", ".pdf"}, "and to make files"


PRYING = """
import os, subprocess, sys
here, own = sys.argv[1:]
os.stat(f"{here}/looked")
open(f"{here}/read").close()
os.link(f"{here}/linked", f"{own}/link")
os.symlink(f"{here}/meant", f"{own}/symlink")
os.rename(f"{here}/moved", f"{own}/moved")
os.chmod(f"{here}/changed", 0o644)
os.truncate(f"{here}/cut", 0)
folder = os.open(here, os.O_RDONLY)
os.unlink("removed", dir_fd=folder)
os.fchmod(os.open(f"{own}/../f\xe4", os.O_RDONLY), 0o600)
subprocess.run(["cat", "../here/child"], cwd=own)
"""


def test_the_tracer_sees_every_way_to_touch_a_file(tmp_path: Path) -> None:
    """Looking, reading, linking, moving, changing and removing are seen, in child processes and by any spelling."""
    if why := tracing.unusable():
        pytest.skip(why)
    here, own = tmp_path / "here", tmp_path / "own"
    names = ("looked", "read", "linked", "moved", "changed", "cut", "removed", "child")
    for folder in (here, own):
        folder.mkdir()
    for path in (*(here / name for name in names), tmp_path / "f\xe4"):
        path.touch()
    words = [*tracing.tracer(tmp_path / "trace"), sys.executable, "-c", PRYING, str(here), str(own)]
    with subprocess.Popen(words, cwd=own, stdout=subprocess.PIPE) as process:
        process.communicate()
    tracing.settled(tmp_path / "trace" / f"t.{process.pid}")
    found = tracing.outside(tracing.touches(tmp_path / "trace", own), own=[own], read=tracing.python())
    seen = {Path(line.partition(" ")[2]) for line in found}
    assert seen >= {*(here / name for name in (*names, "meant")), tmp_path / "f\xe4"}
    assert {line.partition(" ")[0] for line in found} >= {"link", "symlink", "rename", "chmod", "truncate", "unlinkat"}


def _attack(client: httpx.Client, examples: int) -> None:
    export, name = attack.exported(client)

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(attack.REQUESTS)
    def attacked(request: dict[str, object]) -> None:
        assert attack.unwanted(attack.send(client, request, export, name)) is None

    attacked()


def test_schemathesis_finds_no_mistake(target: tuple[Background, Path]) -> None:
    """Requests made from the server's own OpenAPI document: each answer is one that the document knows."""
    assert attack.schemathesis(target[0].url, examples=2, phases="fuzzing") > 30


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /../../passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /export/../../passwd HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://evil.example/uuid HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"GET /uuid HTTP/1.1\r\n\r\n",
        b"GET /uuid HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
        b"POST /grpc HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /grpc HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /grpc HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n" + b"[" * 5_000_000,
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /%ff%00/camera/list HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic \xff\r\n\r\n",
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_raw_bytes_find_no_mistake(target: tuple[Background, Path], raw: bytes) -> None:
    """Bytes that are hardly HTTP are refused or hung up on, soon, and the server goes on."""
    port = int(target[0].url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65_536)
        except ConnectionError:
            answer = b""
    assert not answer or (answer.startswith(b"HTTP/1.1 4") and b"root:x" not in answer)
    assert httpx.get(f"{target[0].url}/health", timeout=10).status_code == 200


def test_who_sends_no_head_is_hung_up_on(target: tuple[Background, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that says nothing, or drips its first line, ends in time; one at work does not."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)
    port = int(target[0].url.rpartition(":")[2])
    for first in (b"", b"GET /uuid"):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(first)
            began = time.monotonic()
            assert connection.recv(100) == b"" and 0.3 < time.monotonic() - began < 5


def test_questions_beyond_measure_are_put_off() -> None:
    """More questions than may wait are answered 503 with Retry-After, none is lost or hangs."""
    with Background(RECORDINGS) as server:
        object.__setattr__(server.server.service.desk, "_most", 2)
        at = "/archive/media/WORKBENCH/DeviceIpint.6/SourceEndpoint.video:0:0/20260301T100015"
        found: list[httpx.Response] = []

        def ask() -> None:
            found.append(httpx.get(f"{server.url}{at}", timeout=60))

        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    statuses = {answer.status_code for answer in found}
    assert len(found) == 16 and statuses == {200, 503}
    assert all(answer.headers["retry-after"] == "2" for answer in found if answer.status_code == 503)


def test_a_full_queue_is_told(tmp_path: Path) -> None:
    """Exports beyond the queue are 503 with Retry-After; those taken all come to an end."""
    with Background(RECORDINGS, slots=1, queue=1) as server, httpx.Client(base_url=server.url) as client:
        path = "/export/archive/WORKBENCH/DeviceIpint.4/SourceEndpoint.video:0:0/past/future"
        answers = [client.post(path, json={"format": "avi"}) for _ in range(4)]
        assert {answer.status_code for answer in answers} == {202, 503}
        assert all(int(a.headers["retry-after"]) >= 1 for a in answers if a.status_code == 503)
        for answer in answers:
            if answer.status_code == 202:
                assert client.delete(answer.headers["location"]).status_code == 204
