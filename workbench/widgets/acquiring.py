"""The chosen stretch of a VMS's camera fetched as an archive of its own: what a snapshot needs of one.

A snapshot names the hash of its recording, and the recordings of a VMS are not here. Its master, fetched untouched, is
a recording: the folder that it makes is opened like any other.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from workbench.archives.base import OnProgress
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import RequestError
from workbench.media import naming
from workbench.widgets.moments import moment
from workbench.widgets.session import Session

WHY = (
    "A snapshot names the hash of its recording, and the recordings of this camera lie on the VMS. Acquire the stretch "
    "between in and out point: snapshots are taken from the folder that it makes."
)


def acquire(
    session: Session, out: Path, told: OnProgress, cancel: threading.Event
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Fetch the shown camera's stretch into a new folder in `out`.

    What was asked for (camera, begin, end, dated), and what was made: the folder, as named, and the master's digest.
    """
    archive, state = session.archive, session.state
    if not isinstance(archive, RemoteArchive):
        raise RequestError("archive", "the recordings are here already", "Take the snapshot.")
    if not state.source or state.begin is None or state.end is None:
        raise RequestError("begin", "no stretch of time is chosen", "Set the in point and the out point.")
    name = naming.safe(session.brief(state.source).name)
    folder = next(place for n in range(1, 100_000) if not (place := out / f"{name}-{n}").exists())
    begin, end = moment(state.begin, state.dated), moment(state.end, state.dated)
    made = archive.acquire(state.source, begin, end, folder, told, cancel)
    asked = {"source": state.source, "begin": state.begin, "end": state.end, "dated": state.dated}
    return asked, {"folder": str(folder), "source": made.source, "sha256": made.sha256, "size": made.size}
