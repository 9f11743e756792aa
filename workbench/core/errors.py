"""Every error that may leave a room of the house, as one small family.

    WorkbenchError                what happened, why, what to do        exit code
    ├── RequestError              the request itself is wrong           2
    ├── SourceError               a source is missing or unreadable     3
    ├── NothingRecorded           the range holds no picture            4
    ├── WorkError                 failed while working                  5
    │   ├── NameTaken             a finished file of that name exists   5
    │   ├── WorkerDied            the decoder took its process down     5
    │   └── RemoteError           a server refused, failed or is silent 5
    │       └── NotAllowed        who asks has no right to it           5
    └── Cancelled                 stopped because somebody asked        130

Each carries `message` (what happened and why) and `advice` (what the person can do next). Libraries' own
exceptions are translated at one place per room with ``raise … from exc``.
"""

from __future__ import annotations


class WorkbenchError(Exception):
    """Base of all errors of this package; never raised itself."""

    kind = "error"
    exit_code = 5

    def __init__(self, message: str, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def to_json(self) -> dict[str, str]:
        """The error as the command line prints it: kind, message, advice."""
        return {"kind": self.kind, "message": self.message, "advice": self.advice}


class RequestError(WorkbenchError):
    """The request is wrong; `field` names the part of it that is."""

    kind = "bad-request"
    exit_code = 2

    def __init__(self, field: str, message: str, advice: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message, advice)
        self.field = field


class SourceError(WorkbenchError):
    """A source or one of its files is missing or cannot be read."""

    kind = "source"
    exit_code = 3


class NothingRecorded(WorkbenchError):
    """The range asked for holds not a single picture."""

    kind = "nothing-recorded"
    exit_code = 4


class WorkError(WorkbenchError):
    """The request was sound, but carrying it out failed."""

    kind = "failed"
    exit_code = 5


class NameTaken(WorkError):
    """A finished file of that name exists; nothing is ever overwritten."""

    kind = "name-taken"


class WorkerDied(WorkError):
    """The worker process ended without an answer (a decoder crash, the memory limit, a signal)."""

    kind = "worker-died"


class RemoteError(WorkError):
    """A server cannot be reached, gave an answer that cannot be right, or failed while working for us."""

    kind = "remote"


class NotAllowed(RemoteError):
    """Who asks is unknown there (401) or has no right to it (403)."""

    kind = "not-allowed"


class Cancelled(WorkbenchError):
    """The work was stopped on request; nothing is left behind."""

    kind = "cancelled"
    exit_code = 130


FAMILY: dict[str, type[WorkbenchError]] = {
    cls.kind: cls
    for cls in (SourceError, NothingRecorded, WorkError, NameTaken, WorkerDied, RemoteError, NotAllowed, Cancelled)
}


def from_json(data: dict[str, str]) -> WorkbenchError:
    """Rebuild an error that crossed a process border as `to_json` wrote it, and with it the ``field``."""
    kind, message, advice = data.get("kind", ""), data.get("message", ""), data.get("advice", "")
    if kind == RequestError.kind:
        error = RequestError("", message, advice)
        error.field = data.get("field", "")
        return error
    return FAMILY.get(kind, WorkError)(message, advice)
