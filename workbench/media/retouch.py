"""What is done to a decoded picture before it is coded anew: masks, crop, text, in this order.

Masks come before anything else looks at the pixels; crop and text never touch what the decoder still refers to.
Everything is done on the picture as it is coded; a container that cannot say «turn me» (AVI) gets it upright.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import tzinfo
from fractions import Fraction
from functools import lru_cache

from av.video.frame import VideoFrame

from workbench.core.errors import WorkError
from workbench.core.spec import DEFAULT_STAMP, ExportSpec
from workbench.core.stamp import render, render_offset
from workbench.core.timebase import SECOND
from workbench.media import colors, habits, masks, still
from workbench.media.encode import Picture, nearest_format
from workbench.media.overlay import Overlay, drawable
from workbench.media.planes import Box, chroma_shifts, fresh
from workbench.media.probe import VideoFacts
from workbench.media.timed import Active, TimedMask, in_force

Stamper = Callable[[int], str]
"""Instant in microseconds → time stamp."""


def stamper(spec: ExportSpec, zone: tzinfo, dated: bool) -> Stamper:
    """The time stamp of each picture by the spec's template; an offset from the first picture where undated."""
    template = spec.stamp_format or DEFAULT_STAMP

    def stamp(us: int) -> str:
        return render(template, us, zone) if dated else render_offset(template, us)

    return stamp


def caption_stamper(spec: ExportSpec, stamp: Stamper, dated: bool) -> Stamper:
    """The same stamps for captions, worked out once a second where the template shows no fraction of one.

    Undated captions count whole seconds: one cue a picture would tell no more than the pictures' own times do.
    """
    template = spec.stamp_format or DEFAULT_STAMP
    if dated and any(flag in template for flag in ("%f", "%F", "%s")):
        return stamp

    @lru_cache(maxsize=8)
    def at_second(second: int) -> str:
        return stamp(second * SECOND)

    return lambda us: at_second(us // SECOND)


class Retouch:
    """The changes a spec asks for, for pictures of one shape."""

    def __init__(
        self, spec: ExportSpec, facts: VideoFacts, rotation: int, timed: Sequence[TimedMask], stamp: Stamper
    ) -> None:
        self.spec, self.facts, self._timed, self._stamp = spec, facts, tuple(timed), stamp
        self.rotation = rotation
        self.aspect = facts.sample_aspect_ratio or Fraction(1)
        self._plans: dict[tuple[int, int, str], masks.MaskPlan] = {}
        self._box = self._crop_box()
        self._overlay: Overlay | None = None
        if habits.draws_stamp(spec) or habits.draws_comment(spec):
            comment = spec.comment if habits.draws_comment(spec) else ""
            width, height = self.size
            self._overlay = Overlay(width, height, rotation, color=spec.text_color, comment=comment, aspect=self.aspect)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of the drawn text."""
        return self._overlay.notes if self._overlay is not None else ()

    @property
    def box(self) -> Box | None:
        """The pixels of the coded picture that are kept, None for all of it."""
        return self._box

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the coded picture that comes out."""
        return (self._box[2], self._box[3]) if self._box is not None else (self.facts.width, self.facts.height)

    def picture(self, time_base: Fraction, codec: str) -> Picture:
        """The shape of the pictures that the encoder gets."""
        plain = Picture.of(self.facts, time_base)
        width, height = self.size
        if codec == "mjpeg":
            pix_fmt, turned = still.jfif_format(self.facts.pix_fmt, self.rotation), self._turns
            ratio = 1 / self.aspect if turned and self.rotation in (90, 270) else self.aspect
            if turned and self.rotation in (90, 270):
                width, height = height, width
            color = (2, *plain.color[1:3], 5)
            return replace(plain, width=width, height=height, sample_aspect_ratio=ratio, pix_fmt=pix_fmt, color=color)
        pix_fmt = nearest_format(codec, self.facts.pix_fmt)
        if width % 2 or height % 2:
            pix_fmt = "yuv444p"  # halved chroma needs even sizes, and nothing may be left out
        return replace(plain, width=width, height=height, pix_fmt=pix_fmt)

    def apply(self, frame: VideoFrame, us: int, until: int, codec: str = "") -> tuple[VideoFrame, str]:
        """The picture as it goes to the encoder of `codec`, and its fate: ``masked`` or ``reencoded``.

        It is shown from `us` until `until`; a mask in force at any instant of that covers it, one that moves in the
        shape it has at `us`.
        """
        if (frame.width, frame.height) != (self.facts.width, self.facts.height):
            raise WorkError(
                f"the picture at {us / 1e6:.3f} s is {frame.width}×{frame.height}, the recording's headers say "
                f"{self.facts.width}×{self.facts.height}",
                "Export the stretches before and behind the change one by one.",
            )
        active = in_force(self._timed, us, until)
        if active:
            frame = self._masked(frame, active)
        if self._box is not None:
            matrix = colors.matrix(frame)
            frame = masks.crop(frame, self._box)
            if self._turns and not frame.format.is_rgb:  # a guess from the height is made before the crop changes it
                frame.colorspace = matrix
        if self._overlay is not None:
            frame = drawable(frame)
            self._overlay.draw(frame, self._stamp(us) if habits.draws_stamp(self.spec) else "")
        elif not active and self._box is None:
            frame = fresh(frame)  # captions and other side data of the source stay out of re-encoded pictures
        if codec == "mjpeg":
            frame = still.jfif(frame, self.rotation if self._turns else 0)
        return frame, "masked" if active else "reencoded"

    @property
    def _turns(self) -> bool:
        return self.spec.format not in ("mp4", "mkv")

    def _crop_box(self) -> Box | None:
        if self.spec.crop is None:
            return None
        interlaced = self.facts.field_order not in ("progressive", "unknown")
        shifts = chroma_shifts(self.facts.pix_fmt)
        facts = self.facts
        return masks.crop_box(self.spec.crop, facts.width, facts.height, self.rotation, shifts, interlaced=interlaced)

    def _masked(self, frame: VideoFrame, active: Active) -> VideoFrame:
        key = (frame.width, frame.height, frame.format.name)
        if key not in self._plans:
            self._plans[key] = masks.MaskPlan(frame.width, frame.height, self.rotation, frame.format.name)
        return masks.apply(frame, self._plans[key].cover_for(active.resting, active.moving))
