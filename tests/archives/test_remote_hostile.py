"""A VMS that means harm: no name leads out of the folder, no list is endless, and what is refused is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.truth import Clip, make
from tests.vms.test_wire_names import HOSTILE
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import NothingRecorded, RemoteError, WorkbenchError
from workbench.core.spec import ExportSpec
from workbench.core.timebase import instant
from workbench.vms.wire import names

CLIP = Clip(name="hostile remote", frames=25)
BEGIN = 1_772_359_200_000_000
CAMERA = "S/DeviceIpint.1/SourceEndpoint.video:0:0"
ID = "3dc15b75-6463-4eb1-ab2d-0eb0a8f54bd3"
SPEC = ExportSpec(source="1", begin=instant(BEGIN), end=instant(BEGIN + 1_000_000), format="mp4")


class Evil(BaseHTTPRequestHandler):
    """A VMS in a few lines; `state` is its status document, `intervals` what it says is recorded."""

    state: dict[str, Any]
    intervals: list[dict[str, str]]
    deleted: list[str]
    data: bytes
    """What each file holds."""

    def do_GET(self) -> None:
        """Every question."""
        path = urlsplit(self.path)
        if path.path.endswith("/file"):
            name = parse_qs(path.query)["name"][0]
            self._say(200, self.data if not name.endswith((".vtt", ".json")) else b"{}")
            return
        camera = {"accessPoint": f"hosts/{CAMERA}", "displayId": "1", "displayName": "Hall", "archives": []}
        answers = {
            "/product/version": {"version": "Axxon One 2.0"},
            "/camera/list": {"cameras": [camera]},
            "/hosts/": ["S"],
            f"/export/{ID}/status": self.state,
        }
        found = answers.get(path.path)
        if "/contents/intervals/" in path.path:
            found = {"intervals": self.intervals, "more": False}
        if "/contents/frames/" in path.path:
            found = {"frames": [], "more": False}
        if "/statistics/depth/" in path.path:
            found = {"start": "00010101T000000", "end": "99991231T235959"}
        self._say(404 if found is None else 200, json.dumps(found).encode())

    def do_POST(self) -> None:
        """An export is started."""
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self._say(202, b"", {"Location": f"/export/{ID}"})

    def do_DELETE(self) -> None:
        """An export is removed."""
        self.deleted.append(self.path)
        self._say(204, b"")

    def _say(self, status: int, data: bytes, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing is logged."""


@pytest.fixture
def evil() -> Iterator[tuple[type[Evil], str]]:
    """The server's class, to set what it says, and its URL."""
    recorded = [{"begin": "20260301T100000", "end": "20260301T110000"}]
    handler = type(
        "Handler", (Evil,), {"state": {}, "intervals": recorded, "deleted": [], "data": make(CLIP).read_bytes()}
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield handler, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def export(url: str, root: Path) -> list[str]:
    """Names below `root` after an export into ``root/deep/out``."""
    remote = RemoteArchive(url, cache=root / "cache")
    try:
        remote.run(remote.plan(SPEC), root / "deep" / "out")
    finally:
        remote.close()
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


NAMES = [
    "../../escape.mp4",
    "/etc/escape.mp4",
    "C:\\escape.mp4",
    "CON.mp4",
    "a\u202e4pm.mp4",
    ".hidden.mp4",
    "x" * 4000 + ".mp4",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_no_name_leads_out_of_the_folder(evil: tuple[type[Evil], str], tmp_path: Path, name: str) -> None:
    """Files and what lies beside them stay in the folder under harmless names, and the server's name is on record."""
    handler, url = evil
    beside = [f"{name}.vtt", f"{name}./../../../escape.vtt", "../../escape.json", f"{name}.json"]
    handler.state = {"id": ID, "state": 2, "progress": 1, "error": "", "files": [name], "sidecars": beside}
    found = export(url, tmp_path)
    assert all(file.startswith("deep/out/") for file in found)
    assert len(found) == 5 and all(len(Path(file).name.encode()) < 200 for file in found)
    record = next(file for file in found if file.endswith(".json") and not file.endswith(".server.json"))
    told = json.loads((tmp_path / record).read_bytes())
    assert told["remote"]["files"][0]["name"] == name
    assert sum("belongs to none" in warning for warning in told["warnings"]) == 2
    assert told["remote"]["ledger_by"] == ""


def test_two_hundred_hostile_names_come_home_apart(evil: tuple[type[Evil], str], tmp_path: Path) -> None:
    """One export of all hostile names: each file has a name of its own inside, and what was there stays."""
    handler, url = evil
    wanted = [name for name in dict.fromkeys(HOSTILE) if 0 < len(name) <= 4096 and "\ud800" not in name]
    assert len(wanted) >= 190
    handler.data = b"no video"
    handler.state = {"id": ID, "state": 2, "progress": 1, "error": "", "files": wanted}
    mine = tmp_path / "deep" / "out" / "hall.mp4.mine"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    found = export(url, tmp_path)
    assert all(file.startswith("deep/out/") and file.count("/") == 2 for file in found)
    assert len({names.key(file) for file in found}) == len(wanted) + 3  # mine, the flight and the record
    assert mine.read_text() == "mine" and handler.deleted == [f"/export/{ID}"]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ({"state": 3, "error": "disk \x1b[31mred"}, RemoteError),
        ({"state": 4}, RemoteError),
        ({"state": 5}, RemoteError),
        ({"state": 6}, NothingRecorded),
        ({"state": 2, "succeeded": False}, RemoteError),
        ({"state": 2, "files": ["a.mp4", "a.mp4"]}, RemoteError),
    ],
    ids=["error", "no space", "name exists", "no data", "not succeeded", "one name twice"],
)
def test_each_way_to_fail_ends_clean(
    evil: tuple[type[Evil], str], tmp_path: Path, state: dict[str, Any], error: type[WorkbenchError]
) -> None:
    """Each terminal state becomes its error in plain words; nothing stays here, at the server, or on the list."""
    handler, url = evil
    handler.state = {"id": ID, "progress": 1, "error": "", "files": [], **state}
    with pytest.raises(error) as caught:
        export(url, tmp_path)
    assert "\x1b" not in str(caught.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert handler.deleted == [f"/export/{ID}"]


def test_a_list_without_end_is_given_up(evil: tuple[type[Evil], str], tmp_path: Path) -> None:
    """A server that says thousands of years are recorded and names no picture is not asked for ever."""
    handler, url = evil
    handler.intervals = [{"begin": "00010101T000000", "end": "99991231T235959"}]
    remote = RemoteArchive(url, cache=tmp_path)
    try:
        with pytest.raises(RemoteError, match="lists no picture"):
            remote.instants("1")
        with pytest.raises(NothingRecorded):
            remote.frame("1", instant(BEGIN))
    finally:
        remote.close()
