"""What a picture of an export should look like: the source's picture, masked, cropped and written on again.

    rebuilder = Rebuilder(spec, timed, stamp)
    for rank, frame in recording.frames(low, high): rebuilder.picture(recording, rank, frame, "h264")

The same code paints as in the export (`retouch`); which samples a mask must cover is asked of `masks` itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame

from workbench.core.spec import ExportSpec
from workbench.media import colors, still
from workbench.media.likeness import Picture, Region
from workbench.media.masks import Cover, MaskPlan
from workbench.media.planes import Box
from workbench.media.recording import Recording
from workbench.media.retouch import Retouch, Stamper
from workbench.media.timed import Active, TimedMask, in_force

REGIONS_KEPT = 8


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """One picture as it should be."""

    picture: Picture
    source: VideoFrame
    """The decoded frame that it was made of."""
    beneath: Picture | None = None
    """The same without masks; None where none is in force."""
    region: Region | None = None
    """The pixels of the output picture that the masks cover; None where none is in force."""

    def covers(self, at: tuple[int, int]) -> bool:
        """Whether masks reach into the square that begins at that row and column."""
        return self.region is not None and self.region.reaches(at)


class Rebuilder:
    """Makes the pictures of one export again."""

    def __init__(self, spec: ExportSpec, timed: Sequence[TimedMask], stamp: Stamper) -> None:
        self.spec, self._timed, self._stamp = spec, tuple(timed), stamp
        self._bare = replace(spec, masks=())
        self._known: dict[tuple[str, int, bool], Retouch] = {}
        self._regions: dict[tuple[object, ...], Region] = {}

    def active(self, us: int, until: int) -> Active:
        """The masks in force at any instant of a picture shown from `us` until `until`."""
        return in_force(self._timed, us, until)

    def picture(self, recording: Recording, rank: int, frame: VideoFrame, codec: str) -> Rebuilt:
        """The picture that the encoder of `codec` got for a decoded frame."""
        active = self.active(int(recording.us[rank]), recording.until(rank))
        picture = self._coded(self.retouch(recording, rank), recording, rank, frame, codec)
        if not active:
            return Rebuilt(picture, frame)
        beneath = self._coded(self.retouch(recording, rank, bare=True), recording, rank, frame, codec)
        turned = codec == "mjpeg" and self.spec.format not in ("mp4", "mkv")
        return Rebuilt(picture, frame, beneath, self.region(recording, rank, frame, active, turned=turned))

    def still(self, recording: Recording, rank: int, frame: VideoFrame, until: int) -> tuple[Rebuilt, VideoFrame]:
        """The upright picture of a jpg, and the frame that a page shows."""
        us, turn = int(recording.us[rank]), recording.index.rotation
        changed, _ = self.retouch(recording, rank).apply(frame, us, until)
        picture, active = Picture.of(still.jfif(changed, turn)), self.active(us, until)
        if not active:
            return Rebuilt(picture, frame), changed
        bare, _ = self.retouch(recording, rank, bare=True).apply(frame, us, until)
        region = self.region(recording, rank, frame, active, turned=True)
        return Rebuilt(picture, frame, Picture.of(still.jfif(bare, turn)), region), changed

    def retouch(self, recording: Recording, rank: int, *, bare: bool = False) -> Retouch:
        """The changes for pictures of that rank's shape; `bare` leaves the masks out."""
        key = (recording.name, int(recording.index.rows["config"][recording.shown[rank]]), bare)
        if key not in self._known:
            spec, timed = (self._bare, ()) if bare else (self.spec, self._timed)
            facts, rotation = recording.facts_at(rank), recording.index.rotation
            self._known[key] = Retouch(spec, facts, rotation, timed, self._stamp)
        return self._known[key]

    def region(self, recording: Recording, rank: int, frame: VideoFrame, active: Active, *, turned: bool) -> Region:
        """The pixels of the output picture that masks cover; `turned` where it stands upright."""
        retouch = self.retouch(recording, rank)
        shape = (frame.width, frame.height, recording.index.rotation, frame.format.name)
        turns = colors.right_angle(recording.index.rotation) // 90 if turned else 0
        if active.moving:
            return _region(MaskPlan(*shape).cover_for(active.resting, active.moving), retouch.box, turns)
        key = (*shape, retouch.box, turned, tuple(map(id, active.resting)))  # the masks live as long as this does
        if key not in self._regions:
            self._regions[key] = _region(MaskPlan(*shape).cover_for(active.resting), retouch.box, turns)
            if len(self._regions) > REGIONS_KEPT:
                del self._regions[next(iter(self._regions))]
        return self._regions[key]

    def _coded(self, retouch: Retouch, recording: Recording, rank: int, frame: VideoFrame, codec: str) -> Picture:
        changed, _ = retouch.apply(frame, int(recording.us[rank]), recording.until(rank), codec)
        form = retouch.picture(Fraction(1, 1000), codec).pix_fmt
        return Picture.of(changed if changed.format.name == form else changed.reformat(format=form))


def _region(cover: Cover, box: Box | None, turns: int) -> Region:
    """What a cover hides of the kept `box`, turned counter-clockwise by so many right angles."""
    pixels = cover.pixels
    if box is not None:
        x, y, width, height = box
        pixels = pixels[y : y + height, x : x + width]
    return Region(np.rot90(pixels, turns))
