"""The exact frame quickly, for eyes: what was decoded last stays, and the decoder goes on where it stopped.

A step forward inside a group decodes one picture, a step back is a look-up. The pictures are those of
`Recording.frames`: entered where every later picture decodes right, checked packet by packet against the index.

job     place, at (microseconds), masks, crop, width (0: as wide as shown)
answer  rank, us, pts, time_base, width, height, of, key, picture_type, and one JPEG with square pixels
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from av.video.frame import PictureType, VideoFrame

from workbench.core.errors import SourceError
from workbench.media import still
from workbench.media.access import Entry
from workbench.media.frames import retouch_of
from workbench.media.places import recording_at
from workbench.media.recording import Recording

MOST_BYTES = 320 << 20
"""Of decoded pictures that are kept, over all recordings."""
MOST_OPEN = 3
"""Recordings whose decoder is kept going."""
BACK = 24
"""Pictures before a wanted one that are decoded whole and kept when somebody steps back."""
REACH = 30
"""How far a decoder goes on rather than to enter anew."""


class Reel:
    """The pictures of one recording around the last one that was looked at."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.state = _state(recording)
        self.pictures: dict[int, VideoFrame] = {}
        self._coming: Iterator[tuple[int, VideoFrame]] | None = None
        self._next = 0

    def picture(self, rank: int) -> VideoFrame:
        """One picture; SourceError where no decoder makes it."""
        if rank not in self.pictures and not (self._coming and self._next <= rank < self._next + REACH):
            self._enter(rank)
        self._go_on(rank)
        if rank not in self.pictures:
            path = self.recording.path
            raise SourceError(f"{path}: picture {rank} cannot be decoded", "The recording is damaged there.")
        return self.pictures[rank]

    def forget(self, keep: int = -1) -> None:
        """Let go of all pictures but those near one, and with `keep` < 0 of the decoder too."""
        if keep < 0:
            self.close()
        near = range(keep - BACK, keep + BACK)
        self.pictures = {rank: frame for rank, frame in self.pictures.items() if keep >= 0 and rank in near}

    def close(self) -> None:
        """Close the file."""
        if self._coming is not None:
            with contextlib.suppress(Exception):
                self._coming.close()  # type: ignore[attr-defined]
        self._coming = None

    def _enter(self, rank: int) -> None:
        self.close()
        back = BACK if rank + 1 in self.pictures else 1
        first = max(0, rank - back)
        self._coming = self.recording.frames(first, len(self.recording.pts), threads="SLICE")
        self._next = first

    def _go_on(self, rank: int) -> None:
        while self._coming is not None and self._next <= rank and rank not in self.pictures:
            found = next(self._coming, None)
            if found is None:
                self.close()
                return
            self._next = found[0] + 1
            self.pictures[found[0]] = found[1]
            if found[0] >= rank:
                return


_REELS: OrderedDict[tuple[Any, ...], Reel] = OrderedDict()


def view(job: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> tuple[dict[str, Any], list[bytes]]:
    """The picture shown at an instant, masked and cropped, as a JPEG for eyes."""
    place = job["place"]
    report({"stage": "frames", "file": place["name"]})
    recording = recording_at(place)
    rank = recording.between(recording.zero, int(job["at"]) + 1)[1] - 1
    if rank < 0:
        raise SourceError(f"{place['name']} shows no picture there yet", "Ask for a later instant.")
    frame = _reel(recording, rank).picture(rank)
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


def _reel(recording: Recording, rank: int) -> Reel:
    key = (str(recording.path), recording.zero, recording.name)
    reel = _REELS.pop(key, None)
    if reel is not None and (reel.recording is not recording or reel.state != _state(recording)):
        reel.close()
        reel = None
    reel = reel or Reel(recording)
    _REELS[key] = reel
    while len(_REELS) > MOST_OPEN:
        _REELS.popitem(last=False)[1].close()
    if sum(map(_bytes, _REELS.values())) > MOST_BYTES:
        for other in _REELS.values():
            other.forget(rank if other is reel else -1)
    return reel


def _state(recording: Recording) -> tuple[int, int]:
    info = recording.path.stat()
    return info.st_size, info.st_mtime_ns


def _bytes(reel: Reel) -> int:
    one = next(iter(reel.pictures.values()), None)
    return 0 if one is None else len(reel.pictures) * sum(plane.buffer_size for plane in one.planes)


def _shown_size(frame: VideoFrame, rotation: int, aspect: Fraction) -> tuple[int, int]:
    """Width and height of the upright picture with square pixels."""
    wide, high = max(1, round(frame.width * (aspect if aspect > 0 else 1))), frame.height
    return (high, wide) if rotation % 180 else (wide, high)


def _type(frame: VideoFrame) -> str:
    kind = PictureType(frame.pict_type).name
    return kind if kind in ("I", "P", "B") else "?"
