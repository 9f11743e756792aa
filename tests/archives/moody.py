"""A small VMS that does as a test wants: one camera, one file, and hooks for each of its answers.

with Moody() as vms:
    vms.hooks["status"] = lambda asked, wire: wire.send(answer(200, b"nonsense"))
    RemoteArchive(vms.url).run(…)
    vms.exports        ids of what it holds, with the marker that each was asked for with
"""

from __future__ import annotations

import json
import re
from typing import Any, Self

from tests.truth import Clip, make
from tests.vms.faulty import Asked, Faulty, Handler, Wire, answer
from workbench.core.spec import ExportSpec
from workbench.core.timebase import instant

CLIP = Clip(name="moody remote", frames=25)
BEGIN = 1_772_359_200_000_000
CAMERA = "S/DeviceIpint.1/SourceEndpoint.video:0:0"
HALL = {"accessPoint": f"hosts/{CAMERA}", "displayId": "1", "displayName": "Hall"}
SPEC = ExportSpec(source="1", begin=instant(BEGIN), end=instant(BEGIN + 1_000_000), format="mp4")
ID = "3dc15b75-6463-4eb1-ab2d-0eb0a8f54bd{}"
KINDS = (
    ("start", r"POST /export/(archive|live)/.*"),
    ("grpc", r"POST /grpc"),
    ("status", r"GET /export/[^/]+/status"),
    ("file", r"GET /export/[^/]+/file"),
    ("delete", r"DELETE /export/[^/]+"),
    ("version", r"GET /product/version"),
    ("now", r"GET /statistics/webserver"),
    ("question", r".*"),
)


class Moody:
    """The server; a hook takes the place of an answer: version, now, start, grpc, status, file, delete or question."""

    def __init__(self, version: str = "forensic-workbench 1") -> None:
        self.version = version
        self.hooks: dict[str, Handler] = {}
        self.exports: dict[str, str] = {}
        self.seen: list[str] = []
        """Kinds of the requests that came."""
        self.data = make(CLIP).read_bytes()
        self._count = 0
        self._server = Faulty(self)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    def __enter__(self) -> Self:
        self._server.up()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.__exit__(*exc)

    def __call__(self, asked: Asked, wire: Wire) -> None:
        """Answer one request."""
        line = f"{asked.method} {asked.path}"
        kind = next(kind for kind, pattern in KINDS if re.fullmatch(pattern, line))
        self.seen.append(kind)
        if kind in self.hooks:
            self.hooks[kind](asked, wire)
        else:
            self.answer(kind, asked, wire)

    def answer(self, kind: str, asked: Asked, wire: Wire) -> None:
        """The answer that a sound server gives."""
        id_ = asked.path.split("/")[2] if asked.path.startswith("/export/") else ""
        if kind in ("status", "file", "delete") and id_ not in self.exports:
            wire.send(answer(404))
        elif kind == "start":
            wire.send(answer(202, Location=f"/export/{self.begin(asked)}"))
        elif kind == "delete":
            del self.exports[id_]
            wire.send(answer(204))
        elif kind == "file":
            wire.send(answer(200, self.data))
        else:
            said = self.said(kind, asked.path, id_)
            wire.send(answer(404) if said is None else answer(200, json.dumps(said).encode()))

    def begin(self, asked: Asked) -> str:
        """Begin what is asked for; its id."""
        id_ = ID.format(self._count)
        self._count += 1
        self.exports[id_] = json.loads(asked.body).get("request", "")
        return id_

    def said(self, kind: str, path: str, id_: str) -> Any:
        """What a document says; None where there is none."""
        if kind == "status":
            return {"id": id_, "state": 2, "progress": 1.0, "error": "", "files": ["hall.mp4"]}
        if kind == "grpc":
            return {"sessions": [{"session_id": id_, "request": marker} for id_, marker in self.exports.items()]}
        if kind == "version":
            return {"version": self.version}
        for word, found in (
            ("/camera/list", {"cameras": [HALL]}),
            ("/contents/intervals/", {"intervals": [{"begin": "20260301T100000", "end": "20260301T110000"}]}),
            ("/contents/frames/", {"frames": [], "more": False}),
            ("/statistics/depth/", {"start": "20260301T100000", "end": "20260301T110000"}),
        ):
            if word in path:
                return found
        return None
