"""The video job, run in the worker: a plan becomes files in the scratch folder, complete and measured.

For each part: open the file, let its pictures flow in, close it, open it again and measure. Where decoding through a
joint does not give what decoding from it gives, the part is made once more with all its pictures coded anew, and the
result says so. Nothing gets its final name here: `exporting` does that once everything is right.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from workbench.core.errors import WorkError
from workbench.core.plan import ExportPlan, Mode, Segment
from workbench.core.result import OutputFile
from workbench.core.timebase import Range, zone
from workbench.media import habits, joints, naming
from workbench.media.audio import audio_span
from workbench.media.beside import Look
from workbench.media.captions import vtt
from workbench.media.clock import Clock
from workbench.media.coded import Placed, Stream
from workbench.media.delivery import Ready, caption_notes
from workbench.media.index import scan_rows
from workbench.media.ledger import Book
from workbench.media.measure import DECODE_BUDGET, Measured, decode_again, measure, sha256
from workbench.media.places import recording_at
from workbench.media.recording import Recording
from workbench.media.retouch import Retouch, caption_stamper, stamper
from workbench.media.timed import of_job
from workbench.media.writer import Writer, Written

Report = Callable[[dict[str, Any]], None]


_ASKED = 24
"""Copied pictures without a picture of which the recording is asked whether it has one."""


class JointFault(WorkError):
    """A decoder does not take a joint as it should."""


class Export:
    """One run of a plan that makes video files."""

    def __init__(self, job: dict[str, Any], report: Report) -> None:
        self.plan = ExportPlan.from_data(job["plan"])
        self.spec, self.wanted = self.plan.spec, Range(job["begin"], job["end"])
        self.scratch = Path(job["scratch"])
        self.job, self._report = job, report
        self.recordings = {place["name"]: recording_at(place) for place in job["places"]}
        self.placed = [self._place(segment) for segment in self.plan.segments]
        stamp = stamper(self.spec, zone(job["zone"]), self.plan.dated)
        self._stamp, self._caption_stamp = stamp, caption_stamper(self.spec, stamp, self.plan.dated)
        self.timed = of_job(self.spec.masks, job)
        self.book = Book(self.plan)
        self.ready: list[Ready] = []
        """Complete files in the scratch folder, measured."""
        self.warnings: list[str] = list(self.plan.warnings)
        self.encoder: dict[str, Any] = {}
        self._done, self._all = 0, max(1, sum(s.frames for s in self.plan.segments))
        self._numbers = self._kept_numbers()
        self.numbers = count()

    def run(self) -> None:
        """Make all parts."""
        for number in sorted({s.part for s, *_ in self.placed}):
            placed = [p for p in self.placed if p[0].part == number]
            done, made = self._done, len(self.ready)
            try:
                self._part(placed)
            except JointFault as fault:
                self.warnings.append(f"{fault.message}: part {number + 1} is coded anew as a whole")
                self._done, self.ready = done, self.ready[:made]
                placed = [(_encoded(s, self.spec, r), r, low, high) for s, r, low, high in placed]
                others = [s for s in self.book.segments if s.part != number]
                self.book.segments = [*others, *(s for s, *_ in placed)]
                self._part(placed)
        self.book.add_missing(self.recordings.values(), self.wanted)

    def account(self) -> dict[str, Any]:
        """Ledger and entries, as plain data."""
        return {"ledger": self.book.ledger().to_json(), "entries": [asdict(e) for e in self.book.entries()]}

    def _place(self, segment: Segment) -> Placed:
        recording = self.recordings[segment.file]
        low = int(recording.pts.searchsorted(segment.first_pts))
        planned = (segment.first_pts, segment.last_pts)
        if (*recording.pts[low : low + 1], *recording.pts[low + segment.frames - 1 :][:1]) != planned:
            raise WorkError(f"{segment.file} is not what it was when the export was planned", "Plan it again.")
        return segment, recording, low, low + segment.frames

    def _kept_numbers(self) -> dict[tuple[str, int], int]:
        """Number of the first picture of each stretch among all in the range, for the divisor."""
        numbers, before = {}, 0
        for segment, _, low, _ in self.placed:
            numbers[segment.file, low] = before
            before += segment.frames
        return numbers

    def _part(self, placed: list[Placed]) -> None:
        stretches = _stretches(placed)
        clock = Clock(stretches, self.spec.gaps == "collapse", slots=self.spec.format == "avi")
        if clock.joined_gaps:
            self.warnings.append(
                f"{clock.joined_gaps} gaps are too long for AVI's slots: the pictures are joined there"
            )
        first = placed[0][1]
        facts = first.facts_at(placed[0][2])
        retouch = Retouch(self.spec, facts, first.index.rotation, self.timed, self._stamp)
        stream = Stream(placed, self.spec, clock, retouch, self._keeps)
        look = Look(stretches, clock, self.wanted, self._caption_stamp, self.spec.comment)
        writer = Writer(self, stream, look, placed)
        try:
            for item in stream.items():
                writer.add(item)
                self._done += 1
                if self._done % 16 == 0:
                    self._tell(item.recording, item.rank)
            writer.finish()
        except BaseException:
            writer.abandon()
            raise
        self.book.lost(stream.lost)
        self.warnings += retouch.notes
        made = {"video": stream.encoder, "sound": writer.sound_settings}
        if any(made.values()):
            self.encoder[f"part {placed[0][0].part + 1}"] = {name: how for name, how in made.items() if how}

    def _keeps(self, recording: Recording, low: int, rank: int) -> bool:
        """Whether the divisor keeps a picture of the stretch that begins at rank `low`."""
        if self.spec.rate_divisor == 1:
            return True
        kept = (self._numbers[recording.name, low] + rank - low) % self.spec.rate_divisor == 0
        if not kept:
            self.book.dropped(recording, rank)
            self._done += 1
        return kept

    def _tell(self, recording: Recording, rank: int) -> None:
        """Report progress: nine tenths for writing, the rest for measuring."""
        fraction = 0.9 * min(1.0, self._done / self._all)
        where = {"file": recording.name, "position": rank}
        self._report({"stage": "export", "frames": self._done, "fraction": fraction, **where})

    def finished(self, written: Written) -> None:
        """Measure a complete file."""

        def tell(done: int) -> None:
            where = {"file": written.path.name, "position": done}
            fraction = 0.9 * min(1.0, self._done / self._all)
            self._report({"stage": "measure", "frames": self._done, "fraction": fraction, **where})

        index = scan_rows(written.path)
        finished = Recording(written.path.name, written.path, index, 0)
        found = measure(finished, written.codec, written.digests, tell)
        _compare_times(found, written, joined=written.joined)
        problems, words = joints.faults(finished, written.joints, tell)
        if problems:
            raise JointFault("; ".join(problems[:3]))
        found.checks += [words] if words else []
        if written.size * len(written.ticks) <= DECODE_BUDGET:
            self._decoded(finished, written, found, tell)
        else:
            found.checks.append("decoding the whole file again: not checked")
            self.warnings.append("decoding the whole finished file again: not checked (it is long); joints were")
        if found.problems:
            advice = "Nothing was kept. Please report this."
            raise WorkError("the finished file is not right: " + "; ".join(found.problems[:5]), advice)
        self.ready.append(self._made(written, found, sha256(written.path, tell)))

    def _decoded(self, finished: Recording, written: Written, found: Measured, tell: Callable[[int], None]) -> None:
        """Decode a finished file whole. What was copied and does not decode is as undecodable in the recording."""
        silent = decode_again(finished, tell)
        ours = [row for row in silent if not written.digests[row]]
        if ours:
            found.problems.append(
                f"{len(ours)} pictures that were coded anew do not decode, the first is picture {ours[0]}"
            )
            return
        whole = [place for place in map(written.place, silent[:_ASKED]) if _decodes(*place)]
        if whole:
            raise JointFault(
                f"{len(whole)} copied pictures decode in {whole[0][0].name} and not in the file made of them"
            )
        for row in silent:
            self.book.lost([written.place(row)])
        found.shown -= len(silent)
        found.checks.append(
            f"all {found.contained} pictures decode"
            if not silent
            else (f"{found.contained - len(silent)} of {found.contained} pictures decode")
        )
        if silent:
            self.warnings.append(f"{len(silent)} copied pictures do not decode: they are damaged in the recording")

    def _made(self, written: Written, found: Measured, digest: str) -> Ready:
        name = naming.video(self.spec.source, written.first, written.last, self.plan.dated, self.spec.format)
        size = written.path.stat().st_size
        if self.spec.size_limit and size > self.spec.size_limit:
            why = "one group of pictures alone" if written.groups < 2 else "what stands beside its pictures"
            self.warnings.append(f"{name}: {why} makes it larger than {self.spec.size_limit} bytes")
        sound = audio_span(written.path)
        file = OutputFile(
            path=name,
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
        return Ready(written.path, file, vtt(written.cues, caption_notes(self.job, self.plan)))


def _decodes(recording: Recording, rank: int) -> bool:
    return any(True for _ in recording.frames(rank, rank + 1))


def _encoded(segment: Segment, spec: Any, recording: Recording) -> Segment:
    if segment.mode is Mode.ENCODE:
        return segment
    codec = habits.target_codec(spec, recording.index.facts)
    reason = "copied pictures would not decode rightly beside re-encoded ones"
    return replace(segment, mode=Mode.ENCODE, packets=None, codec=codec, reason=reason)


def _stretches(placed: list[Placed]) -> list[tuple[Recording, int, int]]:
    """One stretch [low, high) for each recording of a part."""
    out: list[tuple[Recording, int, int]] = []
    for _, recording, low, high in placed:
        if out and out[-1][0] is recording:
            out[-1] = (recording, out[-1][1], high)
        else:
            out.append((recording, low, high))
    return out


def _compare_times(found: Measured, written: Written, joined: int = 0) -> None:
    """Each picture's time in the file must be the one meant, to the container's tick."""
    meant, got = np.sort(np.frombuffer(written.ticks, np.int64)), np.sort(found.ticks)
    if len(meant) != len(got):
        return
    apart = np.abs((got - got[0]) * float(found.time_base) - (meant - meant[0]) * float(written.time_base))
    if apart.max() > float(found.time_base) * 1.001:
        found.problems.append(f"picture {int(apart.argmax())} stands {apart.max():.6f} s from where it was meant to")
    else:
        said = f"each picture's time is the source's to one tick of the container ({found.time_base} s)"
        found.checks.append(f"{said}, but for {joined} gaps that were joined" if joined else said)
