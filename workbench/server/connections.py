"""The port, and connections that do not stay for nothing: who sends no whole head in time is hung up on.

uvicorn itself ends connections that are idle between two requests, but waits without end for a first one, and for the
rest of a head that began.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from workbench.core.errors import RequestError, WorkError

HEAD_SECONDS = 20.0
MOST_CONNECTIONS = 512
GRACE = 5
"""Seconds that answers under way get when the server is stopped."""


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


class Uvicorn(uvicorn.Server):
    """uvicorn that tells when it listens, and leaves signals as it found them."""

    on_ready: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        if self.started and self.on_ready is not None:
            self.on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at SIGINT and SIGTERM without passing them on: what a server holds is to be let go of first."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def configured(application: Any, cert: Path | None, key: Path | None) -> uvicorn.Config:
    """How uvicorn serves an application; RequestError where certificate or key are unusable."""
    config = uvicorn.Config(
        application,
        loop="asyncio",
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=str(cert) if cert else None,
        ssl_keyfile=str(key) if key else None,
    )
    try:
        config.load()
    except (ssl.SSLError, OSError) as exc:
        raise RequestError("cert", f"TLS cannot be set up ({exc.strerror or exc})", "Give PEM files.") from exc
    return config


def bound(host: str, port: int) -> socket.socket:
    """A port that is listened to from now on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # without naming TCP, asyncio leaves Nagle on, and each small answer waits 40 ms
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name != "nt":
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except (OSError, OverflowError) as exc:
        listening.close()
        reason = getattr(exc, "strerror", None) or exc
        raise WorkError(f"nobody can listen on {host}:{port} ({reason})", "Choose another --port or --host.") from exc
    return listening
