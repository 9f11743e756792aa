"""One exact frame as a JPEG file or as a one-page pdf."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench.core.errors import SourceError
from workbench.core.plan import ExportPlan
from workbench.core.result import Ledger, LedgerEntry, OutputFile
from workbench.core.timebase import shown, zone
from workbench.media import captions, naming, still
from workbench.media.measure import library_versions, sha256
from workbench.media.planner import recording_at
from workbench.media.retouch import Retouch, TimedMask, stamper

Report = Callable[[dict[str, Any]], None]


class StillExport:
    """One run of a plan that makes one picture."""

    def __init__(self, job: dict[str, Any], report: Report) -> None:
        self.plan = ExportPlan.from_data(job["plan"])
        self.job, self._report = job, report
        self.segment = self.plan.segments[0]
        place = next(p for p in job["places"] if p["name"] == self.segment.file)
        self.recording = recording_at(place)
        self.rank = int(self.recording.pts.searchsorted(self.segment.first_pts))
        self.us = int(self.recording.us[self.rank])
        self.stamp = stamper(self.plan.spec, zone(job["zone"]), self.plan.dated)
        timed = [
            TimedMask(mask, begin, end)
            for mask, (begin, end) in zip(self.plan.spec.masks, job["mask_ranges"], strict=True)
        ]
        facts, rotation = self.recording.index.facts, self.recording.index.rotation
        self.retouch = Retouch(self.plan.spec, facts, rotation, timed, self.stamp)
        self.files: list[OutputFile] = []

    def run(self) -> dict[str, Any]:
        """Make the picture; returns the result as plain data."""
        spec = self.plan.spec
        name = naming.picture(spec.source, self.us, self.plan.dated, spec.format)
        naming.refuse_taken(Path(self.job["out"]), name)
        frame = next((f for _, f in self.recording.frames(self.rank, self.rank + 1)), None)
        if frame is None:
            raise SourceError(
                f"{self.recording.path}: the picture at {shown(self.us, self.plan.dated)} cannot be decoded",
                "The recording is damaged there; take a neighbouring picture.",
            )
        changed, fate = self.retouch.apply(frame, self.us)
        path = Path(self.job["scratch"]) / f"still.{spec.format}"
        notes = self._write(path, changed)
        digest, size = sha256(path), path.stat().st_size
        final = naming.publish(path, Path(self.job["out"]), name)
        self.files.append(
            OutputFile(
                path=str(final),
                kind="picture" if spec.format == "jpg" else "page",
                sha256=digest,
                size=size,
                frames_shown=1,
                frames_contained=1,
                first=self.us,
                last=self.us,
            )
        )
        return self._result(fate, notes)

    def captions(self) -> list[tuple[str, str]]:
        """The picture's file and its captions: one cue of one second."""
        cue = captions.cues([captions.Shown(0, 1_000_000, self.us)], self.stamp, self.plan.spec.comment)
        return [(self.files[0].path, captions.vtt(cue, caption_notes(self.job, self.plan)))]

    def _write(self, path: Path, frame: Any) -> tuple[str, ...]:
        spec, aspect = self.plan.spec, self.retouch.aspect
        turn = self.retouch.rotation
        notes = self.retouch.notes
        if spec.format == "jpg":
            path.write_bytes(still.jpeg(frame, spec.video_quality, turn, aspect))
        else:
            from workbench.media.page import write_page  # reportlab is slow to load, and few exports need it

            notes += write_page(
                path,
                still.rgb(frame, turn),
                stamp=self.stamp(self.us),
                comment=spec.comment,
                snapshot_area=spec.snapshot_area,
                stamp_area=spec.stamp_area,
                comment_area=spec.comment_area,
                layout=spec.layout,
                color=spec.text_color,
                facts=self._facts(),
                aspect=1 / aspect if turn in (90, 270) else aspect,
                title=self.job["camera"],
            )
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        return notes

    def _facts(self) -> dict[str, str]:
        base = self.recording.index.time_base
        return {
            "Camera": self.job["camera"],
            "Recording": self.recording.name,
            "Time of the frame": shown(self.us, self.plan.dated),
            "PTS": f"{int(self.recording.pts[self.rank])} × {base} s",
        }

    def _result(self, fate: str, notes: tuple[str, ...]) -> dict[str, Any]:
        pts = int(self.recording.pts[self.rank])
        entry = LedgerEntry(
            file=self.recording.name,
            fate=fate,
            first=self.us,
            last=self.us,
            frames=1,
            first_pts=pts,
            last_pts=pts,
            reason=self.segment.reason,
        )
        spec = self.plan.spec
        quality = {"encoder": "mjpeg", "qscale": str(still.QSCALES[spec.video_quality])} if spec.format == "jpg" else {}
        return {
            "files": [asdict(f) for f in self.files],
            "ledger": Ledger(**{fate: 1}).to_json(),
            "entries": [asdict(entry)],
            "sources": [],
            "gaps": [],
            "encoder": quality,
            "versions": library_versions(),
            "warnings": list(dict.fromkeys([*self.plan.warnings, *notes])),
        }


def caption_notes(job: dict[str, Any], plan: ExportPlan) -> list[str]:
    """What stands on top of a .vtt file: camera, zone, and whether the times are dated."""
    zone_line = (
        f"Times are wall-clock times in {job['zone']}."
        if plan.dated
        else ("Nobody says when this was recorded: times count from the source's first picture.")
    )
    return [f"Camera: {job['camera']}", zone_line]
