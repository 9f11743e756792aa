"""Bearer tokens: random, good for four hours, forgotten with the process. Only their digests are kept.

>>> tokens = Tokens()
>>> token = tokens.issue("anna")
>>> tokens.user(token.value)
'anna'
"""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Callable

from workbench.vms.wire.nouns import Token

HOURS = 4.0
MOST = 10_000
MOST_PER_USER = 1_000


class Tokens:
    """Which token belongs to whom, and until when; safe to use from several threads."""

    def __init__(self, *, hours: float = HOURS, now: Callable[[], float] = time.time) -> None:
        """No tokens yet; `now` is the clock."""
        self._seconds, self._now = hours * 3600, now
        self._lock = threading.Lock()
        self._held: dict[bytes, tuple[str, float]] = {}

    def issue(self, user: str) -> Token:
        """A new token for a user; the oldest ones make room where there are too many."""
        value, ends = secrets.token_urlsafe(32), self._now() + self._seconds
        with self._lock:
            self._forget(user)
            self._held[_digest(value)] = (user, ends)
        return Token(value=value, expires_us=int(ends * 1_000_000), user_id=user)

    def user(self, value: str) -> str | None:
        """Whose token it is; None for one that is unknown or over."""
        with self._lock:
            user, ends = self._held.get(_digest(value), (None, 0.0))
        return user if user is not None and ends > self._now() else None

    def close(self, value: str) -> None:
        """Make a token worthless."""
        with self._lock:
            self._held.pop(_digest(value), None)

    def _forget(self, user: str) -> None:
        now = self._now()
        self._held = {key: held for key, held in self._held.items() if held[1] > now}
        own = [key for key, held in self._held.items() if held[0] == user]
        surplus = own[: max(0, len(own) - MOST_PER_USER + 1)] or list(self._held)[: max(0, len(self._held) - MOST + 1)]
        for key in surplus:
            del self._held[key]


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()
