"""Who we are to a VMS: from arguments, the environment, the keyring or a prompt, in this order.

    WORKBENCH_VMS_USER  WORKBENCH_VMS_PASSWORD  WORKBENCH_VMS_TOKEN     the environment
    workbench:http://host:8000                                          the keyring's service (extra [keyring])

Secrets live in `Secret` and leave it only in the one header, to the one origin.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass

from workbench.core.errors import RequestError, WorkError
from workbench.vms.address import Address
from workbench.vms.secret import Secret

USER, PASSWORD, TOKEN = "WORKBENCH_VMS_USER", "WORKBENCH_VMS_PASSWORD", "WORKBENCH_VMS_TOKEN"
Prompt = Callable[[str], str]
"""``anna at http://host:8000`` → the password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A user with a password, or a token."""

    user: str = ""
    password: Secret | None = None
    token: Secret | None = None

    def basic(self) -> str | None:
        """The header of HTTP Basic (RFC 7617), None without a password."""
        if self.password is None:
            return None
        pair = f"{self.user}:{self.password.reveal()}".encode()
        return "Basic " + base64.b64encode(pair).decode()

    def redacted(self, text: str) -> str:
        """Text from elsewhere with every spelling of the secrets taken out."""
        forms = [form for secret in (self.password, self.token) if secret for form in secret.forms()]
        if (basic := self.basic()) is not None:
            forms.append(basic.removeprefix("Basic ").rstrip("="))
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, "…")
        return text


def find(
    address: Address,
    *,
    user: str | None = None,
    password: str | None = None,
    token: str | None = None,
    prompt: Prompt | None = None,
) -> Credentials | None:
    """The credentials for a server; None where nobody knows any (some servers let everybody in).

    Raises RequestError for a user without a password where there is nobody to ask.
    """
    if token or password:
        return _made(user or address.user or os.environ.get(USER, ""), password, token)
    if given := os.environ.get(TOKEN):
        return _made("", None, given)
    name = user or address.user or os.environ.get(USER, "")
    found = os.environ.get(PASSWORD) or (_from_keyring(address, name) if name else None)
    if found is None and name and prompt is not None:
        found = prompt(f"{name} at {address.origin}")
    if found is None and name:
        raise RequestError(
            "password", f"there is none for {name} at {address.origin}", f"Set {PASSWORD}, or put it into the keyring."
        )
    return None if found is None else _made(name, found, None)


def _made(user: str, password: str | None, token: str | None) -> Credentials:
    for value in (user, password or "", token or ""):
        if any(ord(c) < 32 or ord(c) == 127 for c in value):
            raise RequestError("credentials", "a user name, password or token holds a control character")
        if any("\ud800" <= c <= "\udfff" for c in value):
            raise RequestError("credentials", "a user name, password or token is not sound Unicode")
    if token and not (token.isascii() and " " not in token):
        raise RequestError("token", "a token holds neither spaces nor letters beyond ASCII")
    if ":" in user:
        raise RequestError("user", "a user name cannot hold a colon (RFC 7617)")
    return Credentials(
        user=user, password=Secret(password) if password and not token else None, token=Secret(token) if token else None
    )


def _from_keyring(address: Address, user: str) -> str | None:
    try:
        import keyring
        from keyring.errors import KeyringError, NoKeyringError
    except ImportError:
        return None
    try:
        return keyring.get_password(f"workbench:{address.origin}", user)
    except NoKeyringError:
        return None  # a machine without a keyring, as most servers are
    except KeyringError as exc:
        raise WorkError("the keyring cannot be read", f"Unlock it, or set {PASSWORD}.") from exc
