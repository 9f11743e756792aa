"""One exact frame as a JPEG file or as a one-page pdf."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from workbench.core.errors import SourceError, WorkError
from workbench.core.plan import ExportPlan
from workbench.core.result import Ledger, LedgerEntry, OutputFile
from workbench.core.timebase import SECOND, shown, zone
from workbench.media import captions, naming, still
from workbench.media.delivery import Ready, caption_notes
from workbench.media.measure import sha256
from workbench.media.places import recording_at
from workbench.media.retouch import Retouch, stamper
from workbench.media.timed import of_job

BLACK, WHITE = "#000000", "#FFFFFF"
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
        timed = of_job(self.plan.spec.masks, job)
        facts, rotation = self.recording.facts_at(self.rank), self.recording.index.rotation
        self.retouch = Retouch(self.plan.spec, facts, rotation, timed, self.stamp)
        self.ready: list[Ready] = []
        self.warnings: list[str] = list(self.plan.warnings)
        self.fate = "reencoded"

    def run(self) -> None:
        """Make the picture."""
        spec = self.plan.spec
        frame = next((f for _, f in self.recording.frames(self.rank, self.rank + 1, threads="SLICE")), None)
        if frame is None:
            raise SourceError(
                f"{self.recording.path}: the picture at {shown(self.us, self.plan.dated)} cannot be decoded",
                "The recording is damaged there; take a neighbouring picture.",
            )
        until = max(self.plan.range.begin + 1, self.recording.until(self.rank))
        changed, self.fate = self.retouch.apply(frame, self.us, until)
        path = Path(self.job["scratch"]) / f"still.{spec.format}"
        self.warnings += self._write(path, changed)
        file = OutputFile(
            path=naming.picture(spec.source, self.us, self.plan.dated, spec.format),
            kind="picture" if spec.format == "jpg" else "page",
            sha256=sha256(path),
            size=path.stat().st_size,
            frames_shown=1,
            frames_contained=1,
            first=self.us,
            last=self.us,
            checks=(_opened_again(path),),
        )
        cues = captions.cues([captions.Shown(0, SECOND, self.us)], self.stamp, spec.comment)
        self.ready.append(Ready(path, file, captions.vtt(cues, caption_notes(self.job, self.plan))))

    def account(self) -> dict[str, Any]:
        """Ledger and entries, as plain data."""
        pts = int(self.recording.pts[self.rank])
        entry = LedgerEntry(
            file=self.recording.name,
            fate=self.fate,
            first=self.us,
            last=self.us,
            frames=1,
            first_pts=pts,
            last_pts=pts,
            reason=self.segment.reason,
        )
        return {"ledger": Ledger(**{self.fate: 1}).to_json(), "entries": [asdict(entry)]}

    @property
    def encoder(self) -> dict[str, Any]:
        """Settings of the picture's coding, for the record."""
        spec = self.plan.spec
        if spec.format != "jpg":
            return {}
        return {"picture": {"encoder": "mjpeg", "qscale": str(still.QSCALES[spec.video_quality])}}

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
                color=BLACK
                if spec.text_color == WHITE
                else spec.text_color,  # white is the API's default, for dark pictures
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


def _opened_again(path: Path) -> str:
    """Open a finished picture or page again and say what was found; WorkError where it is not whole."""
    if path.suffix == ".jpg":
        try:
            with Image.open(path) as image:
                image.load()
                return f"opened again: one JPEG of {image.width}×{image.height} that decodes whole"
        except OSError as exc:
            raise WorkError(f"the finished picture does not open: {exc}") from exc
    data = path.read_bytes()
    pictures = data.count(b"/Subtype /Image")
    if not data.startswith(b"%PDF-") or b"%%EOF" not in data[-32:] or pictures != 1:
        raise WorkError(f"the finished page is not whole ({pictures} pictures in it)")
    return "opened again: a whole PDF with one picture"
