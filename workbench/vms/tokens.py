"""Being let in: Basic first, a token where Basic is not enough, renewed before it ends.

Some servers take Basic for everything, newer ones want ``POST /grpc AuthenticateEx2`` for a token and then Bearer. So
``auto`` begins with Basic, and where that gives 401 or 403 gets a token and asks once more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal

from workbench.core.errors import NotAllowed, RemoteError, WorkbenchError
from workbench.vms.credentials import PASSWORD, USER, Credentials
from workbench.vms.secret import Secret
from workbench.vms.transport import Answer, Transport, left
from workbench.vms.wire import document, errors, grpc, paths

Auth = Literal["auto", "basic", "bearer"]
DENIED = (401, 403)
RENEW_AT = 0.75
"""Part of a token's life after which it is renewed."""
LIFE = 4 * 3600.0
"""Seconds that a token is good for where the server does not say."""
CLOSE_WITHIN = 5.0
"""Seconds that the server has to take a token back."""
_ASKED = {"authentication": "not shown"}


class Doorkeeper:
    """Adds to each request what lets it in; one for each client."""

    def __init__(self, transport: Transport, auth: Auth = "auto") -> None:
        self._transport, self._auth = transport, auth
        self._lock = threading.RLock()
        self._token: Secret | None = transport.credentials.token if transport.credentials else None
        self._own = False
        """True for a token that we got and may renew."""
        self._renew_at = self._ends_at = float("inf")

    def headers(self, until: float | None = None) -> dict[str, str]:
        """The header for the next request; a token about to end is renewed first, by `until` (monotonic seconds)."""
        credentials = self._transport.credentials
        if credentials is None:
            return {}
        with self._lock:
            if self._auth == "bearer" and self._token is None:
                self._obtain(until)
            if self._token is not None and self._own and time.monotonic() >= self._renew_at:
                self._renew(until)
            if self._token is not None:
                return {"Authorization": f"Bearer {self._token.reveal()}"}
        basic = credentials.basic()
        return {} if basic is None else {"Authorization": basic}

    def try_harder(self, used: Mapping[str, str], until: float | None = None) -> bool:
        """After a 401 or 403: True where another way in may help, which `headers` then gives."""
        credentials = self._transport.credentials
        if credentials is None or credentials.password is None or self._auth == "basic":
            return False
        with self._lock:
            if self._token is not None and used.get("Authorization") != f"Bearer {self._token.reveal()}":
                return True  # another thread got one meanwhile
            if self._token is not None and time.monotonic() < self._ends_at:
                return False
            try:
                self._obtain(until)
            except RemoteError:
                return False
            return True

    def close(self) -> None:
        """Give a token back that we got, after a cancel too; what comes of that does not matter."""
        with self._lock:
            token, self._token = (self._token if self._own else None), None
        if token is not None:
            bearer = {"Authorization": f"Bearer {token.reveal()}"}
            with suppress(WorkbenchError), self._transport.heedless():
                self._call(grpc.CLOSE, {}, bearer, tries=1, total=CLOSE_WITHIN)

    def _obtain(self, until: float | None) -> None:
        credentials = self._transport.credentials
        if credentials is None or credentials.password is None:
            raise NotAllowed("there is no password to get a token with", "Name user and password.")
        basic = {"Authorization": credentials.basic() or ""}
        body = grpc.write_credentials(credentials.user, credentials.password.reveal())
        answer = self._call(grpc.AUTHENTICATE_2, body, basic, total=left(until))
        if answer.status in (400, 404, 501):
            answer = self._call(grpc.AUTHENTICATE, body, basic, total=left(until))
        self._take(answer)

    def _renew(self, until: float | None) -> None:
        assert self._token is not None
        bearer = {"Authorization": f"Bearer {self._token.reveal()}"}
        try:
            self._take(self._call(grpc.RENEW, {}, bearer, total=left(until)))
        except RemoteError:
            self._obtain(until)

    def _take(self, answer: Answer) -> None:
        if answer.status != 200:
            raise refusal(answer, "a token was asked for", self._transport)
        token = grpc.read_token(answer.body)
        life = LIFE if token.expires_us is None else min(7 * 86_400.0, token.expires_us / 1e6 - time.time())
        self._token, self._own = Secret(token.value), True
        self._ends_at = time.monotonic() + max(life, 0.0)
        self._renew_at = time.monotonic() + max(life * RENEW_AT, 1.0)

    def _call(self, method: str, data: dict[str, Any], headers: Mapping[str, str], **limits: Any) -> Answer:
        body = grpc.write_call(method, data)
        told = {"method": method, "data": _ASKED}
        return self._transport.request("POST", paths.grpc(), body=body, headers=headers, told=told, **limits)


def _let_in(status: int, known: Credentials | None) -> tuple[str, str]:
    """What is to add to a 401 or 403, and what may help."""
    if status == 403:
        return "", "Ask for the right at the VMS."
    name = f"Put the user into the URL (http://NAME@…) or into {USER}"
    if known is None:
        return "; no user was named", f"{name}, and the password into {PASSWORD}."
    if known.token is None and not known.user:
        return "; there is a password, but no user was named", f"{name}."
    return "", "Check the token: it may have ended." if known.password is None else "Check user and password."


def refusal(answer: Answer, asked: str, transport: Transport) -> RemoteError:
    """The error for an answer that is not what was asked for; our secrets are taken out of the server's words."""
    said = errors.read(answer.body, answer.status)
    if transport.credentials is not None:
        said = transport.credentials.redacted(said)
    if answer.status in DENIED:
        more, advice = _let_in(answer.status, transport.credentials)
        return NotAllowed(f"{asked}: the server says {said}{more}", advice)
    return RemoteError(f"{asked}: the server says {said}", document.ADVICE)
