"""The client on a sound server: addresses, who we are, tokens, pages, pictures and the record of it all."""

from __future__ import annotations

import base64
import itertools
import json
import pickle
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import keyring
import keyring.backends.fail
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from tests.vms.faulty import Asked, Faulty, Wire, answer
from workbench.core.errors import (
    Cancelled,
    NotAllowed,
    NothingRecorded,
    RemoteError,
    RequestError,
    SourceError,
    WorkError,
)
from workbench.vms.address import Address, is_url
from workbench.vms.client import Client
from workbench.vms.credentials import PASSWORD, TOKEN, USER, find
from workbench.vms.flight import Flight
from workbench.vms.following import Failed, follow
from workbench.vms.secret import Secret
from workbench.vms.transport import Timeouts
from workbench.vms.wire import times
from workbench.vms.wire.nouns import Status
from workbench.vms.wire.times import FUTURE, PAST

VSID = "SERVER1/DeviceIpint.3/SourceEndpoint.video:0:0"
SECOND = 1_000_000


@pytest.fixture(autouse=True)
def _no_credentials_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (USER, PASSWORD, TOKEN):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.mark.parametrize(
    ("text", "url", "user"),
    [
        ("http://anna@vms.example:8000/asip-api/", "http://vms.example:8000/asip-api", "anna"),
        ("HTTPS://VMS.example:443", "https://vms.example", ""),
        ("http://[::1]:8000", "http://[::1]:8000", ""),
        ("http://a%40b@h/p/q", "http://h/p/q", "a@b"),
        ("http://bücher.example", "http://xn--bcher-kva.example", ""),
    ],
)
def test_addresses_are_taken_apart(text: str, url: str, user: str) -> None:
    """An address is read into origin, prefix and user, and shown without the user."""
    address = Address.parse(text)
    assert (address.url, address.user) == (url, user)
    assert is_url(text)
    assert Address.parse(address.url).url == url


@pytest.mark.parametrize(
    "text",
    ["", "vms", "ftp://h", "http://", "http:///x", "http://h:99999", "http://h:0", "http://h:x", "http://h/?q=1",
     "http://h/#f", "http://h/../x", "http://h/a b", "http://a..b", "http://h\x00", "http://[::1", "http://-h", "http://h%/",
     "http://" + "a" * 300, "http://h/%2e%2e"],
)  # fmt: skip
def test_what_is_no_address_is_refused(text: str) -> None:
    """Anything else is a RequestError before anything is sent."""
    with pytest.raises(RequestError, match="url"):
        Address.parse(text)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    """A password in an address is an error that does not show it."""
    with pytest.raises(RequestError, match="holds a password") as error:
        Address.parse("http://anna:hunter22@h")
    assert "hunter22" not in repr(error.value) + error.value.advice


def test_credentials_come_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments win over the environment, that over the prompt; a user without a password is an error."""
    address = Address.parse("http://anna@h")
    asked: list[str] = []

    def prompt(text: str) -> str:
        asked.append(text)
        return "prompted"

    def password(**more: Any) -> str | None:
        found = find(address, **more)
        return found.password.reveal() if found and found.password else None

    assert find(Address.parse("http://h")) is None
    with pytest.raises(RequestError, match="anna"):
        password()
    assert (password(prompt=prompt), asked) == ("prompted", ["anna at http://h"])
    monkeypatch.setenv(PASSWORD, "from environment")
    assert password(prompt=prompt) == "from environment"
    assert password(password="given") == "given"
    monkeypatch.setenv(TOKEN, "a-token")
    found = find(address)
    assert found is not None and found.token is not None and found.token.reveal() == "a-token"


@pytest.mark.parametrize("more", [{"user": "a:b"}, {"password": "a\nb"}, {"token": "ä"}, {"password": "\ud800"}])
def test_credentials_that_cannot_be_sent_are_refused(more: dict[str, str]) -> None:
    """A colon in a user name, control characters and broken Unicode never reach a header."""
    with pytest.raises(RequestError):
        find(Address.parse("http://h"), **{"user": "anna", "password": "x", **more})


class Ring(KeyringBackend):
    """A keyring in memory: locked, or with one password."""

    priority = 1  # type: ignore[assignment]
    locked = False

    def get_password(self, service: str, username: str) -> str | None:
        """The one password that it holds."""
        if self.locked:
            raise KeyringLocked("locked")
        return "from keyring" if (service, username) == ("workbench:http://h", "anna") else None

    def set_password(self, service: str, username: str, password: str) -> None:
        """Nothing is kept."""

    def delete_password(self, service: str, username: str) -> None:
        """Nothing is kept."""


def test_the_keyring_is_asked_before_the_prompt() -> None:
    """The keyring's password wins over the prompt; a locked one is an error, none at all is not."""
    before, ring, address = keyring.get_keyring(), Ring(), Address.parse("http://anna@h")
    try:
        keyring.set_keyring(ring)
        found = find(address, prompt=lambda text: "prompted")
        assert found is not None and found.password is not None and found.password.reveal() == "from keyring"
        ring.locked = True
        with pytest.raises(WorkError, match="keyring"):
            find(address, prompt=lambda text: "prompted")
        keyring.set_keyring(keyring.backends.fail.Keyring())
        found = find(address, prompt=lambda text: "prompted")
        assert found is not None and found.password is not None and found.password.reveal() == "prompted"
    finally:
        keyring.set_keyring(before)


def test_a_secret_shows_itself_to_nobody() -> None:
    """A secret's repr is blank, and it does not travel to another process."""
    assert "hunter" not in f"{Secret('hunter22')!r} {Secret('hunter22')}"
    with pytest.raises(WorkError):
        pickle.dumps(Secret("hunter22"))


class Vms:
    """A sound server of some questions; `basic` is what Basic gives access to."""

    def __init__(self, *, basic: bool = True, life: float = 3600) -> None:
        self.basic, self.life = basic, life
        self.tokens: list[str] = []
        self.methods: list[str] = []

    def __call__(self, asked: Asked, wire: Wire) -> None:
        """Answer one request."""
        kind, _, value = asked.headers.get("authorization", "").partition(" ")
        right = base64.b64encode(b"anna:hunter22").decode()
        if kind == "Basic" and value != right:
            wire.send(answer(401))
        elif asked.path == "/grpc":
            wire.send(self.grpc(json.loads(asked.body), kind, value))
        elif (kind == "Basic" and self.basic) or (kind == "Bearer" and value == self.tokens[-1]):
            wire.send(answer(200, b'["S"]'))
        else:
            wire.send(answer(403 if kind else 401))

    def grpc(self, call: dict[str, Any], kind: str, value: str) -> bytes:
        """Give a token, or take one back."""
        method = call["method"].rpartition(".")[2]
        self.methods.append(method)
        if method == "AuthenticateEx2" and call["data"] != {"user_name": "anna", "password": "hunter22"}:
            return answer(401)
        if method == "RenewSession" and (kind, value) != ("Bearer", self.tokens[-1]):
            return answer(401)
        self.tokens.append(f"token-{len(self.tokens)}")
        ends = datetime.now(UTC) + timedelta(seconds=self.life)
        return answer(200, json.dumps({"token_value": self.tokens[-1], "expires_at": f"{ends:%Y%m%dT%H%M%S}"}).encode())


@contextmanager
def vms(handler: Any, **more: Any) -> Iterator[tuple[Client, Faulty]]:
    """A client of a server."""
    with Faulty(handler) as server, Client(server.url, **more) as client:
        yield client, server


def test_basic_is_enough_where_it_is() -> None:
    """Where Basic opens the door no token is asked for."""
    handler = Vms()
    with vms(handler, user="anna", password="hunter22") as (client, _):
        assert client.hosts() == ("S",)
    assert handler.methods == []


def test_a_token_is_got_once_and_given_back() -> None:
    """Where Basic is not enough one token serves all threads, is closed at the end, and is nowhere on record."""
    handler = Vms(basic=False)
    with vms(handler, user="anna", password="hunter22") as (client, _):
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: client.hosts(), range(8))) == {("S",)}
        assert handler.methods == ["AuthenticateEx2"]
        record = client.flight.lines().decode()
    assert handler.methods == ["AuthenticateEx2", "CloseSession"]
    assert "hunter22" not in record and "token-0" not in record


def test_a_token_is_renewed_before_it_ends() -> None:
    """After three quarters of its life a token is renewed, without another password."""
    handler = Vms(basic=False, life=4)
    with vms(handler, user="anna", password="hunter22") as (client, _):
        client.hosts()
        client._door._renew_at = time.monotonic()
        client.hosts()
    assert handler.methods == ["AuthenticateEx2", "RenewSession", "CloseSession"]


def test_a_wrong_password_is_not_allowed() -> None:
    """A wrong password is said to be one, after one try at each way in."""
    handler = Vms()
    with vms(handler, user="anna", password="wrong111") as (client, server):
        with pytest.raises(RemoteError, match="401") as error:
            client.hosts()
        assert error.value.kind == "not-allowed"
        assert len(server.asked) <= 3


def test_intervals_are_paged_to_the_end() -> None:
    """An answer cut by its limit is asked on from where it ended; an interval cut in two is one."""
    spans = [(i * 10 * SECOND, (i * 10 + 5) * SECOND) for i in range(7)]

    def handler(asked: Asked, wire: Wire) -> None:
        low = times.read(asked.path.rpartition("/")[2])
        left = [
            (max(b, low) if isinstance(low, int) else b, e) for b, e in spans if not isinstance(low, int) or e >= low
        ]
        page = [{"begin": times.write(b), "end": times.write(e)} for b, e in left[:3]]
        wire.send(answer(200, json.dumps({"intervals": page, "more": len(left) > 3}).encode()))

    with vms(handler) as (client, server):
        found = client.intervals(VSID, PAST, FUTURE)
        assert (found.intervals, found.more) == (tuple(spans), False)
        assert len(server.asked) == 4  # the pages, and whether anything lies before the first
        assert {asked.query["scale"] for asked in server.asked} == {"0"}


def test_a_server_that_gives_no_rest_lowers_the_claim() -> None:
    """Where the rest of the intervals never comes, ``more`` stays true, and nobody asks for ever."""
    body = b'{"intervals":[{"begin":"20200101T000000","end":"20200101T000100"}],"more":true}'
    with vms(lambda asked, wire: wire.send(answer(200, body))) as (client, server):
        assert client.intervals(VSID, PAST, FUTURE).more
        assert len(server.asked) == 3


def test_cameras_are_paged_and_a_circle_is_an_error() -> None:
    """The camera list is read page by page; one that repeats itself is not taken for whole."""

    def handler(asked: Asked, wire: Wire) -> None:
        number = 1 if circle else int(asked.query.get("next_page", "1"))
        page: dict[str, Any] = {"cameras": [{"accessPoint": f"hosts/S/DeviceIpint.{number}/SourceEndpoint.video:0:0"}]}
        wire.send(
            answer(200, json.dumps({**page, **({"nextPageToken": str(number + 1)} if number < 3 else {})}).encode())
        )

    circle = False
    with vms(handler) as (client, _):
        assert [camera.id.split("/")[1] for camera in client.cameras()] == [f"DeviceIpint.{n}" for n in (1, 2, 3)]
        circle = True
        with pytest.raises(RemoteError, match="repeats itself"):
            client.cameras()


def test_a_picture_is_a_jpeg_or_an_error() -> None:
    """A picture that is none is refused; 404 says that nothing is recorded; an unknown camera is a SourceError."""
    turn = iter([answer(200, b"\xff\xd8jpeg"), answer(200, b"<html>"), answer(404), answer(404)])
    with vms(lambda asked, wire: wire.send(next(turn))) as (client, server):
        assert client.picture(VSID, 0, threshold_ms=40).startswith(b"\xff\xd8")
        assert server.asked[0].query == {"threshold": "40"}
        with pytest.raises(RemoteError, match="no JPEG"):
            client.picture(VSID, 0)
        with pytest.raises(NothingRecorded):
            client.picture(VSID, 0)
        with pytest.raises(SourceError):
            client.archives(VSID)


def test_following_reports_each_state() -> None:
    """Polling tells every state, backwards progress too, and ends with the terminal one."""
    states = iter([(0, 0.0), (1, 0.5), (1, 0.25), (2, 1.0)])

    def handler(asked: Asked, wire: Wire) -> None:
        state, progress = next(states)
        wire.send(answer(200, json.dumps({"state": state, "progress": progress, "files": ["a"]}).encode()))

    seen: list[Status] = []
    with vms(handler) as (client, _):
        assert follow(client, "a-1", on_status=seen.append).complete
    assert [status.state for status in seen] == [0, 1, 1, 2]


def test_the_clock_is_compared() -> None:
    """The server's clock is told with its uncertainty, from its statistics or from its Date header."""
    ahead = datetime.now(UTC) + timedelta(hours=1)
    now = json.dumps({"now": f"{ahead:%Y%m%dT%H%M%S.%f}"}).encode()
    turn = iter([answer(200, now), answer(404, Date=f"{ahead:%a, %d %b %Y %H:%M:%S} GMT"), answer(404)])
    with vms(lambda asked, wire: wire.send(next(turn))) as (client, _):
        for most in (0.5, 1.5):
            skew = client.skew()
            assert skew is not None
            assert abs(skew[0] - 3600) < skew[1] + 0.5 and skew[1] < most
        assert client.skew() is None


def test_every_call_is_on_record() -> None:
    """The flight record is JSON lines with method, path, query, body, status and digest; long bodies by digest."""
    flight = Flight()
    with vms(lambda asked, wire: wire.send(answer(202, Location="/export/a-1")), flight=flight) as (client, _):
        client.start_export(VSID, 0, SECOND, {"format": "mkv"}, archive="hosts/S/M.A/M")
        client.start_export(VSID, 0, SECOND, {"format": "mkv", "comment": "x" * 20_000})
    first, second = (json.loads(line) for line in flight.lines().splitlines())
    assert (first["method"], first["status"], first["body"]) == ("POST", 202, {"format": "mkv"})
    assert first["query"] == {"waittimeout": "30000", "archive": "hosts/S/M.A/M"}
    assert first["path"].endswith(f"/{VSID}/19700101T000000.000000/19700101T000001.000000")
    assert set(second["body"]) == {"sha256", "size"}
    assert len(first["sha256"]) == 64


def test_threads_and_sockets_are_given_back() -> None:
    """A client that is closed leaves no thread behind."""
    before = threading.active_count()
    with vms(Vms()) as (client, _), pytest.raises(RemoteError):
        client.hosts()
    assert threading.active_count() == before


def test_a_wrong_prefix_is_told_as_one() -> None:
    """Where there is no list of cameras the address is in doubt, and the advice names its prefix."""
    with vms(lambda asked, wire: wire.send(answer(404))) as (client, _), pytest.raises(SourceError) as error:
        client.cameras()
    assert "prefix" in error.value.advice and client.address.url in error.value.advice


@pytest.mark.parametrize(
    ("more", "said"),
    [({}, "no user was named"), ({"password": "hunter22"}, "there is a password, but no user was named")],
    ids=["nobody", "password alone"],
)
def test_a_missing_user_is_named_as_that(more: dict[str, str], said: str) -> None:
    """401 without a user says that none was named, and how to name one; with one it does not."""
    handler = lambda asked, wire: wire.send(answer(401))  # noqa: E731
    with vms(handler, **more) as (client, _), pytest.raises(NotAllowed, match=said) as error:
        client.hosts()
    assert USER in error.value.advice
    with vms(handler, user="anna", password="hunter22") as (client, _), pytest.raises(NotAllowed) as error:
        client.hosts()
    assert "named" not in error.value.message


def test_a_busy_server_is_polled_when_it_wants() -> None:
    """503 with Retry-After while an export is waited for: asked again after so long, and never taken for silence."""
    turn = iter([answer(503, Retry_After="1"), answer(429, Retry_After="1"), answer(503, Retry_After="1")])
    done = answer(200, b'{"id":"a-1","state":2,"progress":1.0,"files":["a.mp4"]}')
    with vms(lambda asked, wire: wire.send(next(turn, done)), timeouts=Timeouts(silence=0.5)) as (client, server):
        began = time.monotonic()
        assert follow(client, "a-1").complete
        assert 2.9 < time.monotonic() - began < 6 and len(server.asked) == 4


def test_waiting_for_a_busy_server_can_be_cancelled() -> None:
    """A cancel is heard while a Retry-After is waited for."""
    cancel = threading.Event()
    handler = lambda asked, wire: wire.send(answer(503, Retry_After="30"))  # noqa: E731
    with vms(handler) as (client, server):
        threading.Timer(0.3, cancel.set).start()
        began = time.monotonic()
        with pytest.raises(Cancelled):
            follow(client, "a-1", cancel=cancel)
        assert time.monotonic() - began < 1.3 and len(server.asked) == 1


@pytest.mark.parametrize("states", [(0.1, 0.2), (0.2, 0.1, 0.0)], ids=["to and fro", "downwards"])
def test_only_progress_is_movement(states: tuple[float, ...]) -> None:
    """Progress that goes back and forth is no movement: the waiting ends, as one that failed for good."""
    turn = itertools.cycle(states)

    def handler(asked: Asked, wire: Wire) -> None:
        wire.send(answer(200, json.dumps({"id": "a-1", "state": 1, "progress": next(turn)}).encode()))

    with vms(handler) as (client, _), pytest.raises(Failed, match="not moved"):
        follow(client, "a-1", most_standstill=0.6)


def test_a_cancelled_client_asks_nothing_more_but_deletes() -> None:
    """A client that was given a cancel ends each question with it; what clears up at the server goes out still."""
    cancel = threading.Event()
    with vms(lambda asked, wire: wire.send(answer(204)), cancel=cancel) as (client, server):
        cancel.set()
        for ask in (client.version, client.skew, client.hosts, lambda: client.start_export(VSID, 0, 1, {})):
            with pytest.raises(Cancelled):
                ask()
        assert client.delete("a-1")
        assert [asked.method for asked in server.asked] == ["DELETE"]
