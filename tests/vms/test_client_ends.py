"""A client that comes to its end: within the time it was given, and after a cancel."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable

import pytest

from tests.vms.faulty import Asked, Faulty, Wire
from tests.vms.test_client import Vms
from workbench.core.errors import RemoteError
from workbench.vms.client import Client
from workbench.vms.transport import Timeouts

ANNA = {"user": "anna", "password": "hunter22"}
WITHIN: dict[str, Callable[[Client], object]] = {
    "delete": lambda client: client.delete("a-1", within=0.5),
    "sessions": lambda client: client.sessions(within=0.5),
    "status": lambda client: client.status("a-1", within=0.5),
}


def test_a_cancelled_client_gives_its_token_back() -> None:
    """Closing after a cancel raises nothing, tells the server that the token is done with, and lets go of all."""
    cancel, handler = threading.Event(), Vms(basic=False)
    with Faulty(handler) as server:
        client = Client(server.url, cancel=cancel, **ANNA)
        client.hosts()
        cancel.set()
        client.close()
        assert handler.methods == ["AuthenticateEx2", "CloseSession"]
        assert client._transport._client.is_closed


@pytest.mark.parametrize("ask", WITHIN.values(), ids=WITHIN)
def test_within_holds_where_a_token_is_due(ask: Callable[[Client], object]) -> None:
    """A server that falls silent has as long as was said, though a token has to be renewed or got first."""
    over, silent = threading.Event(), threading.Event()
    handler = Vms(basic=False)

    def answers_or_hangs(asked: Asked, wire: Wire) -> None:
        if silent.is_set():
            over.wait(10)
            wire.close()
        else:
            handler(asked, wire)

    with Faulty(answers_or_hangs) as server:
        client = Client(server.url, timeouts=Timeouts(read=4.0, total=6.0), **ANNA)
        client.hosts()
        silent.set()
        client._door._renew_at = time.monotonic()
        began = time.monotonic()
        with pytest.raises(RemoteError):
            ask(client)
        took = time.monotonic() - began
        over.set()
        silent.clear()
        client.close()
    assert took < 2.5


def test_within_holds_while_tls_is_agreed_on() -> None:
    """A server that takes the connection and says nothing of TLS has no longer for it than was said."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Client(f"https://127.0.0.1:{silent.getsockname()[1]}", timeouts=Timeouts(connect=6.0))
        began = time.monotonic()
        with pytest.raises(RemoteError):
            client.delete("a-1", within=0.5)
        took = time.monotonic() - began
        client.close()
    assert took < 2.5


@pytest.mark.parametrize("ask", WITHIN.values(), ids=WITHIN)
def test_within_holds_while_connecting(ask: Callable[[Client], object]) -> None:
    """A server that takes no connection has no longer for it than was said."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # more than the system keeps for a program that accepts none
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        client = Client(f"http://127.0.0.1:{listener.getsockname()[1]}", timeouts=Timeouts(connect=6.0))
        began = time.monotonic()
        with pytest.raises(RemoteError):
            ask(client)
        took = time.monotonic() - began
        client.close()
        for one in waiting:
            one.close()
    assert took < 2.5
