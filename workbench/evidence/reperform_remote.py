"""An export that a VMS had a part in: what can be done again without its recordings, and what cannot.

as the VMS made it     its files are counted again, and its record is held against the server's; ledger and masks are
                       *not checked*, since the recordings lie on the VMS
derived from a master  the master lies in the package: ledger and masks are proven against it, frame by frame, like
                       any export against its recordings. That the master is what the VMS holds, nobody can say
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.core.errors import WorkbenchError
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.nouns import RecordingFacts
from workbench.evidence.remote import NOT_HASHED, SERVER_RECORD, SERVER_SAYS, derived_here, originals, server_url
from workbench.evidence.reperform_again import CHECK as AGAIN
from workbench.evidence.reperform_export import CHECKS, Ground, Proven, prove
from workbench.evidence.reperform_record import load
from workbench.evidence.reperform_sources import View

_PICTURES = ("video", "original")
"""Kinds of files whose pictures are counted again."""


def prove_remote(ground: Ground, proven: Proven, view: View | None) -> Iterator[Finding]:
    """Everything that can be checked of such an export; what cannot be is *not checked*, with the reason."""
    yield from _counted(ground, proven)
    yield from _by_server(proven)
    if not derived_here(proven.told.data):
        note = f"{server_url(proven.told.data['remote'])} made it: {NOT_HASHED}, and nothing can be performed again"
        yield from (_finding(proven, Verdict.NOT_CHECKED, check=check, note=note) for check in CHECKS)
    elif view is None:
        yield from prove(ground, proven, None)
    else:
        made = [file for file in proven.told.outputs if file["name"] not in originals(proven.told.data)]
        of = replace(proven, told=replace(proven.told, outputs=made))
        yield from prove(ground, of, _on_originals(ground, proven, view))
        note = "that its original is what the VMS holds: nobody can look"
        yield _finding(proven, Verdict.NOT_CHECKED, note=note)


def not_again(proven: Proven) -> Finding:
    """Why it is not made once more."""
    note = f"it was made from what lies on {server_url(proven.told.data['remote'])}"
    if derived_here(proven.told.data):
        note += "; its pictures are proven against its original instead"
    return _finding(proven, Verdict.NOT_CHECKED, check=AGAIN, note=note)


def _on_originals(ground: Ground, proven: Proven, view: View) -> View:
    """The source as if the masters among the export's own files were its recordings."""
    known = {digest: name for name, digest in originals(proven.told.data).items()}
    paths: dict[str, Path] = {}
    recordings = []
    for name, digest in proven.told.sources.items():
        own = known.get(digest or "", "")
        if own in proven.paths:
            paths[name] = proven.paths[own]
            facts = RecordingFacts(file=name, sha256=digest or "", sha512="", size=proven.paths[own].stat().st_size)
            recordings.append(facts)
    folder = ground.scratch / f"originals-{proven.export.id}"
    source = replace(view.source, recordings=tuple(recordings))
    return View(source=source, folder=folder, paths=paths, lacking=NOT_HASHED)


def _counted(ground: Ground, proven: Proven) -> Iterator[Finding]:
    """The pictures of each file with pictures, counted once more."""
    for file in proven.told.data["files"]:
        path = proven.paths.get(file["path"])
        if path is None or file["kind"] not in _PICTURES:
            continue
        expected = f"{file['frames_shown']} pictures shown, {file['frames_contained']} contained"
        try:
            counts = ground.worker.call("contents", {"path": str(path)}).data["pictures"]
        except WorkbenchError as exc:
            note = exc.message.replace(f"{path.parent}/", "")
            yield _finding(proven, Verdict.NOT_CHECKED, file["path"], expected=expected, note=note)
            continue
        if counts is None:
            yield _finding(proven, Verdict.FAILED, file["path"], expected=expected, found="no pictures")
            continue
        shown = counts["contained"] - counts["hidden"]
        found = f"{shown} pictures shown, {counts['contained']} contained"
        verdict = Verdict.OK if found == expected else Verdict.FAILED
        yield _finding(proven, verdict, file["path"], expected=expected, found=found)


def _by_server(proven: Proven) -> Iterator[Finding]:
    """A ledger that is said to be the server's is the one that its record, which lies beside, tells of these bytes."""
    data = proven.told.data
    if data["remote"]["ledger_by"] != SERVER_SAYS:
        return
    held = [one for one in proven.export.files if one.kind == SERVER_RECORD and Path(one.path).name in proven.paths]
    came = {file["sha256"] for file in data["remote"]["files"]}
    told = [record for one in held if (record := _record(proven.paths[Path(one.path).name]))]
    same = [record for record in told if record.get("ledger") == data["ledger"] and _names(record) == came]
    if same:
        yield _finding(proven, Verdict.OK, found="the ledger is that of the server's record, which names the files")
    else:
        found = f"{len(told)} records of the server, none with this ledger and these files"
        yield _finding(proven, Verdict.FAILED, expected="the server's record with the same ledger", found=found)


def _record(path: Path) -> dict[str, Any]:
    """A server's record, or nothing where it is none."""
    try:
        return load(path)
    except WorkbenchError:
        return {}


def _names(record: Mapping[str, Any]) -> set[str]:
    files = record.get("files")
    listed = files if isinstance(files, list) else []
    return {str(file.get("sha256")) for file in listed if isinstance(file, dict)}


def _finding(
    proven: Proven,
    verdict: Verdict,
    name: str = "",
    *,
    check: str = "ledger",
    expected: str = "",
    found: str = "",
    note: str = "",
) -> Finding:
    record = proven.export.record.path
    path = f"data/exports/{proven.export.id}/{name}" if name else f"data/{record}"
    return Finding(check=check, verdict=verdict, file=path, expected=expected, found=found, note=note)
