"""An export that came from a VMS, as nouns: what is known of it, and its files made ready for their names.

`as_delivered` takes the files as they came; `remote_derive.derived` makes other files of them. Both give a `Finished`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.archives import remote_check
from workbench.archives.remote_check import Asked, Laid
from workbench.archives.remote_fetch import Came, Fetched
from workbench.archives.remote_pending import Pending
from workbench.archives.remote_server_record import ServerRecord
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult, OutputFile

KINDS = {"jpg": "picture", "pdf": "page"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """An export that came, with everything that is known of it."""

    plan: ExportPlan
    pending: Pending
    fetched: Fetched
    files: tuple[Laid, ...]
    asked: Asked
    record: ServerRecord | None
    version: str
    user: str
    tls: dict[str, Any]
    camera: str
    """Its display name."""
    zone: str
    """Of the server."""
    around: tuple[int, ...]
    """Of a master: the pictures that the VMS lists in and around the range; empty where it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Complete files in the scratch folder, and the result that they belong to."""

    result: ExportResult
    """Its files under their final names, without a folder."""
    ready: tuple[tuple[Path, str], ...]
    """Each file with its final name."""
    saved: dict[str, str] = field(default_factory=dict)
    """Final name of what came, by the server's name for it."""


def as_delivered(delivered: Delivered) -> Finished:
    """The files just as the VMS made them."""
    fetched = delivered.fetched
    ledger, _ = remote_check.ledger(delivered.files, delivered.record, delivered.asked)
    files = [(output(one, one.came.saved_as, delivered.asked.spec.format), one.came.path) for one in delivered.files]
    main = files[0][0].path
    for one in fetched.captions:
        files.append((plain(one, one.saved_as, "captions"), one.path))
    if fetched.record is not None:
        files.append((plain(fetched.record, f"{main}.server.json", "server-record"), fetched.record.path))
    said = () if delivered.record is None else tuple(f"the server says: {text}" for text in delivered.record.warnings)
    result = ExportResult(
        plan=delivered.plan,
        files=tuple(file for file, _ in files),
        ledger=ledger,
        entries=() if delivered.record is None else delivered.record.entries,
        sources=(),
        gaps=delivered.plan.gaps,
        encoder={},
        versions=versions(delivered.files),
        warnings=(*delivered.plan.warnings, *said),
    )
    saved = {one.came.name: one.came.saved_as for one in delivered.files}
    return Finished(result=result, ready=tuple((path, file.path) for file, path in files), saved=saved)


def output(one: Laid, name: str, form: str, kind: str = "") -> OutputFile:
    """A file that came, as it was measured."""
    facts, came = one.came.facts, one.came
    last = one.last if one.last is not None else None if one.first is None else one.first + facts.get("last_us", 0)
    checks = ["opened and measured here, as it came"] if facts else []
    if facts.get("undecodable") == 0 and facts.get("frames_shown"):
        checks.append(f"all {facts['frames_shown']} pictures decode")
    return OutputFile(
        path=name,
        kind=kind or KINDS.get(form, "video"),
        sha256=came.got.sha256,
        size=came.got.size,
        frames_shown=facts.get("frames_shown"),
        frames_contained=facts.get("frames_contained"),
        first=one.first if facts else None,
        last=last if facts else None,
        audio_seconds=facts.get("audio_seconds"),
        checks=tuple(checks),
    )


def versions(files: Sequence[Laid]) -> dict[str, str]:
    """What measured the files."""
    return {"forensic-workbench": __version__, **(files[0].came.facts.get("versions", {}) if files else {})}


def plain(one: Came, name: str, kind: str) -> OutputFile:
    """A file that lies beside, under its final name."""
    return OutputFile(path=name, kind=kind, sha256=one.got.sha256, size=one.got.size)
