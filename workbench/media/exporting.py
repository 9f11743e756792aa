"""The export verb: video by `job.Export`, one frame by `stills`; meanwhile the recordings are hashed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from workbench import __version__
from workbench.core.errors import SourceError, WorkError
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult, SourceFile
from workbench.media.delivery import beside, record
from workbench.media.job import Export
from workbench.media.measure import library_versions, sha256
from workbench.media.stills import StillExport

Report = Callable[[dict[str, Any]], None]


def export(job: dict[str, Any], report: Report) -> dict[str, Any]:
    """Carry out the plan in ``job``; returns the result as `ExportResult.from_data` reads it."""
    plan = ExportPlan.from_data(job["plan"])
    pool = ThreadPoolExecutor(1)
    try:
        hashes = _hashes(job, pool)
        made = (StillExport if plan.spec.is_frame else Export)(job, report)
        made.run()
        sources = _sources(hashes)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    if not made.ready:
        names = ", ".join(dict.fromkeys(segment.file for segment in plan.segments))
        raise SourceError(f"{names}: not one picture of the range can be decoded", "The recording is damaged there.")
    ready = beside(made.ready, Path(job["scratch"]))
    result = {
        **made.account(),
        "files": [asdict(one.file) for one in ready],
        "sources": [asdict(source) for source in sources],
        "gaps": [asdict(gap) for gap in plan.gaps],
        "encoder": made.encoder,
        "versions": {"forensic-workbench": __version__, **library_versions()},
        "warnings": list(dict.fromkeys(made.warnings)),
    }
    ready.append(record(ExportResult.from_data(result, plan), Path(job["scratch"])))
    result["files"] = [asdict(one.file) for one in ready]
    result["ready"] = [[str(one.path), one.file.path] for one in ready]
    report({"stage": "done", "frames": sum(s.frames for s in plan.segments), "fraction": 1.0})
    return result


def _hashes(job: dict[str, Any], pool: ThreadPoolExecutor) -> list[tuple[str, Path, tuple[int, int], Future[str]]]:
    """Start hashing the recordings; name, path, state before, and the hash to come."""
    started = []
    for place in job["places"]:
        path = Path(place["path"])
        info = path.stat()
        started.append((str(place["name"]), path, (info.st_size, info.st_mtime_ns), pool.submit(sha256, path)))
    return started


def _sources(started: list[tuple[str, Path, tuple[int, int], Future[str]]]) -> list[SourceFile]:
    sources = []
    for name, path, before, wanted in started:
        digest = wanted.result()
        info = path.stat()
        if (info.st_size, info.st_mtime_ns) != before:
            raise WorkError(f"{path} changed while it was exported", "Wait until it is recorded, then export again.")
        sources.append(SourceFile(file=name, sha256=digest, size=before[0]))
    return sources
