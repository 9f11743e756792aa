"""Marks on a copy of a snapshot: arrow, box, text. The snapshot itself is never touched.

    record = draw(snapshot, [{"kind": "arrow", "from": [0.2, 0.2], "to": [0.5, 0.5]}], id="A1", folder=case_folder)

Coordinates are normalised to the snapshot's picture, (0, 0) top left; the record holds the marks as they were drawn,
with every default written out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from workbench.core.errors import RequestError
from workbench.core.geometry import Point, point
from workbench.evidence import filing
from workbench.evidence.nouns import AnnotationRecord, SnapshotRecord
from workbench.evidence.snapshots import FOLDER
from workbench.media.worker import Worker

COLOR = "#e31e1e"
MOST_MARKS = 100
MOST_TEXT = 500
SHORTEST = 0.005
"""Least length of an arrow and least side of a box, in parts of the picture's."""
_KEYS = {"arrow": ("from", "to"), "box": ("from", "to"), "text": ("at", "text")}


def draw(
    snapshot: SnapshotRecord,
    marks: Sequence[Mapping[str, Any]],
    *,
    id: str,  # noqa: A002
    folder: Path,
) -> AnnotationRecord:
    """Draw `marks` on a copy of the snapshot and write it to ``snapshots/<id>.png`` below the case folder.

    Raises RequestError naming the mark that is wrong, SourceError where the snapshot's picture is not the one that
    was taken, NameTaken where the copy's name is.
    """
    checked = _checked(marks)
    with Worker() as worker:
        picture = folder / snapshot.picture.path
        job = {"path": str(picture.absolute()), "sha256": snapshot.picture.sha256, "marks": checked}
        made = worker.call("annotate", job)
    return AnnotationRecord(
        id=id,
        snapshot=snapshot.id,
        marks=tuple(checked),
        picture=filing.write(folder, f"{FOLDER}/{id}.png", made.blobs[0], "picture"),
        rgb_sha256=made.data["rgb_sha256"],
    )


def _checked(marks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    if isinstance(marks, str | Mapping) or not isinstance(marks, Sequence):
        raise RequestError("marks", "a list of marks is wanted")
    if not 1 <= len(marks) <= MOST_MARKS:
        raise RequestError("marks", f"{len(marks)} marks are given, 1 to {MOST_MARKS} are allowed")
    return [_mark(mark, f"marks[{number}]") for number, mark in enumerate(marks)]


def _mark(mark: Any, field: str) -> dict[str, Any]:
    """One mark with every key it has, and no other."""
    if not isinstance(mark, Mapping):
        raise RequestError(field, "a mark is an object with kind, places and color")
    kind = mark.get("kind")
    if not isinstance(kind, str) or kind not in _KEYS:
        raise RequestError(f"{field}.kind", f"{str(kind)[:40]!r} is none of arrow, box, text")
    wanted = ("kind", *_KEYS[kind], "color")
    for key in mark:
        if key not in wanted:
            raise RequestError(f"{field}.{str(key)[:40]}", "no such field", f"Known: {', '.join(wanted)}.")
    made: dict[str, Any] = {"kind": kind, "color": _color(mark.get("color", COLOR), f"{field}.color")}
    if kind == "text":
        return made | {"at": list(point(mark.get("at"), f"{field}.at")), "text": _text(mark.get("text"), field)}
    begin, end = point(mark.get("from"), f"{field}.from"), point(mark.get("to"), f"{field}.to")
    _long_enough(kind, begin, end, field)
    return made | {"from": list(begin), "to": list(end)}


def _color(value: Any, field: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise RequestError(field, f"{str(value)[:40]!r} is not a colour", "Write #RRGGBB, such as #e31e1e.")
    return value.lower()


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise RequestError(f"{field}.text", "it is empty")
    if len(value) > MOST_TEXT:
        raise RequestError(f"{field}.text", f"it has {len(value)} characters, {MOST_TEXT} are allowed")
    return value


def _long_enough(kind: str, begin: Point, end: Point, field: str) -> None:
    across, down = abs(begin[0] - end[0]), abs(begin[1] - end[1])
    if (max(across, down) if kind == "arrow" else min(across, down)) < SHORTEST:
        raise RequestError(f"{field}.to", f"the {kind} is too small to be seen", "Move its end away from its begin.")
