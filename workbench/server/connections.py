"""Connections that do not stay for nothing: who sends no whole request head in time is hung up on.

uvicorn itself ends connections that are idle between two requests, but waits without end for a first one, and for the
rest of a head that began.
"""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

HEAD_SECONDS = 20.0


class Connection(H11Protocol):
    """One connection; see the module."""

    _head: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The time for the first head begins."""
        super().connection_made(transport)
        self._waiting()

    def data_received(self, data: bytes) -> None:
        """The time goes on until a head is whole, however slowly it drips."""
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request, whatever its type says
        answered = cycle is None or cycle.response_complete
        if answered and self.conn.their_state is h11.IDLE:
            self._waiting()
        else:
            self._whole()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        self._whole()
        super().connection_lost(exc)

    def _waiting(self) -> None:
        if self._head is None:
            self._head = self.loop.call_later(HEAD_SECONDS, self._hang_up)

    def _whole(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _hang_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
