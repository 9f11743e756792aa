"""The start of an export: written down first, then asked for once; and what is found of one whose answer never came.

Whoever is interrupted while the request is out asks the server for it by its marker and deletes it. Where the server
cannot be asked (only one of ours lists exports) it stays written down, and `resume` looks for it again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from workbench.archives.remote_ending import Ending
from workbench.archives.remote_pending import Book, Pending
from workbench.core.errors import Cancelled, NotAllowed, RemoteError, WorkbenchError
from workbench.core.spec import ExportSpec
from workbench.vms.client import Client, Unsure
from workbench.vms.following import Gone
from workbench.vms.transport import Interrupted, Unanswered, Unreached, wait
from workbench.vms.wire import body, paths

WAIT_MS = 30_000
"""Milliseconds that the server may wait for a frame; the contract's recommendation, always sent."""
LOOKS = (0.0, 0.3, 0.6)
"""Pauses before each look for an export that was interrupted while it was asked for: the server may be at it."""
LOOK = 3.0
"""Seconds that the server has to list its exports then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the server is asked for."""

    source: str
    begin: int
    end: int
    body: dict[str, Any]
    archive: str | None

    @classmethod
    def of(cls, spec: ExportSpec, begin: int, end: int, *, marker: str) -> Order:
        """The order for a request; the marker is sent where there is one."""
        request = body.write(spec, marker=marker)
        archive = request.pop("archive", None)
        return cls(source=spec.source, begin=begin, end=end, body=request, archive=archive)

    def call(self, prefix: str) -> dict[str, Any]:
        """The call that asks for it, as the result tells it."""
        return {
            "method": "POST",
            "path": prefix + paths.export_start("archive", self.source, self.begin, self.end),
            "query": {"waittimeout": str(WAIT_MS), **({} if self.archive is None else {"archive": self.archive})},
            "body": self.body,
        }


def start(client: Client, book: Book, pending: Pending, order: Order) -> Pending:
    """Ask the server for an export; what is known of it then, written down.

    Raises Cancelled, and what `Client.start_export` raises; nothing is left at the server, or the error says so.
    """
    book.put(pending)
    id_ = ""
    try:
        id_ = client.start_export(
            order.source, order.begin, order.end, order.body, archive=order.archive, wait_ms=WAIT_MS
        )
        return _answered(client, book, pending, id_)
    except (Cancelled, KeyboardInterrupt) as exc:
        begun = bool(id_) or not isinstance(exc, Cancelled) or isinstance(exc, Interrupted)
        words = _taken_back(client, book, pending, id_) if begun else "Nothing was begun at the server."
        if not begun:
            book.drop(pending)
        raise Cancelled("the export was cancelled while it was asked for", words) from exc
    except Unsure as exc:
        exc.advice += f" {_looked_for_again(pending)}"
        raise
    except WorkbenchError as exc:
        if id_:  # it runs, and cannot be written down
            exc.advice += f" {_taken_back(client, book, pending, id_)}"
        else:
            book.drop(pending)
        raise


def found(client: Client, book: Book, pending: Pending) -> Pending:
    """A pending export with its id, looked for where its start was not answered.

    Raises Gone where the server has none such, RemoteError where it cannot tell; both take it off the list. Where the
    server cannot be reached it stays there.
    """
    if pending.answered:
        return pending
    try:
        ids = [id_ for id_, marker in client.sessions() if marker == pending.marker]
    except (Unanswered, Unreached, NotAllowed):
        raise
    except RemoteError as exc:
        book.drop(pending)
        raise RemoteError(
            f"nobody knows whether export {pending.id} was begun: its start was not answered, and this server lists "
            "no exports",
            "It is off the list now; if it runs, the server removes it after some hours. Make it again.",
        ) from exc
    if ids:
        return _answered(client, book, pending, ids[0])
    book.drop(pending)
    raise Gone(
        f"the server knows nothing of export {pending.id}: its start was not heard, or it expired", "Make it again."
    )


def _answered(client: Client, book: Book, pending: Pending, id_: str) -> Pending:
    known = replace(pending, id=id_, flight=pending.flight or client.flight.lines().decode())
    book.answer(known)
    return known


def _taken_back(client: Client, book: Book, pending: Pending, id_: str) -> str:
    """Delete at the server what was interrupted; in words, what came of that."""
    if not id_ and pending.request["body"].get("request"):
        id_ = _found_now(client, pending.marker)
    if not id_:
        return f"Nobody knows whether the server began it. {_looked_for_again(pending)}"
    return Ending(client, book, replace(pending, id=id_), keep=False).failed(Cancelled(""))


def _found_now(client: Client, marker: str) -> str:
    for pause in LOOKS:
        wait(pause, None)
        try:
            ids = [id_ for id_, theirs in client.sessions(within=LOOK) if theirs == marker]
        except WorkbenchError:
            return ""
        if ids:
            return ids[0]
    return ""


def _looked_for_again(pending: Pending) -> str:
    return f"`workbench resume {pending.url} {pending.id} --out DIR` looks for it."
