"""Waiting for an export at a VMS: polled with growing pauses until its state is a terminal one.

The pause is 3 % of the time since the start, at least 0.05 s and at most 4 s: a short export is noticed at once, a long
one is not pestered; a server that is busy is asked again when it wants to be. Answers that cannot be read count as
silence; a minute of silence ends the waiting, and so does a day without progress.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from workbench.core.errors import NotAllowed, RemoteError
from workbench.vms.transport import LONGEST_WAIT, Busy, wait
from workbench.vms.wire.nouns import Status

if TYPE_CHECKING:
    from workbench.vms.client import Client

SHORTEST, LONGEST, PART = 0.05, 4.0, 0.03
MOST_STANDSTILL = 86_400.0
"""Seconds in which an export comes no further than it ever was."""


class Gone(RemoteError):
    """The server does not know the export: it was deleted, or it expired."""


class Failed(RemoteError):
    """The export itself came to nothing; fetching it again would end alike."""


def follow(
    client: Client,
    id: str,  # noqa: A002 - the API's own name
    *,
    on_status: Callable[[Status], None] | None = None,
    cancel: threading.Event | None = None,
    most_standstill: float = MOST_STANDSTILL,
) -> Status:
    """The terminal state of an export.

    Raises Gone, NotAllowed, Failed after a day without progress, RemoteError naming the id after too long a silence
    (`Timeouts`, a minute), or Cancelled; nothing is deleted here.
    """
    most_silence = client.timeouts.silence
    began = heard = moved = time.monotonic()
    furthest: tuple[int, float] = (-1, -1.0)
    while True:
        pause = min(LONGEST, max(SHORTEST, PART * (time.monotonic() - began)))
        try:
            left = heard + most_silence - time.monotonic()
            status = client.status(id, cancel=cancel, within=max(1.0, left))
        except Busy as exc:
            heard = time.monotonic()
            pause = max(pause, min(LONGEST_WAIT, exc.after))
        except (Gone, NotAllowed):
            raise
        except RemoteError as exc:
            if time.monotonic() - heard >= most_silence:
                raise RemoteError(
                    f"the server has said nothing of export {id} for {most_silence:.0f} s; the last: {exc.message}",
                    "It may still run there.",
                ) from exc
        else:
            heard = time.monotonic()
            if on_status is not None:
                on_status(status)
            if status.terminal:
                return status
            if (status.state, status.progress) > furthest:
                furthest, moved = (status.state, status.progress), heard
        if time.monotonic() - moved > most_standstill:
            raise Failed(f"export {id} has not moved for {most_standstill / 3600:g} h", "Ask who runs the server.")
        wait(pause, cancel)
