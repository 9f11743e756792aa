"""Requests for the server's jobs, and waiting for what becomes of them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from workbench.core.spec import ExportSpec
from workbench.core.timebase import Moment, Offset, parse_time
from workbench.server.jobs import JobRequest, Jobs
from workbench.vms.wire.nouns import Status

RECORDINGS = Path(__file__).resolve().parents[2] / "notebooks" / "recordings"


def asked(begin: str = "20260301T100001", end: str = "20260301T100004", **more: Any) -> JobRequest:
    """A request for a stretch of the entrance, or of another source."""
    return request(spec(parse_time(begin), parse_time(end), **{k: more.pop(k) for k in SPEC if k in more}), **more)


SPEC = ("source", "format", "size_limit", "video_quality", "comment", "masks")


def spec(begin: Moment, end: Moment, **fields: Any) -> ExportSpec:
    """A spec with the entrance as source and mp4 as format where nothing else is said."""
    return ExportSpec(**{"source": "entrance", "format": "mp4", **fields}, begin=begin, end=end)


def request(wanted: ExportSpec, **more: Any) -> JobRequest:
    """The request for a spec, as the server's routes make it."""
    told = {"host": "WORKBENCH", "device": "DeviceIpint.3", "display": "3.Entrance hall", **more}
    return JobRequest(source=wanted.source, spec_json=json.dumps(wanted.to_json()), **told)


def from_start(seconds: float, **fields: Any) -> ExportSpec:
    """A spec for the first seconds of a source."""
    return spec(Offset(0), Offset(round(seconds * 1_000_000)), **fields)


def ended(jobs: Jobs, *ids: str, within: float = 60.0) -> list[Status]:
    """The final states of jobs; fails where one does not come to its end in time."""
    until = time.monotonic() + within
    while True:
        found = [jobs.status(id_) for id_ in ids]
        if all(status is not None and status.terminal for status in found):
            return [status for status in found if status is not None]
        assert time.monotonic() < until, found
        time.sleep(0.02)
