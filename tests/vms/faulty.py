"""A small raw server that misbehaves to the byte: what a handler writes to the socket is what the client gets.

    with Faulty(lambda asked, wire: wire.send(answer(200, b"{}"))) as server:
        Client(server.url).version()
    server.asked       every request that came, in order

A handler may send half an answer and `close` or `reset`, sleep, or say nothing at all.
"""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, unquote, urlsplit

REASONS = {200: "OK", 202: "Accepted", 206: "Partial Content"}


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Wire:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.open = True

    def send(self, data: bytes) -> None:
        """Write bytes; a client that has gone is no error."""
        with suppress(OSError):
            self.sock.sendall(data)

    def close(self) -> None:
        """End the connection in good order."""
        self.open = False

    def reset(self) -> None:
        """End it with a TCP reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.open = False


Handler = Callable[[Asked, Wire], None]


def answer(status: int, body: bytes = b"", length: int | None = None, **headers: str) -> bytes:
    """A whole answer; ``content_type="…"`` is a header; `length` lies about the body's length."""
    lines = [
        f"HTTP/1.1 {status} {REASONS.get(status, 'So')}",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Faulty:
    """The server: one thread accepts, one serves each connection."""

    def __init__(self, handler: Handler, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.handler, self.context, self.host = handler, context, host
        self.asked: list[Asked] = []
        self.port = 0
        self._threads: list[threading.Thread] = []
        self._ending = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{'https' if self.context else 'http'}://{'localhost' if self.context else self.host}:{self.port}"

    def __enter__(self) -> Self:
        self.up()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ending.set()
        self.down()
        for thread in self._threads:
            thread.join(5)

    def up(self) -> None:
        """Listen, on the same port as before where there was one."""
        self._listener = socket.create_server((self.host, self.port))
        self.port = self._listener.getsockname()[1]
        self._start(self._accept, self._listener)

    def down(self) -> None:
        """Stop listening; further connections are refused."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def away(self, seconds: float) -> None:
        """Be down for a while, as if restarted."""
        self.down()
        self._start(self._come_back, seconds)

    def _come_back(self, seconds: float) -> None:
        self._ending.wait(seconds)
        if not self._ending.is_set():
            self.up()

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(20)
        with suppress(OSError), sock:
            if self.context is not None:
                sock = self.context.wrap_socket(sock, server_side=True)
            with sock:
                wire = Wire(sock)
                while wire.open and not self._ending.is_set() and (asked := _read(sock)) is not None:
                    self.asked.append(asked)
                    self.handler(asked, wire)


def _read(sock: socket.socket) -> Asked | None:
    """The next request; None where the client has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += sock.recv(65536)
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Asked(method, unquote(parts.path), query, headers, body)


@dataclass
class FileServer:
    """A handler that serves one file with ranges as it should, but for the faults that are set."""

    content: bytes
    breaks: list[int] = field(default_factory=list)
    """Absolute positions at which the connection ends, each once, in order."""
    after: str = ""
    """What happens at a break besides: restart, changed, ignored, short, long, wrong-range, 416, other-total, busy."""
    etag: str = "strong"
    """strong, weak or none."""
    tells_sha256: bool = False
    chunked: bool = False
    server: Faulty | None = None
    away: float = 0.2
    """Seconds for which a restart takes the server down."""
    sent: int = 0
    changed: bytes = b""
    turns: int = 0

    def __call__(self, asked: Asked, wire: Wire) -> None:
        """Answer one GET."""
        self.turns += 1
        data = self.content
        wanted = re.fullmatch(r"bytes=(\d+)-", asked.headers.get("range", ""))
        valid = asked.headers.get("if-range") == self.tag(data)
        begin = int(wanted[1]) if wanted and valid and self.after != "ignored" else 0
        headers = {} if self.etag == "none" else {"ETag": self.tag(data)}
        if self.tells_sha256:
            headers["X-SHA256"] = hashlib.sha256(data).hexdigest()
        first = self.turns == 1
        if wanted and self.after in ("416", "busy") and self.turns == 2:
            wire.send(answer(416) if self.after == "416" else answer(503, Retry_After="0"))
            return
        if begin:
            said = begin + 1 if self.after == "wrong-range" and self.turns == 2 else begin
            total = len(data) + 7 if self.after == "other-total" and self.turns == 2 else len(data)
            headers["Content-Range"] = f"bytes {said}-{total - 1}/{total}"
        lie = {"short": -5, "long": 5}.get(self.after, 0) if first else 0
        self.pour(wire, begin, lie, headers)

    def pour(self, wire: Wire, begin: int, lie: int, headers: dict[str, str]) -> None:
        """Send from `begin` until the next break, or to the end."""
        stop = self.breaks.pop(0) if self.breaks and self.breaks[0] >= begin else None
        body = self.content[begin:stop]
        lines = [f"HTTP/1.1 {206 if begin else 200} OK", *(f"{name}: {value}" for name, value in headers.items())]
        lines.append(
            "Transfer-Encoding: chunked" if self.chunked else f"Content-Length: {len(self.content) - begin + lie}"
        )
        wire.send("\r\n".join([*lines, "", ""]).encode())
        self.sent += len(body)
        wire.send(b"%x\r\n%s\r\n" % (len(body), body) if self.chunked and body else body)
        if stop is None:
            wire.send(b"0\r\n\r\n" if self.chunked else b"")
            if lie:
                wire.close()
            return
        wire.close()
        if self.after == "restart" and self.server is not None:
            self.server.away(self.away)
        if self.after == "changed" and self.changed:
            self.content = self.changed

    def tag(self, data: bytes) -> str:
        """The file's validator."""
        return ("W/" if self.etag == "weak" else "") + f'"{hashlib.sha256(data).hexdigest()[:16]}"'


def drip(wire: Wire, data: bytes, every: float, seconds: float) -> None:
    """Send a byte now and then for some seconds, or until the client goes."""
    end = time.monotonic() + seconds
    for byte in data:
        if time.monotonic() > end:
            return
        try:
            wire.sock.sendall(bytes([byte]))
        except OSError:
            wire.close()
            return
        time.sleep(every)
