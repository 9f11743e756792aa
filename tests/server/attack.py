"""Attacks on a running server, by its own OpenAPI document and by hand, and what they must not find.

Shared by the short form in the tests and the long one, ``bench/server_attack.py``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from hypothesis import strategies as st

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance"
CONFIG = '[checks.not_a_server_error]\nexpected-statuses = ["2xx", "3xx", "4xx", "503"]\n'
"""503 is what the contract wants where too much is asked at once."""
KNOWN_501 = "/archive/contents/bookmarks/create"
"""The one address that the contract wants to answer with a 5xx."""


def schemathesis(url: str, *, examples: int, phases: str) -> int:
    """Attack a server by its own document; how many operations. AssertionError where anything is wrong.

    The document is told what really is there (cameras, an export), so that requests reach beyond a 404; the one
    operation that has to answer 501 is left out.
    """
    document = httpx.get(f"{url}/openapi.json", timeout=30).json()
    with httpx.Client(base_url=url, timeout=60) as client:
        export, _ = exported(client)
        cameras = client.get("/camera/list").json()["cameras"]
    real = dict.fromkeys(("first", "second", "time"), SOUND_TIMES)
    real["device"] = [camera["accessPoint"].split("/")[2] for camera in cameras]
    del document["paths"][KNOWN_501]
    operations = [(method, each) for path in document["paths"].values() for method, each in path.items()]
    for method, operation in operations:
        for parameter in operation["parameters"]:
            known = [export] if parameter["name"] == "id" and method == "get" else real.get(parameter["name"])
            if known:
                parameter["schema"] = {"type": "string", "enum": known}
    with tempfile.TemporaryDirectory() as folder:
        said = _run(url, document, Path(folder), ["-n", str(examples), "--phases", phases, "--workers", "1"])
    assert f"Tested: {len(operations)}\n" in said, said
    return len(operations)


def _run(url: str, document: Any, folder: Path, options: list[str]) -> str:
    (folder / "schemathesis.toml").write_text(CONFIG, encoding="ascii")
    schema = folder / "openapi.json"
    schema.write_text(json.dumps(document), encoding="utf-8")
    tool = Path(sys.executable).parent / "schemathesis"
    command = [str(tool), "run", str(schema), "--url", url, "--checks", CHECKS, "--no-color", *options]
    done = subprocess.run(
        [*command, "--generation-database", "none"], capture_output=True, text=True, check=False, cwd=folder
    )
    if done.returncode:
        raise AssertionError(f"schemathesis found something:\n{done.stdout[-6000:]}{done.stderr[-2000:]}")
    return done.stdout


ID, NAME = "{id}", "{name}"
"""Stand for an export that is there, and for a file of it."""
PATHS = ("../../passwd", "/etc/passwd", "..\\..\\passwd", "a/../../../x", "~/x")
"""Names of files that try to be paths."""
MASK = [[[0.1, 0.1], [0.3, 0.1], [0.3, 0.3]]]
CAMERA = ("WORKBENCH", "DeviceIpint.4", "SourceEndpoint.video:0:0")
SOUND_TIMES = ["past", "future", "20260301T100005", "20260301T100006.5", "20260301T100021"]
# fmt: off
HOSTILE = [
    "%2e%2e", "..%2f..%2fpasswd", "%ff", "..", ".", "hosts", "WORKBENCH", "DeviceIpint.1",
    "DeviceIpint.99999999999", "-1", "1e308", "NaN", "status", "file", "create",
    "", "\0", "\n", "é", "x" * 3000, "SourceEndpoint.video:0:0", ID,
]
TIMES = st.sampled_from([
    "past", "future", "20260301T100005", "20260301T100005.5Z", "00000000T000000", "20260230T000000",
    "00010101T000000", "99991231T235959.999999", "20260301T100021.999999", "2026-03-01T10:00:00Z", "+5",
    "19691231T235959",
])
OF_CAMERAS = [
    "archive/list", "archive/media", "archive/statistics/depth", "archive/statistics/capacity",
    "archive/calendar", "live/media/snapshot", "archive/events/alerts", "archive/events/detectors",
    "archive/contents/intervals", "archive/contents/frames", "export/archive", "export/live",
]
OTHERS = ["camera/list", "grpc", "audit", "archive/contents/bookmarks", "export", "hosts", "uuid", "health", ""]
KEYS = st.sampled_from([
    "limit", "offset", "scale", "threshold", "w", "h", "archive", "name", "name", "waittimeout", "filter",
    "next_page", "left", "crop_x", "crop_width", "right", "auth_token", "query.query", "format", "speed",
])
VALUES = st.one_of(
    st.sampled_from(["", "0", "1", "-1", "1e400", "NaN", "٣", "../../passwd", "9" * 400, "true", "[]", "0x10", NAME]),
    st.text(max_size=30),
)
FIELDS = st.sampled_from([
    "format", "vc", "ac", "freq", "croparea", "maskspace", "maxfilesize", "tsformat", "filename", "comment",
    "archive", "timezoneOffset", "request", "method", "data", "user_name", "password", "color", "layout",
])
# fmt: on
SEGMENTS = st.one_of(st.sampled_from(HOSTILE), TIMES, st.text(max_size=20))
ADDRESSES = st.one_of(
    st.tuples(st.sampled_from(OF_CAMERAS + OTHERS), st.lists(SEGMENTS, max_size=6)),
    st.tuples(st.sampled_from(OF_CAMERAS), st.lists(TIMES, max_size=2).map(lambda times: [*CAMERA, *times])),
    st.tuples(st.just("export"), st.sampled_from(["status", "file", "file", "..", ""]).map(lambda tail: [ID, tail])),
    st.tuples(st.sampled_from(OF_CAMERAS[-2:]), st.tuples(TIMES, TIMES).map(lambda times: [*CAMERA, *times])),
    st.tuples(st.just("audit"), st.lists(TIMES, max_size=2).map(lambda times: ["WORKBENCH", *times])),
)
LEAVES = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20)
JSON = st.recursive(
    LEAVES | st.sampled_from(["mp4", "jpg", "pdf"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS, inner, max_size=6),
    max_leaves=12,
)
BODIES = st.one_of(
    st.binary(max_size=60),
    JSON,
    st.sampled_from([b"[" * 100_000, b'{"format":"mp4","format":"mkv"}', b'{"format":"jpg"}']),
)
HEADERS = st.dictionaries(
    st.sampled_from(["Range", "If-Range", "Content-Type", "Accept", "X-HTTP-Method-Override", "If-None-Match"]),
    st.sampled_from(
        ["bytes=0-", "bytes=9-1", "bytes=-0", "bytes=a", "*", '"x"', "text/plain; charset=\x80", "a" * 500]
    ),
    max_size=2,
)
REQUESTS = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["GET"] * 8 + ["POST"] * 4 + ["DELETE", "PUT", "HEAD", "OPTIONS"]),
        "address": ADDRESSES,
        "query": st.lists(st.tuples(KEYS, VALUES), max_size=4),
        "body": BODIES,
        "headers": HEADERS,
    }
)


def send(client: httpx.Client, request: dict[str, Any], export: str, name: str) -> httpx.Response | None:
    """Send a request of `REQUESTS`; None where httpx itself refuses to put it on the wire.

    `export` and `name` are the id and a file of an export that is there; nothing that removes it is sent.
    """
    root, segments = request["address"]
    if request["method"] == "DELETE" and ID in segments:
        return None
    parts = [export if part == ID else part for part in segments]
    path = "/".join((root, *(part if "%" in part else quote(part, errors="replace") for part in parts)))
    pairs = [(k, name if v == NAME else v.encode("utf-8", "replace").decode()) for k, v in request["query"]]
    body: dict[str, Any] = {}
    if request["method"] in ("POST", "PUT", "PATCH"):
        given = request["body"]
        body = {"content": given if isinstance(given, bytes) else json.dumps(given).encode()}
    try:
        made = client.build_request(request["method"], f"/{path}", params=pairs, headers=request["headers"], **body)
    except (httpx.InvalidURL, UnicodeError):
        return None
    return client.send(made)


def exported(client: httpx.Client) -> tuple[str, str]:
    """Id and file name of an export that was just made."""
    times = "20260301T100005/20260301T100005"
    place = client.post(f"/export/archive/{'/'.join(CAMERA)}/{times}", json={"format": "jpg"}).headers["location"]
    while (state := client.get(f"{place}/status").json())["state"] < 2:
        time.sleep(0.05)
    return place.rpartition("/")[2], state["files"][0]


def work(client: httpx.Client, names: Iterable[str]) -> None:
    """Have the server's workers make files: each format once, under names that try to be paths."""
    times = {"jpg": "20260301T100005", "pdf": "20260301T100005"}
    places = []
    for form, name in zip(("mp4", "mkv", "avi", "jpg", "pdf"), names, strict=True):
        body = {"format": form, "filename": name, "comment": name, "tsformat": "%H:%M:%S", "maskspace": MASK}
        path = f"/export/archive/{'/'.join(CAMERA)}/20260301T100005/{times.get(form, '20260301T100006')}"
        places.append(client.post(path, json=body).raise_for_status().headers["location"])
    for place in places:
        while (state := client.get(f"{place}/status").json())["state"] < 2:
            time.sleep(0.05)
        assert state["state"] == 2, state
        for name in (*state["files"], *state["sidecars"]):
            assert client.get(f"{place}/file", params={"name": name}).status_code == 200
        client.delete(place)


def unwanted(answer: httpx.Response | None) -> str | None:
    """What is wrong with an answer, if anything: a 5xx that is not meant, a document that is none, a place of ours."""
    if answer is None or answer.status_code == 503:
        return None
    if answer.status_code >= 500 and not answer.url.path.endswith(KNOWN_501):
        return f"{answer.status_code}: {answer.text[:300]}"
    refused = answer.status_code >= 400 and answer.request.method != "HEAD" and answer.status_code not in (412, 416)
    if refused and not answer.headers.get("content-type", "").startswith(("application/json", "text/plain")):
        return f"{answer.status_code} as {answer.headers.get('content-type')}"
    if b"Traceback" in answer.content or b"root:x:0" in answer.content:
        return f"{answer.status_code} says too much"
    return None
