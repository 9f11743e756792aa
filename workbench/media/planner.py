"""The planner: a spec on a time line → segments with reasons, and a word on each field of the spec.

Pure but for reading stored indexes. The job is the plain data that `archives.running` makes: the spec, its range in
microseconds, the mask ranges, the gaps, and the places (recordings with their start on the time line).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from workbench.core.coverage import Gap
from workbench.core.plan import ExportPlan, Mode, Segment
from workbench.core.spec import ExportSpec
from workbench.core.timebase import SECOND, Range
from workbench.media import cut, habits, mask_keys
from workbench.media.beside import sound_plan
from workbench.media.clock import MICROSECOND
from workbench.media.fields import field_plans
from workbench.media.places import recording_at
from workbench.media.probe import VideoFacts
from workbench.media.recording import Recording


def plan(job: dict[str, Any]) -> ExportPlan:
    """Segments, fields and warnings for a job; no segments where no picture lies in the range."""
    spec = ExportSpec.from_json(job["spec"])
    wanted = Range(job["begin"], job["end"])
    mask_keys.check(job)
    if spec.format == "exe":
        fields = tuple(field_plans(spec, [], []))
        return ExportPlan(spec=spec, range=wanted, dated=bool(job["dated"]), segments=(), fields=fields)
    segments: list[Segment] = []
    warnings: list[str] = list(job.get("notes", ()))
    extra = 0
    recordings = [(recording_at(place), int(place["used_from"])) for place in job["places"]]
    for recording, used_from in recordings:
        low, high = _ranks(recording, spec, wanted, used_from)
        warnings += _overlap_note(recording, wanted, used_from)
        if low >= high and recording.end > wanted.begin:
            continue
        warnings += [f"{recording.name}: {loss.text} ({loss.witness})" for loss in recording.index.losses]
        if low >= high:
            continue
        part = _part(segments, recording, recordings, spec)
        floor = recording.between(used_from, wanted.end)[0]
        for first, last in _same_headers(recording, low, high):
            runs, more = _runs(recording, spec, first, last, job["mask_ranges"], floor)
            extra += more
            segments += [_segment(recording, spec, run, part) for run in runs]
            part += 1
    if spec.is_frame:
        segments = segments[-1:]
    warnings += _idle_masks(recordings, spec, wanted, job["mask_ranges"])
    warnings += mask_keys.notes(spec.masks, job.get("key_frames", ()))
    recordings = [one for one in recordings if one[0].end > wanted.begin or spec.is_frame]
    facts = [recording.index.facts for recording, _ in recordings]
    sound = None
    if spec.audio == "keep" and not spec.is_frame and any(f.audio for f in facts):
        sound = sound_plan([recording for recording, _ in recordings], spec.format, spec.audio_quality)
        warnings += sound.warnings
        warnings += [
            f"{recording.name}: its clock was set back, so its sound has no sure place beside the pictures: left out"
            for recording, _ in recordings
            if recording.index.set_back and recording.index.facts.audio
        ]
    return ExportPlan(
        spec=spec,
        range=wanted,
        dated=bool(job["dated"]),
        segments=tuple(segments),
        fields=tuple(field_plans(spec, facts, segments, sound)),
        gaps=tuple(Gap(begin=b, end=e, witness=w) for b, e, w in job["gaps"]),
        extra_frames=extra,
        audio=sound.words if sound is not None else _no_sound(spec, facts),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _idle_masks(
    recordings: list[tuple[Recording, int]], spec: ExportSpec, wanted: Range, ranges: list[list[int | None]]
) -> list[str]:
    """A word on each mask that covers nothing: it was meant to cover something."""
    held = [(recording, *_ranks(recording, spec, wanted, used_from)) for recording, used_from in recordings]
    idle = [
        number
        for number, timed in enumerate(ranges, 1)
        if not any(_touched(recording, low, high, [timed]) for recording, low, high in held)
    ]
    return [f"mask {number} covers no picture: its own time range holds none of the range's" for number in idle]


def _ranks(recording: Recording, spec: ExportSpec, wanted: Range, used_from: int) -> tuple[int, int]:
    if spec.is_frame:
        rank = recording.between(recording.zero, wanted.begin + 1)[1] - 1
        return (rank, rank + 1) if rank >= 0 else (0, 0)
    return recording.between(max(wanted.begin, used_from), wanted.end)


def _overlap_note(recording: Recording, wanted: Range, used_from: int) -> list[str]:
    low, high = recording.between(wanted.begin, min(used_from, wanted.end)) if used_from > recording.zero else (0, 0)
    if low >= high:
        return []
    return [f"{recording.name}: {high - low} pictures lie where an earlier file is still recording; they are left out"]


def _same_headers(recording: Recording, low: int, high: int) -> list[tuple[int, int]]:
    """[low, high) divided where the stream's parameter sets change."""
    config = recording.index.rows["config"][recording.shown[low:high]]
    borders = [low, *(np.flatnonzero(np.diff(config)) + low + 1).tolist(), high]
    return list(itertools.pairwise(borders))


def _runs(
    recording: Recording, spec: ExportSpec, low: int, high: int, mask_ranges: list[list[int | None]], floor: int
) -> tuple[list[cut.Run], int]:
    """Runs for [low, high), and how many pictures more they hold; none before `floor`, which an earlier file shows."""
    facts = recording.facts_at(low)
    if spec.is_frame:
        return [cut.Run(Mode.ENCODE, low, high, f"one exact frame as {spec.format}")], 0
    reason = habits.why_all_encoded(spec, facts, recording.index.rotation)
    touched = _touched(recording, low, high, mask_ranges)
    if reason is not None:
        return _split_by_masks(low, high, touched, reason), 0
    more = 0
    if spec.cut == "keyframe":
        first, last = cut.keyframe_range(recording, low, high)
        first = first if first >= floor else low
        more = (low - first) + (last - high)
        low, high = first, last
        touched = _touched(recording, low, high, mask_ranges)
    return cut.divide(recording, low, high, touched, habits.joinable(spec, facts)), more


def _touched(recording: Recording, low: int, high: int, ranges: list[list[int | None]]) -> list[cut.Touched]:
    """The ranks under masks, as a list of stretches that neither overlap nor touch."""
    found = []
    for begin, end in ranges:
        first, last = recording.between(
            recording.zero if begin is None else begin, recording.end if end is None else end
        )
        if begin is not None and first > 0 and recording.until(first - 1) > begin:
            first -= 1  # the picture that is on screen when the mask begins
        first, last = max(first, low), min(last, high)
        if first < last:
            found.append((first, last))
    out: list[cut.Touched] = []
    for first, last in sorted(found):
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], last), "masked")
        else:
            out.append((first, last, "masked"))
    return out


def _split_by_masks(low: int, high: int, touched: list[cut.Touched], reason: str) -> list[cut.Run]:
    runs, at = [], low
    for first, last, why in touched:
        if at < first:
            runs.append(cut.Run(Mode.ENCODE, at, first, reason))
        runs.append(cut.Run(Mode.ENCODE, first, last, f"{why}; {reason}"))
        at = last
    if at < high:
        runs.append(cut.Run(Mode.ENCODE, at, high, reason))
    return runs


def _segment(recording: Recording, spec: ExportSpec, run: cut.Run, part: int) -> Segment:
    facts = recording.index.facts
    return Segment(
        file=recording.name,
        mode=run.mode,
        begin=int(recording.us[run.low]),
        last=int(recording.us[run.high - 1]),
        first_pts=int(recording.pts[run.low]),
        last_pts=int(recording.pts[run.high - 1]),
        frames=run.high - run.low,
        codec=facts.codec if run.mode is Mode.COPY else habits.target_codec(spec, facts),
        reason=run.reason,
        packets=run.rows,
        part=part,
    )


def _part(
    segments: list[Segment], recording: Recording, recordings: list[tuple[Recording, int]], spec: ExportSpec
) -> int:
    """Number of the output file: a new one where picture shape or coding changes; nothing is rescaled silently."""
    if not segments:
        return 0
    before = next(r for r, _ in recordings if r.name == segments[-1].file)
    new = not _alike(before, recording) or spec.size_limit > 0
    return segments[-1].part + (
        new or (spec.format == "mp4" and spec.gaps == "keep" and _too_far(segments, recording, recordings))
    )


def _too_far(segments: list[Segment], recording: Recording, recordings: list[tuple[Recording, int]]) -> bool:
    """Whether a gap would be longer than MP4 can tell: a picture lasts less than 2^31 ticks there."""
    placed = [s for s in segments if s.part == segments[-1].part]
    names = {recording.name, *(s.file for s in placed)}
    bases = {r.index.time_base for r, _ in recordings if r.name in names}
    base = bases.pop() if len(bases) == 1 else MICROSECOND
    begins = [*(s.begin for s in placed[1:]), recording.zero]
    return any(begin - s.last > (2**31 - 1) * base * SECOND for s, begin in zip(placed, begins, strict=True))


def _alike(one: Recording, other: Recording) -> bool:
    a, b = one.index, other.index
    shape_a = (a.facts.codec, a.facts.width, a.facts.height, a.facts.pix_fmt, a.facts.sample_aspect_ratio, a.rotation)
    shape_b = (b.facts.codec, b.facts.width, b.facts.height, b.facts.pix_fmt, b.facts.sample_aspect_ratio, b.rotation)
    return shape_a == shape_b and a.configs == b.configs and len(a.configs) == 1


def _no_sound(spec: ExportSpec, facts: Sequence[VideoFacts]) -> str:
    codecs = list(dict.fromkeys(codec for f in facts for codec in f.audio))
    return f"left out ({', '.join(codecs)} in the source)" if codecs else "the source has no sound"
