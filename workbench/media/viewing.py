"""The verb `view`: the exact frame quickly, for eyes, from the pictures that `reel` keeps.

Masks and crop are painted on a copy. The JPEG is quicker and less exact than `still.jpeg`; which frame it is, is exact.

job     place, at (microseconds), masks, crop, width (0: as wide as shown)
answer  rank, us, pts, time_base, width, height, of, key, picture_type, and one JPEG with square pixels
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from av.video.frame import PictureType, VideoFrame

from workbench.core.errors import SourceError
from workbench.media import reel, still
from workbench.media.access import Entry
from workbench.media.frames import retouch_of
from workbench.media.places import recording_at


def view(job: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> tuple[dict[str, Any], list[bytes]]:
    """The picture shown at an instant, masked and cropped, as a JPEG for eyes."""
    place = job["place"]
    report({"stage": "frames", "file": place["name"]})
    recording = recording_at(place)
    rank = recording.between(recording.zero, int(job["at"]) + 1)[1] - 1
    if rank < 0:
        raise SourceError(f"{place['name']} shows no picture there yet", "Ask for a later instant.")
    frame = reel.picture(recording, rank)
    retouch = retouch_of(recording.facts_at(rank), recording.index.rotation, job)
    until = recording.until(rank)
    changed, _ = retouch.apply(frame, int(recording.us[rank]), until) if job["masks"] or job["crop"] else (frame, None)
    wide, high = _shown_size(changed, retouch.rotation, retouch.aspect)
    width = min(wide, int(job["width"]) or wide)
    row = int(recording.shown[rank])
    answer: dict[str, Any] = {
        "rank": rank,
        "us": int(recording.us[rank]),
        "until": until,
        "pts": int(recording.pts[rank]),
        "time_base": str(recording.index.time_base),
        "width": width,
        "height": max(1, round(high * width / wide)),
        "of": [wide, high],
        "key": int(recording.index.rows["entry"][row]) >= Entry.CLOSED,
        "picture_type": _type(frame),
    }
    return answer, [still.quick(changed, (width, answer["height"]), retouch.rotation)]


def _shown_size(frame: VideoFrame, rotation: int, aspect: Fraction) -> tuple[int, int]:
    """Width and height of the upright picture with square pixels."""
    wide, high = max(1, round(frame.width * (aspect if aspect > 0 else 1))), frame.height
    return (high, wide) if rotation % 180 else (wide, high)


def _type(frame: VideoFrame) -> str:
    kind = PictureType(frame.pict_type).name
    return kind if kind in ("I", "P", "B") else "?"
