"""Downloads that break: whatever the server does in the middle, the file is right to the last byte or is not there."""

from __future__ import annotations

import hashlib
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.vms.faulty import Asked, Faulty, FileServer, Wire, answer, drip
from workbench.core.errors import Cancelled, NameTaken, RemoteError, WorkError
from workbench.vms.client import Client
from workbench.vms.download import Downloaded
from workbench.vms.following import Failed
from workbench.vms.transport import Timeouts

MIB = 2**20
CONTENT = random.Random(4).randbytes(2 * MIB + 12_345)
OTHER = random.Random(5).randbytes(2 * MIB + 54_321)
SHA256, OTHER_SHA256 = (hashlib.sha256(data).hexdigest() for data in (CONTENT, OTHER))
PLACES = [0, 1, 2, 4095, 4096, 65_535, 65_536, 65_537, 262_143, 262_144, 500_000, MIB - 1, MIB, MIB + 1, 1_500_000,
          2 * MIB - 1, 2 * MIB, 2 * MIB + 1, len(CONTENT) - 2, len(CONTENT) - 1]  # fmt: skip


def fetch(handler: FileServer, path: Path) -> Downloaded:
    """Download the file of a server that runs only for this; what is at `path` afterwards is checked by its hash."""
    with Faulty(handler) as server, Client(server.url) as client:
        handler.server = server
        got = client.download("a-1", "x.mp4", path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == got.sha256
    assert path.stat().st_size == got.size
    return got


def test_an_unbroken_download_is_fetched_once(tmp_path: Path) -> None:
    """Without a fault there is one request, and each byte comes once."""
    handler = FileServer(CONTENT, tells_sha256=True)
    got = fetch(handler, tmp_path / "x.mp4")
    assert (got.sha256, got.server_sha256, got.breaks, got.refetched) == (SHA256, SHA256, 0, 0)
    assert (handler.turns, handler.sent, got.ended_by) == (1, len(CONTENT), "its SHA-256")


@pytest.mark.parametrize("after", ["restart", "changed", "ignored", "short", "long"])
def test_twenty_breaks(tmp_path: Path, after: str) -> None:
    """Broken at each of 20 places and then restarted, changed, deaf to ranges or wrong in length: the right SHA-256."""

    def one(place: int) -> tuple[Downloaded, FileServer]:
        handler = FileServer(CONTENT, breaks=[place], after=after, changed=OTHER, tells_sha256=after == "short")
        return fetch(handler, tmp_path / f"{place}.mp4"), handler

    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(one, PLACES))
    for place, (got, handler) in zip(PLACES, found, strict=True):
        assert got.sha256 == (OTHER_SHA256 if after == "changed" else SHA256), place
        assert got.breaks >= 1, place
        if after == "restart":  # the server goes on where it broke off: nothing comes twice
            assert (got.refetched, handler.sent - len(CONTENT)) == (0, 0), place
        else:  # another file, another length than announced, or deaf to ranges: what was held comes again, and no more
            assert place - 5 <= got.refetched <= place, place


def test_twenty_breaks_of_one_download(tmp_path: Path) -> None:
    """A download that breaks twenty times goes on each time where it stood: no byte comes twice."""
    handler = FileServer(CONTENT, breaks=list(PLACES), tells_sha256=True)
    got = fetch(handler, tmp_path / "x.mp4")
    assert (got.sha256, got.breaks, got.refetched) == (SHA256, 20, 0)
    assert handler.sent == len(CONTENT)


@pytest.mark.parametrize("after", ["wrong-range", "other-total", "416", "busy"])
@pytest.mark.parametrize("etag", ["strong", "weak", "none"])
def test_nothing_is_spliced(tmp_path: Path, after: str, etag: str) -> None:
    """A range that is not the one asked for, or without a strong validator, begins the file anew."""
    handler = FileServer(CONTENT, breaks=[700_000], after=after, etag=etag)
    got = fetch(handler, tmp_path / "x.mp4")
    assert got.sha256 == SHA256
    assert got.refetched == (0 if (after, etag) == ("busy", "strong") else 700_000)


def test_a_chunked_file_is_ended_by_its_last_chunk(tmp_path: Path) -> None:
    """Without a length a break is still a break, and the result says by what the end was known."""
    got = fetch(FileServer(CONTENT, breaks=[300_000], chunked=True), tmp_path / "x.mp4")
    assert (got.sha256, got.breaks, got.ended_by) == (SHA256, 1, "its last chunk")


@pytest.mark.slow
def test_a_server_may_be_away_for_a_while(tmp_path: Path) -> None:
    """A server that is gone for twenty seconds in the middle finds what came before it still held."""
    handler = FileServer(CONTENT, breaks=[MIB], tells_sha256=True)
    with Faulty(handler) as server, Client(server.url) as client:
        handler.server, handler.after, handler.away = server, "restart", 20.0
        got = client.download("a-1", "x.mp4", tmp_path / "x.mp4")
    assert (got.sha256, got.refetched, handler.sent) == (SHA256, 0, len(CONTENT))


@pytest.mark.parametrize("status", [0, 500])
def test_a_server_that_stays_away_is_given_up(tmp_path: Path, status: int) -> None:
    """A server that is not there, or cannot, ends the download after the silence that is borne, and not before."""

    def handler(asked: Asked, wire: Wire) -> None:
        wire.send(answer(status)) if status else wire.close()

    with Faulty(handler) as server, Client(server.url, timeouts=Timeouts(silence=1.0)) as client:
        began = time.monotonic()
        with pytest.raises(RemoteError):
            client.download("a-1", "x.mp4", tmp_path / "x.mp4")
        assert 1.0 < time.monotonic() - began < 4.0 and len(server.asked) > 2
    assert list(tmp_path.iterdir()) == []


def test_a_busy_server_is_waited_for(tmp_path: Path) -> None:
    """503 with Retry-After is no silence: the file is asked for again after so long, and comes."""
    turn = iter([answer(503, Retry_After="1")] * 2)
    done = answer(200, CONTENT)
    short = Timeouts(silence=0.5)
    with (
        Faulty(lambda asked, wire: wire.send(next(turn, done))) as server,
        Client(server.url, timeouts=short) as client,
    ):
        began = time.monotonic()
        assert client.download("a-1", "x.mp4", tmp_path / "x.mp4").sha256 == SHA256
        assert 1.9 < time.monotonic() - began < 5 and len(server.asked) == 3


def test_cancel_ends_the_wait_for_a_server_that_is_away(tmp_path: Path) -> None:
    """A cancel is heard within a second while nobody answers."""
    cancel = threading.Event()
    with Client("http://127.0.0.1:9") as client:
        threading.Timer(0.5, cancel.set).start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            client.download("a-1", "x.mp4", tmp_path / "x.mp4", cancel=cancel)
        assert time.monotonic() - began < 1.5


def never_right(data: bytes, **headers: str) -> FileServer:
    """A server that always says the same wrong thing."""

    def pour(wire: Wire, begin: int, lie: int, more: dict[str, str]) -> None:
        wire.send(answer(200, data, **headers))

    handler = FileServer(CONTENT)
    handler.pour = pour  # type: ignore[method-assign]
    return handler


@pytest.mark.parametrize(
    ("headers", "why"),
    [({"X_SHA256": "0" * 64}, "cannot be had whole"), ({"Content_Encoding": "gzip"}, "compressed")],
)
def test_what_is_never_right_is_not_kept(tmp_path: Path, headers: dict[str, str], why: str) -> None:
    """A file that never has the SHA-256 that the server names, or comes packed, ends in an error and no file."""
    with pytest.raises(Failed, match=why):
        fetch(never_right(b"x" * 1000, **headers), tmp_path / "x.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("etag", "after"), [("none", ""), ("weak", ""), ("strong", "ignored")])
def test_a_flaky_network_is_not_the_files_fault(tmp_path: Path, etag: str, after: str) -> None:
    """Broken off again and again where the server cannot go on: given up, and never as what would end alike again."""
    handler = FileServer(CONTENT, breaks=[500_000] * 5, etag=etag, after=after)
    with pytest.raises(RemoteError, match="does not go on") as error:
        fetch(handler, tmp_path / "x.mp4")
    assert not isinstance(error.value, Failed) and "network" in error.value.advice
    assert handler.turns >= 5 and list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """A download never writes over, nor removes, what is at its path; a link there is not followed."""
    (tmp_path / "x.mp4").write_text("mine")
    (tmp_path / "y.mp4").symlink_to(tmp_path / "elsewhere")
    with Client("http://127.0.0.1:9") as client:
        for name in ("x.mp4", "y.mp4"):
            with pytest.raises(NameTaken):
                client.download("a-1", name, tmp_path / name)
        with pytest.raises(WorkError):
            client.download("a-1", "x", tmp_path / "no folder" / "x.mp4")
    assert (tmp_path / "x.mp4").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.mp4", "y.mp4"]


def test_a_refused_download_says_why(tmp_path: Path) -> None:
    """An unknown file is an error with the server's words, at once."""
    with Faulty(lambda asked, wire: wire.send(answer(404, b'{"error":{"message":"no such file"}}'))) as server:
        with Client(server.url) as client, pytest.raises(RemoteError, match="no such file"):
            client.download("a-1", "x.mp4", tmp_path / "x.mp4")
        assert len(server.asked) == 1
    assert list(tmp_path.iterdir()) == []


def test_cancel_ends_a_stalled_download(tmp_path: Path) -> None:
    """A cancel is heard within a second though the server sends nothing any more; nothing is left."""
    cancel = threading.Event()

    def stall(asked: Asked, wire: Wire) -> None:
        wire.send(answer(200, b"x" * 1000, length=10_000))
        cancel.wait(10)
        time.sleep(0.5)
        wire.close()

    with Faulty(stall) as server, Client(server.url) as client:
        threading.Timer(0.4, cancel.set).start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            client.download("a-1", "x.mp4", tmp_path / "x.mp4", cancel=cancel)
        assert time.monotonic() - began < 1.4
    assert list(tmp_path.iterdir()) == []


def test_a_dripping_download_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends a byte now and then does not hold us for ever."""
    monkeypatch.setattr("workbench.vms.download.PACE_OVER", 1.0)

    def slowly(asked: Asked, wire: Wire) -> None:
        wire.send(answer(200, b"", length=10_000))
        drip(wire, bytes(1000), 0.05, 8)

    with (
        Faulty(slowly) as server,
        Client(server.url, timeouts=Timeouts(slowest=1000)) as client,
        pytest.raises(RemoteError, match="too slowly"),
    ):
        client.download("a-1", "x.mp4", tmp_path / "x.mp4")
    assert list(tmp_path.iterdir()) == []


HEADS = {
    "with its head": [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"],
    "behind hints": [b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s"],
    "head in pieces": [b"HTTP/1.1 200 OK\r\nContent-Le", b"ngth: %d\r", b"\n\r", b"\n%s"],
    "bare line ends": [b"HTTP/1.1 200 OK\nContent-Length: %d\n\n%s"],
    "more than announced": [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%smore"],
}


@pytest.mark.parametrize("sent", HEADS.values(), ids=HEADS)
def test_a_body_begins_behind_its_head(tmp_path: Path, sent: list[bytes]) -> None:
    """However head and body reach us, the file is the body, and the next request gets its own answer."""
    data = b"HTTP/1.1 200 OK\r\n\r\n" + CONTENT

    def send(asked: Asked, wire: Wire) -> None:
        if asked.path.endswith("/status"):
            wire.send(answer(200, b'{"id":"a-1","state":1,"progress":0.5}'))
            return
        for piece in sent:
            wire.send(piece % tuple(v for k, v in ((b"%d", len(data)), (b"%s", data)) if k in piece))
            time.sleep(0.02)

    with Faulty(send) as server, Client(server.url) as client:
        for n in range(2):
            assert client.status("a-1").progress == 0.5
            client.download("a-1", "x.mp4", tmp_path / f"{n}.mp4")
            assert (tmp_path / f"{n}.mp4").read_bytes() == data
