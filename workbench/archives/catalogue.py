"""What was learnt about all recordings of one source, in one file of the cache: opened instead of thousands of heads.

    workbench-catalogue 1 <SHA-256 of the summary> <its bytes> <SHA-256 of the rows> <their bytes>
    summary     JSON: whose it is, the folders' times of change, and what is recorded without a gap
    rows        JSON: [name, size, time of change, frames, last_us, end_us, jumps, losses, created] of each recording

It only ever spares work: a catalogue that is damaged, of another version or of another folder is as good as none, a row
counts while its file has the size and time it names, the summary while the source's folders have their times.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from workbench.media.heads import VERSION

FORMAT = "workbench-catalogue 1"
MOST_LINE = 300


def path_of(cache: Path, folder: str, source: str) -> Path:
    """Where the catalogue of a source is kept; `folder` is the archive's, without links."""
    key = hashlib.sha256(f"{folder}\0{source}".encode("utf-8", "surrogateescape")).hexdigest()
    return cache / "catalogue" / f"{key[:32]}.json"


def whose(folder: str, source: str) -> dict[str, Any]:
    """What a catalogue must say to be that of a source, under these rules."""
    return {"folder": folder, "source": source, "heads": VERSION}


def row_of(name: str, size: int, changed: int, head: dict[str, Any]) -> list[Any]:
    """A recording as a row; `head` is its index without rows."""
    told = head["summary"]
    times = [told["frames"], told["last_us"], told["end_us"], told["jumps"]]
    return [name, size, changed, *times, head["losses"], head["facts"]["created"]]


def head_of(row: list[Any]) -> dict[str, Any]:
    """What a time line needs of a recording's head, from its row."""
    _, _, _, frames, last, end, jumps, losses, created = row
    summary = {"frames": frames, "last_us": last, "end_us": end, "jumps": jumps}
    return {"summary": summary, "losses": losses, "facts": {"created": created}}


def save(path: Path, summary: dict[str, Any], rows: Iterable[list[Any]]) -> None:
    """Store a catalogue in one step; where the cache cannot be written there is none."""
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (summary, list(rows))]
    line = " ".join(f"{hashlib.sha256(part).hexdigest()} {len(part)}" for part in parts)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(b"\n".join([f"{FORMAT} {line}".encode(), *parts]))
        temporary.replace(path)
    except OSError:  # all it would have told is in the heads
        temporary.unlink(missing_ok=True)


def load_summary(path: Path, owner: dict[str, Any]) -> dict[str, Any] | None:
    """The summary of the catalogue at `path`; None where there is none of this owner."""
    found = _part(path, 0)
    return found if isinstance(found, dict) and found.get("whose") == owner else None


def load_rows(path: Path, owner: dict[str, Any]) -> dict[str, list[Any]]:
    """The rows of the catalogue at `path` by name; empty where there is none of this owner."""
    if load_summary(path, owner) is None:
        return {}
    found = _part(path, 1)
    return {row[0]: row for row in found if _is_row(row)} if isinstance(found, list) else {}


def _part(path: Path, number: int) -> Any:
    """One of the two parts, None unless it is whole."""
    try:
        with path.open("rb") as file:
            said = file.readline(MOST_LINE).decode("ascii").rsplit(None, 4)
            if len(said) != 5 or said[0] != FORMAT:
                return None
            lengths = int(said[2]), int(said[4])
            if min(lengths) < 0 or sum(lengths) > os.fstat(file.fileno()).st_size:
                return None
            file.seek(number * (lengths[0] + 1), os.SEEK_CUR)
            part = file.read(lengths[number])
        return json.loads(part) if hashlib.sha256(part).hexdigest() == said[1 + 2 * number] else None
    except (OSError, ValueError, RecursionError):
        return None


def _is_row(row: Any) -> bool:
    return (
        isinstance(row, list)
        and len(row) == 9
        and isinstance(row[0], str)
        and all(type(number) is int for number in row[1:6])
        and isinstance(row[6], list)
        and all(_is_jump(jump) for jump in row[6])
        and isinstance(row[7], list)
        and all(_is_loss(loss) for loss in row[7])
        and (row[8] is None or isinstance(row[8], str))
    )


def _is_jump(jump: Any) -> bool:
    return isinstance(jump, list) and len(jump) == 2 and all(type(at) is int for at in jump)


def _is_loss(loss: Any) -> bool:
    return (
        isinstance(loss, dict)
        and {"text", "witness", "at_end", "frames"} <= loss.keys()
        and (loss["frames"] is None or type(loss["frames"]) is int)
    )
