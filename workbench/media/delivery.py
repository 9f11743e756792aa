"""What lies beside the pictures when an export is complete: captions, the record, and which file waits for which name.

The worker makes all of it in the scratch folder; the parent gives the names (`naming.publish_all`), all or none, the
record (the result as JSON) last: where it stands, everything it names is complete.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult, OutputFile
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
