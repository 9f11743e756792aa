"""One way out: every request to a VMS goes through `Transport`, which knows time-outs, retries, caps and the record.

Rules: idempotent requests are tried up to `TRIES` times with growing, jittered pauses, and Retry-After is honoured; a
request that is not is tried again only where the server cannot have begun (no connection, 429, 503). Answers are read
up to a cap and within a total time, and a cancel ends any waiting, but of what clears up after it (`heedless`).
Redirects are followed inside the origin only, and only for GET; so credentials never reach another origin. httpx's own
errors end here.
"""

from __future__ import annotations

import hashlib
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from workbench import __version__
from workbench.core.errors import Cancelled, RemoteError, RequestError, WorkbenchError
from workbench.vms import flight as record
from workbench.vms.address import Address
from workbench.vms.connection import Connections, Patience, long_body, patience
from workbench.vms.credentials import Credentials
from workbench.vms.flight import Call, Flight
from workbench.vms.tls import Trust, context
from workbench.vms.wire import document

TRIES = 5
LONGEST_WAIT = 60.0
"""Seconds; a longer Retry-After is not waited for."""
MOST_ANSWER = document.MOST_BYTES
MOST_REDIRECTS = 3
BUSY = (429, 503)
PASSING = (*BUSY, 500, 502, 504)
"""Answers that another try may mend."""
ADVICE = "Check the address, the network and that the server runs; the flight record lists every call."


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds that are waited."""

    connect: float = 10.0
    read: float = 30.0
    """For the next byte."""
    total: float = 120.0
    """For a request with all its tries; of a download, for the head of an answer."""
    silence: float = 60.0
    """Without an answer of any use, while an export is waited for and while its files are fetched."""
    slowest: float = 1000.0
    """Bytes a second: a download that is slower for a minute is given up."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Unanswered(RemoteError):
    """The request went out and no whole answer came: the server may have acted upon it."""


class Unreached(RemoteError):
    """There was no connection: the server cannot have acted upon the request."""


class Busy(RemoteError):
    """The server is there and wants to be asked again later; `after` so many seconds, 0 where it does not say."""

    def __init__(self, message: str, advice: str = "", after: float = 0.0) -> None:
        super().__init__(message, advice)
        self.after = after


class Interrupted(Cancelled):
    """Cancelled while a request was out: the server may have acted upon it."""


class Transport:
    """The connection to one VMS; safe to use from several threads."""

    def __init__(
        self,
        address: Address,
        *,
        credentials: Credentials | None,
        trust: Trust,
        timeouts: Timeouts,
        flight: Flight,
        cancel: threading.Event | None = None,
    ) -> None:
        """`cancel` ends every request that names no other, as if it had been given to each."""
        self.cancel = cancel
        self.address, self.credentials, self.timeouts, self.flight = address, credentials, timeouts, flight
        self.trust = trust
        self._context = context(trust) if address.scheme == "https" else None
        self._client = httpx.Client(
            transport=Connections(self._context or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)),
            timeout=httpx.Timeout(timeouts.read, connect=timeouts.connect),
            headers={"User-Agent": f"forensic-workbench/{__version__}", "Accept-Encoding": "identity"},
            follow_redirects=False,
            trust_env=False,  # a .netrc or a proxy nobody named must not see credentials
        )

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 of the certificate that the server showed last; None over plain HTTP."""
        return self._context.seen if self._context else None

    def close(self) -> None:
        """Let go of all connections."""
        self._client.close()

    @contextmanager
    def heedless(self) -> Iterator[None]:
        """Requests inside are made though the work was cancelled: by the one thread that clears up after it."""
        before, self.cancel = self.cancel, None
        try:
            yield
        finally:
            self.cancel = before

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        most: int = MOST_ANSWER,
        idempotent: bool = True,
        told: Any = None,
        tries: int = TRIES,
        total: float | None = None,
        cancel: threading.Event | None = None,
    ) -> Answer:
        """One request and its answer, whatever its status; tried again by the rules above.

        `told` is written into the record instead of `body`; `total` seconds replace those of the time-outs. Raises
        Unanswered, RemoteError or Cancelled.
        """
        until = time.monotonic() + (self.timeouts.total if total is None else total)
        cancel = cancel or self.cancel
        attempt = 1
        while True:
            pause: float | None = None
            try:
                with self.open(
                    method,
                    path,
                    query=query,
                    body=body,
                    headers=headers,
                    told=told,
                    attempt=attempt,
                    until=until,
                    cancel=cancel,
                ) as answer:
                    found = answer.read_all(most)
            except (Unanswered, Unreached) as exc:
                pause = back_off(attempt)
                ended = attempt >= tries or time.monotonic() + pause >= until
                if ended or (isinstance(exc, Unanswered) and not idempotent):
                    raise
            else:
                pause = self._asked_to_wait(found, attempt, idempotent) if attempt < tries else None
                if pause is None or time.monotonic() + pause >= until:
                    return found
            wait(pause, cancel)
            attempt += 1

    def _asked_to_wait(self, found: Answer, attempt: int, idempotent: bool) -> float | None:
        """Seconds until another try; None where the answer stands."""
        if found.status not in (PASSING if idempotent else BUSY):
            return None
        after = retry_after(found.headers.get("retry-after"))
        return None if after is not None and after > LONGEST_WAIT else max(after or 0.0, back_off(attempt))

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        told: Any = None,
        attempt: int = 1,
        until: float | None = None,
        cancel: threading.Event | None = None,
    ) -> Iterator[Stream]:
        """One attempt; the answer's body is read by the caller. Raises Unanswered, RemoteError or Cancelled.

        Without `until` (monotonic seconds) only the head of the answer has to come within the total time.
        """
        began, at = time.monotonic(), record.now()
        cancel = cancel or self.cancel
        stream: Stream | None = None
        error = ""
        try:
            with (
                patience(began + self.timeouts.total if until is None else until, cancel) as held,
                self._sent(method, self.address.url + path, query, body, headers) as response,
            ):
                held.until = until
                stream = Stream(response, held)
                yield stream
        except httpx.HTTPError as exc:
            error = self._said(exc)
            raise self._failure(exc, method, path, error) from exc
        except BaseException as exc:
            error = exc.message if isinstance(exc, WorkbenchError) else type(exc).__name__.strip("_").lower()
            if isinstance(exc, Cancelled):
                raise Interrupted(exc.message, exc.advice) from exc
            raise
        finally:
            self.flight.add(
                Call(
                    at=at,
                    method=method,
                    path=urlsplit(self.address.url + path).path,
                    query=dict(query or {}),
                    body=told if told is not None else None if body is None else record.body_of(body),
                    status=stream.status if stream is not None else None,
                    server_date=stream.date if stream is not None else None,
                    tls=self.fingerprint,
                    seconds=round(time.monotonic() - began, 6),
                    bytes=stream.count if stream is not None else 0,
                    sha256=stream.sha256 if stream is not None else None,
                    attempt=attempt,
                    error=error,
                )
            )

    @contextmanager
    def _sent(
        self, method: str, url: str, query: Mapping[str, str] | None, body: Any, headers: Mapping[str, str] | None
    ) -> Iterator[httpx.Response]:
        """Send, and follow redirects inside the origin for what only reads."""
        for _ in range(MOST_REDIRECTS + 1):
            request = self._built(method, url, query, body, headers)
            response = self._client.send(request, stream=True)
            try:
                target = response.headers.get("location", "") if response.is_redirect else None
                if target is None:
                    yield response
                    return
            finally:
                response.close()
            if method not in ("GET", "HEAD") or not self.address.is_same_origin(target):
                raise RemoteError(
                    f"the server sends us elsewhere ({document.one_line(target, 120)}) for {method}; not followed",
                    "If that is where it lives, give that address.",
                )
            url, query = urljoin(url, target), None
        raise RemoteError("the server sends us from place to place without an end", ADVICE)

    def _built(
        self, method: str, url: str, query: Mapping[str, str] | None, body: Any, headers: Mapping[str, str] | None
    ) -> httpx.Request:
        try:
            return self._client.build_request(method, url, params=query, json=body, headers=dict(headers or {}))
        except (ValueError, httpx.InvalidURL) as exc:  # a lone surrogate, NaN, a host that cannot be
            why = "it holds something that cannot be sent (a broken character, a number that is none)"
            raise RequestError("request", why) from exc

    def _said(self, exc: httpx.HTTPError) -> str:
        text = document.one_line(f"{type(exc).__name__}: {exc}")
        return self.credentials.redacted(text) if self.credentials else text

    def _failure(self, exc: httpx.HTTPError, method: str, path: str, said: str) -> RemoteError:
        place = self.address.origin
        if isinstance(exc, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            reason = _tls_reason(exc)
            if isinstance(reason, ssl.SSLCertVerificationError):
                advice = "Name its CA (ca) or its fingerprint if you know them; do not switch the check off."
                return RemoteError(f"{place} could not prove who it is: {said}", advice)
            if reason is not None:
                return RemoteError(f"{place} and we agree on no safe way to talk (TLS 1.2 or newer): {said}", ADVICE)
            return Unreached(f"{place} cannot be reached: {said}", ADVICE)
        return Unanswered(f"{place} gave no whole answer to {method} {path.split('?')[0]}: {said}", ADVICE)


class Stream:
    """An answer while its body is read."""

    def __init__(self, response: httpx.Response, held: Patience) -> None:
        self._response, self._held = response, held
        self.status, self.headers = response.status_code, response.headers
        self.count = 0
        self.sha256: str | None = None

    @property
    def date(self) -> str | None:
        """The Date header where it is a date."""
        said = self.headers.get("date")
        return said if record.date_us(said) is not None else None

    def pieces(self, most: int | None = None) -> Iterator[bytes]:
        """The body piece by piece, as it came over the wire; RemoteError beyond `most` bytes."""
        digest = hashlib.sha256()
        for piece in self._response.iter_raw():
            self.count += len(piece)
            if most is not None and self.count > most:
                raise RemoteError(f"an answer of more than {most} bytes is not read", ADVICE)
            digest.update(piece)
            yield piece
        self.sha256 = digest.hexdigest()

    def long_pieces(self) -> Iterator[bytes]:
        """The body of a long answer, however long; `sha256` is left to the caller."""
        for piece in long_body(self._response):
            self.count += len(piece)
            yield piece

    def read_all(self, most: int) -> Answer:
        """The whole answer."""
        body = b"".join(self.pieces(most))
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise RemoteError("the answer is compressed, which nobody asked for", ADVICE)
        return Answer(self.status, self.headers, body)


def _tls_reason(exc: BaseException) -> ssl.SSLError | None:
    """The TLS failure behind an error, where another try would end alike; None for a connection that just broke."""
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None


def back_off(attempt: int) -> float:
    """Seconds before the next try: 0.25, 0.5, 1, 2, each with up to as much again."""
    return float(0.25 * 2 ** (attempt - 1) * (1 + random.random()))  # jitter, nothing secret


def retry_after(header: str | None) -> float | None:
    """Seconds that a server asks for (RFC 9110, 10.2.3); None where it asks for none."""
    if header is None:
        return None
    if header.strip().isdigit() and len(header.strip()) < 10:
        return float(header)
    when = record.date_us(header)
    return None if when is None else max(0.0, when / 1e6 - time.time())


def left(until: float | None) -> float | None:
    """Seconds until an instant of the monotonic clock, none where it has passed; None without one."""
    return None if until is None else max(0.0, until - time.monotonic())


def wait(seconds: float, cancel: threading.Event | None, sleep: Callable[[float], None] = time.sleep) -> None:
    """Pause; Cancelled where that is asked for meanwhile."""
    if cancel is None:
        sleep(seconds)
    elif cancel.wait(seconds):
        raise Cancelled("the work was cancelled", "Nothing half-done was kept.")
