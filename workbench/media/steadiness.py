"""Does a recording decode to the same picture each time? Where it is damaged, decoders fill in what they have at hand.

What they fill in depends on where decoding began and on their threads, so a picture that was coded anew from a damaged
place cannot be rebuilt: nothing is claimed about it. A group of pictures is decoded a second time, from its own begin
and by one thread; unless that gives the same picture, and without an error, the group counts as unsteady.

    damage    the verb: is a recording steady from one PTS to another, and what do its witnesses say is damaged?
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame

from workbench.media.access import Entry
from workbench.media.index import scan
from workbench.media.recording import Recording
from workbench.media.snapshot import frame_sha256

_DAMAGE = frozenset({"container", "continuity counter", "decoder"})
"""Witnesses whose word means that bytes are missing or wrong."""


def damage(job: dict[str, Any], report: Callable[[dict[str, Any]], None]) -> tuple[dict[str, Any], list[bytes]]:
    """Why the pictures of ``path`` from PTS ``first`` to ``last`` may decode otherwise next time.

    Answers ``{"why": words}``, no words where they do not.
    """
    path = Path(job["path"])
    index = scan(path)
    said = [loss.text for loss in index.losses if loss.frames != 0 and loss.witness in _DAMAGE]
    if said:
        return {"why": f"{path.name}: {said[0]}"}, []
    recording = Recording(path.name, path, index, 0)
    low, high = (int(at) for at in np.searchsorted(recording.pts, [job["first"], job["last"] + 1]))
    low = min(low, max(0, int(recording.ranks[recording.entry_before(min(low, len(recording.pts) - 1))])))
    again = recording.frames(low, high, threads="NONE")
    for number, (rank, frame) in enumerate(recording.frames(low, high)):
        if number % 16 == 0:
            report({"stage": "steady", "file": path.name, "position": rank})
        other, second = next(again, (-1, None))
        errs = frame.is_corrupt or second is None or second.is_corrupt
        if errs or other != rank or second is None or frame_sha256(second) != frame_sha256(frame):
            return {"why": f"{path.name}: frame {rank} does not decode the same way twice"}, []
    return {"why": ""}, []


class Steadiness:
    """Keeps the second decoding of one group at a time: pictures are asked about in their order."""

    def __init__(self) -> None:
        self._group: tuple[str, int, int] | None = None
        self._again: dict[int, str] = {}

    def decodes(self, recording: Recording, rank: int, frame: VideoFrame) -> bool:
        """Whether the picture of a rank, which was decoded to `frame`, decodes to it again, without an error."""
        row = recording.entry_before(rank)
        low = min(rank, max(0, int(recording.ranks[row])))
        group = (recording.name, row, low)
        if self._group != group:
            self._group, self._again = group, _decoded(recording, low, _behind(recording, row, rank))
        return not frame.is_corrupt and self._again.get(rank) == frame_sha256(frame)


def _decoded(recording: Recording, low: int, high: int) -> dict[int, str]:
    """Digests by rank, up to the first picture that is decoded with an error: those behind may refer to it."""
    out = {}
    for rank, frame in recording.frames(low, high, threads="NONE"):
        if frame.is_corrupt:
            break
        out[rank] = frame_sha256(frame)
    return out


def _behind(recording: Recording, row: int, rank: int) -> int:
    """The first rank behind a group: that of the next entry."""
    rows = recording.index.rows
    later = np.flatnonzero((rows["entry"] >= Entry.CLOSED) & (recording.ranks > rank))
    later = later[later > row]
    return int(recording.ranks[later[0]]) if len(later) else len(recording.shown)
