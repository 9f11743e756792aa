"""The export verb: video by `job.Export`, one frame by `stills`; then the captions and the record beside them.

The record (the result as JSON) is written last: where it stands, everything it names is complete.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult, OutputFile
from workbench.media import naming
from workbench.media.job import Export
from workbench.media.measure import sha256
from workbench.media.stills import StillExport

Report = Callable[[dict[str, Any]], None]


def export(job: dict[str, Any], report: Report) -> dict[str, Any]:
    """Carry out the plan in ``job``; returns the result as `ExportResult.from_data` reads it."""
    plan = ExportPlan.from_data(job["plan"])
    made = (StillExport if plan.spec.is_frame else Export)(job, report)
    result = made.run()
    result["files"] += [asdict(f) for f in _beside(made, Path(job["scratch"]), Path(job["out"]))]
    whole = ExportResult.from_data(result, plan)
    record = _record(whole, Path(job["scratch"]), Path(job["out"]))
    result["files"].append(asdict(record))
    report({"stage": "done", "frames": sum(s.frames for s in plan.segments), "fraction": 1.0})
    return result


def _beside(made: Export | StillExport, scratch: Path, out: Path) -> list[OutputFile]:
    """The .vtt of each file with pictures."""
    files = []
    for picture_file, text in made.captions():
        path = scratch / "captions.vtt"
        _write(path, text.encode())
        files.append(_published(path, out, Path(picture_file).stem + ".vtt", "captions"))
    return files


def _record(result: ExportResult, scratch: Path, out: Path) -> OutputFile:
    path = scratch / "record.json"
    data = result.to_json()
    for file in [*data["files"], *data["sidecars"]]:
        file["path"] = Path(file["path"]).name
    _write(path, json.dumps(data, ensure_ascii=False, indent=1).encode() + b"\n")
    first = Path(result.files[0].path)
    return _published(path, out, first.stem + ".json", "record")


def _published(path: Path, out: Path, name: str, kind: str) -> OutputFile:
    digest, size = sha256(path), path.stat().st_size
    return OutputFile(path=str(naming.publish(path, out, name)), kind=kind, sha256=digest, size=size)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
