"""The flight record: every call to a VMS, with both clocks, and never a secret.

    flight.lines()     JSON lines, one a call, in order; `{"at": …, "method": "GET", "path": "/export/…/status", …}`

Bodies of requests are kept up to `MOST_BODY`, longer ones and all answers by digest; authentication is not shown.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from workbench.core.timebase import instant_us, iso

MOST_BODY = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One attempt at one request."""

    at: str
    """Our clock when it was sent, ISO 8601 UTC."""
    method: str
    path: str
    """As it was sent, prefix included; without query."""
    query: dict[str, str]
    body: Any
    """JSON as sent; ``{"sha256", "size"}`` where long; None without."""
    status: int | None
    """None where no answer came."""
    server_date: str | None
    """The answer's Date header, as it came."""
    tls: str | None
    """SHA-256 of the server's certificate."""
    seconds: float
    bytes: int
    """Of the answer's body."""
    sha256: str | None
    """Of the answer's body where it was read whole."""
    attempt: int = 1
    error: str = ""


class Flight:
    """The calls of one client, in order; safe to use from several threads."""

    def __init__(self, most: int | None = None) -> None:
        """With `most` only so many are kept, the latest."""
        self._calls: deque[Call] = deque(maxlen=most)
        self._lock = threading.Lock()

    def add(self, call: Call) -> None:
        """Put one call on record."""
        with self._lock:
            self._calls.append(call)

    @property
    def calls(self) -> tuple[Call, ...]:
        """Those that are kept."""
        with self._lock:
            return tuple(self._calls)

    def lines(self, since: int = 0) -> bytes:
        """JSON lines of the calls from number `since` on."""
        return b"".join(json.dumps(asdict(call)).encode() + b"\n" for call in self.calls[since:])


def body_of(body: Any) -> Any:
    """A request's body as the record keeps it."""
    data = json.dumps(body).encode()
    return body if len(data) <= MOST_BODY else {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


def now() -> str:
    """Our clock."""
    return iso(instant_us(datetime.now(UTC)))


def date_us(header: str | None) -> int | None:
    """A Date header in microseconds since 1970; None where it is none."""
    try:
        when = parsedate_to_datetime(header) if header else None
        return None if when is None else instant_us(when if when.tzinfo else when.replace(tzinfo=UTC))
    except (ValueError, TypeError, OverflowError):
        return None
