"""An export made once more from its spec, and how far the result equals the one in the package.

byte-equal      every file has the same bytes
frame-equal     other bytes, but the same number of pictures, at the same times, equal as they decode
different       the first difference is named; where tools of other versions made the two, or the recording is
                    damaged and decodes otherwise each time, it is *not checked*
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.core.errors import WorkbenchError
from workbench.core.result import ExportResult, Progress
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.hashing import sha256
from workbench.evidence.reperform_export import Ground, Proven
from workbench.evidence.reperform_record import load
from workbench.evidence.reperform_sources import View
from workbench.evidence.reperform_then import TOOL
from workbench.export import plan_export, run_export

CHECK = "export-again"
_SAME = ("plan", "ledger", "entries", "sources", "gaps", "encoder", "warnings")
"""What a record must say alike where its files differ in bytes."""


def again(ground: Ground, proven: Proven, view: View | None) -> Iterator[Finding]:
    """Make the export again into a scratch folder and compare file by file."""
    export, told = proven.export, proven.told
    whole = f"data/{export.record.path}"
    if view is None or view.lacking:
        why = "its source is not on record" if view is None else f"not all of its source is as it was: {view.lacking}"
        yield Finding(check=CHECK, verdict=Verdict.NOT_CHECKED, file=whole, note=why)
        return

    def progress(now: Progress) -> None:
        ground.tell(f"{export.id}: making it again", now.fraction)

    out = ground.scratch / f"again-{export.id}"
    try:
        archive = ground.archives(view)
        result = run_export(plan_export(told.spec, archive), archive, out, on_progress=progress)
    except WorkbenchError as exc:
        note = exc.message.replace(f"{view.folder}/", "").replace(f"{ground.scratch}/", "")
        yield Finding(check=CHECK, verdict=Verdict.NOT_CHECKED, file=whole, note=note)
        return
    findings = list(_compared(ground, proven, result))
    if any(one.verdict is Verdict.FAILED for one in findings) and (why := _damage(ground, proven, view)):
        note = f"the recording is damaged: {why}"
        findings = [replace(f, verdict=Verdict.NOT_CHECKED, note=note) if f.verdict is Verdict.FAILED else f
                    for f in findings]  # fmt: skip
    yield from findings


def _damage(ground: Ground, proven: Proven, view: View) -> str:
    """Why pictures that were decoded may be others this time; empty where nothing says so."""
    spans: dict[str, tuple[int, int]] = {}
    for claim in proven.told.claims:
        first, last, name = claim["first_pts"], claim["last_pts"], claim["file"]
        if claim["fate"] in ("reencoded", "masked", "undecodable") and first is not None and last is not None:
            low, high = spans.get(name, (first, last))
            spans[name] = min(low, first), max(high, last)
    for name, (first, last) in spans.items():
        try:
            job = {"path": str(view.paths.get(name, view.folder / "nothing")), "first": first, "last": last}
            if why := str(ground.worker.call("damage", job).data["why"]):
                return why
        except WorkbenchError as exc:
            return exc.message.replace(f"{view.folder}/", "")
    return ""


def _compared(ground: Ground, proven: Proven, result: ExportResult) -> Iterator[Finding]:
    export, other = proven.export, _versions(proven.told.versions, result.versions)
    made = {Path(file.path).name: file for file in result.files}
    record = Path(export.record.path).name
    there = {Path(file.path).name for file in (*export.files, export.record)}
    for name in sorted(there - made.keys()):
        yield _different(proven, name, "a file that is made again", "none of this name was made", other)
    for name in sorted(made.keys() - there):
        yield _different(proven, record, f"the file {name}", "not in the package", other)
    for name in sorted(made.keys() & there):
        file = made[name]
        path = proven.paths.get(name, ground.data / export.record.path)
        if name in proven.paths or name == record:
            if sha256(path)[0] == file.sha256:
                yield _finding(proven, name, Verdict.OK, found="byte-equal")
            elif name == record:
                yield from _records(proven, load(Path(file.path)), other)
            elif file.kind in ("video", "picture"):
                yield from _frames(ground, proven, name, Path(file.path), other)
            else:
                # captions are this program's own words: no decoder or encoder has a part in them
                why = _own(proven, result) if file.kind == "captions" else other
                yield _different(proven, name, "the same bytes", "different", why)
        Path(file.path).unlink(missing_ok=True)


def _records(proven: Proven, made: dict[str, Any], other: str) -> Iterator[Finding]:
    name = Path(proven.export.record.path).name
    apart = [key for key in _SAME if proven.told.data.get(key) != made.get(key)]
    if apart:
        yield _different(proven, name, "the same record", f"different in: {', '.join(apart)}", other)
    else:
        yield _finding(proven, name, Verdict.OK, found="equal in all but the files' bytes and versions")


def _frames(ground: Ground, proven: Proven, name: str, made: Path, other: str) -> Iterator[Finding]:
    try:
        found = ground.worker.call("same_frames", {"a": str(proven.paths[name]), "b": str(made)}).data
    except WorkbenchError as exc:
        note = exc.message.replace(f"{proven.paths[name].parent}/", "").replace(f"{made.parent}/", "")
        yield _different(proven, name, "a file that can be read", note, other)
        return
    if found["equal"]:
        said = f"frame-equal: {found['frames']} frames, at the same times, as they decode"
        yield _finding(proven, name, Verdict.OK, found=said, note="sound and headers: not compared")
    else:
        yield _different(proven, name, found["expected"], f"different: {found['found']}", other, found["place"])


def _different(proven: Proven, name: str, expected: str, found: str, other: str, place: str = "") -> Finding:
    verdict = Verdict.NOT_CHECKED if other else Verdict.FAILED
    return _finding(proven, name, verdict, expected=expected, found=found, note=other, place=place)


def _finding(
    proven: Proven, name: str, verdict: Verdict, *, expected: str = "", found: str = "", note: str = "", place: str = ""
) -> Finding:
    return Finding(
        check=CHECK,
        verdict=verdict,
        file=f"data/exports/{proven.export.id}/{name}",
        place=place,
        expected=expected or "the same file",
        found=found,
        note=note,
    )


def _own(proven: Proven, result: ExportResult) -> str:
    """As `_versions`, of this program alone."""
    then, now = ({TOOL: told.get(TOOL, "-")} for told in (proven.told.versions, result.versions))
    return _versions(then, now)


def _versions(then: dict[str, str], now: dict[str, str]) -> str:
    """Which tools differ, in words; empty where none does."""
    apart = [f"{tool} {then.get(tool, '-')} then, {now.get(tool, '-')} now" for tool in sorted(then.keys() | now.keys())
             if then.get(tool) != now.get(tool)]  # fmt: skip
    return f"made with other versions: {'; '.join(apart)}" if apart else ""
