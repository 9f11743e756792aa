"""What happened: alerts, detector events, bookmarks and the audit log; each form written and read.

Raise times are not unique and pages may overlap, so readers drop entries whose id came before; what comes back is
ascending in time.

>>> read_alerts(b'{"events":[],"more":false}')
((), False)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from workbench.core.errors import RequestError
from workbench.vms.wire.document import Fields, remote
from workbench.vms.wire.ids import access_point
from workbench.vms.wire.times import write

AUDIT_EXPORT = 30
"""Audit code: an export from an archive was performed."""
AUDIT_LOGIN, AUDIT_LOGIN_FAILED = 13, 62
MOST_CODES = 1000
_Event = TypeVar("_Event", "Alert", "Detection", "Bookmark", "AuditEntry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alarm that was raised."""

    id: str
    raised_us: int
    zone: str = ""
    """Camera or zone, without ``hosts/``."""
    reasons: tuple[str, ...] = ()
    initiator: str = ""
    severity: str = ""
    """``unclassified``, ``false``, ``notice``, ``warning`` or ``alarm``; empty before anyone reacted."""
    reacted_by: str = ""
    reacted_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """An event of a detector."""

    id: str
    at_us: int
    origin: str = ""
    """The detector's access point."""
    source: str = ""
    """The camera, without ``hosts/``; empty where the server does not say."""
    type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """A comment on a stretch of an archive."""

    id: str
    begin_us: int
    end_us: int
    comment: str = ""
    source: str = ""
    storage: str = ""
    protected: bool = False
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One line of the audit log."""

    at_us: int
    code: int
    data: tuple[tuple[str, str], ...] = ()
    """Details by name, sorted."""


def write_alerts(alerts: Iterable[Alert], more: bool = False) -> dict[str, Any]:
    """The answer of ``archive/events/alerts``."""
    return {"events": [_alert(alert) for alert in alerts], "more": more}


def _alert(alert: Alert) -> dict[str, Any]:
    data: dict[str, Any] = {
        "type": "alert",
        "id": alert.id,
        "raisedAt": write(alert.raised_us),
        "zone": alert.zone,
        "reasons": list(alert.reasons),
        "initiator": alert.initiator,
    }
    if alert.reacted_us is not None:
        reacted = write(alert.reacted_us)
        data["reaction"] = {"user": alert.reacted_by, "reactedAt": reacted, "severity": alert.severity}
    return data


def read_alerts(data: bytes) -> tuple[tuple[Alert, ...], bool]:
    """Alarms, ascending, and whether the answer was cut by its limit."""
    return _read(data, "alerts", _read_alert, lambda alert: alert.raised_us)


def _read_alert(fields: Fields) -> Alert:
    reaction = Fields(fields.data.get("reaction") or {}, f"{fields.where}: reaction")
    return Alert(
        id=fields.text("id", None, 1000),
        raised_us=fields.time("raisedAt"),
        zone=fields.text("zone", most=1000).removeprefix("hosts/"),
        reasons=fields.texts("reasons", required=False, most=1000),
        initiator=fields.text("initiator"),
        severity=reaction.text("severity", most=100),
        reacted_by=reaction.text("user", most=1000),
        reacted_us=reaction.time("reactedAt") if reaction.text("reactedAt") else None,
    )


def write_detections(events: Iterable[Detection], more: bool = False) -> dict[str, Any]:
    """The answer of ``archive/events/detectors``."""
    listed = [
        {
            "id": event.id,
            "timestamp": write(event.at_us),
            "origin": event.origin,
            "source": access_point(event.source) if event.source else "",
            "type": event.type,
        }
        for event in events
    ]
    return {"events": listed, "more": more}


def read_detections(data: bytes) -> tuple[tuple[Detection, ...], bool]:
    """Detector events, ascending, and whether the answer was cut by its limit."""
    return _read(data, "detector events", _read_detection, lambda event: event.at_us)


def _read_detection(fields: Fields) -> Detection:
    return Detection(
        id=fields.text("id", None, 1000),
        at_us=fields.time("timestamp"),
        origin=fields.text("origin", most=1000),
        source=fields.text("source", most=1000).removeprefix("hosts/"),
        type=fields.text("type", most=1000),
    )


def write_bookmarks(bookmarks: Iterable[Bookmark]) -> dict[str, Any]:
    """The answer of ``archive/contents/bookmarks``, the cameras and archives it speaks of listed beside."""
    marks = list(bookmarks)
    return {
        "archives": [{"friendly_name": name, "storage": name} for name in sorted({m.storage for m in marks} - {""})],
        "cameras": [{"endpoint": p, "friendly_name": p} for p in sorted({_endpoint(m) for m in marks} - {""})],
        "events": [_bookmark(mark) for mark in marks],
    }


def _endpoint(mark: Bookmark) -> str:
    return access_point(mark.source) if mark.source else ""


def _bookmark(mark: Bookmark) -> dict[str, Any]:
    return {
        "id": mark.id,
        "begins_at": write(mark.begin_us),
        "ends_at": write(mark.end_us),
        "timestamp": write(mark.begin_us),
        "comment": mark.comment,
        "endpoint": _endpoint(mark),
        "storage_id": mark.storage,
        "is_protected": mark.protected,
        "user_id": mark.user,
    }


def read_bookmarks(data: bytes) -> tuple[Bookmark, ...]:
    """Bookmarks, ascending by their begin."""
    return _read(data, "bookmarks", _read_bookmark, lambda mark: mark.begin_us)[0]


def _read_bookmark(fields: Fields) -> Bookmark:
    begin, end = fields.time("begins_at"), fields.time("ends_at")
    if end < begin:
        raise fields.bad("ends_at", "lies before begins_at")
    return Bookmark(
        id=fields.text("id", None, 1000),
        begin_us=begin,
        end_us=end,
        comment=fields.text("comment"),
        source=fields.text("endpoint", most=1000).removeprefix("hosts/"),
        storage=fields.text("storage_id", most=1000),
        protected=fields.flag("is_protected"),
        user=fields.text("user_id", most=1000),
    )


def write_audit(entries: Iterable[AuditEntry]) -> dict[str, Any]:
    """The answer of ``/audit/{HOST}``."""
    return {"events": [{"data": dict(e.data), "eventType": e.code, "timestamp": write(e.at_us)} for e in entries]}


def read_audit(data: bytes) -> tuple[AuditEntry, ...]:
    """Lines of the audit log, ascending; equal lines are one."""
    return _read(data, "audit", _read_entry, lambda entry: entry.at_us)[0]


def _read_entry(fields: Fields) -> AuditEntry:
    details = Fields(fields.data.get("data") or {}, f"{fields.where}: data").data
    return AuditEntry(
        at_us=fields.time("timestamp"),
        code=fields.whole("eventType", 0, 2**31),
        data=tuple(sorted((str(key)[:200], str(value)[:2000]) for key, value in details.items())),
    )


def read_codes(text: str, field: str = "filter") -> tuple[tuple[int, int], ...]:
    """Audit codes of a query such as ``17-20,6,1:4`` as ranges, both ends included; empty for all codes."""
    found = []
    for part in filter(None, text[:10_000].split(",")):
        first, _, last = part.replace(":", "-").partition("-")
        if not all(n.isascii() and n.isdigit() and len(n) < 10 for n in (first, last or first)):
            raise RequestError(field, f"{part[:40]!r} is no code and no range of codes", "Write 17-20,6.")
        found.append((int(first), int(last or first)))
    if len(found) > MOST_CODES:
        raise RequestError(field, f"more than {MOST_CODES} codes")
    return tuple(found)


def _read(
    data: bytes, what: str, read: Callable[[Fields], _Event], when: Callable[[_Event], int]
) -> tuple[tuple[_Event, ...], bool]:
    """Events of one answer, each once, ascending; and its ``more``."""
    fields = Fields(remote(data, what), what)
    found: dict[Hashable, _Event] = {}
    for entry in fields.objects("events"):
        event = read(entry)
        found.setdefault(getattr(event, "id", event), event)
    return tuple(sorted(found.values(), key=when)), fields.flag("more")
