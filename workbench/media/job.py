"""The export job, run in the worker: a plan becomes files.

For each part: open the file, let its pictures flow in, close it, open it again and measure, hash it, and only then give
it its final name. Unfinished files live in the scratch folder; a finished name is taken by a link that fails where
the name exists, so nothing is ever overwritten and no half file ever bears a final name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import WorkError
from workbench.core.plan import ExportPlan, Segment
from workbench.core.result import OutputFile
from workbench.core.timebase import Range, iso, shown, zone
from workbench.media import habits, naming
from workbench.media.audio import AudioMode, audio_span
from workbench.media.beside import Beside, Look, sound_plan
from workbench.media.captions import Cue, vtt
from workbench.media.clock import Clock, Join
from workbench.media.coded import Item, Stream
from workbench.media.ledger import Book
from workbench.media.measure import DECODE_BUDGET, Measured, decode_again, library_versions, measure, sha256
from workbench.media.part import OVERHEAD, Part, encoder_template, source_template
from workbench.media.planner import recording_at
from workbench.media.recording import Recording
from workbench.media.retouch import Retouch, TimedMask, caption_stamper, stamper
from workbench.media.stills import caption_notes

Report = Callable[[dict[str, Any]], None]
Placed = tuple[Segment, Recording, int, int]


@dataclass(slots=True)
class Written:
    """A file that is complete but not yet measured."""

    path: Path
    codec: str
    time_base: Fraction
    first: int
    last: int
    digests: list[bytes] = field(default_factory=list)
    ticks: list[int] = field(default_factory=list)
    pixels: int = 0
    cues: list[Cue] = field(default_factory=list)


class Export:
    """One run of a plan that makes video files."""

    def __init__(self, job: dict[str, Any], report: Report) -> None:
        self.plan = ExportPlan.from_data(job["plan"])
        self.spec, self.wanted = self.plan.spec, Range(job["begin"], job["end"])
        self.out, self.scratch = Path(job["out"]), Path(job["scratch"])
        self.job, self._report = job, report
        self.recordings = {place["name"]: recording_at(place) for place in job["places"]}
        self.placed = [self._place(segment) for segment in self.plan.segments]
        self.stamp = stamper(self.spec, zone(job["zone"]), self.plan.dated)
        self._caption_stamp = caption_stamper(self.spec, self.stamp, self.plan.dated)
        self.timed = [
            TimedMask(mask, begin, end) for mask, (begin, end) in zip(self.spec.masks, job["mask_ranges"], strict=True)
        ]
        self.book = Book(self.plan)
        self.files: list[OutputFile] = []
        self.warnings: list[str] = list(self.plan.warnings)
        self.encoder: dict[str, Any] = {}
        self._captions: list[tuple[str, str]] = []
        self._done, self._all = 0, max(1, sum(s.frames for s in self.plan.segments))
        self._numbers = self._kept_numbers()

    def run(self) -> dict[str, Any]:
        """All parts; returns the result as plain data."""
        for number in sorted({s.part for s, *_ in self.placed}):
            self._part([p for p in self.placed if p[0].part == number])
        self.book.add_missing(self.recordings.values(), self.wanted)
        return {
            "files": [asdict(f) for f in self.files],
            "ledger": self.book.ledger().to_json(),
            "entries": [asdict(e) for e in self.book.entries()],
            "sources": [],
            "gaps": [asdict(g) for g in self.plan.gaps],
            "encoder": self.encoder,
            "versions": library_versions(),
            "warnings": list(dict.fromkeys(self.warnings)),
        }

    def captions(self) -> list[tuple[str, str]]:
        """The finished files and the text of their captions."""
        return self._captions

    def _place(self, segment: Segment) -> Placed:
        recording = self.recordings[segment.file]
        low = int(recording.pts.searchsorted(segment.first_pts))
        return segment, recording, low, low + segment.frames

    def _kept_numbers(self) -> dict[tuple[str, int], int]:
        """Number of the first picture of each stretch among all in the range, for the divisor."""
        numbers, count = {}, 0
        for segment, _, low, _ in self.placed:
            numbers[segment.file, low] = count
            count += segment.frames
        return numbers

    def _part(self, placed: list[Placed]) -> None:
        stretches = _stretches(placed)
        clock = Clock(stretches, self.spec.gaps == "collapse", slots=self.spec.format == "avi")
        if clock.joined_gaps:
            self.warnings.append(
                f"{clock.joined_gaps} gaps are too long for AVI's slots: the pictures are joined there"
            )
        first = placed[0][1]
        retouch = Retouch(self.spec, first.index.facts, first.index.rotation, self.timed, self.stamp)
        stream = Stream(placed, self.spec, clock, retouch, self._keeps)
        look = Look(stretches, clock, self.wanted, self._caption_stamp, self.spec.comment)
        writer = Writer(self, stream, look, placed)
        for item in stream.items():
            writer.add(item)
            self._done += 1
            if self._done % 16 == 0:
                self.tell("export", item.recording, item.rank)
        writer.finish()
        self.book.lost(stream.lost)
        self.warnings += retouch.notes
        if stream.encoder:
            self.encoder[f"part {placed[0][0].part}"] = stream.encoder

    def _keeps(self, recording: Recording, rank: int) -> bool:
        if self.spec.rate_divisor == 1:
            return True
        starts = [(low, n) for (name, low), n in self._numbers.items() if name == recording.name and low <= rank]
        low, number = max(starts)
        kept = (number + rank - low) % self.spec.rate_divisor == 0
        if not kept:
            self.book.dropped(recording, rank)
        return kept

    def tell(self, stage: str, recording: Recording | None = None, rank: int = 0) -> None:
        """Report progress: nine tenths for writing, the rest for measuring."""
        fraction = 0.9 * min(1.0, self._done / self._all)
        where = {} if recording is None else {"file": recording.name, "position": rank}
        self._report({"stage": stage, "frames": self._done, "fraction": fraction, **where})

    def publish(self, written: Written) -> None:
        """Measure a complete file and give it its name."""
        found = measure(written.path, written.codec, written.digests, lambda n: self._measuring(written, n))
        _compare_times(found, written)
        if written.pixels <= DECODE_BUDGET:
            decode_again(written.path, found, lambda n: self._measuring(written, n))
        else:
            found.checks.append("decoding the whole file again: not checked")
        if found.problems:
            raise WorkError(
                "the finished file is not right: " + "; ".join(found.problems[:5]), "Report this; nothing was kept."
            )
        digest = sha256(written.path, lambda n: self._measuring(written, n))
        name = naming.video(self.spec.source, written.first, written.last, self.plan.dated, self.spec.format)
        size = written.path.stat().st_size
        sound = audio_span(written.path)
        final = naming.publish(written.path, self.out, name)
        self._captions.append((str(final), vtt(written.cues, caption_notes(self.job, self.plan))))
        self.files.append(
            OutputFile(
                path=str(final),
                kind="video",
                sha256=digest,
                size=size,
                frames_shown=found.shown,
                frames_contained=found.contained,
                first=written.first,
                last=written.last,
                checks=tuple(found.checks),
                audio_seconds=(sound[1] - sound[0]) / 1e6 if sound[2] else None,
            )
        )
        if self.spec.size_limit and size > self.spec.size_limit:
            self.warnings.append(f"{name}: one group of pictures alone is larger than {self.spec.size_limit} bytes")

    def _measuring(self, written: Written, done: int) -> None:
        self._report(
            {"stage": "measure", "frames": self._done, "fraction": 0.9, "file": written.path.name, "position": done}
        )


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

    def _flush_group(self) -> None:
        limit = self.export.spec.size_limit
        size = sum(len(item.data) + OVERHEAD for item in self._group)
        if self._part is not None and self._part.size + size + self._sound_size() + _HEADER > limit:
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
        lasts = self.clock.duration(item.recording, item.rank)
        self._part.video(item.data, item.tick - self._zero, lasts, item.key)
        self._written.digests.append(item.digest)
        self._written.ticks.append(item.tick - self._zero)
        us = int(item.recording.us[item.rank])
        self._written.first, self._written.last = min(self._written.first, us), max(self._written.last, us)
        facts = item.recording.index.facts
        self._written.pixels += facts.width * facts.height
        self.export.book.wrote(item)

    def _open(self, item: Item) -> None:
        export, stream = self.export, self.stream
        self._zero = item.tick
        us = int(item.recording.us[item.rank])
        path = export.scratch / f"part{len(export.files)}.{export.spec.format}"
        self._written = Written(path, stream.codec, self.clock.time_base, us, us)
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
        self.export.publish(written)


_HEADER = 65_536
"""Bytes set aside for headers, text tracks and chapters."""


def _stretches(placed: list[Placed]) -> list[tuple[Recording, int, int]]:
    """One stretch [low, high) for each recording of a part."""
    out: list[tuple[Recording, int, int]] = []
    for _, recording, low, high in placed:
        if out and out[-1][0] is recording:
            out[-1] = (recording, out[-1][1], high)
        else:
            out.append((recording, low, high))
    return out


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
    begin = Join(zero, int(first.recording.us[first.rank]), first.recording.name, 0)
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


def _compare_times(found: Measured, written: Written) -> None:
    """Each picture's time in the file must be the one meant, to the container's tick."""
    meant = np.sort(np.array(written.ticks, np.int64))
    got = np.sort(np.array(found.ticks, np.int64))
    if len(meant) != len(got):
        return
    apart = np.abs((got - got[0]) * float(found.time_base) - (meant - meant[0]) * float(written.time_base))
    if apart.max() > float(found.time_base) * 1.001:
        found.problems.append(f"picture {int(apart.argmax())} stands {apart.max():.6f} s from where it was meant to")
    else:
        found.checks.append(f"each picture's time is the source's to one tick of the container ({found.time_base} s)")
