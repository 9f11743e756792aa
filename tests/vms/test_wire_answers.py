"""Wire forms of what servers answer: written and read back equal, and refused by name where they cannot be."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.core.errors import NotAllowed, RemoteError, RequestError, WorkbenchError
from workbench.vms.wire import document, errors, events, grpc, listing, location, recorded, status, times
from workbench.vms.wire.nouns import (
    Camera,
    CameraPage,
    Depth,
    FrameTimes,
    HostInfo,
    Intervals,
    Status,
    Storage,
    Token,
)

VSID = "SERVER1/DeviceIpint.3/SourceEndpoint.video:0:0"
ID = "3dc15b75-6463-4eb1-ab2d-0eb0a8f54bd3"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
LINES = TEXTS.map(document.one_line)
US = st.integers(times.EARLIEST, times.LATEST)
SPANS = st.tuples(US, US).map(lambda pair: (min(pair), max(pair)))
STORAGES = st.builds(Storage, name=TEXTS, display_name=TEXTS, default=st.booleans(), embedded=st.booleans())
CAMERAS = st.builds(
    Camera,
    id=st.just(VSID),
    display_id=TEXTS,
    name=TEXTS,
    comment=TEXTS,
    enabled=st.booleans(),
    access=TEXTS,
    storages=st.lists(STORAGES, max_size=2).map(tuple),
)


def _sent(value: Any) -> bytes:
    return json.dumps(value).encode()


@st.composite
def statuses(draw: st.DrawFn) -> Status:
    """Any state that a server can be in."""
    files = tuple(draw(st.lists(TEXTS, min_size=1, max_size=3)))
    friendly = draw(st.sampled_from([(), files]))
    return Status(
        id=ID,
        state=draw(st.integers(0, 6)),
        progress=draw(st.floats(0, 1)),
        error=draw(LINES),
        files=files,
        friendly=friendly,
        succeeded=draw(st.sampled_from([None, True, False])),
        sidecars=tuple(draw(st.lists(TEXTS, max_size=2))),
    )


@given(statuses())
def test_states_come_back(state: Status) -> None:
    """A state written by the server is read back equal by the client."""
    assert status.read(_sent(status.write(state)), ID) == state


GOOD: dict[str, Any] = {"id": ID, "state": 2, "progress": 1.0, "error": "", "files": ["a.mp4"]}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"state": 7}, "state"), ({"state": -1}, "state"), ({"state": None}, "state"), ({"state": "2"}, "state"),
        ({"state": True}, "state"), ({"state": 2.5}, "state"), ({"progress": 1e308}, "progress"),
        ({"progress": -1}, "progress"), ({"progress": "1"}, "progress"), ({"progress": 10**400}, "progress"),
        ({"files": None}, "files"), ({"files": "a.mp4"}, "files"), ({"files": ["a"] * 100_000}, "files"),
        ({"files": [1]}, "files[0]"), ({"files": ["\ud800"]}, "files[0]"), ({"files": []}, "files"),
        ({"filesFriendly": ["a", "b"]}, "filesFriendly"), ({"succeeded": "no"}, "succeeded"), ({"error": 5}, "error"),
        ({"id": "other"}, "id"), ({"id": 5}, "id"), ({"sidecars": {}}, "sidecars"),
    ],
)  # fmt: skip
def test_malformed_states_name_their_field(changed: dict[str, Any], field: str) -> None:
    """A field that cannot be is a RemoteError with its name, in one short line."""
    with pytest.raises(RemoteError) as error:
        status.read(_sent(GOOD | changed), ID)
    assert f"status: {field}" in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"<html>", b"\xff\xfe{\x00}\x00", b'{"state":NaN}', b'{"state":Infinity}', b"[" * 100_000,
     b'{"state":1,"state":2}', b'{"state":' + b"1" * 5000 + b"}", b" " * (2**20 + 1), b'{"state":1e999}'],
    ids=range(12),
)  # fmt: skip
def test_no_document_is_a_remote_error(data: bytes) -> None:
    """What is no JSON object of reasonable size never becomes a state, nor a traceback."""
    with pytest.raises(RemoteError):
        status.read(data, ID)


def test_old_servers_states_are_read() -> None:
    """Exponents, no id and no friendly names are a state; a failed success is not complete."""
    read = status.read(b'{"state":2.0,"progress":1.000000000e+00,"files":["a"],"succeeded":false}', ID)
    assert (read.id, read.state, read.progress, read.friendly) == (ID, 2, 1.0, ())
    assert read.terminal
    assert not read.complete


def test_a_failed_success_needs_no_files() -> None:
    """State 2 that did not succeed may name no files at all."""
    assert status.read(b'{"state":2,"succeeded":false}', ID).files == ()


@given(st.uuids().map(str))
def test_locations_come_back(id_: str) -> None:
    """The id is found in every form of Location that servers are known to write."""
    for header in (location.write(id_), f"/asip-api/export/{id_}", f"http://x:8000/p/export/{id_}/", id_):
        assert location.read(header) == id_


@pytest.mark.parametrize(
    "header",
    [None, "", "/", "//", "/export", "/export/", "/export//", "http://h", "http://h/", "http://[", "/export/a b", "..",
     "/export/../..", "/export/a%2fb", "/export/a\r\nX: y", "/export/é", "/export/" + "a" * 65, "/export/a.b", "?id=a",
     "/export/a_b", "#a", "/" * 5000, "/export/a\x00", "/export/x/status", "/export/-", "javascript:alert(1)",
     "/export/a;b", "/export/\u202ea", "/export/a//", "C:\\export\\a", "/archive", "/live/", "/export/a:b",
     "/export/a@b", "/file", "/export/{id}", "/export/<id>", "/export/'a'", '/export/"a"', "\ud800"],
    ids=range(40),
)  # fmt: skip
def test_forty_locations_lead_nowhere(header: str | None) -> None:
    """A Location that ends in no id is a RemoteError."""
    with pytest.raises(RemoteError):
        location.read(header)


@given(st.lists(CAMERAS, max_size=3).map(tuple), TEXTS)
def test_cameras_come_back(cameras: tuple[Camera, ...], next_page: str) -> None:
    """A page of cameras is read back equal, as a bare array too."""
    written = listing.write_cameras(CameraPage(cameras=cameras, next_page=next_page))
    assert listing.read_cameras(_sent(written)) == CameraPage(cameras=cameras, next_page=next_page)
    assert listing.read_cameras(_sent(written["cameras"])).cameras == cameras


def test_old_servers_cameras_are_read() -> None:
    """A camera is read from the keys that every version sends."""
    page = listing.read_cameras(_sent({"cameras": [{"accessPoint": f"hosts/{VSID}", "displayId": "3"}]}))
    assert page.cameras == (Camera(id=VSID, display_id="3"),)
    with pytest.raises(RemoteError, match=r"cameras\[0\]: accessPoint"):
        listing.read_cameras(_sent([{"accessPoint": "../x"}]))


@given(st.lists(st.builds(Storage, name=TEXTS, default=st.booleans())), st.lists(TEXTS), TEXTS, st.integers(-840, 840))
def test_archives_and_hosts_come_back(storages: list[Storage], names: list[str], name: str, zone: int) -> None:
    """Archives, hosts and one host are read back equal."""
    assert listing.read_archives(_sent(listing.write_archives(storages))) == tuple(storages)
    assert listing.read_hosts(_sent(listing.write_hosts(names))) == tuple(names)
    host = HostInfo(name=name, time_zone=zone, os="Linux")
    assert listing.read_host(_sent(listing.write_host(host))) == host


@given(st.lists(SPANS, max_size=5), st.lists(US, max_size=5), st.booleans(), st.booleans())
def test_recordings_come_back(spans: list[tuple[int, int]], us: list[int], more: bool, newest_first: bool) -> None:
    """Intervals and frame times come back ascending, whichever way they were sent."""
    intervals = Intervals(intervals=tuple(sorted(spans)), more=more)
    assert recorded.read_intervals(_sent(recorded.write_intervals(intervals, newest_first=newest_first))) == intervals
    frames = FrameTimes(times=tuple(sorted(us)), more=more)
    assert recorded.read_frames(_sent(recorded.write_frames(frames, newest_first=newest_first))) == frames


@given(SPANS, st.integers(0, 2**60), st.integers(0, 2**50))
def test_depth_and_capacity_come_back(span: tuple[int, int], size: int, seconds: int) -> None:
    """Depth, capacity and the server's clock are read back equal."""
    depth = Depth(start=span[0], end=span[1])
    assert recorded.read_depth(_sent(recorded.write_depth(depth))) == depth
    assert recorded.read_capacity(_sent(recorded.write_capacity(size, seconds))) == (size, seconds)
    assert listing.read_now(_sent(listing.write_now(span[0]))) == span[0]


@given(st.lists(st.integers(-25_566, 2_000_000).map(lambda day: day * 86_400_000_000), unique=True))
def test_calendars_come_back(days: list[int]) -> None:
    """Days come back as instants, from numbers and from the twin's texts."""
    written = recorded.write_calendar(days)
    assert recorded.read_calendar(_sent(written)) == tuple(sorted(days))
    assert recorded.read_calendar(_sent({"days": [str(ms) for ms in written]})) == tuple(sorted(days))


@pytest.mark.parametrize(
    "sent",
    [{"intervals": [{"begin": "20260301T100000", "end": "20250301T100000"}]}, {"intervals": [{"begin": "past"}]}, {},
     [],     {"intervals": None}, {"intervals": [5]}, {"intervals": [], "more": "yes"}],
)  # fmt: skip
def test_impossible_intervals_are_refused(sent: Any) -> None:
    """Stretches that end before they begin or have no times are a RemoteError."""
    with pytest.raises(RemoteError, match="intervals"):
        recorded.read_intervals(_sent(sent))


ALERTS = st.builds(
    events.Alert, id=TEXTS, raised_us=US, zone=st.just(VSID), reasons=st.lists(TEXTS, max_size=2).map(tuple),
    initiator=TEXTS, severity=TEXTS, reacted_by=TEXTS, reacted_us=US,
)  # fmt: skip
DETECTIONS = st.builds(events.Detection, id=TEXTS, at_us=US, origin=TEXTS, source=st.just(VSID), type=TEXTS)
BOOKMARKS = st.tuples(TEXTS, SPANS, TEXTS, st.booleans()).map(
    lambda b: events.Bookmark(id=b[0], begin_us=b[1][0], end_us=b[1][1], comment=b[2], source=VSID, protected=b[3])
)


@given(
    st.lists(ALERTS, max_size=3, unique_by=lambda e: e.id),
    st.lists(DETECTIONS, max_size=3, unique_by=lambda e: e.id),
    st.lists(BOOKMARKS, max_size=3, unique_by=lambda e: e.id),
)
def test_events_come_back(
    alerts: list[events.Alert], detections: list[events.Detection], marks: list[events.Bookmark]
) -> None:
    """Events come back ascending, and once where a page repeats them."""
    sent = _sent(events.write_alerts([*alerts, *alerts], True))
    assert events.read_alerts(sent) == (tuple(sorted(alerts, key=lambda e: e.raised_us)), True)
    sent = _sent(events.write_detections(detections))
    assert events.read_detections(sent) == (tuple(sorted(detections, key=lambda e: e.at_us)), False)
    sent = _sent(events.write_bookmarks(marks))
    assert events.read_bookmarks(sent) == tuple(sorted(marks, key=lambda e: e.begin_us))


def test_audit_comes_back_and_its_filter_is_read() -> None:
    """Audit lines come back, and codes are taken singly and as ranges."""
    entry = events.AuditEntry(at_us=5, code=events.AUDIT_EXPORT, data=(("user", "anna"),))
    assert events.read_audit(_sent(events.write_audit([entry]))) == (entry,)
    assert events.read_codes("17-20,6,1:4") == ((17, 20), (6, 6), (1, 4))
    with pytest.raises(RequestError):
        events.read_codes("1-x")


@given(st.text("abc.-_XYZ019", min_size=1), st.none() | US.map(lambda us: us // 1_000_000 * 1_000_000), TEXTS)
def test_tokens_come_back(value: str, expires: int | None, user: str) -> None:
    """A token is read back whole seconds exact, and its repr never shows it."""
    token = Token(value=value, expires_us=max(expires, times.EARLIEST) if expires is not None else None, user_id=user)
    assert grpc.read_token(_sent(grpc.write_token(token))) == token
    assert repr(token) == "Token(value=…)"


def test_refused_tokens_say_why() -> None:
    """A code other than OK is NotAllowed with its meaning."""
    with pytest.raises(NotAllowed, match="password is wrong"):
        grpc.read_token(_sent(grpc.write_token(None, grpc.WRONG_CREDENTIALS)))


def test_calls_and_sessions_come_back() -> None:
    """Calls, credentials and sessions are read back equal; a wrong call names its field and repeats nothing."""
    method, data = grpc.read_call(_sent(grpc.write_call(grpc.AUTHENTICATE_2, grpc.write_credentials("anna", "s3cret"))))
    assert (method, grpc.read_credentials(data)) == (grpc.AUTHENTICATE_2, ("anna", "s3cret"))
    assert grpc.read_sessions(_sent(grpc.write_sessions([(ID, "a-1"), ("x", "")]))) == ((ID, "a-1"), ("x", ""))
    with pytest.raises(RequestError) as error:
        grpc.read_credentials({"user_name": ["s3cret"], "password": "s3cret"})
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize("data", [b"", b"{}", b'{"method":5}', b'{"method":"a","data":[]}', b"[" * 99_999])
def test_wrong_calls_are_refused(data: bytes) -> None:
    """A call without a method or with data that are no object is a RequestError."""
    with pytest.raises(RequestError):
        grpc.read_call(data)


def test_our_errors_come_back_as_a_line() -> None:
    """What our server writes about an error, our client says in one line."""
    sent = errors.write(RequestError("vc", "7 is too\x1b[31m much"))
    assert sent["error"]["field"] == "vc"
    assert errors.read(_sent(sent), 400) == "400 Bad Request: vc: 7 is too [31m much"


@given(st.binary(max_size=200), st.integers(0, 999))
def test_any_error_answer_is_one_harmless_line(data: bytes, code: int) -> None:
    """Whatever a server answers, the line is printable and short."""
    for text in (data, _sent({"error": data.decode("latin-1")})):
        line = errors.read(text, code)
        assert line.isprintable()
        assert len(line) < 400
    assert errors.read(b"<html><title>Not here</title><script>x()</script></html>", 404) == "404 Not Found: Not here"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = ["cameras", "archives", "intervals", "frames", "more", "events", "id", "state", "files", "error", "accessPoint",
        "begin", "end", "start", "days", "sessions", "token_value", "version", "nodeName", "platformInfo", "now",
        "data", "timestamp", "raisedAt", "reaction"]  # fmt: skip
READERS = [
    listing.read_cameras, listing.read_archives, listing.read_hosts, listing.read_host, listing.read_version,
    listing.read_now, recorded.read_intervals, recorded.read_frames, recorded.read_depth, recorded.read_capacity,
    recorded.read_calendar, events.read_alerts, events.read_detections, events.read_bookmarks, events.read_audit,
    grpc.read_token, grpc.read_sessions, lambda data: status.read(data, ID),
]  # fmt: skip


@settings(max_examples=120)
@given(
    st.dictionaries(st.sampled_from(KEYS), JSON | st.lists(st.dictionaries(st.sampled_from(KEYS), JSON), max_size=2))
)
def test_no_answer_gives_a_traceback(sent: dict[str, Any]) -> None:
    """Whatever stands in an answer, every reader ends in a value or in our own error."""
    for read in READERS:
        with suppress(WorkbenchError):
            read(_sent(sent))
