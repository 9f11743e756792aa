"""The start of an export: written down first, then asked for once; and what is found of one whose answer never came.

Whoever is interrupted while the request is out asks the server for it by its marker and deletes it. Where the server
cannot be asked it stays written down, and `resume` looks for it again. Only servers of ours are sent a marker, and list
their exports by it: what another one made of a start that it did not answer nobody can tell.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from workbench.archives.remote_ending import Ending
from workbench.archives.remote_pending import Book, Pending
from workbench.core.errors import Cancelled, WorkbenchError, WorkError
from workbench.core.spec import ExportSpec
from workbench.vms.client import Client, Unlisted, Unsure
from workbench.vms.following import Gone
from workbench.vms.transport import Interrupted, wait
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

    Raises Gone where the server has none such, Unlisted where it can never tell; both take it off the list. With any
    other error, as where the server cannot be reached, is failing or lets nobody in, it stays there.
    """
    if pending.answered:
        return pending
    try:
        ids = _of_marker(client, pending)
    except Unlisted as exc:
        book.drop(pending)
        raise Unlisted(
            f"nobody knows whether export {pending.id} was begun: its start was not answered, and this server does "
            "not say what it was asked for",
            "It is off the list now; if it runs, the server removes it after some hours. Make it again.",
        ) from exc
    if ids:
        return _answered(client, book, pending, ids[0])
    book.drop(pending)
    raise Gone(
        f"the server knows nothing of export {pending.id}: its start was not heard, or it expired", "Make it again."
    )


def _of_marker(client: Client, pending: Pending, within: float | None = None) -> list[str]:
    """Ids of the exports that carry its marker at the server. Unlisted where it was sent none, or lists nothing."""
    if not pending.marked:
        raise Unlisted("the server was sent no marker")
    return [id_ for id_, marker in client.sessions(within=within) if marker == pending.marker]


def _answered(client: Client, book: Book, pending: Pending, id_: str) -> Pending:
    known = _known(client, pending, id_)
    book.answer(known)
    return known


def _known(client: Client, pending: Pending, id_: str) -> Pending:
    return replace(pending, id=id_, flight=pending.flight or client.flight.lines().decode())


def _taken_back(client: Client, book: Book, pending: Pending, id_: str) -> str:
    """Delete at the server what was interrupted; in words, what came of that."""
    id_ = id_ or _found_now(client, pending)
    if not id_:
        return f"Nobody knows whether the server began it. {_looked_for_again(pending)}"
    known = _known(client, pending, id_)
    with suppress(WorkError):  # then it stays written down by its marker
        book.answer(known)
    return Ending(client, book, known, keep=False).failed(Cancelled(""))


def _found_now(client: Client, pending: Pending) -> str:
    for pause in LOOKS if pending.marked else ():
        wait(pause, None)
        try:
            ids = _of_marker(client, pending, LOOK)
        except WorkbenchError:
            return ""
        if ids:
            return ids[0]
    return ""


def _looked_for_again(pending: Pending) -> str:
    return f"`workbench resume {pending.url} {pending.id} --out DIR` looks for it."
