"""One part's pictures into one file, or into several where a size limit says so, with sound and text beside them."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.plan import ExportPlan
from workbench.core.timebase import iso, shown
from workbench.media import habits
from workbench.media.audio import AudioMode
from workbench.media.beside import Beside, Look, sound_plan
from workbench.media.captions import Cue
from workbench.media.clock import Clock, Join
from workbench.media.coded import Item, Placed, Stream
from workbench.media.part import OVERHEAD, Part, encoder_template, source_template
from workbench.media.recording import Recording

if TYPE_CHECKING:
    from workbench.media.job import Export


@dataclass(slots=True)
class Written:
    """A file that is complete but not yet measured."""

    path: Path
    codec: str
    time_base: Fraction
    first: int
    last: int
    size: int
    """Pixels of one picture."""
    digests: list[bytes] = field(default_factory=list)
    ranks: array[int] = field(default_factory=lambda: array("q"))
    """Rank of each picture in its recording."""
    runs: list[tuple[int, Recording]] = field(default_factory=list)
    """Decode order numbers from which on pictures are a recording's."""
    ticks: array[int] = field(default_factory=lambda: array("q"))
    cues: list[Cue] = field(default_factory=list)
    joints: list[int] = field(default_factory=list)
    """Decode order numbers of pictures at which another making, or another recording, begins."""
    joined: int = 0
    """Gaps that the container could not hold."""
    groups: int = 0
    """Groups of pictures in it."""
    making: tuple[str, str] | None = None
    """Recording and making (copied or coded) of the last picture."""

    def place(self, row: int) -> tuple[Recording, int]:
        """Recording and rank of a picture."""
        return next(recording for first, recording in reversed(self.runs) if first <= row), self.ranks[row]

    def take(self, item: Item, at: int) -> None:
        """Note a picture that was written at `at` ticks."""
        making = (item.recording.name, "copied" if item.fate == "copied" else "coded")
        if making != self.making:
            if self.making is not None:
                self.joints.append(len(self.ticks))
            self.making = making
        if not self.runs or self.runs[-1][1] is not item.recording:
            self.runs.append((len(self.ranks), item.recording))
        self.ranks.append(item.rank)
        self.groups += item.key
        self.digests.append(item.digest)
        self.ticks.append(at)
        if item.us < self.first:
            self.first = item.us
        elif item.us > self.last:
            self.last = item.us


class Writer:
    """Puts a stream of coded pictures into one file, or into several where a size limit says so."""

    def __init__(self, export: Export, stream: Stream, look: Look, placed: list[Placed]) -> None:
        self.export, self.stream, self.look, self.placed = export, stream, look, placed
        self.clock = look.clock
        self._sound = None
        if export.spec.audio == "keep":
            self._sound = sound_plan(
                [recording for recording, _, _ in look.stretches], export.spec.format, export.spec.audio_quality
            )
        self._beside: Beside | None = None
        self._group: list[Item] = []
        self._part: Part | None = None
        self._written: Written | None = None
        self._zero = 0
        self._header = _HEADER + 16 * len(export.spec.comment.encode(errors="backslashreplace"))

    @property
    def sound_settings(self) -> dict[str, str]:
        """How the sound was coded anew; empty where it was not."""
        plan = self._sound
        if plan is None or plan.mode not in (AudioMode.AAC, AudioMode.PCM):
            return {}
        rate = {"bit_rate": str(plan.bit_rate)} if plan.bit_rate else {}
        return {"encoder": plan.codec, "rate": str(plan.rate), "layout": plan.layout, **rate}

    def add(self, item: Item) -> None:
        """Take the next picture; groups are held back until they are whole only where the size is limited."""
        if not self.export.spec.size_limit:
            self._put(item)
            return
        if item.key and self._group:
            self._flush_group()
        self._group.append(item)

    def finish(self) -> None:
        """Write what is held back and finish the last file."""
        if self._group:
            self._flush_group()
        self._close()

    def abandon(self) -> None:
        """Let go of an unfinished file and of what it was read from, after an error."""
        if self._part is not None:
            self._part.abandon()
        if self._beside is not None:
            self._beside.close()

    def _flush_group(self) -> None:
        limit = self.export.spec.size_limit
        size = sum(len(item.data) + OVERHEAD for item in self._group)
        if self._part is not None and self._part.size + size + self._sound_size() + self._header > limit:
            self._close(min(item.tick for item in self._group))
        for item in self._group:
            self._put(item)
        self._group = []

    def _sound_size(self) -> int:
        """What the sound of the group that waits may add: a megabit a second and a packet each 20 ms."""
        if self._sound is None or self._sound.mode is AudioMode.NONE:
            return 0
        ticks = [item.tick for item in self._group]
        seconds = float((max(ticks) - min(ticks) + self.clock.tail) * self.clock.time_base)
        return int(seconds * (200_000 + 50 * OVERHEAD))

    def _put(self, item: Item) -> None:
        if self._part is None:
            self._open(item)
        assert self._part is not None and self._written is not None and self._beside is not None
        self._beside.until(self.look.out_us(item.tick, self._zero))
        at = item.tick - self._zero
        self._part.video(item.data, at, item.lasts, item.key)
        self._written.take(item, at)
        self.export.book.wrote(item)

    def _open(self, item: Item) -> None:
        export, stream = self.export, self.stream
        self._zero = item.tick
        us = item.us
        path = export.scratch / f"part{next(export.numbers)}.{export.spec.format}"
        self._written = Written(
            path, stream.codec, self.clock.time_base, us, us, stream.picture.width * stream.picture.height
        )
        chapters = [] if export.spec.size_limit else _chapters(self.clock, export.plan, self._zero, item, self.placed)
        template = (
            source_template(stream.first.path)
            if stream.copies
            else encoder_template(stream.picture, stream.codec, export.spec.video_quality)
        )
        with template as pattern:
            self._part = Part(
                path,
                export.spec.format,
                pattern,
                stream.record,
                self.clock.time_base,
                rate=stream.rate,
                reorder=stream.reorder,
                picture=self.clock.tail,
                metadata=_metadata(export, us),
                chapters=chapters,
                size=(stream.picture.width, stream.picture.height),
                rotation=0 if stream.copies or export.spec.format == "avi" else stream.first.index.rotation,
            )
        track = habits.has_time_track(export.spec)
        self._beside = Beside(self._part, self.look, self._zero, self._sound, track=track)

    def _close(self, follows: int | None = None) -> None:
        """Finish the file; `follows` is the tick of the first picture of the next one, None behind the last."""
        if self._part is None or self._written is None or self._beside is None:
            return
        end = max(self._written.ticks) + self.clock.tail if follows is None else follows - self._zero
        notes = self._beside.finish(self.look.out_us(end + self._zero, self._zero), last=follows is None)
        self.export.warnings += notes
        self._part.close()
        written, self._written.cues = self._written, self._beside.written
        self._part = self._written = self._beside = None
        self.export.finished(written)


_HEADER = 65_536
"""Bytes set aside for headers, text tracks and chapters."""


def _metadata(export: Export, first: int) -> dict[str, str]:
    tags = {"title": export.job["camera"]}
    if export.spec.comment:
        tags["comment"] = export.spec.comment
    if export.plan.dated:
        tags["creation_time"] = iso(first)
    return tags


def _chapters(clock: Clock, plan: ExportPlan, zero: int, first: Item, placed: list[Placed]) -> list[dict[str, Any]]:
    """A chapter for each stretch between joins; none where there is no join."""
    joins = [j for j in clock.joins if j.tick > zero]
    if not joins:
        return []
    begin = Join(zero, first.us, first.recording.name, 0)
    _, recording, _, high = placed[-1]
    end = clock.tick(recording, high - 1) + clock.tail - zero
    out = []
    marks = [begin, *joins]
    for number, mark in enumerate(marks):
        stop = marks[number + 1].tick - zero if number + 1 < len(marks) else end
        gap = f", after a gap of {mark.gap / 1e6:.3f} s" if mark.gap > 0 else ""
        title = f"{shown(mark.us, plan.dated)} {mark.file}{gap}"
        base = clock.time_base
        out.append(
            {"id": number + 1, "start": mark.tick - zero, "end": stop, "time_base": base, "metadata": {"title": title}}
        )
    return out
