"""Pictures for people to look at: the frame shown at an instant, and thumbnails.

`find` answers where the pictures are, and for small ones brings them along; `render` makes one as PNG or JPEG.
Masks and crop are applied to every picture that leaves here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from av.video.frame import VideoFrame

from workbench.core.errors import RequestError, SourceError
from workbench.core.spec import ExportSpec, Mask, area_from_json
from workbench.core.timebase import Offset
from workbench.media import still
from workbench.media.planner import recording_at
from workbench.media.recording import Recording
from workbench.media.retouch import Retouch, TimedMask

Report = Callable[[dict[str, Any]], None]
SMALL = 320
"""Width of a thumbnail in pixels."""


def find(job: dict[str, Any], report: Report) -> tuple[dict[str, Any], list[bytes]]:
    """The pictures shown at the instants of ``places``, each once; with ``small``, their thumbnails as JPEG."""
    found: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    for number, (place, recording, ranks) in enumerate(_by_recording(job)):
        report({"stage": "frames", "file": recording.name, "position": number})
        if job["small"]:
            for rank, frame in _key_or_exact(recording, ranks):
                found.append(_found(place, recording, rank))
                blobs.append(_small(recording, frame, rank, job))
        else:
            found += [_found(place, recording, rank) for rank in ranks]
    return {"frames": found}, blobs


def render(job: dict[str, Any], report: Report) -> tuple[dict[str, Any], list[bytes]]:
    """One picture as ``form`` png or jpeg."""
    recording = recording_at(job["place"])
    rank = int(job["rank"])
    frame = next((f for _, f in recording.frames(rank, rank + 1)), None)
    if frame is None:
        raise SourceError(f"{recording.path}: picture {rank} cannot be decoded", "The recording is damaged there.")
    retouch = _retouch(recording, job)
    changed, _ = retouch.apply(frame, int(recording.us[rank]))
    if job["form"] == "png":
        return {}, [still.png(changed, retouch.rotation, retouch.aspect)]
    if job["form"] == "jpeg":
        return {}, [still.jpeg(changed, int(job["quality"]), retouch.rotation, retouch.aspect)]
    raise RequestError("form", f"{job['form']!r} is neither png nor jpeg")


def _by_recording(job: dict[str, Any]) -> Iterator[tuple[dict[str, Any], Recording, list[int]]]:
    """The wanted ranks of each recording, rising, each once."""
    wanted: dict[str, list[dict[str, Any]]] = {}
    for place in job["places"]:
        wanted.setdefault(place["name"], []).append(place)
    for places in wanted.values():
        recording = recording_at(places[0])
        ranks = [recording.between(recording.zero, place["at"] + 1)[1] - 1 for place in places]
        place = {key: value for key, value in places[0].items() if key != "at"}
        yield place, recording, sorted({rank for rank in ranks if rank >= 0})


def _found(place: dict[str, Any], recording: Recording, rank: int) -> dict[str, Any]:
    return {
        "place": place,
        "rank": rank,
        "us": int(recording.us[rank]),
        "pts": int(recording.pts[rank]),
        "time_base": str(recording.index.time_base),
    }


def _key_or_exact(recording: Recording, ranks: list[int]) -> Iterator[tuple[int, VideoFrame]]:
    """For each rank the key picture before it, or the very picture where several ranks share a key picture."""
    keys = [max(0, int(recording.ranks[recording.entry_before(rank)])) for rank in ranks]
    for rank, key in zip(ranks, keys, strict=True):
        wanted = key if keys.count(key) == 1 else rank
        yield from recording.frames(wanted, wanted + 1, threads="SLICE")


def _small(recording: Recording, frame: VideoFrame, rank: int, job: dict[str, Any]) -> bytes:
    retouch = _retouch(recording, job)
    changed, _ = retouch.apply(frame, int(recording.us[rank]))
    return still.thumbnail(changed, SMALL, retouch.rotation, retouch.aspect)


def _retouch(recording: Recording, job: dict[str, Any]) -> Retouch:
    timed = [TimedMask(Mask.from_json(m["mask"]), *m["range"]) for m in job["masks"]]
    crop = None if job["crop"] is None else area_from_json(job["crop"], "crop")
    spec = ExportSpec(source="frame", begin=Offset(0), end=Offset(0), format="jpg", crop=crop, burn=False)
    return Retouch(spec, recording.index.facts, recording.index.rotation, timed, lambda us: "")
