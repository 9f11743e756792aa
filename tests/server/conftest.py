"""Servers on loopback, shared by the tests of this folder: one open, one that knows four users and forces a mask."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.footage import ROOT
from tests.planted import SECRETS
from workbench.server import users
from workbench.server.serving import Background

RECORDINGS = ROOT / "notebooks" / "recordings"
MASKED = textwrap.dedent(
    """
    # nobody is to see the left half of the corridor
    [cameras."corridor"]
    masks = [[[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]]]
    """
)
PEOPLE = {
    "viewer": (["view"], ["*"]),
    "neighbour": (["view", "export", "live", "unmasked"], ["bottling"]),
    "clerk": (["view", "export", "live"], ["*"]),
    "chief": (["view", "export", "live", "unmasked"], ["*"]),
}
"""Name → rights and cameras."""
PASSWORDS = dict(zip(PEOPLE, SECRETS.values(), strict=False))
"""Name → password: planted ones, which nothing that the tests write may hold."""


@pytest.fixture(scope="session")
def users_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A users file with `PEOPLE` and a forced mask."""
    path = tmp_path_factory.mktemp("users") / "users.toml"
    path.write_text(MASKED, encoding="utf-8")
    for name, (rights, cameras) in PEOPLE.items():
        users.add(path, name, PASSWORDS[name], rights, cameras)
    return path


@pytest.fixture(scope="session")
def open_server() -> Iterator[Background]:
    """A server that asks nobody who he is."""
    with Background(RECORDINGS) as server:
        yield server


@pytest.fixture(scope="session")
def guarded(users_file: Path) -> Iterator[Background]:
    """A server that knows `PEOPLE`."""
    with Background(RECORDINGS, auth="basic", users=users_file, prefix="asip-api") as server:
        yield server


@pytest.fixture
def client(open_server: Background) -> Iterator[httpx.Client]:
    """A client of the open server."""
    with httpx.Client(base_url=open_server.url, timeout=60) as found:
        yield found
