"""Connections that end when they should: a deadline for a whole answer and an ear for a cancel while bytes are read.

httpx knows how long to wait for the next byte; a server that sends one byte now and then would hold it forever. So the
socket itself asks, before and while it waits, how much patience the thread's present request has left:

    with patience(time.monotonic() + 120, cancel) as held:
        …                      # every read in this thread ends by then, or within a moment of the cancel
        held.until = None      # from here on only the pause between two bytes counts

`long_body` reads a long answer past httpcore, whose parser copies each byte three times: that costs more than hashing.
"""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from workbench.core.errors import Cancelled

MOST_READ = 1 << 18
"""Bytes taken at once: fewer make a large download wait for Python, more fall out of the processor's cache."""
MOMENT = 0.25
"""Seconds after which a waiting read looks for a cancel."""
_present = threading.local()
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_INTERIM = re.compile(rb"HTTP/1\.[01] 1\d\d")


@dataclass(slots=True)
class Patience:
    """How long the thread's present request may take."""

    until: float | None = None
    """Of the monotonic clock; None for as long as bytes keep coming."""
    cancel: threading.Event | None = None

    def check(self) -> None:
        """Cancelled, or httpcore.ReadTimeout where there is none left."""
        if self.cancel is not None and self.cancel.is_set():
            raise Cancelled("the work was cancelled", "Nothing half-done was kept.")
        if self.until is not None and time.monotonic() >= self.until:
            raise httpcore.ReadTimeout("the whole answer takes too long")


@contextmanager
def patience(until: float | None, cancel: threading.Event | None) -> Iterator[Patience]:
    """The patience of all requests that this thread makes inside; an outer one is put back afterwards."""
    outer = getattr(_present, "patience", None)
    _present.patience = mine = Patience(until, cancel)
    try:
        yield mine
    finally:
        _present.patience = outer


class _Stream(httpcore.NetworkStream):
    """A stream of httpcore whose reads keep to the present patience."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._heard, self._body_at = b"", 0

    @property
    def beginning(self) -> bytes | None:
        """What came of the present answer's body together with its head; None where that is not sure."""
        return self._heard[self._body_at :] if self._body_at and self._heard.startswith(b"HTTP/1.") else None

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._read(max_bytes, timeout)
        if not self._body_at:
            self._heard += data
            self._body_at = _end_of_head(self._heard)
        return data

    def _read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        held = _held()
        idle_until = time.monotonic() + (timeout if timeout is not None else 86_400.0)
        while True:
            held.check()
            left = min(idle_until, held.until or idle_until) - time.monotonic()
            try:
                return self._stream.read(
                    max(max_bytes, MOST_READ), max(0.001, min(left, MOMENT if held.cancel else left))
                )
            except httpcore.ReadTimeout:
                held.check()
                if time.monotonic() >= idle_until:
                    raise httpcore.ReadTimeout(f"nothing came for {timeout:g} s") from None

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._heard, self._body_at = b"", 0
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _at_most(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _held() -> Patience:
    """The present patience of this thread."""
    return getattr(_present, "patience", None) or Patience()


def _at_most(timeout: float | None) -> float | None:
    """A time-out for one step, cut to the present patience."""
    until = _held().until
    if until is None:
        return timeout
    left = max(0.001, until - time.monotonic())
    return left if timeout is None else min(timeout, left)


def _end_of_head(heard: bytes) -> int:
    """Where the body begins, found as h11 finds it; 0 before the head is whole."""
    at = 0
    while (found := _END_OF_HEAD.search(heard, at)) is not None:
        if not _INTERIM.match(heard, at):
            return found.end()
        at = found.end()
    return 0


def long_body(response: httpx.Response) -> Iterator[bytes]:
    """The body of a long answer as it comes over the wire; its connection is not used again.

    Raises what `iter_raw` raises.
    """
    stream, length = response.extensions.get("network_stream"), response.headers.get("content-length", "")
    known = "transfer-encoding" not in response.headers and re.fullmatch("[0-9]{1,18}", length)
    if not known or not isinstance(stream, _Stream) or stream.beginning is None:
        yield from response.iter_raw()
        return
    piece = stream.beginning
    left = int(length)
    while left:
        piece = piece or _next(stream, response.request.extensions["timeout"]["read"])
        if not piece:
            raise httpx.RemoteProtocolError(f"the connection ended {left} bytes before the announced end")
        yield piece[:left]
        left -= len(piece[:left])
        piece = b""


def _next(stream: _Stream, timeout: float | None) -> bytes:
    try:
        return stream.read(MOST_READ, timeout)
    except httpcore.TimeoutException as exc:
        raise httpx.ReadTimeout(str(exc)) from exc
    except (httpcore.NetworkError, httpcore.ProtocolError) as exc:
        raise httpx.ReadError(str(exc)) from exc


class _Backend(httpcore.SyncBackend):
    """Plain sockets, wrapped."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        _held().check()
        return _Stream(super().connect_tcp(host, port, _at_most(timeout), local_address, socket_options))


class Connections(httpx.HTTPTransport):
    """httpx's transport over connections of this kind."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool.close()
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=100,
            max_keepalive_connections=8,
            keepalive_expiry=5.0,
            network_backend=_Backend(),
        )
