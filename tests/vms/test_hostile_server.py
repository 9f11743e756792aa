"""A server that answers nonsense, leads elsewhere, is silent or slow: our own error in bounded time, no secret lost."""

from __future__ import annotations

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from tests.planted import PLAIN
from tests.vms.faulty import Asked, Faulty, Wire, answer, drip
from tests.vms.test_wire_names import HOSTILE
from workbench.core.errors import Cancelled, NotAllowed, RemoteError, WorkbenchError
from workbench.vms.client import Client
from workbench.vms.following import Gone, follow
from workbench.vms.transport import Timeouts, Unanswered
from workbench.vms.wire.times import FUTURE, PAST

VSID = "SERVER1/DeviceIpint.3/SourceEndpoint.video:0:0"
PASSWORD = PLAIN
GOOD: dict[str, Any] = {"id": "a-1", "state": 2, "progress": 1.0, "error": "", "files": ["a.mp4"]}
ODD: list[Any] = [None, True, -1, 7, 1e308, "2", "", [], {}, [None], [{}], ["a"] * 100_000, "x" * 70_000, 10**400, 2.5]


def malformed() -> list[bytes]:
    """300 bodies that are no state: each field odd, cut anywhere, doubled keys, nesting, charsets, pages, noise."""
    noise = random.Random(6)
    good = json.dumps(GOOD).encode()
    bodies = [json.dumps({**GOOD, key: value}).encode() for key in GOOD for value in ODD]
    bodies += [good[:size] for size in range(len(good))]
    bodies += [good.replace(b"1.0", word) for word in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"01", b"0x1")]
    bodies += [b"[" * 100_000, b'{"a":' * 100_000, b"<html><body>Welcome</body></html>", b"\xff\xfe" + good, b"null"]
    bodies += [
        good.decode().encode("utf-16"),
        b'{"state":1,"state":2}',
        b" " * (2**20 + 1),
        b'"' + b"\\ud800" * 9 + b'"',
    ]
    bodies += [noise.randbytes(noise.randrange(200)) for _ in range(300 - len(bodies))]
    return bodies


def refusal_of(client: Client) -> str | None:
    """What an error says about the state of an export; None where the state was read."""
    try:
        client.status("a-1")
    except RemoteError as error:
        return error.message
    return None


def test_three_hundred_malformed_states() -> None:
    """None of 300 malformed states is a traceback or an endless poll; each one is an error in one line."""
    bodies = malformed()
    assert len(bodies) >= 300
    turn = iter(bodies)
    refused = 0
    with Faulty(lambda asked, wire: wire.send(answer(200, next(turn)))) as server, Client(server.url) as client:
        for _ in bodies:
            said = refusal_of(client)
            refused += said is not None
            assert said is None or (said.isprintable() and len(said) < 400)
    assert refused > 280  # a few odd values are allowed: no text for `error`, whole numbers as floats
    assert len(server.asked) == len(bodies)


def test_each_malformed_state_ends_the_waiting() -> None:
    """A server that gives one of 300 malformed states for ever: waiting for it ends, as read, gone or silent."""
    bodies = malformed()

    def ending(number: int) -> tuple[str, str]:
        try:
            found = follow(client, f"a-{number}", most_standstill=0.3)
        except RemoteError as error:
            return type(error).__name__, error.message
        return f"state {found.state}", ""

    def handler(asked: Asked, wire: Wire) -> None:
        wire.send(answer(200, bodies[int(asked.path.split("/")[2].removeprefix("a-"))]))

    with (
        Faulty(handler) as server,
        Client(server.url, timeouts=Timeouts(silence=0.3)) as client,
        ThreadPoolExecutor(60) as pool,
    ):
        began = time.monotonic()
        ends = list(pool.map(ending, range(len(bodies))))
        assert time.monotonic() - began < 60
        assert len(server.asked) < 40 * len(bodies)
    kinds = [kind for kind, _ in ends]
    assert kinds.count("RemoteError") > 280 and set(kinds) <= {"RemoteError", "Failed", "state 2"}
    assert all(said.isprintable() and len(said) < 600 for _, said in ends if said)


def test_malformed_states_end_the_waiting() -> None:
    """Nonsense counts as silence: polling ends, and the error names the export and the field."""
    body, short = json.dumps({**GOOD, "progress": -1}).encode(), Timeouts(silence=0.5)
    with (
        Faulty(lambda asked, wire: wire.send(answer(200, body))) as server,
        Client(server.url, timeouts=short) as client,
    ):
        with pytest.raises(RemoteError, match=r"a-1.*progress"):
            follow(client, "a-1")
        assert 3 <= len(server.asked) <= 20


def test_a_body_without_an_end_is_not_read() -> None:
    """An answer is read up to its cap, however long it says it is."""

    def endless(asked: Asked, wire: Wire) -> None:
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
        for _ in range(100):
            wire.send(bytes(2**20))
        wire.close()

    with Faulty(endless) as server, Client(server.url) as client:
        with pytest.raises(RemoteError, match="1048576"):
            client.status("a-1")
        assert client.flight.calls[-1].bytes < 3 * 2**20  # the cap and one piece


def test_an_export_that_is_gone_is_told_at_once() -> None:
    """404 for an export ends the waiting without another poll."""
    with Faulty(lambda asked, wire: wire.send(answer(404))) as server, Client(server.url) as client:
        with pytest.raises(Gone):
            follow(client, "a-1")
        assert len(server.asked) == 1


def test_cancel_ends_a_hung_poll() -> None:
    """A cancel is heard within a second while the server says nothing at all."""
    cancel, over = threading.Event(), threading.Event()

    def hang(asked: Asked, wire: Wire) -> None:
        over.wait(10)
        wire.close()

    with Faulty(hang) as server, Client(server.url) as client:
        threading.Timer(0.3, cancel.set).start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            follow(client, "a-1", cancel=cancel)
        over.set()
        assert time.monotonic() - began < 1.3


LOCATIONS = [
    "", "/", "//evil.example/", "http://evil.example", "http://evil.example/export/", "/export/..", "/export/a b", "..",
    "/export/%2e%2e", "https://", "http://[", "javascript:alert(1)", "/export/é", "/export/" + "a" * 3000, "?x=1", "#",
    "/export/a.b", "/export/a;b", "/export", "/status", "file:///", "\\\\srv\\x", "/export/{id}",
    "/export/a/status", "C:\\x",
]  # fmt: skip
LEADING = [
    "http://evil.example/export/a-1", "//evil.example/export/a-1", "/export/a-1", "export/a-1", "a-1", "///a-1",
    "https://evil.example:444/p/export/a-1", "ftp://evil.example/a-1", "/p/export/a-1/", "http://u:p@evil/a-1",
    "/export/a-1?x=http://evil", "/export/a-1#f", "http:a-1", "/../../a-1", "/export/x/../a-1",
]  # fmt: skip


def test_forty_locations_lead_nowhere_else() -> None:
    """Of 40 Location headers those with an id are followed by it, here; the others are errors; nobody else is asked."""
    assert len(LOCATIONS) + len(LEADING) == 40
    turn = iter([*LOCATIONS, *LEADING])

    def start(asked: Asked, wire: Wire) -> None:
        if asked.method == "POST":
            wire.send(answer(202, Location=next(turn)) if asked.path != "/grpc" else answer(404))
        else:
            wire.send(answer(200, json.dumps(GOOD).encode()))

    with Faulty(start) as server, Client(server.url, user="anna", password=PASSWORD) as client:
        for _ in LOCATIONS:
            with pytest.raises(RemoteError, match="Location"):
                client.start_export(VSID, 0, 1, {"format": "mkv"})
        for _ in LEADING:
            id_ = client.start_export(VSID, 0, 1, {"format": "mkv"})
            assert id_ == "a-1"
            assert client.status(id_).complete
    assert {asked.path for asked in server.asked if asked.method == "GET"} == {"/export/a-1/status"}


def test_two_hundred_names_reach_the_server_as_they_are() -> None:
    """A hostile file name travels as a query value, letter by letter; the path that is asked never changes."""
    names = [name for name in HOSTILE if "\ud800" not in name]
    with Faulty(lambda asked, wire: wire.send(answer(404))) as server, Client(server.url) as client:
        for name in names:
            with suppress(WorkbenchError):
                client._transport.request("GET", "/export/a-1/file", query={"name": name})
    assert [asked.query["name"] for asked in server.asked] == names
    assert {asked.path for asked in server.asked} == {"/export/a-1/file"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_stay_in_the_origin(status: int) -> None:
    """A redirect to another origin is not followed: the other server is never asked, so it sees no password."""
    with Faulty(lambda asked, wire: wire.send(answer(200, b"[]"))) as other:
        targets = iter([other.url + "/hosts/", f"//127.0.0.1:{other.port}/hosts/", f"http://127.0.0.1:{other.port}"])
        with (
            Faulty(lambda asked, wire: wire.send(answer(status, Location=next(targets)))) as server,
            Client(server.url, user="anna", password=PASSWORD) as client,
        ):
            for _ in range(3):
                with pytest.raises(RemoteError, match="elsewhere"):
                    client.hosts()
        assert other.asked == []
        assert all("authorization" in asked.headers for asked in server.asked)


def test_redirects_inside_the_origin_end() -> None:
    """A redirect to the same server is followed, a circle of them only a few times."""
    with (
        Faulty(lambda asked, wire: wire.send(answer(302, Location=asked.path))) as server,
        Client(server.url) as client,
    ):
        with pytest.raises(RemoteError, match="place to place"):
            client.hosts()
        assert len(server.asked) == 4

    def moved(asked: Asked, wire: Wire) -> None:
        wire.send(answer(308, Location="/hosts") if asked.path == "/hosts/" else answer(200, b'["S"]'))

    with Faulty(moved) as server, Client(server.url) as client:
        assert client.hosts() == ("S",)


def test_passing_failures_are_tried_again() -> None:
    """5xx, a reset and 429 with Retry-After are tried again, at most five times, and the record holds each try."""
    turn = iter(["500", "reset", "429", "200"])

    def handler(asked: Asked, wire: Wire) -> None:
        match next(turn, "502"):
            case "reset":
                wire.reset()
            case "200":
                wire.send(answer(200, b'["S"]'))
            case code:
                wire.send(answer(int(code), Retry_After="1" if code == "429" else "0"))

    with Faulty(handler) as server, Client(server.url) as client:
        began = time.monotonic()
        assert client.hosts() == ("S",)
        assert time.monotonic() - began > 1.0
        assert [call.status for call in client.flight.calls] == [500, None, 429, 200]
        assert [call.attempt for call in client.flight.calls] == [1, 2, 3, 4]


def test_a_long_retry_after_is_not_waited_for() -> None:
    """A server that wants us to come back in an hour is an error now."""
    handler = lambda asked, wire: wire.send(answer(503, b"busy", Retry_After="3600"))  # noqa: E731
    with Faulty(handler) as server, Client(server.url) as client:
        with pytest.raises(RemoteError, match="503"):
            client.hosts()
        assert len(server.asked) == 1


@pytest.mark.parametrize("where", ["head", "body", "informational"])
def test_a_dripping_answer_ends(where: str) -> None:
    """A byte now and then, in head or body, or interim answers without end, hold nobody beyond the total time."""

    def slowly(asked: Asked, wire: Wire) -> None:
        if where == "informational":
            drip(wire, b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.004, 8)
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        if where == "body":
            wire.send(head)
        drip(wire, b" " * 1000 if where == "body" else head, 0.1, 8)

    with Faulty(slowly) as server, Client(server.url, timeouts=Timeouts(total=1.0)) as client:
        began = time.monotonic()
        with pytest.raises(RemoteError):
            client.hosts()
        assert time.monotonic() - began < 2.0


def test_nobody_there_is_told_soon() -> None:
    """A refused connection and a name that does not exist are errors in bounded time."""
    for url in ("http://127.0.0.1:9", "http://no-such-host.invalid:8000"):
        with Client(url, timeouts=Timeouts(total=2)) as client:
            began = time.monotonic()
            with pytest.raises(RemoteError, match="cannot be reached"):
                client.hosts()
            assert time.monotonic() - began < 10


class Starting:
    """A server that takes a POST, breaks its answer, and lists its exports when asked."""

    def __init__(self, how: str, lists: bool = True) -> None:
        self.how, self.lists = how, lists
        self.exports: list[tuple[str, str]] = []

    def __call__(self, asked: Asked, wire: Wire) -> None:
        """Answer a POST."""
        if asked.path == "/grpc":
            sessions = [{"session_id": id_, "request": marker} for id_, marker in self.exports]
            wire.send(answer(200, json.dumps({"sessions": sessions}).encode()) if self.lists else answer(404))
            return
        self.exports.append((f"e-{len(self.exports)}", json.loads(asked.body)["request"]))
        match self.how:
            case "reset":
                wire.reset()
            case "half":
                wire.send(b"HTTP/1.1 202 Accepted\r\nLoca")
                wire.close()
            case "proxy":
                wire.send(answer(504))
            case "nowhere":
                wire.send(answer(202))


@pytest.mark.parametrize("how", ["reset", "half", "proxy", "nowhere"])
def test_an_unanswered_start_is_found(how: str) -> None:
    """A start whose answer is lost is asked for once, and its export is found by its mark."""
    starting = Starting(how)
    starting.exports.append(("other", "m-0"))
    with Faulty(starting) as server, Client(server.url) as client:
        assert client.start_export(VSID, PAST, FUTURE, {"format": "mkv", "request": "m-1"}) == "e-1"
        assert [asked.path for asked in server.asked].count("/grpc") == 1
    assert starting.exports == [("other", "m-0"), ("e-1", "m-1")]


def test_an_unanswered_start_is_never_repeated() -> None:
    """Where the server cannot list its exports, the error says that one may run; nothing is asked for twice."""
    starting = Starting("reset", lists=False)
    words = "nobody knows whether the export was started"
    with Faulty(starting) as server, Client(server.url) as client, pytest.raises(RemoteError, match=words):
        client.start_export(VSID, 0, 1, {"format": "mkv", "request": "m-1"})
    assert len(starting.exports) == 1
    assert issubclass(Unanswered, RemoteError)


def test_a_busy_server_is_asked_again_to_start() -> None:
    """503 says that nothing was begun, so a start is tried again."""
    turn = iter([answer(503, Retry_After="0"), answer(202, Location="/export/a-1")])
    with Faulty(lambda asked, wire: wire.send(next(turn))) as server, Client(server.url) as client:
        assert client.start_export(VSID, 0, 1, {"format": "mkv"}) == "a-1"
        assert len(server.asked) == 2


def test_the_password_is_in_one_header_only() -> None:
    """A server that repeats the password in all it says finds it neither in our errors nor on the record."""
    words = json.dumps({"error": {"message": f"wrong: {PASSWORD}"}}).encode()
    handler = lambda asked, wire: wire.send(answer(401, words, Date=PASSWORD, WWW_Authenticate=PASSWORD))  # noqa: E731
    with Faulty(handler) as server, Client(server.url, user="anna", password=PASSWORD) as client:
        with pytest.raises(NotAllowed) as error:
            client.hosts()
        said = repr(error.value) + repr(client.__dict__) + client.flight.lines().decode()
    assert PASSWORD not in said
    assert all(PASSWORD.encode() not in asked.body for asked in server.asked if asked.path != "/grpc")
