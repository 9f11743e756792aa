"""Pictures for people to look at: the frame shown at an instant, and thumbnails.

`find` answers where the pictures are, and for small ones brings them along; `render` makes one as PNG or JPEG.
Masks and crop are applied to every picture that leaves here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import RequestError, SourceError
from workbench.core.spec import ExportSpec, area_from_json
from workbench.core.timebase import Offset
from workbench.media import keys, still
from workbench.media.heads import load_head
from workbench.media.places import recording_at
from workbench.media.probe import VideoFacts
from workbench.media.recording import Recording
from workbench.media.retouch import Retouch
from workbench.media.timed import of_look

Report = Callable[[dict[str, Any]], None]
SMALL = 320
"""Width of a thumbnail in pixels."""


def find(job: dict[str, Any], report: Report) -> tuple[dict[str, Any], list[bytes]]:
    """The pictures shown at the instants of ``places``, each once; with ``small``, their thumbnails as JPEG."""
    found: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    look = _small_ones if job["small"] else _exact
    for number, (place, instants) in enumerate(_by_recording(job)):
        report({"stage": "frames", "file": place["name"], "position": number})
        for answer, picture in sorted(look(place, instants, job), key=lambda pair: int(pair[0]["us"])):
            found.append(answer)
            blobs += [picture] if picture is not None else []
    return {"frames": found}, blobs


def render(job: dict[str, Any], report: Report) -> tuple[dict[str, Any], list[bytes]]:
    """One picture as ``form`` png or jpeg."""
    recording = recording_at(job["place"])
    rank = int(job["rank"])
    frame = next((f for _, f in recording.frames(rank, rank + 1, threads="SLICE")), None)
    if frame is None:
        raise SourceError(f"{recording.path}: picture {rank} cannot be decoded", "The recording is damaged there.")
    retouch = _retouch(recording, rank, job)
    changed, _ = retouch.apply(frame, int(recording.us[rank]), recording.until(rank))
    if job["form"] == "png":
        return {}, [still.png(changed, retouch.rotation, retouch.aspect)]
    if job["form"] == "jpeg":
        return {}, [still.jpeg(changed, int(job["quality"]), retouch.rotation, retouch.aspect)]
    raise RequestError("form", f"{job['form']!r} is neither png nor jpeg")


Answer = tuple[dict[str, Any], bytes | None]


def _by_recording(job: dict[str, Any]) -> Iterator[tuple[dict[str, Any], list[int]]]:
    """Each recording's place with the wanted instants, rising."""
    wanted: dict[str, list[dict[str, Any]]] = {}
    for place in job["places"]:
        wanted.setdefault(place["name"], []).append(place)
    for places in wanted.values():
        place = {key: value for key, value in places[0].items() if key != "at"}
        yield place, sorted(int(one["at"]) for one in places)


def _exact(place: dict[str, Any], instants: list[int], job: dict[str, Any]) -> Iterator[Answer]:
    recording = recording_at(place)
    ranks = {recording.between(recording.zero, at + 1)[1] - 1 for at in instants}
    for rank in sorted(rank for rank in ranks if rank >= 0):
        yield _found(place, recording, rank), None


def _small_ones(place: dict[str, Any], instants: list[int], job: dict[str, Any]) -> Iterator[Answer]:
    """The key picture before each instant; the very picture where several share one or it lies before the range."""
    index_path, start = Path(place["index"]), int(place["start"])
    head, table = load_head(index_path), keys.load(index_path)
    plain = head is not None and bool(head["direct"]) and len(head["configs"]) == 1
    direct = plain and table is not None and len(table) > 0
    if not direct or head is None or table is None:
        yield from _small_exact(place, instants, job)
        return
    numbers = np.searchsorted(table["us"], np.array(instants, np.int64) - start, side="right") - 1
    first = int(job["from"]) - start
    alone = (np.bincount(np.maximum(numbers, 0), minlength=len(table))[np.maximum(numbers, 0)] == 1) & (numbers >= 0)
    alone &= table["us"][np.maximum(numbers, 0)] >= first
    facts = VideoFacts.from_json(head["facts"])
    retouch = retouch_of(facts, int(head["rotation"]), job)
    for number, frame in keys.decode(Path(place["path"]), facts, table, numbers[alone].tolist()):
        us = start + int(table["us"][number])
        until = start + int(table["us"][number + 1]) if number + 1 < len(table) else us + int(head["summary"]["end_us"])
        changed, _ = retouch.apply(frame, us, until)
        answer = {
            "place": place,
            "rank": int(table["rank"][number]),
            "us": us,
            "pts": int(table["pts"][number]),
            "time_base": head["time_base"],
        }
        yield answer, still.thumbnail(changed, SMALL, retouch.rotation, retouch.aspect)
    rest = [at for at, key in zip(instants, alone.tolist(), strict=True) if not key]
    if rest:
        yield from _small_exact(place, rest, job)


def _small_exact(place: dict[str, Any], instants: list[int], job: dict[str, Any]) -> Iterator[Answer]:
    recording = recording_at(place)
    first, behind = recording.between(int(job["from"]), int(job["to"]))
    # Not the picture before the range, unless nothing else is shown in it.
    least = first if first < behind else 0
    for rank in sorted({max(least, recording.between(recording.zero, at + 1)[1] - 1) for at in instants}):
        for _, frame in recording.frames(rank, rank + 1, threads="SLICE") if rank >= 0 else ():
            retouch = _retouch(recording, rank, job)
            changed, _ = retouch.apply(frame, int(recording.us[rank]), recording.until(rank))
            yield _found(place, recording, rank), still.thumbnail(changed, SMALL, retouch.rotation, retouch.aspect)


def _found(place: dict[str, Any], recording: Recording, rank: int) -> dict[str, Any]:
    return {
        "place": place,
        "rank": rank,
        "us": int(recording.us[rank]),
        "pts": int(recording.pts[rank]),
        "time_base": str(recording.index.time_base),
    }


def _retouch(recording: Recording, rank: int, job: dict[str, Any]) -> Retouch:
    return retouch_of(recording.facts_at(rank), recording.index.rotation, job)


def retouch_of(facts: VideoFacts, rotation: int, job: dict[str, Any]) -> Retouch:
    """What paints the masks of a job and crops."""
    crop = None if job["crop"] is None else area_from_json(job["crop"], "crop")
    spec = ExportSpec(source="frame", begin=Offset(0), end=Offset(0), format="jpg", crop=crop, burn=False)
    return Retouch(spec, facts, rotation, of_look(job["masks"]), lambda us: "")
