"""From complete files in the scratch folder to finished ones: captions, record, and final names, all or none.

The record (the result as JSON) is published last: where it stands, everything it names is complete. If one name is
taken, or the work is stopped meanwhile, the names given so far are taken back.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult, OutputFile
from workbench.media import naming
from workbench.media.measure import sha256


@dataclass(frozen=True, slots=True)
class Ready:
    """A complete, measured file that waits for its name."""

    path: Path
    """Where it lies in the scratch folder."""
    file: OutputFile
    """What it holds; its `path` is the final name, without a folder."""
    captions: str = ""
    """Text of the .vtt beside it; empty for none."""


def beside(ready: Sequence[Ready], scratch: Path) -> list[Ready]:
    """The files with pictures, each followed by its captions."""
    out = []
    for number, one in enumerate(ready):
        out.append(one)
        if one.captions:
            path = scratch / f"captions{number}.vtt"
            out.append(
                _written(path, one.captions.encode(errors="backslashreplace"), f"{one.file.path}.vtt", "captions")
            )
    return out


def record(result: ExportResult, scratch: Path) -> Ready:
    """The result as a file, named after the first file with pictures."""
    text = json.dumps(result.to_json(), ensure_ascii=False, indent=1)
    data = text.encode(errors="backslashreplace") + b"\n"  # a name that is no UTF-8 becomes a JSON escape
    return _written(scratch / "record.json", data, f"{result.files[0].path}.json", "record")


def deliver(ready: Sequence[Ready], out: Path) -> list[OutputFile]:
    """Give all files their final names in `out`; NameTaken, and nothing delivered, where one exists."""
    naming.publish_all([(one.path, one.file.path) for one in ready], out)
    return [replace(one.file, path=str(out / one.file.path)) for one in ready]


def caption_notes(job: dict[str, Any], plan: ExportPlan) -> list[str]:
    """What stands on top of a .vtt file: camera, zone, and whether the times are dated."""
    said = (
        f"Times are wall-clock times in {job['zone']}."
        if plan.dated
        else "Nobody says when this was recorded: times count from the source's first picture."
    )
    return [f"Camera: {job['camera']}", said]


def _written(path: Path, data: bytes, name: str, kind: str) -> Ready:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return Ready(path, OutputFile(path=name, kind=kind, sha256=sha256(path), size=len(data)))
