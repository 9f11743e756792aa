"""A file on its way out: read in a thread a piece at a time, let go of however the sending ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from anyio import to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from workbench.core.errors import WorkbenchError
from workbench.server.logs import note

STALLED = 300.0
"""Seconds that a piece may take to be read by the other end."""


class Delivered(Response):
    """What `delivery.response` decided, sent at the pace of the one who reads."""

    def __init__(self, decided: tuple[int, Mapping[str, str], Iterable[bytes]]) -> None:
        """`decided` is status, headers and pieces."""
        status, headers, self._pieces = decided
        super().__init__(status_code=status, headers=dict(headers))

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """The headers as they were decided, none added."""
        pairs = (headers or {}).items()
        self.raw_headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in pairs]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; where the file goes away midway the connection breaks off, so that nobody takes it for whole."""
        pieces = iter(self._pieces)
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            while piece := await to_thread.run_sync(next, pieces, b""):
                async with asyncio.timeout(STALLED):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except WorkbenchError as exc:
            note("sending broke off", reason=exc.message)
        except TimeoutError:
            note("sending broke off", reason=f"nobody read for {STALLED:g} seconds")
        finally:
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
