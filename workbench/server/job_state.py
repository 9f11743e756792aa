"""What a job's record means now: the state that clients are told, and when work on it can begin.

A live export runs from the client's side while what it wants is being shown; the work begins when it has been.
"""

from __future__ import annotations

import time

from workbench.server.job_store import COMPLETE, RUNNING, WAITING, Job
from workbench.vms.wire.nouns import Status

ALMOST = 0.999
"""The most that is told of a job that is not complete."""
SHOWING = 0.5
"""Share of a live export's progress that passes while it is shown."""


def told(job: Job) -> Status:
    """The state of a job as the API tells it."""
    media = [file for file in job.files if file.media]
    return Status(
        id=job.id,
        state=RUNNING if job.state == WAITING and _begun(job) else job.state,
        progress=1.0 if job.state == COMPLETE else max(job.progress, _elapsed(job)),
        error=job.error,
        files=tuple(file.name for file in media),
        friendly=tuple(file.friendly for file in media),
        succeeded={COMPLETE: True, WAITING: None, RUNNING: None}.get(job.state, False),
        sidecars=tuple(file.name for file in job.files if not file.media),
    )


def due_at(job: Job) -> float:
    """When work can begin, seconds since 1970: for a live export when it has been shown; never where it has no end."""
    if job.request.live is None:
        return 0.0
    end = job.request.live[2]
    return float("inf") if end is None else end / 1e6


def _begun(job: Job) -> bool:
    """Whether a live export has begun to be shown."""
    return job.request.live is not None and job.request.live[1] / 1e6 <= time.time()


def _elapsed(job: Job) -> float:
    """Progress that a live export has made by being shown; 0 for others."""
    if job.request.live is None:
        return 0.0
    _, begin, end = job.request.live
    if end is None or end <= begin:
        return 0.0
    return min(SHOWING, max(0.0, SHOWING * (time.time() * 1e6 - begin) / (end - begin)))
