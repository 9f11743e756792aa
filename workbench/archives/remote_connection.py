"""How a VMS is reached: who we are to it, its clients, and what it says of itself, asked once.

Secrets are held as `Secret`s and reach no pickle, repr or record; a prompt asks once, however many clients are made.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from workbench.archives.remote_cameras import zone_name
from workbench.core.errors import RemoteError, SourceError
from workbench.vms.address import Address
from workbench.vms.client import Client
from workbench.vms.flight import Flight
from workbench.vms.secret import Secret
from workbench.vms.tls import Trust
from workbench.vms.tokens import Auth
from workbench.vms.transport import Timeouts

Prompt = Callable[[str], str]
MOST_CALLS = 200
"""Calls of the shared client that stay on record: it lives as long as the archive, and only exports tell theirs."""
_KEPT = ("address", "user", "auth", "trust", "timeouts")


class Connection:
    """One server, as one user."""

    def __init__(
        self,
        url: str,
        *,
        user: str | None,
        password: str | None,
        token: str | None,
        prompt: Prompt | None,
        auth: Auth,
        trust: Trust | None,
        timeouts: Timeouts | None,
    ) -> None:
        """Nothing is sent yet; RequestError for a wrong URL."""
        self.address = Address.parse(url)
        self.user, self.auth, self.trust, self.timeouts = user, auth, trust or Trust(), timeouts
        self._password = None if password is None else Secret(password)
        self._token = None if token is None else Secret(token)
        self._prompt = None if prompt is None else _Once(prompt)
        self._fresh()

    def _fresh(self) -> None:
        self._lock = threading.RLock()
        self._shared: Client | None = None
        self._told: dict[str, str] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Everything but secrets and connections."""
        return {name: getattr(self, name) for name in _KEPT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name in _KEPT:
            setattr(self, name, state[name])
        self._password = self._token = self._prompt = None
        self._fresh()

    def new(self, cancel: threading.Event | None = None, flight: Flight | None = None) -> Client:
        """A client of its own, with a flight record of its own, whose questions end with `cancel`; close it."""
        return Client(
            self.address,
            user=self.user,
            password=None if self._password is None else self._password.reveal(),
            token=None if self._token is None else self._token.reveal(),
            prompt=self._prompt,
            auth=self.auth,
            trust=self.trust,
            timeouts=self.timeouts,
            flight=flight or Flight(),
            cancel=cancel,
        )

    @property
    def client(self) -> Client:
        """The client that questions go through."""
        with self._lock:
            if self._shared is None:
                self._shared = self.new(flight=Flight(most=MOST_CALLS))
            return self._shared

    def version(self) -> str:
        """What the server calls itself."""
        if "version" not in self._told:
            self._told["version"] = self.client.version()
        return self._told["version"]

    def zone(self) -> str:
        """The zone of the VMS's first server; UTC where none says."""
        if "zone" not in self._told:
            try:
                names = self.client.hosts()
                minutes = self.client.host(names[0]).time_zone if names else 0
            except (SourceError, RemoteError):
                minutes = 0
            self._told["zone"] = zone_name(minutes)
        return self._told["zone"]

    def close(self) -> None:
        """Let go of the shared client; it is made anew when it is needed."""
        with self._lock:
            client, self._shared = self._shared, None
        if client is not None:
            client.close()


class _Once:
    """A prompt that asks once for each question."""

    def __init__(self, prompt: Prompt) -> None:
        self._prompt, self._answers = prompt, dict[str, Secret]()

    def __call__(self, whose: str) -> str:
        if whose not in self._answers:
            self._answers[whose] = Secret(self._prompt(whose))
        return self._answers[whose].reveal()
