"""How an export is left at the server, and the words that say so.

    home, cancelled, or failed for good                  deleted there, and off the list here
    not fetched for want of network, disk, an answer or free names
                                                         left there and on the list: `resume` takes it up

A failure is for good where fetching again would end alike: the server says that it failed or knows nothing of it, its
files are never whole, or they hold nothing of the range. What is left there the server removes by itself after some
hours without a question. `keep` leaves everything there but what is cancelled.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench.archives.remote_pending import Book, Pending
from workbench.core.errors import Cancelled, NothingRecorded, RequestError, SourceError, WorkbenchError
from workbench.vms.client import Client
from workbench.vms.following import Failed, Gone

FOR_GOOD = (Failed, NothingRecorded, SourceError, RequestError)
PATIENCE = 5.0
"""Seconds that the server has to delete what was cancelled."""


class Ending:
    """The end of one export."""

    def __init__(self, client: Client, book: Book, pending: Pending, *, keep: bool) -> None:
        self._client, self._book, self.keep = client, book, keep
        self.pending = pending
        self.published = False
        """Whether the files have their names."""

    def named(self, home: dict[str, Any]) -> None:
        """Write down, before it is done, where the files get their names."""
        self.pending = replace(self.pending, home=home)
        self._book.put(self.pending)

    def completed(self) -> tuple[bool, str]:
        """The files are home: whether the export was deleted at the server, and why not."""
        if self.keep:
            return False, ""
        why = self._deleted()
        return not why, f"the export could not be deleted at the server: {why}" if why else ""

    def forget(self) -> None:
        """Take the export off the list."""
        self._book.drop(self.pending)

    def failed(self, exc: BaseException) -> str:
        """It did not come home; in words, what became of it at the server."""
        if self.published:
            return f"The files have their names. {self.again('completes their record and deletes the export there')}"
        if isinstance(exc, Gone):
            self.forget()
            return ""
        cancelled = isinstance(exc, Cancelled | KeyboardInterrupt)
        if not cancelled and (self.keep or not isinstance(exc, FOR_GOOD)):
            return f"The export stays at the server for some hours. {self.again('takes it up')}"
        why = self._deleted(PATIENCE if cancelled else None)
        if why:
            return f"The export could not be deleted at the server ({why}). {self.again('takes it up')}"
        self.forget()
        return "The export was deleted at the server."

    def again(self, what: str) -> str:
        """The command that takes the export up, and what it does."""
        return f"`workbench resume {self.pending.url} {self._book.listed_as(self.pending)} --out DIR` {what}."

    def _deleted(self, within: float | None = None) -> str:
        """Delete it at the server; why that failed, empty where it is gone."""
        try:
            self._client.delete(self.pending.id, within=within)
        except WorkbenchError as exc:
            return exc.message
        return ""
