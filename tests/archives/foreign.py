"""Somebody else's VMS: a loopback proxy that takes away from our server what only ours gives.

    with Foreign(server.url) as vms: RemoteArchive(vms.url)

It calls itself by another name, keeps no record, tells no hash and no validator, lists frame times a few at a time, in
any order and not at all for long windows, and gives files plain names where asked to (``plain=True``).
"""

from __future__ import annotations

import http.client
import json
import re
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

VERSION = "Axxon One 2.0.10.46"
PAGE = 60
"""Frame times that it gives at once."""
LONGEST = 3600
"""Seconds of a window for which it names any."""
HIDDEN = {"etag", "x-sha256", "accept-ranges", "digest", "transfer-encoding", "connection", "date", "server"}


class Foreign:
    """See the module; `seen` are the requests that came, `lose` breaks that many downloads in the middle."""

    def __init__(self, target: str, *, plain: bool = False) -> None:
        self.target, self.plain = urlsplit(target), plain
        self.seen: list[tuple[str, str]] = []
        self.lose_frames = 0
        """Frame times that it forgets at the end of each list."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"vms": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Foreign:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    vms: Foreign

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def do_DELETE(self) -> None:
        self._pass_on()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing is logged."""

    def _pass_on(self) -> None:
        path = urlsplit(self.path)
        self.vms.seen.append((self.command, self.path))
        if path.path == "/product/version":
            self._answer(200, {}, json.dumps({"version": VERSION}).encode())
            return
        if "/contents/frames/" in path.path and _seconds(path.path) > LONGEST:
            self._answer(200, {}, b'{"frames":[],"more":false}')
            return
        target = self.path
        if "/contents/frames/" in path.path:
            asked = int(parse_qs(path.query).get("limit", ["250"])[0])
            target = f"{path.path}?limit={min(asked, PAGE)}"
        if path.path.endswith("/file") and self.vms.plain:
            name = parse_qs(path.query)["name"][0]
            target = f"{path.path}?name={quote(self._real(path.path, name), safe='')}"
        status, headers, data = self._asked(target)
        if path.path.endswith("/status") and status == 200:
            data = self._status(data)
        if "/contents/frames/" in path.path and status == 200:
            data = self._frames(data)
        self._answer(status, headers, data)

    def _status(self, data: bytes) -> bytes:
        known = json.loads(data)
        for key in ("sidecars", "succeeded"):
            known.pop(key, None)
        if self.vms.plain:
            known["files"] = [f"video{n}.{name.rpartition('.')[2]}" for n, name in enumerate(known["files"])]
            known.pop("filesFriendly", None)
        return json.dumps(known).encode()

    def _real(self, path: str, name: str) -> str:
        """The name that our server knows a plainly named file by."""
        _, _, data = self._asked(path.removesuffix("/file") + "/status")
        number = re.fullmatch(r"video(\d+)\.\w+", name)
        assert number
        return str(json.loads(data)["files"][int(number[1])])

    def _frames(self, data: bytes) -> bytes:
        known = json.loads(data)
        times = known["frames"][: len(known["frames"]) - self.vms.lose_frames]
        return json.dumps({"frames": times[1::2] + times[::2], "more": known["more"]}).encode()

    def _asked(self, target: str) -> tuple[int, dict[str, str], bytes]:
        body = self.rfile.read(int(self.headers.get("content-length", 0))) if self.command == "POST" else None
        link = http.client.HTTPConnection(str(self.vms.target.hostname), self.vms.target.port, timeout=30)
        try:
            method = "GET" if target.endswith("/status") else self.command
            link.request(method, target, body, {"content-type": "application/json"})
            answer = link.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
        finally:
            link.close()

    def _answer(self, status: int, headers: dict[str, str], data: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name not in HIDDEN and name != "content-length":
                self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _seconds(path: str) -> float:
    """The length of the window at the end of an address."""
    first, second = path.split("/")[-2:]
    if not (first[0].isdigit() and second[0].isdigit()):
        return float("inf")
    begin, end = sorted(datetime.fromisoformat(text[:15]) for text in (first, second))
    return (end - begin).total_seconds()
