"""Snapshots against the masks and crops of the exports that are handed out with them.

A snapshot that belongs to an export carries its masks and its crop. One that does not is a leak, unless a person said
why (`SnapshotRecord.unmasked`), or it is the context picture, which shows what the crop cuts off and says so. A
snapshot of no export is held against all exports of its source at its instant: if each of them masks something
there, so must it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.core.errors import WorkbenchError
from workbench.core.mask import Mask, still_at
from workbench.core.timebase import Moment, Offset, instant_us, parse_time
from workbench.evidence.disclosure.answers import CROP, Answer, leak, ok, unchecked
from workbench.evidence.disclosure.declared import Declared, Made
from workbench.evidence.findings import Finding
from workbench.evidence.nouns import CaseState, ExportRecord, SnapshotRecord
from workbench.evidence.remote import ORIGINAL

_UNREADABLE = (WorkbenchError, AttributeError, TypeError, KeyError, ValueError, OverflowError)
"""What records that were not written by us may lead to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """A picture that is not taken yet, as it would be without masks and crop."""

    source: str
    instant_us: int
    masks: tuple[Any, ...] = ()
    crop: None = None
    context: bool = False


Seen = SnapshotRecord | Bare


def hidden_by(picture: Seen, requests: Mapping[str, Mapping[str, Any] | None], state: CaseState) -> dict[str, str]:
    """What it lacks of each export that shows its instant; empty where it lacks nothing of one, or none shows that."""
    lacking = {
        name: _lacking(picture, spec, state)
        for name, spec in requests.items()
        if spec is not None and _covers(picture, spec, state)
    }
    return lacking if all(lacking.values()) else {}


def findings(declared: Declared) -> Iterator[Finding]:
    """One finding for each snapshot of a log."""
    for place, state in declared.cases.items():
        requests = {e.id: _request(declared, place + e.record.path) for e in state.exports}
        for shot in state.snapshots:
            yield _judged(shot, state, requests).finding(place + shot.picture.path)
        for export in state.exports:
            yield from _originals(export, place, requests[export.id])
            if others := [name for name in requests if _undone(name, export.id, requests, state)]:
                note = f"it shows what {', '.join(others)} masks; both requests declare it: hand out one"
                yield ok(CROP, note).finding(place + export.record.path)


def _originals(export: ExportRecord, place: str, wanted: Mapping[str, Any] | None) -> Iterator[Finding]:
    """The masters of an export whose request hides something: they show it."""
    hides = wanted is None or wanted.get("masks") or wanted.get("crop")
    for file in export.files if hides else ():
        if file.kind == ORIGINAL:
            note = f"the original of {export.id}, without its masks and crop; the log declares it: hand out one"
            yield ok(CROP, note).finding(place + file.path)


def _undone(masked: str, shown: str, requests: Mapping[str, Mapping[str, Any] | None], state: CaseState) -> bool:
    """Whether one export shows, at an instant of the other, a place that the other masks."""
    one, two = requests[masked], requests[shown]
    if one is None or two is None or one.get("source") != two.get("source"):
        return False
    try:
        (begin, end), (start, stop) = (_range(spec, state) for spec in (one, two))
        painted = {_shape(mask) for mask in two.get("masks", ())}
        bare = [_times(mask, str(one["source"]), state) for mask in one.get("masks", ()) if _shape(mask) not in painted]
    except _UNREADABLE:
        return False
    first, behind = max(begin, start), min(end, stop)
    return any(
        max(first, first if low is None else low) < min(behind, behind if high is None else high) for low, high in bare
    )


def _range(spec: Mapping[str, Any], state: CaseState) -> tuple[int, int]:
    """Begin and end of a request; one frame takes a microsecond."""
    begin, end = (_us(parse_time(str(spec[key]), key), str(spec["source"]), state) for key in ("begin", "end"))
    return begin, max(end, begin + 1)


def _request(declared: Declared, record: str) -> Mapping[str, Any] | None:
    made: Made | None = next((m for m in declared.made.values() if m.record == record), None)
    return None if made is None else made.spec


def _judged(shot: SnapshotRecord, state: CaseState, requests: Mapping[str, Mapping[str, Any] | None]) -> Answer:
    if shot.unmasked:
        return ok(CROP, f"declared by a person: {shot.unmasked}")
    if shot.export:
        wanted = requests.get(shot.export)
        if wanted is None:
            return unchecked(CROP, f"the record of export {shot.export} is not here")
        lacking, whose = _lacking(shot, wanted, state), f"export {shot.export}"
    else:
        lacking = next(iter(hidden_by(shot, requests, state).values()), "")
        whose = "every export of that instant"
    if lacking:
        note = "Take it again with the export's masks and crop, or say why not; leave this one out."
        return leak(CROP, f"{lacking} of {whose} not applied", expected="masks and crop", note=note)
    return ok(CROP, "context picture: shows what the crop cuts off" if shot.context else "")


def _lacking(shot: Seen, spec: Mapping[str, Any], state: CaseState) -> str:
    """What of a request's masks and crop the snapshot does not carry; empty where it carries all."""
    try:
        painted = {_shape(mask) for mask in shot.masks}
        asked = [m for m in spec.get("masks", ()) if _in_force(m, shot, state)]
        missing = [m for m in asked if _shape(_at(m, shot, state)) not in painted]
        crop = spec.get("crop")
        same = crop is None or (shot.crop is not None and [list(c) for c in shot.crop] == [list(c) for c in crop])
    except _UNREADABLE as exc:
        return f"masks and crop that cannot be read ({type(exc).__name__})"
    if missing:
        return f"{len(missing)} mask{'s' * (len(missing) > 1)}"
    return "" if same or shot.context else "the crop"


def _shape(mask: Any) -> tuple[Any, ...]:
    """What a mask paints, whenever it does; one that moves, with all of its keys."""
    points = tuple((float(x), float(y)) for x, y in mask["points"])
    keys = tuple(
        (str(key["at"]), tuple((float(x), float(y)) for x, y in key["points"])) for key in mask.get("keys", ())
    )
    return points, mask.get("style", "fill"), mask.get("inverted", False), keys


def _at(mask: Any, shot: Seen, state: CaseState) -> Any:
    """A mask as it is on a snapshot's frame: one that moves, in its shape of that instant."""
    if not mask.get("keys"):
        return mask
    read = Mask.from_json(mask)
    times = [_us(key.at, shot.source, state) for key in read.keys]
    return still_at(read, shot.instant_us, times).to_json()


def _in_force(mask: Any, shot: Seen, state: CaseState) -> bool:
    """Whether a mask covers the instant of a snapshot."""
    begin, end = _times(mask, shot.source, state)
    return (begin is None or begin <= shot.instant_us) and (end is None or shot.instant_us < end)


def _times(mask: Any, source: str, state: CaseState) -> tuple[int | None, int | None]:
    """From when until when a mask is in force; None where it is open."""
    read = Mask.from_json(mask)
    begin, end = (None if m is None else _us(m, source, state) for m in (read.begin, read.end))
    return begin, end


def _covers(shot: Seen, spec: Mapping[str, Any], state: CaseState) -> bool:
    """Whether an export of that request shows the snapshot's instant."""
    if spec.get("source") != shot.source:
        return False

    try:
        begin, end = _range(spec, state)
    except _UNREADABLE:
        return False
    return begin <= shot.instant_us < end


def _us(moment: Moment, source: str, state: CaseState) -> int:
    if not isinstance(moment, Offset):
        return instant_us(moment)
    known = state.source(source)
    return moment.us + (known.first_us or 0 if known is not None else 0)
