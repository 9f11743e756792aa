"""The record that a server of ours lays beside its files: read with care, trusted only for the files it names.

It is the server's word. Where the SHA-256 of every file that came stands in it, its ledger and the times of first and
last pictures are taken over and named as the server's; else nothing of it is used, and it merely lies beside the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.core.errors import WorkbenchError
from workbench.core.result import FATES, SCHEMA, Ledger, LedgerEntry
from workbench.core.timebase import Offset, instant_us, parse_time
from workbench.vms.wire.document import one_line, remote

MOST_BYTES = 256 * 2**20
MOST_ENTRIES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRecord:
    """What the server says of the files that it made."""

    times: Mapping[str, tuple[int, int]]
    """First and last instant by SHA-256."""
    decoded: frozenset[str]
    """SHA-256 of files of which the server says that it decoded every picture."""
    ledger: Ledger
    entries: tuple[LedgerEntry, ...]
    masks: int
    """Masks that the server laid on, those that it was not asked for included."""
    warnings: tuple[str, ...]


def read(data: bytes, hashes: frozenset[str]) -> ServerRecord | None:
    """What a record says, where it is one of exactly the files with these hashes; None where it is not."""
    try:
        document = remote(data, "the server's record", most=MOST_BYTES)
        return _read(document, hashes)
    except (WorkbenchError, KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
        return None


def _read(document: Any, hashes: frozenset[str]) -> ServerRecord | None:
    files = document["files"]
    if document["schema"] != SCHEMA or {file["sha256"] for file in files} != hashes:
        return None
    entries = document["entries"]
    if len(entries) > MOST_ENTRIES:
        return None
    return ServerRecord(
        times={file["sha256"]: (_us(file["first"]), _us(file["last"])) for file in files},
        decoded=frozenset(file["sha256"] for file in files if any(_says_decoded(word) for word in file["checks"])),
        ledger=Ledger(**{fate: _count(document["ledger"].get(fate, 0)) for fate in FATES}),
        entries=tuple(_entry(entry) for entry in entries),
        masks=len(document["plan"]["spec"]["masks"]),
        warnings=tuple(one_line(str(text)) for text in document["warnings"][:100]),
    )


def _entry(data: dict[str, Any]) -> LedgerEntry:
    if data["fate"] not in FATES:
        raise ValueError("no fate")
    return LedgerEntry(
        file=one_line(str(data["file"])),
        fate=str(data["fate"]),
        first=_us(data["first"]),
        last=_us(data["last"]),
        frames=_count(data["frames"]),
        first_pts=None if data["first_pts"] is None else _number(data["first_pts"]),
        last_pts=None if data["last_pts"] is None else _number(data["last_pts"]),
        reason=one_line(str(data["reason"])),
        proof=one_line(str(data["proof"])),
    )


def _us(text: Any) -> int:
    """An instant as records write it; sources that nobody dates are served as if they began in 1970."""
    moment = parse_time(str(text))
    return moment.us if isinstance(moment, Offset) else instant_us(moment)


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**63:
        raise ValueError("no number")
    return value


def _count(value: Any) -> int:
    if _number(value) < 0:
        raise ValueError("no count")
    return int(value)


def _says_decoded(text: Any) -> bool:
    return str(text).startswith("all ") and str(text).endswith(" pictures decode")
