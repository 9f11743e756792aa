"""A stand-in for a VMS: the Archive protocol, answered from a folder, told as `RemoteArchive` tells it.

remote = StandIn(LocalArchive(folder))                     # the files are as the VMS made them
remote = StandIn(LocalArchive(folder), derive=True)        # …are derived here, from a master that lies beside them

Everything it says of files is true of files that it made; only the wire is missing.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.archives.base import Description, Frame, OnProgress, Snapshot
from workbench.archives.local import LocalArchive
from workbench.core.coverage import Coverage, Source
from workbench.core.errors import SourceError
from workbench.core.geometry import Area
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult, Ledger, OutputFile, SourceFile
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Moment, iso
from workbench.export import plan_export, run_export

URL = "https://vms.example:8443/vms"
VERIFIED = {"verified": True, "by": "the system's certificates", "fingerprint": "ab" * 32}
SWITCHED_OFF = {"verified": False, "by": "nobody: checking was switched off", "fingerprint": "cd" * 32}
ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@dataclass
class StandIn:
    """See the module; `changed` replaces parts of what its results say of the server."""

    local: LocalArchive
    derive: bool = False
    url: str = URL
    tls: dict[str, Any] | None = None
    server_record: bool = True
    changed: dict[str, Any] | None = None
    last_shift: int = 0
    """Microseconds by which its last picture is later than the folder's: it goes on recording."""

    def sources(self) -> tuple[Source, ...]:
        """Its cameras."""
        return tuple(self._told(n, source) for n, source in enumerate(self.local.sources(), 1))

    def source(self, source: str) -> Source:
        """A camera by its VSID, its number or its name."""
        for n, one in enumerate(self.sources(), 1):
            if source.removeprefix("hosts/") in (one.id, str(n), one.name):
                return one
        raise SourceError(f"there is no camera {source}")

    def describe(self, source: str) -> Description:
        """No recordings: they stay where they are."""
        return Description(source=self.source(source), recordings=(), archive=self.url, config=None)

    def coverage(self, source: str, within: tuple[Moment | None, Moment | None] | None = None) -> Coverage:
        """What is recorded, by its own list of intervals."""
        found = self.local.coverage(self._name(source), within)
        return replace(
            found,
            source=self.source(source).id,
            intervals=tuple(replace(one, file="") for one in found.intervals),
            gaps=tuple(replace(gap, witness="VMS intervals") for gap in found.gaps),
            overlaps=(),
        )

    def snapshot(self, source: str, at: Moment, masks: tuple[Mask, ...] = (), crop: Area | None = None) -> Snapshot:
        """A VMS gives no frame of a recording that is hashed."""
        raise SourceError("nothing here is hashed")

    def instants(
        self,
        source: str,
        within: tuple[Moment | None, Moment | None] | None = None,
        *,
        limit: int = 10_000,
        newest_first: bool = False,
    ) -> tuple[int, ...]:
        """When its pictures are shown."""
        raise SourceError("no test asks for it")

    def frame(self, source: str, at: Moment, masks: tuple[Mask, ...] = (), crop: Area | None = None) -> Frame:
        """One picture of it."""
        return replace(self.local.frame(self._name(source), at, masks, crop), source=self.source(source).id)

    def thumbnails(
        self,
        source: str,
        begin: Moment | None,
        end: Moment | None,
        n: int,
        masks: tuple[Mask, ...] = (),
        crop: Area | None = None,
    ) -> list[Frame]:
        """Small pictures of it."""
        return self.local.thumbnails(self._name(source), begin, end, n, masks, crop)

    def close(self) -> None:
        """Nothing is open but what the folder's archive closes."""

    def plan(self, spec: ExportSpec) -> ExportPlan:
        """What it would do; how, it does not say."""
        made = plan_export(replace(spec, source=self._name(spec.source)), self.local)
        gaps = tuple(replace(gap, witness="VMS intervals") for gap in made.gaps)
        spec = replace(spec, source=self.source(spec.source).id)
        return replace(made, spec=spec, segments=(), gaps=gaps, warnings=("how it cuts, only the file tells",))

    def run(
        self,
        plan: ExportPlan,
        out: Path,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> ExportResult:
        """Files, sidecars, flight and record in `out`."""
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as place:
            return _Delivery(self, plan, out, Path(place)).result()

    def _name(self, source: str) -> str:
        wanted = self.source(source).id
        return next(one.id for n, one in enumerate(self.local.sources(), 1) if _vsid(n) == wanted)

    def _told(self, n: int, source: Source) -> Source:
        last = None if source.last is None else source.last + self.last_shift
        return replace(source, id=_vsid(n), name=source.name, files=(), dated_by="VMS", zone="UTC", last=last)


class _Delivery:
    """One export on its way."""

    def __init__(self, vms: StandIn, plan: ExportPlan, out: Path, place: Path) -> None:
        self.vms, self.plan, self.out, self.place = vms, plan, out, place
        self.spec = replace(plan.spec, source=vms._name(plan.spec.source))

    def result(self) -> ExportResult:
        """All of it, the record last."""
        made = self._derived() if self.vms.derive else self._delivered()
        flight = self._flight()
        remote = {**self._remote(made, flight), **(self.vms.changed or {})}
        made = replace(made, plan=self.plan, files=(*made.files, flight), remote=remote, gaps=self.plan.gaps)
        name = next(file.path for file in made.files if file.kind in ("video", "picture", "page"))
        text = json.dumps(made.to_json(), indent=1).encode()
        record = self._written(f"{name}.json", text, "record")
        named = tuple(replace(file, path=str(self.out / file.path)) for file in (*made.files, record))
        return replace(made, files=named)

    def _delivered(self) -> ExportResult:
        """The file as the VMS made it, its captions and its record beside."""
        made = run_export(plan_export(self.spec, self.vms.local), self.vms.local, self.place / "vms")
        files = [self._taken(file) for file in made.files if file.kind != "record" or self.vms.server_record]
        shown = sum(file.frames_shown or 0 for file in made.files)
        ledger = made.ledger if self.vms.server_record else Ledger(delivered=shown)
        entries = made.entries if self.vms.server_record else ()
        return replace(made, files=tuple(files), ledger=ledger, entries=entries, sources=(), encoder={})

    def _taken(self, file: OutputFile) -> OutputFile:
        path, kind = Path(file.path), file.kind
        name = path.name
        if kind == "record":
            name, kind = name.removesuffix(".json") + ".server.json", "server-record"
        shutil.copyfile(path, self.out / name)
        return replace(file, path=name, kind=kind)

    def _derived(self) -> ExportResult:
        """The master, and what is made of it here."""
        plain = ExportSpec(source=self.spec.source, begin=self.spec.begin, end=self.spec.end, format="mkv")
        master = next(
            file
            for file in run_export(plan_export(plain, self.vms.local), self.vms.local, self.place / "vms").files
            if file.kind == "video"
        )
        name = "entrance.original.mkv"
        camera = self.place / "master" / "camera"
        camera.mkdir(parents=True)
        shutil.copyfile(master.path, camera / name)
        shutil.copyfile(master.path, self.out / name)
        start = f'[source.camera]\nname = "Hall"\n[source.camera.start]\n"{name}" = "{iso(master.first or 0)}"\n'
        (self.place / "master" / "archive.toml").write_text(start)
        archive = LocalArchive(self.place / "master", self.place / "cache")
        try:
            made = run_export(plan_export(replace(self.spec, source="camera"), archive), archive, self.place / "here")
        finally:
            archive.close()
        own = [self._taken(file) for file in made.files if file.kind != "record"]
        original = replace(master, path=name, kind="original")
        return replace(
            made,
            files=(*own, original),
            sources=(SourceFile(file=name, sha256=original.sha256, size=original.size),),
            entries=tuple(replace(entry, file=name) for entry in made.entries),
        )

    def _flight(self) -> OutputFile:
        path = f"/vms/export/archive/{self.plan.spec.source}"
        calls = [
            {"method": "POST", "path": f"{path}/20260301T100000.000000/20260301T100001.000000", "status": 202},
            {"method": "GET", "path": f"/vms/export/{ID}/status", "status": 200},
            {"method": "GET", "path": f"/vms/export/{ID}/file", "status": 200},
            {"method": "DELETE", "path": f"/vms/export/{ID}", "status": 204},
        ]
        lines = "".join(json.dumps(call) + "\n" for call in calls)
        return self._written("entrance.flight.jsonl", lines.encode(), "flight")

    def _remote(self, made: ExportResult, flight: OutputFile) -> dict[str, Any]:
        came = [file for file in made.files if file.kind == ("original" if self.vms.derive else "video")]
        return {
            "server": {
                "url": self.vms.url,
                "version": "forensic-workbench 0.1.0",
                "user": "anna",
                "tls": VERIFIED if self.vms.tls is None else self.vms.tls,
            },
            "clock": {"server_minus_ours_seconds": 0.4, "uncertainty_seconds": 0.05},
            "request": {
                "method": "POST",
                "path": f"/vms/export/archive/{self.plan.spec.source}/20260301T100000/20260301T100001",
                "query": {"waittimeout": 30000},
                "body": {"format": "mp4", "maskspace": [[[0.2, 0.4], [0.5, 0.4], [0.5, 0.6]]]},
            },
            "export": {
                "id": ID,
                "began": "2026-03-10T10:00:00.000000Z",
                "ended": "2026-03-10T10:00:03.000000Z",
                "state": 2,
                "succeeded": 1.0,
                "deleted": True,
                "kept": False,
            },
            "files": [
                {
                    "name": f"WORKBENCH_DeviceIpint.1[{n}].mp4",
                    "friendly": None,
                    "saved_as": file.path,
                    "size": file.size,
                    "sha256": file.sha256,
                    "etag": f'"sha256-{file.sha256}"',
                    "breaks": 1,
                    "refetched": 1024,
                    "server_sha256": file.sha256,
                }
                for n, file in enumerate(came)
            ],
            "delivered": [
                {"check": "first frame", "verdict": "ok", "expected": "10:00:00", "found": "10:00:00", "note": ""},
                {"check": "sound", "verdict": "not checked", "expected": None, "found": None, "note": "none asked"},
            ],
            "ledger_by": "" if self.vms.derive else "the server's record" if self.vms.server_record else "",
            "made": "here, from the original" if self.vms.derive else "by the VMS",
            "flight": {"path": flight.path, "sha256": flight.sha256, "calls": 4, "retries": 0},
        }

    def _written(self, name: str, data: bytes, kind: str) -> OutputFile:
        (self.out / name).write_bytes(data)
        return OutputFile(path=name, kind=kind, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def _vsid(n: int) -> str:
    return f"WORKBENCH/DeviceIpint.{n}/SourceEndpoint.video:0:0"
