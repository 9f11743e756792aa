"""One export of a batch; what an earlier attempt at the same item left at a VMS is taken up before another is begun.

    exported(plan, archive, part, item, cancel)

An export is written down in the archive's cache with the path of its item's folder as token (`remote_pending`): after
a kill, of the batch or of one worker, the next attempt fetches what runs there already, or deletes it where the request
means something else by now. Attempts on machines that share no cache do not find each other's exports.
"""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.archives.remote_pending import Book, Pending
from workbench.core.errors import Cancelled, RemoteError, WorkbenchError
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult

if TYPE_CHECKING:
    from workbench.archives.remote import RemoteArchive

MOST_WAIT = 10.0
"""Seconds for which an attempt that is being given up is waited for."""


def exported(plan: ExportPlan, archive: Archive, part: Path, item: Path, cancel: threading.Event) -> ExportResult:
    """Carry out a plan into the folder `part`; `item` is the folder that it becomes. Raises what `archive.run` does."""
    if isinstance(archive, LocalArchive):
        return archive.run(plan, part, cancel=cancel)
    from workbench.archives.remote import RemoteArchive  # half a second, which a folder need not wait

    if not isinstance(archive, RemoteArchive):
        return archive.run(plan, part, cancel=cancel)
    token = str(item.absolute())
    for one in _left(archive, token, cancel):
        if not _is_same(one, plan):
            _discard(archive, one)
            continue
        _forget_home(one, item)
        try:
            return archive.resume(one.id, part, cancel=cancel)
        except Cancelled:
            raise
        except WorkbenchError:
            if one.key in [left.key for left in archive.pending(token=token)]:
                raise
    return archive.run(plan, part, cancel=cancel, token=token)


def _left(archive: RemoteArchive, token: str, cancel: threading.Event) -> tuple[Pending, ...]:
    """The item's exports, after a while in which whoever is at one of them may let go."""
    end = time.monotonic() + MOST_WAIT
    while True:
        listed = archive.pending(token=token)
        if all(one.process is None for one in listed) or time.monotonic() > end or cancel.wait(0.2):
            return listed


def _is_same(one: Pending, plan: ExportPlan) -> bool:
    """Whether an export is of the camera, range and form that the plan is of."""
    try:
        before = ExportPlan.from_data(one.plan)
    except (KeyError, TypeError, ValueError, AttributeError, WorkbenchError):
        return False
    return (before.spec, before.range) == (plan.spec, plan.range)


def _discard(archive: RemoteArchive, one: Pending) -> None:
    """Delete an export that nobody wants any more at the server. RemoteError where it stays on the list."""
    from workbench.archives.remote_start import found

    book, client = Book(archive.cache), archive.connection.client
    with book.held(one):
        try:
            known = found(client, book, one)
        except RemoteError:
            if one.key in [left.key for left in book.all(archive.url)]:
                raise
            return
        client.delete(known.id)
        book.drop(known)


def _forget_home(one: Pending, item: Path) -> None:
    """Remove the hidden folder of a dead attempt, so that the files come again, into the folder of this one."""
    if one.home is None or one.process is not None:
        return
    folder = Path(str(one.home.get("folder", "")))
    if folder.parent == item.absolute().parent and folder.name.startswith(".") and folder.suffix == ".part":
        shutil.rmtree(folder, ignore_errors=True)
