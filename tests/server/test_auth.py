"""Who may do what: the whole matrix of endpoints and users, the ways to say who one is, and masks nobody lifts."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.server.conftest import MASKED, PASSWORDS, PEOPLE, RECORDINGS
from workbench.server import users
from workbench.server.app import table
from workbench.server.config import ServerConfig
from workbench.server.serving import Background

CORRIDOR = "WORKBENCH/DeviceIpint.3/SourceEndpoint.video:0:0"
AT = "20260301T100010"
GRPC = "axxonsoft.bl.auth.AuthenticationService."
SESSIONS = "axxonsoft.bl.mmexport.ExportService.ListSessions"

# Statuses for nobody, the one who only views, the one with all rights on another camera, the one with all rights.
ALL = (200, 200, 200, 200)
KNOWN = (401, 200, 200, 200)
CAMERA = (401, 200, 403, 200)
OWN = (401, 403, 403, 200)
EVENTS = ("/archive/events/alerts", "/archive/events/detectors")
VSID = "{host}/{device}/{endpoint}"
MATRIX: dict[tuple[str, str], tuple[int, int, int, int]] = {
    ("GET", "/health"): ALL,
    ("GET", "/openapi.json"): ALL,
    ("POST", "/grpc"): (401, 403, 200, 200),
    **{("GET", path): KNOWN for path in ("/product/version", "/uuid", "/hosts", "/hosts/{node}", "/currentuser")},
    ("GET", "/statistics/webserver"): KNOWN,
    ("GET", "/camera/list"): KNOWN,
    ("GET", f"/archive/list/{VSID}"): CAMERA,
    **{
        ("GET", f"/archive/{name}/{VSID}/{{first}}/{{second}}"): CAMERA
        for name in ("contents/intervals", "contents/frames", "statistics/capacity", "calendar")
    },
    ("GET", f"/archive/statistics/depth/{VSID}"): CAMERA,
    ("GET", f"/archive/media/{VSID}/{{time}}"): CAMERA,
    ("GET", f"/live/media/snapshot/{VSID}"): OWN,
    **{("GET", f"{base}/{{first}}/{{second}}"): KNOWN for base in EVENTS},
    **{("GET", f"{base}/{{host}}/{{first}}/{{second}}"): KNOWN for base in EVENTS},
    **{("GET", f"{base}/{VSID}/{{first}}/{{second}}"): CAMERA for base in EVENTS},
    ("GET", "/archive/contents/bookmarks/{host}/{first}/{second}"): KNOWN,
    ("POST", "/archive/contents/bookmarks/create"): (401, 501, 501, 501),
    ("DELETE", "/archive/contents/bookmarks"): (401, 405, 405, 405),
    ("GET", "/audit/{host}/{first}/{second}"): KNOWN,
    ("POST", f"/export/archive/{VSID}/{{first}}/{{second}}"): (401, 403, 403, 202),
    ("POST", f"/export/live/{VSID}/{{first}}/{{second}}"): (401, 403, 403, 202),
    ("GET", "/export/{id}/status"): OWN,
    ("GET", "/export/{id}/file"): OWN,
    ("DELETE", "/export/{id}"): (401, 403, 403, 204),
}
PLACES = {
    "host": "WORKBENCH",
    "node": "WORKBENCH",
    "device": "DeviceIpint.3",
    "endpoint": "SourceEndpoint.video:0:0",
    "first": AT,
    "second": AT,
    "time": AT,
}


@pytest.fixture(scope="module")
def client(guarded: Background) -> Iterator[httpx.Client]:
    """A client of the guarded server that says nothing about itself."""
    with httpx.Client(base_url=guarded.url, timeout=60) as found:
        yield found


def token(client: httpx.Client, name: str, password: str | None = None) -> dict[str, Any]:
    """What the gateway answers to a name and password."""
    data = {"user_name": name, "password": PASSWORDS[name] if password is None else password}
    found: dict[str, Any] = client.post("/grpc", json={"method": f"{GRPC}AuthenticateEx2", "data": data}).json()
    return found


def export(client: httpx.Client, user: str, camera: str = CORRIDOR, **body: Any) -> str:
    """A finished export of one picture: its place."""
    auth = (user, PASSWORDS[user])
    path = f"/export/archive/{camera}/{AT}/{AT}"
    answer = client.post(path, auth=auth, content=json.dumps({"format": "jpg", **body}))
    assert answer.status_code == 202, answer.text
    place = answer.headers["location"]
    while client.get(f"{place}/status", auth=auth).json()["state"] < 2:
        time.sleep(0.05)
    return str(place)


@pytest.mark.parametrize(
    "way", ["basic", pytest.param("bearer", marks=pytest.mark.slow), pytest.param("auth_token", marks=pytest.mark.slow)]
)
def test_every_endpoint_asks_who_it_is_and_what_he_may(client: httpx.Client, way: str) -> None:
    """Each endpoint × nobody, view only, all rights on another camera, all rights; by each way to say who one is."""
    config = ServerConfig()
    assert {(e.method, e.path) for e in table(config)} == set(MATRIX), "an endpoint is missing in the matrix"
    place = export(client, "chief")
    wrong, tokens = [], {name: token(client, name)["token_value"] for name in ("viewer", "neighbour", "chief")}
    for (method, path), expected in sorted(MATRIX.items(), key=lambda item: item[0] == ("DELETE", "/export/{id}")):
        for user, status in zip((None, "viewer", "neighbour", "chief"), expected, strict=True):
            address = path.format(**PLACES, id=place.rpartition("/")[2])
            body = {"method": SESSIONS} if path == "/grpc" else {"format": "jpg"}
            found = send(client, way, tokens, user, method, address, body)
            if found != status:
                wrong.append((method, path, user, found, status))
    assert wrong == []


def send(
    client: httpx.Client, way: str, tokens: dict[str, str], user: str | None, method: str, address: str, body: Any
) -> int:
    """The status of a request by `user`, who says so in a way."""
    more: dict[str, Any] = {"json": body} if method == "POST" else {}
    if user is not None and way == "basic":
        more["auth"] = (user, PASSWORDS[user])
    elif user is not None:
        value = tokens[user]
        more |= (
            {"headers": {"Authorization": f"Bearer {value}"}} if way == "bearer" else {"params": {"auth_token": value}}
        )
    answer = client.request(method, address, **more)
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"].startswith("Basic ")
    if answer.status_code == 202:  # what the matrix starts it also removes
        named = {key: more[key] for key in ("auth", "headers", "params") if key in more}
        client.delete(answer.headers["location"], **named)
    return answer.status_code


def test_the_gateway_gives_renews_and_closes_tokens(client: httpx.Client) -> None:
    """A token is good until it is closed; a renewed one takes its place; wrong credentials get a code, no token."""
    first = token(client, "viewer")
    assert first["error_code"] == "AUTHENTICATE_CODE_OK" and first["token_name"] == "auth_token"
    bearer = {"Authorization": f"Bearer {first['token_value']}"}
    renewed = client.post("/grpc", json={"method": f"{GRPC}RenewSession", "data": {}}, headers=bearer).json()
    assert client.get("/uuid", headers=bearer).status_code == 401
    bearer = {"Authorization": f"Bearer {renewed['token_value']}"}
    assert client.get("/currentuser", headers=bearer).json() == {"currentuser": "viewer"}
    assert client.post("/grpc", json={"method": f"{GRPC}CloseSession"}, headers=bearer).json() == {"error_code": "OK"}
    assert client.get("/uuid", headers=bearer).status_code == 401
    for name, password in (("viewer", "wrong"), ("nobody", "x"), ("", "")):
        refused = token(client, name, password)
        assert refused["error_code"] == "AUTHENTICATE_CODE_WRONG_CREDENTIALS" and not refused["token_value"]


def test_a_token_may_stand_in_the_address_of_a_download(client: httpx.Client) -> None:
    """`auth_token` opens an export's file as the header does; it is as good as its user's rights, no more."""
    place = export(client, "chief")
    for user, status in (("chief", 200), ("viewer", 403)):
        found = client.get(f"{place}/file", params={"auth_token": token(client, user)["token_value"]})
        assert found.status_code == status
    client.delete(place, auth=("chief", PASSWORDS["chief"]))


def test_health_says_more_to_those_who_are_known(client: httpx.Client) -> None:
    """Anybody hears whether the server works; numbers of its exports and its disk are for its users."""
    known = client.get("/health", auth=("viewer", PASSWORDS["viewer"]))
    assert known.status_code == 200 and known.json()["exports"]["slots"] == 2 and known.json()["disk"]["free"] > 0
    for auth in (None, ("viewer", "wrong"), ("nobody", PASSWORDS["viewer"])):
        assert client.get("/health", auth=auth).json() == {"status": "ok"}


@pytest.mark.parametrize(
    "header",
    ["Basic", "Basic =", "Basic ////", "Basic dmlld2Vy", "Bearer", "Bearer x y", "Digest x", "basic " + "A" * 9000],
)
def test_headers_that_say_nothing_are_401(client: httpx.Client, header: str) -> None:
    """Whatever stands in the header, who is not known is asked for it."""
    assert client.get("/uuid", headers={"Authorization": header}).status_code == 401


def test_cameras_of_others_are_not_even_listed(client: httpx.Client) -> None:
    """The camera list holds the user's cameras only, in the gateway too; exports of others are not in the sessions."""
    place = export(client, "chief")
    auth = ("neighbour", PASSWORDS["neighbour"])
    listed = client.get("/camera/list", auth=auth).json()["cameras"]
    assert [camera["displayName"] for camera in listed] == ["Bottling line"]
    method = {"method": "axxonsoft.bl.domain.DomainService.ListCameras"}
    assert len(client.post("/grpc", json=method, auth=auth).json()["items"]) == 1
    assert client.post("/grpc", json={"method": SESSIONS}, auth=auth).json() == {"sessions": []}
    assert client.get("/audit/WORKBENCH/past/future?filter=30", auth=auth).json() == {"events": []}
    client.delete(place, auth=("chief", PASSWORDS["chief"]))


def dark(jpeg: bytes) -> tuple[bool, bool]:
    """Whether the left and the right half of a picture are black."""
    with Image.open(io.BytesIO(jpeg)) as picture:
        width, height = picture.size
        halves = ((4, 4, width // 2 - 8, height - 4), (width // 2 + 8, 4, width - 4, height - 4))
        found = [max(high for _, high in picture.convert("RGB").crop(half).getextrema()) < 40 for half in halves]
    return found[0], found[1]


@pytest.mark.parametrize(("user", "masked"), [("clerk", True), ("chief", False)])
def test_a_forced_mask_is_on_every_picture(client: httpx.Client, user: str, masked: bool) -> None:
    """Frame, thumbnail, live picture, exports of either kind: the mask is on all, unless the user may lift it."""
    auth = (user, PASSWORDS[user])
    pictures = [
        client.get(f"/archive/media/{CORRIDOR}/{AT}", auth=auth).content,
        client.get(f"/archive/media/{CORRIDOR}/{AT}?w=200&threshold=500", auth=auth).content,
        client.get(f"/live/media/snapshot/{CORRIDOR}", auth=auth).content,
    ]
    for body in ({}, {"maskspace": []}, {"maskspace": [[[0.9, 0.9], [0.95, 0.9], [0.95, 0.95]]]}):
        place = export(client, user, **body)
        pictures.append(client.get(f"{place}/file", auth=auth).content)
        client.delete(place, auth=auth)
    assert [dark(picture) for picture in pictures] == [(masked, False)] * len(pictures)
    crop = client.get(f"/archive/media/{CORRIDOR}/{AT}?left=0&right=0.45", auth=auth).content
    assert all(dark(crop)) == masked


def test_a_forced_mask_is_never_copied_past(client: httpx.Client) -> None:
    """A master without any change asked for is coded anew under the forced mask; its record says so."""
    auth = ("clerk", PASSWORDS["clerk"])
    path = f"/export/archive/{CORRIDOR}/20260301T100010/20260301T100011"
    place = client.post(path, auth=auth, json={"format": "mkv"}).headers["location"]
    while (state := client.get(f"{place}/status", auth=auth).json())["state"] < 2:
        time.sleep(0.05)
    record = next(name for name in state["sidecars"] if name.endswith(".json"))
    ledger = client.get(f"{place}/file", params={"name": record}, auth=auth).json()["ledger"]
    assert ledger["masked"] > 0 and ledger["copied"] == ledger["reencoded"] == 0
    client.delete(place, auth=auth)


def test_lost_rights_end_what_they_allowed(tmp_path: Path) -> None:
    """An export made without the forced mask is not handed out once the right is gone, nor any once it is broken."""
    path = tmp_path / "users.toml"
    path.write_text(MASKED, encoding="utf-8")
    users.add(path, "chief", PASSWORDS["chief"], *PEOPLE["chief"])
    auth = ("chief", PASSWORDS["chief"])
    with Background(RECORDINGS, auth="basic", users=path) as server, httpx.Client(base_url=server.url) as client:
        place = export(client, "chief")
        assert client.get(f"{place}/file", auth=auth).status_code == 200
        users.add(path, "chief", PASSWORDS["chief"], *PEOPLE["clerk"])
        assert client.get(f"{place}/status", auth=auth).status_code == 200
        assert client.get(f"{place}/file", auth=auth).status_code == 403
        users.add(path, "chief", "another", *PEOPLE["chief"])
        assert client.get(f"{place}/file", auth=auth).status_code == 401, "a remembered password that changed"
        path.write_text("[users.chief]\nrights = true\n", encoding="utf-8")
        assert client.get(f"{place}/file", auth=("chief", "another")).status_code == 403
        health = client.get("/health", auth=("chief", "another"))
        assert health.status_code == 503 and set(health.json()) == {"status", "error"}, "nobody is let in"


def test_version_three_takes_tokens_only(users_file: Path) -> None:
    """As 3.0 does: Basic is 401, on bookmarks 403, hosts and counters answer to anybody, tokens open the rest."""
    basic = {"auth": ("viewer", PASSWORDS["viewer"])}
    with (
        Background(RECORDINGS, auth="bearer3", users=users_file) as server,
        httpx.Client(base_url=server.url) as client,
    ):
        for path, status in (("/product/version", 401), ("/archive/contents/bookmarks/WORKBENCH/past/future", 403)):
            assert client.get(path, **basic).status_code == status  # type: ignore[arg-type]
        for path in ("/hosts/", "/statistics/webserver"):
            assert client.get(path).status_code == 200
        bearer = {"Authorization": f"Bearer {token(client, 'viewer')['token_value']}"}
        assert client.get("/product/version", headers=bearer).status_code == 200


def test_an_open_server_is_no_prey_of_web_pages(open_server: Background) -> None:
    """A page that reaches loopback under a name of its own, or posts from elsewhere, is refused."""
    with httpx.Client(base_url=open_server.url) as client:
        assert client.get("/uuid", headers={"Host": "evil.example"}).status_code == 403
        assert client.get("/uuid", headers={"Host": "a@127.0.0.1"}).status_code == 403
        foreign = {"Origin": "https://evil.example"}
        assert client.post("/grpc", json={"method": SESSIONS}, headers=foreign).status_code == 403
        own = {"Origin": open_server.url}
        assert client.post("/grpc", json={"method": SESSIONS}, headers=own).status_code == 200
