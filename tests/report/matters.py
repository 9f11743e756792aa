"""A matter in memory for tests of the report: real exports of the real recordings, entries chained as in a log.

matter = Matter()                        # case-created
matter.add_source("entrance")
matter.export("E1", "entrance", "gap")   # a real result, made once a process
matter.append("comment-written", Comment(id="C1", text="A person enters.", on="S1"))
report = build_report(matter, made_at=AT)
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.footage import ROOT
from workbench.archives.local import LocalArchive
from workbench.core.geometry import Area
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import SECOND, Offset, parse_time
from workbench.evidence.custody import START, Entry, hash_of
from workbench.evidence.nouns import (
    CaseState,
    ClockCheck,
    ExportRecord,
    FileRecord,
    Identity,
    PlanRecord,
    Record,
    RecordingFacts,
    SnapshotRecord,
    SourceRecord,
)
from workbench.evidence.state import state_of
from workbench.export import plan_export, run_export

RECORDINGS = ROOT / "notebooks" / "recordings"
AT = "2026-03-20T08:00:00.000000Z"
TOOL = {"forensic-workbench": "0.1.0", "python": "3.12"}
TRIANGLE = ((0.5, 0.0), (0.7, 0.1), (0.6, 0.4))
CROP = Area(0.35, 0.0, 0.95, 1.0)
IDENTITY = Identity(
    number="17/2026",
    title="A person at the entrance",
    examiner="A. Berg",
    role="video analyst",
    organisation="Laboratory 4",
    requester="Prosecutor K.",
    authority="order 12 of 2026-03-02",
    purpose="to answer the question",
    question="Who passes the entrance?",
    scope="entrance and corridor",
    not_examined="all sound",
)
SPECS = {
    "gap": ExportSpec(
        source="entrance",
        begin=parse_time("20260301T100100"),
        end=parse_time("20260301T100140"),
        format="mp4",
        masks=(Mask(points=TRIANGLE, begin=Offset(62 * SECOND), end=Offset(64 * SECOND), reason="a passer-by"),),
    ),
    "crop": ExportSpec(
        source="corridor",
        begin=parse_time("20260301T100008.25"),
        end=parse_time("20260301T100012"),
        format="mkv",
        crop=CROP,
        masks=(Mask(points=TRIANGLE, style="blur"),),
        rate_divisor=2,
        comment="Дело",
    ),
    "plain": ExportSpec(
        source="entrance",
        begin=parse_time("20260301T100028"),
        end=parse_time("20260301T100045"),
        format="mp4",
    ),
    "still": ExportSpec(
        source="entrance",
        begin=parse_time("20260301T100028"),
        end=parse_time("20260301T100028"),
        format="jpg",
    ),
}
"""Across a gap with a mask on part of it; cropped, blurred, every second frame; a plain copy; one frame."""


@lru_cache(maxsize=1)
def _archive() -> LocalArchive:
    return LocalArchive(RECORDINGS)


@lru_cache
def result(name: str) -> dict[str, Any]:
    """The record of a real export."""
    with tempfile.TemporaryDirectory() as out:
        done = run_export(plan_export(SPECS[name], _archive()), _archive(), Path(out))
        record = next(f for f in done.files if f.kind == "record")
        found: dict[str, Any] = json.loads((Path(out) / Path(record.path).name).read_text(encoding="utf-8"))
    return found


@lru_cache
def source(name: str, exhibit: str = "17/2026-S1", **changed: Any) -> SourceRecord:
    """A real source as it would join a case."""
    archive = _archive()
    found = next(s for s in archive.sources() if s.id == name)
    told = archive.describe(name)
    line = [
        RecordingFacts(
            file=one.file,
            sha256=hashlib.sha256(one.path.read_bytes()).hexdigest(),
            sha512=hashlib.sha512(one.path.read_bytes()).hexdigest(),
            size=one.path.stat().st_size,
            facts=dict(one.facts),
            losses=one.losses,
        )
        for one in told.recordings
    ]
    whole = archive.line(name)
    fields_ = {
        "id": name,
        "name": found.name,
        "exhibit": exhibit,
        "archive": RECORDINGS.name,
        "dated": found.dated,
        "dated_by": found.dated_by,
        "zone": found.zone,
        "zone_assumed": found.zone_assumed,
        "archive_offset": found.clock_offset,
        "first_us": whole.first,
        "last_us": whole.last,
        "recordings": tuple(line),
        "coverage": archive.coverage(name).to_json(),
        "hashed_at": "2026-03-10T09:00:00.000000Z",
        "hashed_where": "Linux x86_64",
        "notes": found.notes,
    }
    return SourceRecord(**{**fields_, **changed})


def snapshot(number: int, export: str = "", **changed: Any) -> SnapshotRecord:
    """A snapshot of «entrance» as records tell it; there is no picture."""
    instant = 1_772_359_260_000_000 + number * 100_000
    picture = FileRecord(path=f"snapshots/S{number}.png", sha256=f"{number:064x}", size=1000 + number, kind="picture")
    told = {
        "id": f"S{number}",
        "exhibit": f"17/2026-P{number}",
        "source": "entrance",
        "export": export,
        "file": "entrance/20260301T110035.mp4",
        "file_sha256": source("entrance").recordings[1].sha256,
        "stream": 0,
        "pts": 256_000 + number * 1024,
        "time_base": "1/10240",
        "rank": 250 + number,
        "picture_type": "P",
        "instant_us": instant,
        "dated": True,
        "device_us": instant,
        "corrected_us": None,
        "plus_minus": None,
        "frame_sha256": f"{number + 7:064x}",
        "pixel_format": "yuv420p",
        "picture": picture,
        "rgb_sha256": f"{number + 9:064x}",
        "width": 768,
        "height": 432,
        "masks": (),
        "crop": None,
        "transforms": ("converted to RGB, limited range, BT.601",),
        "caption": f"Caption of picture {number}",
    }
    return SnapshotRecord(**{**told, **changed})


def clock_check(number: int, offset: float, day: str = "20260227T090000", **changed: Any) -> ClockCheck:
    """A clock check of «entrance»."""
    told = {
        "id": f"K{number}",
        "source": "entrance",
        "device_us": _us(day),
        "reference_us": _us(day) + round(offset * SECOND),
        "reference": "GPS receiver",
        "by": "A. Berg",
        "uncertainty": 0.5,
    }
    return ClockCheck(**{**told, **changed})


def _us(text: str) -> int:
    return round(parse_time(text).timestamp() * SECOND)  # type: ignore[union-attr]


class Matter:
    """A case in memory: what `build_report` needs of one."""

    def __init__(self, identity: Identity = IDENTITY) -> None:
        self.entries: list[Entry] = []
        self.results: dict[str, dict[str, Any]] = {}
        self.append("case-created", identity)

    @property
    def state(self) -> CaseState:
        """What the entries add up to."""
        return state_of(self.entries)

    def result(self, export: str) -> Mapping[str, Any]:
        """The record of an export."""
        return self.results[export]

    def append(self, what: str, record: Record | Mapping[str, Any], who: str = "A. Berg") -> Entry:
        """Chain one more entry."""
        n = len(self.entries)
        data = json.loads(json.dumps(record.to_json() if isinstance(record, Record) else dict(record)))
        at = f"2026-03-10T{10 + n // 3600 % 12:02d}:{n // 60 % 60:02d}:{n % 60:02d}.000000Z"
        prev = self.entries[-1].hash if self.entries else START
        after = tuple({"file": f.path, "sha256": f.sha256} for f in _files(record))
        told = {"n": n, "prev": prev, "at": at, "who": who, "what": what, "data": data}
        bare = Entry(**told, before=(), after=after, tool=TOOL, hash="")
        entry = Entry(**told, before=(), after=after, tool=TOOL, hash=hash_of(bare.to_json()))
        self.entries.append(entry)
        return entry

    def add_source(self, name: str, exhibit: str = "17/2026-S1", **changed: Any) -> None:
        """A real source joins."""
        self.append("source-added", source(name, exhibit, **changed))

    def export(self, number: int, name: str, *, planned: bool = True, **changed: Any) -> None:
        """One of `SPECS` is planned, made and recorded; `changed` replaces parts of its record."""
        found = {**result(name), **changed}
        camera = found["plan"]["spec"]["source"]
        self.results[f"E{number}"] = found
        if planned:
            self.append("plan-made", PlanRecord(id=f"PL{number}", source=camera, plan=found["plan"]))
        path = f"exports/E{number}/"
        files = [*found["files"], *(s for s in found["sidecars"] if s["kind"] != "record")]
        self.append(
            "export-done",
            ExportRecord(
                id=f"E{number}",
                exhibit=f"17/2026-E{number}",
                source=camera,
                plan=f"PL{number}" if planned else "",
                record=FileRecord(path=f"{path}record.json", sha256="c" * 64, size=5000, kind="record"),
                files=tuple(
                    FileRecord(path=path + f["path"], sha256=f["sha256"], size=f["size"], kind=f["kind"]) for f in files
                ),
                began="2026-03-10T10:00:00.000000Z",
                ended="2026-03-10T10:00:03.000000Z",
                platform="Linux x86_64, Python 3.12",
            ),
        )


def _files(record: Record | Mapping[str, Any]) -> Iterator[FileRecord]:
    found = [getattr(record, f.name) for f in fields(record)] if is_dataclass(record) else []
    for value in found:
        yield from (one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, FileRecord))


def full() -> Matter:
    """A matter in which every part of a report has something to say."""
    matter = Matter()
    matter.add_source("entrance")
    matter.append("clock-checked", clock_check(1, 1.2))
    matter.append("clock-checked", clock_check(2, 14.0, "20260309T090000"))
    matter.append("clock-checked", clock_check(3, 1.4, "20260309T090000", replaces="K2", note="a slip of the pen"))
    matter.add_source("corridor", "17/2026-S2")
    matter.export(1, "gap")
    matter.export(2, "crop")
    matter.append("export-failed", {"plan": "PL9", "kind": "source", "message": "the recording is gone"})
    matter.append("snapshot-taken", snapshot(1, "E1"))
    matter.append("snapshot-taken", snapshot(2, "E1", unmasked="the face is the question", caption=""))
    matter.append("caption-written", {"snapshot": "S1", "text": "The person, later", "replaces": 11})
    return matter
