"""What a snapshot's record says beside its pixels: device and corrected time, its export, the steps that made it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from workbench import __version__
from workbench.core.errors import RequestError
from workbench.core.timebase import SECOND, shown
from workbench.evidence.clock import Clock
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.nouns import ClockCheck, ExportRecord, SnapshotRecord, SourceRecord

CHECK = "snapshot"
_DECODED_BY = re.compile(r"libavcodec ([^,()]{1,40}) \(FFmpeg ([^,()]{1,40}), PyAV ([^,()]{1,40})\)")


def times(shot: SnapshotRecord, source: SourceRecord, checks: Sequence[ClockCheck]) -> Iterator[Finding]:
    """Device time by the offset in archive.toml, corrected time by the clock checks on record by then."""
    device = shot.instant_us - round(source.archive_offset * SECOND) if shot.dated else shot.instant_us
    if shot.dated != source.dated or shot.device_us != device:
        yield finding(shot, Verdict.FAILED, expected=f"device time {device} µs", found=f"{shot.device_us} µs")
    try:
        right = Clock(checks).corrected(device) if shot.dated else None
    except RequestError as exc:
        yield finding(shot, Verdict.FAILED, expected="a corrected time", found=exc.message)
        return
    wanted = (None, None) if right is None else (right.us, right.plus_minus)
    if (shot.corrected_us, shot.plus_minus) != wanted:
        expected, found = _corrected(*wanted), _corrected(shot.corrected_us, shot.plus_minus)
        note = "by the clock checks that were on record when it was taken"
        yield finding(shot, Verdict.FAILED, expected=expected, found=found, note=note)


def _corrected(us: int | None, plus_minus: float | None) -> str:
    said = "no corrected time" if us is None else f"corrected time {shown(us, True)}"
    return said if plus_minus is None else f"{said} ± {plus_minus} s"


def belongs(shot: SnapshotRecord, exports: Mapping[str, ExportRecord], *, preceded: bool) -> Iterator[Finding]:
    """The export it names is one of its source, made before it; without one there is nothing to mask or to cut."""
    export = exports.get(shot.export)
    bare = not shot.masks and shot.crop is None
    held = f"{len(shot.masks)} masks, crop {shot.crop}"
    if not shot.export:
        if not bare or shot.unmasked or shot.context:
            expected = "the export whose masks and crop it has, or leaves out"
            yield finding(shot, Verdict.FAILED, expected=expected, found=f"none; {held}")
    elif export is None or not preceded:
        expected = f"an export {shot.export} that was made before it"
        yield finding(shot, Verdict.FAILED, expected=expected, found="the log knows none")
    elif export.source != shot.source:
        yield finding(shot, Verdict.FAILED, expected=f"an export of {shot.source}", found=f"one of {export.source}")
    elif shot.unmasked and not bare:
        expected = f"no masks and no crop: its record says why those of {shot.export} were left out"
        yield finding(shot, Verdict.FAILED, expected=expected, found=held)


def worded(shot: SnapshotRecord, made: Sequence[str], tool: str) -> Iterator[Finding]:
    """The steps of its record are those of the picture rebuilt; `tool` is the version that its entry names."""
    then, now = list(shot.transforms), list(made)
    if then == now:
        return
    verdict, note = Verdict.FAILED, ""
    if _unversioned(then) == _unversioned(now):
        verdict, note = Verdict.NOT_CHECKED, "decoded with other versions; all other steps are the same"
    elif tool not in ("", __version__):
        verdict, note = Verdict.NOT_CHECKED, f"made with forensic-workbench {tool}, this is {__version__}"
    at = next((n for n, (a, b) in enumerate(zip(then, now, strict=False)) if a != b), min(len(then), len(now)))
    yield finding(shot, verdict, expected=_step(now, at), found=_step(then, at), note=note)


def _unversioned(steps: Sequence[str]) -> list[str]:
    return [_DECODED_BY.sub("libavcodec", step) for step in steps]


def _step(steps: Sequence[str], at: int) -> str:
    return f"step {at + 1}: {steps[at] if at < len(steps) else 'none'}"


def finding(shot: SnapshotRecord, verdict: Verdict, *, expected: str = "", found: str = "", note: str = "") -> Finding:
    """A finding about a snapshot."""
    return Finding(
        check=CHECK,
        verdict=verdict,
        file=f"data/{shot.picture.path}",
        place=f"snapshot {shot.id}, PTS {shot.pts}",
        expected=expected,
        found=found,
        note=note,
    )
