"""Delivered against asked: what came from a VMS held against the request, each check with its verdict. Pure.

Three witnesses: the file itself (measured here), the list of picture times that the VMS keeps (where it was asked),
and the record of a server of ours. Where no witness speaks, the verdict is *not checked*, with why.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.archives.remote_fetch import Came, Fetched
from workbench.archives.remote_server_record import ServerRecord
from workbench.core.result import Ledger
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Range, iso

OK, FAILED, NOT_CHECKED = "ok", "failed", "not checked"
BY_RECORD, BY_LIST = "the server's record", "the VMS's frame list"
TICK = 2_000
"""Microseconds by which a time may be off where containers and servers count in milliseconds."""
SLOT = 3_500
"""The same for AVI, whose pictures stand in slots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """A file on the source's time line."""

    came: Came
    first: int | None
    last: int | None
    by: str
    """Who says when its first picture was taken; empty where nobody does."""

    @property
    def instants(self) -> tuple[int, ...]:
        """When its pictures were taken; empty where nobody says when the first was."""
        return () if self.first is None else tuple(self.first + us for us in self.came.times or (0,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked of the server."""

    spec: ExportSpec
    range: Range
    listed: tuple[int, ...] | None
    """Times of the pictures in the range as the VMS lists them; None where it was not asked, or has too many."""
    why_not: str = ""
    """Why there is no list."""

    @property
    def slack(self) -> int:
        """Microseconds by which two times may differ and still mean one picture."""
        return SLOT if self.spec.format == "avi" else TICK


def laid(fetched: Fetched, record: ServerRecord | None, asked: Asked) -> tuple[Laid, ...]:
    """Each file with its first and last instant, and who says so."""
    return tuple(_laid(one, record, asked) for one in fetched.files)


def _laid(came: Came, record: ServerRecord | None, asked: Asked) -> Laid:
    told = record.times.get(came.got.sha256) if record is not None else None
    if told is not None:
        return Laid(came=came, first=told[0], last=told[1], by=BY_RECORD)
    first, last = came.named
    if first is not None:
        return Laid(came=came, first=first, last=last, by="the file's name")
    if asked.spec.is_frame and asked.listed:
        return Laid(came=came, first=asked.listed[0], last=asked.listed[0], by=BY_LIST)
    if asked.listed and asked.spec.rate_divisor == 1 and len(came.times) == len(asked.listed):
        return Laid(came=came, first=asked.listed[0], last=asked.listed[-1], by=BY_LIST)
    return Laid(came=came, first=None, last=None, by="")


def ledger(files: Sequence[Laid], record: ServerRecord | None, asked: Asked) -> tuple[Ledger, str]:
    """The account of the pictures, and who gives it; empty words where only what came was counted."""
    if record is not None:
        return record.ledger, BY_RECORD
    shown = sum(one.came.facts.get("frames_shown") or 0 for one in files)
    silent = sum(one.came.facts.get("undecodable") or 0 for one in files)
    counted = Ledger(delivered=max(0, shown - silent), undecodable=silent)
    if asked.listed is None or asked.spec.rate_divisor > 1:
        return counted, ""
    missing = len(_missing(files, asked)) if _placed(files) else max(0, len(asked.listed) - shown)
    return Ledger(delivered=counted.delivered, undecodable=silent, missing=missing), BY_LIST


def _placed(files: Sequence[Laid]) -> bool:
    return all(one.first is not None for one in files)


def _missing(files: Sequence[Laid], asked: Asked) -> list[int]:
    """Listed pictures that no file shows at their time; each picture shown accounts for one listed."""
    shown = sorted(us for one in files for us in one.instants)
    lost, at = [], 0
    for us in asked.listed or ():
        while at < len(shown) and shown[at] < us - asked.slack:
            at += 1
        if at < len(shown) and shown[at] <= us + asked.slack:
            at += 1
        else:
            lost.append(us)
    return lost


def checks(files: Sequence[Laid], record: ServerRecord | None, asked: Asked) -> list[dict[str, Any]]:
    """Every check, in the order of reading."""
    return [
        *(check for one in files for check in _of_file(one, record, asked)),
        *_ends(files, asked),
        *_counts(files, record, asked),
        _sound(files, asked),
        *_masks(record, asked),
    ]


def _check(check: str, verdict: str, expected: Any = None, found: Any = None, note: str = "") -> dict[str, Any]:
    return {"check": check, "verdict": verdict, "expected": expected, "found": found, "note": note}


def _of_file(one: Laid, record: ServerRecord | None, asked: Asked) -> Iterator[dict[str, Any]]:
    came, name = one.came, one.came.saved_as
    told = came.got.server_sha256
    note = f"{name}: as the server announced it" if told else f"{name}: the server tells no hash"
    verdict = NOT_CHECKED if told is None else OK if told == came.got.sha256 else FAILED
    yield _check("SHA-256", verdict, told, came.got.sha256, note)
    if came.unread or asked.spec.format == "exe":
        why = came.unread or "a program; nothing here opens it"
        yield _check("content", FAILED if came.unread else NOT_CHECKED, asked.spec.format, None, f"{name}: {why}")
        return
    problems = "; ".join(came.facts["problems"])
    yield _check(
        "content", FAILED if problems else OK, asked.spec.format, _content(came), f"{name}: {problems or 'read'}"
    )
    yield from (_lost(name, witness, text, asked) for witness, text in came.facts["losses"])
    yield _decoded(came, record)
    if one.by == "the file's name" and not asked.spec.is_frame:
        yield _name_times(one, asked)


def _lost(name: str, witness: str, text: str, asked: Asked) -> dict[str, Any]:
    """What the file's own witnesses say is missing; odd intervals, and empty slots of AVI, may be gaps as recorded."""
    verdict = NOT_CHECKED if witness == "PTS" or asked.spec.format == "avi" else FAILED
    return _check("whole", verdict, None, None, f"{name}: {text} ({witness})")


def _content(came: Came) -> str:
    facts = came.facts
    size = f" {facts['width']}×{facts['height']}" if facts.get("width") else ""
    return f"{facts.get('codec', '') or facts['container']}{size}".strip()


def _decoded(came: Came, record: ServerRecord | None) -> dict[str, Any]:
    silent, shown = came.facts["undecodable"], came.facts["frames_shown"]
    if silent is not None:
        return _check("decoding", FAILED if silent else OK, 0, silent, f"{came.saved_as}: pictures that do not decode")
    if record is not None and came.got.sha256 in record.decoded:
        return _check("decoding", NOT_CHECKED, None, None, f"{came.saved_as}: the server says that all pictures decode")
    return _check(
        "decoding", NOT_CHECKED, None, None, f"{came.saved_as}: {shown} pictures are too many to decode again"
    )


def _name_times(one: Laid, asked: Asked) -> dict[str, Any]:
    """A name claims first and last picture; the file must be as long as that."""
    claimed = (one.last or 0) - (one.first or 0)
    found = one.came.facts["last_us"]
    same = abs(claimed - found) <= asked.slack
    note = f"{one.came.saved_as}: seconds from first to last picture, by the name and by the file"
    return _check("times in the name", OK if same else FAILED, claimed / 1e6, found / 1e6, note)


def _ends(files: Sequence[Laid], asked: Asked) -> Iterator[dict[str, Any]]:
    """First and last picture: against the VMS's list, else against the range."""
    if not files or not _placed(files):
        for check in ("first frame", "last frame"):
            yield _check(check, NOT_CHECKED, None, None, "nobody says when the pictures of the file were taken")
        return
    first = min(one.first for one in files if one.first is not None)
    last = max(one.last if one.last is not None else one.first or 0 for one in files)
    if asked.spec.is_frame:
        yield _frame(first, files[0].by, asked)
        return
    yield _first(first, files[0].by, asked)
    yield _last(last, asked)


def _frame(at: int, by: str, asked: Asked) -> dict[str, Any]:
    wanted = asked.listed[0] if asked.listed else None
    verdict = NOT_CHECKED if wanted is None else OK if abs(at - wanted) <= asked.slack else FAILED
    return _check("frame", verdict, None if wanted is None else iso(wanted), iso(at), f"its time by {by}")


def _first(first: int, by: str, asked: Asked) -> dict[str, Any]:
    """Overrun before the range, or a first picture that is later than the first listed one."""
    begin, listed = asked.range.begin, asked.listed
    expected = iso(listed[0]) if listed else f"from {iso(begin)}"
    by = f"its time by {by}"
    if begin - first > asked.slack:
        verdict = OK if asked.spec.cut == "keyframe" else FAILED
        return _check("first frame", verdict, expected, iso(first), f"{(begin - first) / 1e6:.3f} s overrun; {by}")
    if listed and asked.spec.rate_divisor == 1 and first > listed[0] + asked.slack:
        note = f"{(first - listed[0]) / 1e6:.3f} s are missing at the begin; {by}"
        return _check("first frame", FAILED, expected, iso(first), note)
    return _check("first frame", OK, expected, iso(first), by)


def _last(last: int, asked: Asked) -> dict[str, Any]:
    """Overrun behind the range, or a tail that is missing."""
    end, listed = asked.range.end, asked.listed
    expected = iso(listed[-1]) if listed else f"before {iso(end)}"
    if last >= end:
        verdict = OK if asked.spec.cut == "keyframe" else FAILED
        return _check("last frame", verdict, expected, iso(last), f"{(last - end) / 1e6:.3f} s overrun")
    if listed and asked.spec.rate_divisor == 1 and last < listed[-1] - asked.slack:
        note = f"{(listed[-1] - last) / 1e6:.3f} s are missing at the end"
        return _check("last frame", FAILED, expected, iso(last), note)
    return _check("last frame", OK, expected, iso(last))


def _counts(files: Sequence[Laid], record: ServerRecord | None, asked: Asked) -> Iterator[dict[str, Any]]:
    shown = sum(one.came.facts.get("frames_shown") or 0 for one in files)
    if asked.spec.format == "exe":
        return
    if record is not None:
        held = record.ledger
        told = held.copied + held.reencoded + held.masked
        yield _check("frames", OK if told == shown else FAILED, told, shown, "by the server's record, and by the file")
        lost = held.undecodable + held.missing
        if lost:
            yield _check("lost frames", FAILED, 0, lost, "recorded or declared, and not there: the server's record")
        return
    if asked.listed is None or asked.spec.rate_divisor > 1:
        why = asked.why_not or "the server chooses which pictures it keeps"
        yield _check("frames", NOT_CHECKED, None, shown, why)
        return
    inside = shown
    if _placed(files):
        begin, end = asked.range.begin - asked.slack, asked.range.end + asked.slack
        times = sorted(us for one in files for us in one.instants)
        inside = bisect_left(times, end) - bisect_left(times, begin) if asked.range.begin < asked.range.end else shown
    lost = len(_missing(files, asked)) if _placed(files) else max(0, len(asked.listed) - shown)
    note = f"{lost} listed pictures are not shown" if lost else "in the range, by the VMS's list of pictures"
    yield _check("frames", FAILED if lost else OK, len(asked.listed), inside, note)


def _sound(files: Sequence[Laid], asked: Asked) -> dict[str, Any]:
    seconds = [one.came.facts.get("audio_seconds") for one in files]
    found = sum(s for s in seconds if s is not None)
    if asked.spec.is_frame:
        return _check("sound", NOT_CHECKED, None, None, "a picture holds none")
    if not any(seconds):
        return _check("sound", NOT_CHECKED, None, 0, "none came; the API does not tell whether any is recorded")
    return _check(
        "sound", NOT_CHECKED, None, round(found, 3), "seconds that came; the API does not tell how many are recorded"
    )


def _masks(record: ServerRecord | None, asked: Asked) -> Iterator[dict[str, Any]]:
    """What is covered only eyes, or the recordings, can tell; a server of ours tells how many masks it laid on."""
    wanted = len(asked.spec.masks)
    if record is not None and record.masks != wanted:
        verdict = FAILED if record.masks < wanted else NOT_CHECKED
        note = "by the server's record; masks beyond those asked for are its own rule"
        yield _check("masks", verdict, wanted, record.masks, note)
    elif wanted:
        note = "the server painted them, and its recordings are not here to compare; look at what came"
        yield _check("masks", NOT_CHECKED, wanted, None if record is None else record.masks, note)
