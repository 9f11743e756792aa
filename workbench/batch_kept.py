"""What lies finished in a batch's folder: its manifest, and whether the same request would be made the same today.

    made_from(archive)                        folder or server, and how files are derived; part of every item's name
    manifest(archive, plan, result, …)        request, meaning, recordings, files and hashes: item.json
    kept(folder, name, spec, archive)         the finished item; SourceError where it is not what would be made now

Files are held against their hashes. A local item's request is planned again: the same range of the same recordings
(by size and time of change, else by hash) or it is not kept. A VMS is asked only where the request's times are
relative, which its ring buffer moves; that it still holds the same pictures there nobody can tell.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.archives.unchanged import sha256, state_of
from workbench.batch_items import Item, item_of
from workbench.core.errors import SourceError, WorkbenchError
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset, shown

MANIFEST = "item.json"
"""In the folder of a finished item."""
_ANEW = "Its files are as they were. Move that folder away, and the item is made anew."


def made_from(archive: Archive) -> dict[str, str]:
    """The archive's absolute folder or its URL without user, and how its files are derived."""
    if isinstance(archive, LocalArchive):
        return {"archive": str(archive.folder.resolve()), "derive": "never"}
    place = getattr(archive, "url", None) or repr(archive)
    return {"archive": str(place), "derive": str(getattr(archive, "derive", "never"))}


def manifest(archive: Archive, plan: ExportPlan, result: ExportResult, spec: ExportSpec, name: str) -> dict[str, Any]:
    """Everything that must be known of a finished item to keep it; SourceError where a recording is gone by now."""
    hashes = {one.file: one.sha256 for one in result.sources}
    return {
        "spec": spec.to_json(),
        "made_from": made_from(archive),
        "meaning": _meaning(archive, plan),
        "recordings": [
            {"file": file, **_state(archive, file), "sha256": hashes.get(file)} for file in _stretches(archive, plan)
        ],
        "files": [
            {
                "path": f"{name}/{Path(file.path).name}",
                "kind": file.kind,
                "sha256": file.sha256,
                "size": file.size,
                "frames_shown": file.frames_shown,
            }
            for file in result.files
        ],
        "ledger": result.ledger.to_json(),
        "warnings": list(result.warnings),
    }


def kept(folder: Path, name: str, spec: ExportSpec, archive: Archive) -> Item | None:
    """The item that lies finished in the batch's folder; None where it does not.

    Raises SourceError where it lies there and is not what it says, or not what the request means now: nothing is made
    over it.
    """
    if not (folder / name).is_dir():
        return None
    try:
        told = read(folder / name)
        whole = is_of(told, spec, archive) and all(
            sha256(folder / file["path"]) == file["sha256"] for file in told["files"]
        )
        item = item_of(name, spec, "kept", told)
        differs = _difference(told, spec, archive) if whole else ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        whole = False
    except WorkbenchError as exc:
        raise SourceError(f"{name} is finished, but cannot be held against its archive: {exc.message}", _ANEW) from exc
    if not whole:
        raise SourceError(f"{name} is not what it was when it was finished", "Move that folder away; it is made anew.")
    if differs:
        raise SourceError(f"{name} is finished, but the request means something else now: {differs}", _ANEW)
    return item


def read(place: Path) -> dict[str, Any]:
    """The manifest in an item's folder. OSError or ValueError where there is none."""
    told = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
    if not isinstance(told, dict):
        raise ValueError("no manifest")
    return told


def is_of(told: Mapping[str, Any], spec: ExportSpec, archive: Archive) -> bool:
    """Whether a manifest belongs to this request of this archive."""
    return bool(ExportSpec.from_json(told["spec"]) == spec and told["made_from"] == made_from(archive))


def _meaning(archive: Archive, plan: ExportPlan) -> dict[str, Any]:
    """What a request came down to: camera, range, and the stretch of each recording in its own ticks."""
    local = isinstance(archive, LocalArchive)
    return {
        "source": plan.spec.source,
        "begin": shown(plan.range.begin, plan.dated),
        "end": shown(plan.range.end, plan.dated),
        "zone": archive.config.source(plan.spec.source).zone if isinstance(archive, LocalArchive) else None,
        "masks": [] if local else [mask.to_json() for mask in plan.spec.masks],
        "stretches": _stretches(archive, plan),
    }


def _stretches(archive: Archive, plan: ExportPlan) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in plan.segments if isinstance(archive, LocalArchive) else ():
        first, last = found.get(one.file, [one.first_pts, one.last_pts])
        found[one.file] = [min(first, one.first_pts), max(last, one.last_pts)]
    return found


def _state(archive: Archive, file: str) -> dict[str, int]:
    _, _, size, modified, _ = state_of(_path(archive, file))
    return {"size": size, "modified": modified}


def _path(archive: Archive, file: str) -> Path:
    assert isinstance(archive, LocalArchive)
    return archive.folder / file if archive.folder.is_dir() else archive.folder


def _difference(told: Mapping[str, Any], spec: ExportSpec, archive: Archive) -> str:
    """What would be made otherwise today, in words; empty where nothing would."""
    if not isinstance(archive, LocalArchive) and not _is_relative(spec):
        return ""
    before, now = told["meaning"], _meaning(archive, archive.plan(spec))
    for key in ("begin", "end", "source", "zone"):
        if before[key] != now[key]:
            return f"its {key} was {before[key]}, and is {now[key]}"
    if before != now:
        return "it would be made of other recordings, or of other stretches of them"
    for one in told["recordings"]:
        if not _is_same(archive, one):
            return f"{one['file']} is no longer the recording that it was made of"
    return ""


def _is_same(archive: Archive, one: Mapping[str, Any]) -> bool:
    if _state(archive, one["file"]) == {"size": one["size"], "modified": one["modified"]}:
        return True
    return one["sha256"] is not None and sha256(_path(archive, one["file"])) == one["sha256"]


def _is_relative(spec: ExportSpec) -> bool:
    """Whether a time of the request counts from the first frame."""
    moments = [spec.begin, spec.end]
    for mask in spec.masks:
        moments += [moment for moment in (mask.begin, mask.end, *(key.at for key in mask.keys)) if moment is not None]
    return any(isinstance(moment, Offset) for moment in moments)
