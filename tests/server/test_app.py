"""The API as the contract has it, over a socket: lists, times, pictures, the life of an export."""

from __future__ import annotations

import io
import json
import time
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.server.conftest import RECORDINGS
from workbench.server.addressing import plain
from workbench.server.serving import Background
from workbench.vms.wire import listing, paths, recorded
from workbench.vms.wire.times import FUTURE, PAST, read, write

ENTRANCE = "WORKBENCH/DeviceIpint.5/SourceEndpoint.video:0:0"
COUNTER = "WORKBENCH/DeviceIpint.4/SourceEndpoint.video:0:0"
AT = "20260301T100005"


def done(client: httpx.Client, place: str) -> dict[str, Any]:
    """The last state of an export."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        state: dict[str, Any] = client.get(f"{place}/status").json()
        if state["state"] >= 2:
            return state
        time.sleep(0.05)
    raise AssertionError("the export did not end")


def start(client: httpx.Client, camera: str, begin: str, end: str, **body: Any) -> httpx.Response:
    """Ask for an export."""
    return client.post(f"/export/archive/{camera}/{begin}/{end}", content=json.dumps(body))


def test_cameras_are_numbered_and_paged(client: httpx.Client) -> None:
    """Six cameras in pages of four, by number; a filter takes a host or an id, with or without hosts/."""
    first = listing.read_cameras(client.get("/camera/list?limit=4").content)
    rest = listing.read_cameras(client.get("/camera/list", params={"next_page": first.next_page}).content)
    assert [camera.display_id for camera in (*first.cameras, *rest.cameras)] == list("123456")
    assert not rest.next_page and rest.cameras[0].name == "Entrance hall"
    for wanted, n in (("WORKBENCH", 6), (ENTRANCE, 1), (f"hosts/{ENTRANCE}", 1), ("OTHER", 0)):
        found = listing.read_cameras(client.get("/camera/list", params={"filter": wanted}).content)
        assert len(found.cameras) == n


def test_the_server_says_what_it_is(client: httpx.Client) -> None:
    """Version, hosts, user, clock and health answer as the contract has it; each uuid is fresh."""
    assert listing.read_version(client.get("/product/version").content).startswith("forensic-workbench ")
    assert listing.read_hosts(client.get("/hosts").content) == ("WORKBENCH",)
    assert listing.read_host(client.get("/hosts/WORKBENCH").content).time_zone == 0
    assert client.get("/hosts/OTHER").status_code == 404
    assert client.get("/currentuser").json() == {"currentuser": ""}
    assert abs(listing.read_now(client.get("/statistics/webserver").content) / 1e6 - time.time()) < 5
    assert client.get("/uuid").json() != client.get("/uuid").json()
    health = client.get("/health").json()
    assert (health["status"], health["archive"], health["users"]) == ("ok", "ok", "ok")
    assert health["disk"]["free"] > 2**24 and health["exports"]["slots"] == 2 and health["exports"]["kept"] >= 0


def test_intervals_frames_depth_and_calendar_agree(client: httpx.Client) -> None:
    """Whatever asks for what is recorded hears of the same footage, in the order it asked for."""
    depth = recorded.read_depth(client.get(paths.depth(ENTRANCE)).content)
    whole = recorded.read_intervals(client.get(paths.intervals(ENTRANCE, PAST, FUTURE)).content)
    assert (whole.intervals[0][0], whole.intervals[-1][1]) == (depth.start, depth.end) and not whole.more
    raw = client.get(f"/archive/contents/intervals/{ENTRANCE}/past/future?limit=1").json()
    assert raw["more"] and raw["intervals"][0]["end"] == write(depth.end)
    second = client.get(f"/archive/contents/intervals/{ENTRANCE}/past/future?limit=1&offset=1").json()
    assert second["intervals"] != raw["intervals"]
    joined = recorded.read_intervals(client.get(f"/archive/contents/intervals/{ENTRANCE}?scale=31536000").content)
    assert joined.intervals == ((depth.start, depth.end),)
    frames = client.get(f"/archive/contents/frames/{ENTRANCE}/future/past?limit=2").json()
    assert frames["frames"][0] == write(depth.start) and frames["more"]
    assert client.get(paths.calendar(ENTRANCE, PAST, FUTURE)).json() == [3_981_312_000_000]
    size = client.get(paths.capacity(ENTRANCE, PAST, FUTURE)).json()
    assert size == {"size": 2_475_586, "duration": sum(end - begin for begin, end in whole.intervals) // 1_000_000}


@pytest.mark.parametrize(
    ("first", "second", "n"),
    [
        ("20260301T100001", "20260301T100000", 1),
        ("20260301T100000", "20260301T100001", 1),
        ("19000101T000000", "19000102T000000", 0),
        ("29990101T000000", "past", 2),
        ("past", "past", 0),
    ],
    ids=["newest first", "oldest first", "before", "to a time to come", "no stretch"],
)
def test_intervals_of_a_stretch(client: httpx.Client, first: str, second: str, n: int) -> None:
    """Intervals are cut to the stretch asked for, whichever way round its times stand; an empty one holds none."""
    answer = client.get(f"/archive/contents/intervals/{ENTRANCE}/{first}/{second}")
    assert answer.status_code == 200 and len(recorded.read_intervals(answer.content).intervals) == n


def test_a_picture_is_the_one_at_its_time(client: httpx.Client) -> None:
    """Without a threshold the picture shown is given; with one, the first that begins within it, else 404."""
    begin = read("20260301T100000")
    assert isinstance(begin, int)
    shown = client.get(paths.media(ENTRANCE, begin + 1))
    assert shown.headers["content-type"] == "image/jpeg" and shown.headers["x-frame-time"] == write(begin)
    after = client.get(paths.media(ENTRANCE, begin + 1), params={"threshold": 1000})
    assert read(after.headers["x-frame-time"]) > begin  # type: ignore[operator]
    assert client.get(paths.media(ENTRANCE, begin + 1), params={"threshold": 0}).status_code == 404
    assert client.get(paths.media(ENTRANCE, 0)).status_code == 404
    assert client.get(paths.media(ENTRANCE, begin), params={"format": "hls"}).status_code == 400


def test_pictures_shrink_by_halves(client: httpx.Client) -> None:
    """The size is the nearest of 1/1, 1/2, 1/4, …; never more than recorded; both crop dialects say the same."""

    def size(**query: Any) -> tuple[int, int]:
        with Image.open(io.BytesIO(client.get(f"/archive/media/{ENTRANCE}/{AT}", params=query).content)) as picture:
            return picture.size

    width, height = size()
    assert size(w=width * 2) == (width, height) and size(w=width // 2 + 3, h=0) == (width // 2, height // 2)
    assert size(h=height // 4) == (width // 4, height // 4)
    old, new = {"crop_x": 0.5, "crop_width": 0.5}, {"left": 0.5, "right": 1}
    assert size(**old) == size(**new) and size(**new)[0] <= width // 2 + 2
    assert client.get(f"/archive/media/{ENTRANCE}/{AT}?left=0.8&right=0.8").status_code == 400


def test_an_export_lives_as_the_contract_says(client: httpx.Client) -> None:
    """202 without a body and with its place, state, file by name with its hash, 204, and then 404."""
    answer = start(client, COUNTER, "20260301T100003", "20260301T100004", format="mkv")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (202, b"", "0")
    assert answer.headers["cache-control"] == "no-cache"
    place = answer.headers["location"]
    assert place.startswith("/export/") and len(place) == 8 + 36 and place == place.lower()
    state = done(client, place)
    assert state["state"] == 2 and len(state["files"]) == len(state["filesFriendly"]) == 1
    name = state["files"][0]
    assert name.startswith("WORKBENCH_DeviceIpint.4[20260301T100003.000000-") and name.endswith(".mkv")
    file = client.get(f"{place}/file", params={"name": name})
    assert file.status_code == 200 and file.headers["content-type"] == "video/x-matroska"
    assert client.get(f"{place}/file?name={name}").content == file.content, "raw brackets are taken too"
    assert client.get(f"{place}/file").content == file.content, "the only file needs no name"
    part = client.get(f"{place}/file", params={"name": name}, headers={"Range": "bytes=10-19"})
    assert part.status_code == 206 and part.content == file.content[10:20]
    for hostile in ("../jobs.sqlite", "/etc/passwd", "..%2f", "", "C:\\x", name + "\0"):
        expected = 200 if hostile == "" else 404
        assert client.get(f"{place}/file", params={"name": hostile}).status_code == expected
    assert client.delete(place).status_code == 204
    assert client.delete(place).status_code == client.get(f"{place}/status").status_code == 404
    assert client.get(f"{place}/file", params={"name": name}).status_code == 404


@pytest.mark.parametrize(
    ("begin", "end", "body", "status"),
    [
        (AT, AT, {"format": "mp4"}, 400),
        ("20260301T100005", "20261301T100005", {"format": "mp4"}, 400),
        (AT, "20260301T100006", {"format": "webm"}, 400),
        (AT, "20260301T100006", {}, 400),
        (AT, "20260301T100006", {"format": "mp4", "vc": 7}, 400),
        (AT, "20260301T100006", {"format": "mp4", "croparea": [[0, 0], [0, 1]]}, 400),
        (AT, "20260301T100006", {"format": "mp4", "archive": "hosts/A/MultimediaStorage.B/MultimediaStorage"}, 404),
    ],
)
def test_what_cannot_be_exported_is_refused_at_once(
    client: httpx.Client, begin: str, end: str, body: dict[str, Any], status: int
) -> None:
    """Wrong times, formats, numbers and archives give 400 or 404 and no job."""
    before = client.post("/grpc", json={"method": "axxonsoft.bl.mmexport.ExportService.ListSessions"}).json()
    answer = start(client, ENTRANCE, begin, end, **body)
    assert answer.status_code == status and answer.json()["error"]["message"]
    after = client.post("/grpc", json={"method": "axxonsoft.bl.mmexport.ExportService.ListSessions"}).json()
    assert before == after


@pytest.mark.parametrize(
    ("begin", "end", "body", "state", "files"),
    [
        ("20260301T100006", AT, {"format": "jpg"}, 2, 1),
        ("20200301T100000", "20200301T100010", {"format": "mp4"}, 6, 0),
        (AT, "20260301T100006", {"format": "exe"}, 3, 0),
        ("past", "past", {"format": "jpg", "archive": "WORKBENCH/MultimediaStorage.ARCHIVE/MultimediaStorage"}, 2, 1),
        ("20260301T100006", AT, {"format": "avi", "vc": "3", "unknown": [], "waittimeout": 3}, 2, 1),
    ],
    ids=["first picture of a range", "nothing recorded", "exe", "past", "lenient"],
)
def test_what_an_export_comes_to(
    client: httpx.Client, begin: str, end: str, body: dict[str, Any], state: int, files: int
) -> None:
    """What the contract leaves to the server comes to the state it recommends."""
    place = start(client, ENTRANCE, begin, end, **body).headers["location"]
    found = done(client, place)
    assert (found["state"], len(found["files"])) == (state, files)
    assert (found["progress"] == 1.0) == (state == 2) and bool(found["error"]) == (state != 2)
    assert client.delete(place).status_code == 204


@pytest.mark.parametrize(("wait", "status"), [("1", 202), ("10000", 202), ("-1", 400), ("soon", 400)])
def test_nothing_is_waited_for(client: httpx.Client, wait: str, status: int) -> None:
    """`waittimeout` is checked; a short one loses nothing, as every frame is on the disk already."""
    path = f"/export/archive/{COUNTER}/20260301T100003/20260301T100004?waittimeout={wait}"
    answer = client.post(path, json={"format": "mkv"})
    assert answer.status_code == status
    if status == 202:
        assert done(client, answer.headers["location"])["state"] == 2


def test_a_strict_server_forgives_nothing() -> None:
    """What is put up with elsewhere is a 400: exe, a picture of a range, unknown keys, numbers as text, no name."""
    with Background(RECORDINGS, strict=True) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        for body in ({"format": "exe"}, {"format": "jpg"}, {"format": "mp4", "a": 1}, {"format": "mp4", "vc": "3"}):
            answer = start(client, ENTRANCE, AT, "20260301T100006", **body)
            assert answer.status_code == 400, body


def test_a_live_export_holds_what_was_shown(client: httpx.Client) -> None:
    """A live picture is exported under the time at which it was live; one without end runs until DELETE."""
    answer = client.post(f"/export/live/{COUNTER}/past/past", json={"format": "jpg"})
    assert answer.status_code == 400, "equal words are no time"
    place = client.post(f"/export/live/{COUNTER}/{AT}/{AT}", json={"format": "jpg"}).headers["location"]
    state = done(client, place)
    assert state["state"] == 2 and f"[{write(time.time_ns() // 1000)[:8]}" in state["files"][0]
    client.delete(place)
    place = client.post(f"/export/live/{COUNTER}/past/future", json={"format": "mkv"}).headers["location"]
    assert client.get(f"{place}/status").json()["state"] in (0, 1)
    assert client.delete(place).status_code == 204


def test_events_are_empty_and_the_audit_is_not(client: httpx.Client) -> None:
    """A folder of recordings has no alarms; what was exported here is in the audit, newest or oldest first."""
    place = start(client, COUNTER, AT, AT, format="jpg").headers["location"]
    for scope in ("", "/WORKBENCH", f"/{COUNTER}"):
        for kind in ("alerts", "detectors"):
            assert client.get(f"/archive/events/{kind}{scope}/past/future").json() == {"events": [], "more": False}
    found = client.get("/audit/WORKBENCH/past/future?filter=30").json()["events"]
    assert found[0]["eventType"] == 30 and place.endswith(found[0]["data"]["export"])
    assert client.get("/audit/WORKBENCH/past/future?filter=1-29,31").json() == {"events": []}
    assert client.get("/audit/WORKBENCH/future/past").json()["events"][-1] == found[0]
    assert client.get("/audit/OTHER/past/future").status_code == 404
    client.delete(place)


def test_what_is_never_done(client: httpx.Client) -> None:
    """The DELETE that deletes video is 405, creating bookmarks 501, unknown addresses 404, wrong methods 405."""
    assert client.delete("/archive/contents/bookmarks/?begins_at=x").status_code == 405
    assert client.post("/archive/contents/bookmarks/create", json=[]).status_code == 501
    assert client.get("/archive/none").json()["error"]["message"]
    refused = client.put("/camera/list")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("path", "one"),
    [
        ("/p/camera/list/", "/camera/list"),
        ("/p", "/"),
        ("/px/camera/list", "/"),
        ("/camera/list", "/"),
        ("/export/3/status", "/export/3/status"),
        ("/p/export/3/status", "/export/3/status"),
        ("/p/archive/list/hosts/A/B/C", "/archive/list/A/B/C"),
        ("/p/export/live/hosts/A/B/C/past/future", "/export/live/A/B/C/past/future"),
        ("/p/archive/media/hosts/A/B", "/archive/media/hosts/A/B"),
    ],
)
def test_addresses_have_one_form(path: str, one: str) -> None:
    """Prefix, closing slash and hosts/ are taken off; outside the prefix only exports are found."""
    assert plain(path, "/p") == one


def test_numbers_stay_with_their_cameras(open_server: Background, client: httpx.Client) -> None:
    """A camera's number leads to its source and no other; numbers never given lead nowhere."""
    for number in ("0", "05", "7", "999999999"):
        assert client.get(f"/archive/list/WORKBENCH/DeviceIpint.{number}/SourceEndpoint.video:0:0").status_code == 404
    assert client.get("/archive/list/OTHER/DeviceIpint.5/SourceEndpoint.video:0:0").status_code == 404
    assert client.get("/archive/list/WORKBENCH/DeviceIpint.5/SourceEndpoint.video:0:1").status_code == 404
    assert client.get(f"/archive/list/hosts/{ENTRANCE}/").status_code == 200
