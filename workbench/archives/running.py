"""From a spec to a plan to files, for one source of a local archive: the parent's side of the worker's jobs.

Everything that needs the pictures is done in the worker (`media.jobs`); here times are resolved on the source's time
line, and what the worker says is turned back into nouns.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from workbench.archives import public
from workbench.archives.base import OnProgress
from workbench.archives.config import SourceConfig
from workbench.archives.mask_times import key_frames, masks_on
from workbench.archives.timeline import TimeLine, place, resolve
from workbench.core.coverage import Gap
from workbench.core.errors import Cancelled, NothingRecorded, RequestError, WorkError
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult, Progress
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Range, shown
from workbench.media import naming
from workbench.media.worker import Worker

SCRATCH = ".workbench-"
"""Begin of the name of a folder that holds unfinished files; safe to remove when no export runs."""


class Runner:
    """Plans and runs exports of one source."""

    def __init__(self, source: str, line: TimeLine, config: SourceConfig, worker: Worker) -> None:
        self.source, self.line, self.config, self.worker = source, line, config, worker

    def plan(self, spec: ExportSpec) -> ExportPlan:
        """Ask the worker how each stretch will be made. NothingRecorded where no picture lies in the range."""
        if not self.line.pieces:
            raise NothingRecorded(f"{self.source} holds no picture that can be read", "See `workbench sources`.")
        wanted = self._range(spec)
        held = self.line.showing(wanted.begin)
        pieces = ((held,) if held else ()) if spec.is_frame else self.line.within(wanted)
        if not pieces:
            raise self._nothing(wanted)
        coverage = self.line.coverage(self.source, wanted)
        job = {
            **self._job(spec, wanted),
            **key_frames(spec.masks, self.line),
            "gaps": [[g.begin, g.end, g.witness] for g in coverage.gaps],
            "notes": [
                *self.line.unread,
                *(self.line.notes if self.line.dated else ()),
                *(
                    f"{o.files[1]} lies where {o.files[0]} is still recording; there the latter is used"
                    for o in coverage.overlaps
                ),
            ],
            "places": [place(piece) for piece in (*self.line.declaring(wanted), *pieces)],
        }
        reply = self.worker.call("plan", job)
        plan = ExportPlan.from_data(reply.data["plan"])
        if not plan.segments and not plan.refused:
            raise self._nothing(wanted)
        return plan

    def run(
        self, plan: ExportPlan, out: Path, on_progress: OnProgress | None, cancel: threading.Event | None
    ) -> ExportResult:
        """Let the worker carry out a plan, into files that get their names when they are complete."""
        if plan.refused:
            first = plan.refused[0]
            raise RequestError(first.field, first.note or "this archive cannot do it")
        scratch = scratch_in(out)
        files = {s.file for s in plan.segments}
        declaring = self.line.declaring(plan.range)
        pieces = [piece for piece in self.line.pieces if piece.name in files or piece in declaring]
        job = {
            **self._job(plan.spec, plan.range),
            "plan": plan.to_data(),
            "places": [place(piece) for piece in pieces],
            "out": str(out),
            "scratch": str(scratch),
        }
        try:
            result = self.worker.call("export", job, on_progress=_told(on_progress), cancel=cancel).data["result"]
            if cancel is not None and cancel.is_set():
                raise Cancelled("the export was cancelled", "Nothing was left behind.")
            naming.publish_all([(Path(path), name) for path, name in result["ready"]], out)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        named = [{**file, "path": str(out / file["path"])} for file in result["files"]]
        public.made(file["sha256"] for file in named)
        return ExportResult.from_data({**result, "files": named}, plan)

    def _range(self, spec: ExportSpec) -> Range:
        begin, end = resolve(spec.begin, self.line, "begin"), resolve(spec.end, self.line, "end")
        if end < begin:
            raise RequestError("end", "it lies before begin", "Exchange the two times.")
        if begin == end and not spec.is_frame and spec.format != "exe":
            raise RequestError("end", f"{spec.format} needs a stretch of time", "Set end after begin.")
        return Range(begin, end)

    def _job(self, spec: ExportSpec, wanted: Range) -> dict[str, Any]:
        return {
            "spec": spec.to_json(),
            "begin": wanted.begin,
            "end": wanted.end,
            "dated": self.line.dated,
            "zone": spec.text_zone or self.config.zone or "UTC",
            "camera": self.config.name or self.source,
            **masks_on(spec.masks, self.line),
        }

    def _nothing(self, wanted: Range) -> NothingRecorded:
        dated = self.line.dated
        begin, end = shown(wanted.begin, dated), shown(wanted.end, dated)
        nearest = _nearest(self.line.coverage(self.source, self.line.whole()).gaps, wanted)
        whole = self.line.whole()
        return NothingRecorded(
            f"{self.source} holds no picture from {begin} to {end}{nearest}",
            f"It holds pictures from {shown(whole.begin, dated)} to {shown(whole.end, dated)}.",
        )


def _nearest(gaps: tuple[Gap, ...], wanted: Range) -> str:
    inside = [g for g in gaps if g.begin <= wanted.begin and wanted.end <= g.end]
    return (
        f" (a gap of {(inside[0].end - inside[0].begin) / 1e6:.3f} s, according to {inside[0].witness})"
        if inside
        else ""
    )


def scratch_in(out: Path) -> Path:
    """A new folder for unfinished files in `out`, which is made where it is not there; WorkError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-", suffix=".part", dir=out))
    except OSError as exc:
        raise WorkError(f"{out} cannot be written to: {exc.strerror or exc}", "Choose another folder.") from exc


def _told(on_progress: OnProgress | None) -> Any:
    """Turn the worker's messages into `Progress`, with an estimate of the time left."""
    if on_progress is None:
        return None
    began, best = time.monotonic(), 0.0

    def tell(message: dict[str, Any]) -> None:
        nonlocal best
        best = max(best, min(1.0, float(message.get("fraction", 0.0))))
        spent = time.monotonic() - began
        left = spent * (1 - best) / best if best > 0.01 else None
        stage = str(message.get("stage", "export"))
        on_progress(Progress(frames=int(message.get("frames", 0)), fraction=best, seconds_left=left, stage=stage))

    return tell
