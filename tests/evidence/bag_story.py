"""What the log of a test's package tells: one entry of each kind, with every field that nouns.py names for it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

Told = tuple[str, dict[str, Any]]
"""What happened and the data of it: an entry before it is chained."""
FOOTAGE = b"the recording itself is not in the package"


def story(files: Mapping[str, bytes]) -> list[Told]:
    """An entry of each kind; those that name files name the ones there are."""
    told: list[Told] = [
        ("case-created", IDENTITY),
        ("case-amended", {"reviewer": "B. Reviewer"}),
        ("source-added", source()),
        ("clock-checked", clock_check(files)),
        ("plan-made", {"id": "PL1", "plan": {"segments": []}, "source": "gate"}),
        ("export-failed", {"kind": "WorkError", "message": "disk full", "plan": "PL1"}),
        *exports(files),
        ("snapshot-taken", snapshot(files)),
        ("caption-written", {"replaces": 8, "snapshot": "S1", "text": "The gate, 18:00:00"}),
        ("annotation-made", annotation(files)),
        ("comment-written", {"at": "", "author": "", "id": "C1", "on": "S1", "replaces": "", "text": "Дверь"}),
        ("torn-line-set-aside", {"path": "custody.torn-1", "sha256": hashlib.sha256(b"{").hexdigest(), "size": 1}),
        ("package-sealed", package()),
        ("verified", {"counts": {"failed": 0, "ok": 9}, "failed": [], "name": "17-2026-P1", "seal": "a" * 64}),
        ("report-built", report("R0", 1, {"reports/R0.pdf": b"an older one", "reports/R0.json": b"{}"})),
        ("report-built", report("R1", 2, files)),
    ]
    return told


def file(path: str, data: bytes, kind: str = "") -> dict[str, Any]:
    """A FileRecord."""
    return {"kind": kind, "path": path, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


IDENTITY = {
    "authority": "§ 163 StPO",
    "deviations": "",
    "examiner": "A. Examiner",
    "not_examined": "Other cameras",
    "number": "17/2026",
    "organisation": "Laboratory",
    "purpose": "Court",
    "question": "What happened at the gate?",
    "requester": "Police",
    "reviewer": "",
    "role": "Examiner",
    "scope": "The gate from 18:00",
    "title": "The gate",
}


def source() -> dict[str, Any]:
    """A SourceRecord; its paths are relative to the archive and name nothing in the package."""
    recording = {
        "facts": {"codec": "h264", "frames": 250, "height": 1080, "rate": 25.0, "width": 1920},
        "file": "exports/gate.mp4",
        "losses": [],
        "sha256": hashlib.sha256(FOOTAGE).hexdigest(),
        "sha512": hashlib.sha512(FOOTAGE).hexdigest(),
        "size": len(FOOTAGE),
    }
    return {
        "archive": "recorder",
        "archive_offset": 0.0,
        "config": file("archive.toml", b"zone = 'UTC'\n", "archive.toml"),
        "coverage": {"gaps": []},
        "dated": True,
        "dated_by": "file name",
        "exhibit": "17/2026-S1",
        "first_us": 1_770_141_600_000_000,
        "hashed_at": "2026-03-01T10:00:02.000000Z",
        "hashed_where": "Linux x86_64",
        "id": "gate",
        "last_us": 1_770_141_610_000_000,
        "name": "Gate",
        "notes": [],
        "recordings": [recording],
        "zone": "UTC",
        "zone_assumed": True,
    }


def clock_check(files: Mapping[str, bytes]) -> dict[str, Any]:
    """A ClockCheck with its photograph."""
    photo = "clock/K1.jpg"
    return {
        "by": "A. Examiner",
        "device_us": 1_770_200_000_000_000,
        "id": "K1",
        "note": "",
        "photo": file(photo, files[photo], "photo") if photo in files else None,
        "reference": "GPS receiver",
        "reference_us": 1_770_200_002_500_000,
        "replaces": "",
        "source": "gate",
        "uncertainty": 0.5,
    }


def exports(files: Mapping[str, bytes]) -> list[Told]:
    """An ExportRecord for each folder of exports."""
    told = []
    for name in sorted({path.split("/")[1] for path in files if path.startswith("exports/") and path.count("/") > 1}):
        own = [p for p in sorted(files) if p.startswith(f"exports/{name}/")]
        record = next(p for p in own if p.endswith(".json"))
        data = {
            "began": "2026-03-01T10:00:05.000000Z",
            "ended": "2026-03-01T10:00:06.000000Z",
            "exhibit": f"17/2026-{name}",
            "files": [file(p, files[p], "video") for p in own if p != record],
            "id": name,
            "plan": "PL1",
            "platform": "Linux x86_64, Python 3.12.1",
            "record": file(record, files[record], "record"),
            "source": "gate",
        }
        told.append(("export-done", data))
    return told


def snapshot(files: Mapping[str, bytes]) -> dict[str, Any]:
    """A SnapshotRecord."""
    return {
        "caption": "The gate",
        "context": False,
        "corrected_us": 1_770_141_602_500_000,
        "crop": None,
        "dated": True,
        "device_us": 1_770_141_600_000_000,
        "exhibit": "17/2026-P1",
        "export": "E1",
        "file": "exports/gate.mp4",
        "file_sha256": hashlib.sha256(FOOTAGE).hexdigest(),
        "frame_sha256": "b" * 64,
        "height": 18,
        "id": "S1",
        "instant_us": 1_770_141_600_000_000,
        "masks": [],
        "picture": file("snapshots/S1.png", files["snapshots/S1.png"], "picture"),
        "picture_type": "I",
        "pixel_format": "yuv420p",
        "plus_minus": 0.5,
        "pts": 0,
        "rank": 0,
        "rgb_sha256": "c" * 64,
        "source": "gate",
        "stream": 0,
        "time_base": "1/12800",
        "transforms": ["yuv420p to RGB, BT.709, limited range"],
        "unmasked": "",
        "width": 32,
    }


def annotation(files: Mapping[str, bytes]) -> dict[str, Any]:
    """An AnnotationRecord."""
    mark = {"color": "#ff0000", "from": [0.1, 0.1], "kind": "arrow", "to": [0.5, 0.5]}
    picture = file("snapshots/A1.png", files["snapshots/A1.png"], "picture")
    return {"id": "A1", "marks": [mark], "picture": picture, "rgb_sha256": "d" * 64, "snapshot": "S1"}


def package() -> dict[str, Any]:
    """A PackageRecord of an earlier package."""
    seal = {"log_head": "e" * 64, "log_length": 12, "seal": "a" * 64, "self_signed": False, "signer": ""}
    return {"id": "P1", "name": "17-2026-P1", "time_stamps": [], **seal}


def report(name: str, version: int, files: Mapping[str, bytes]) -> dict[str, Any]:
    """A ReportRecord."""
    pdf, model = f"reports/{name}.pdf", f"reports/{name}.json"
    return {
        "file": file(pdf, files[pdf], "report"),
        "final": False,
        "id": name,
        "log_head": "f" * 64,
        "log_length": 14,
        "model": file(model, files[model], "record"),
        "self_signed": False,
        "signer": "",
        "signer_name": "",
        "time_stamps": [],
        "version": version,
    }
