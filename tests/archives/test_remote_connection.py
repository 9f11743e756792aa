"""How a VMS is reached over a long time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archives.moody import Moody
from workbench.archives.remote import RemoteArchive


def test_questions_without_end_are_not_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that is asked for weeks keeps its latest calls only; an export's own client keeps every one."""
    monkeypatch.setattr("workbench.archives.remote_connection.MOST_CALLS", 3)
    with Moody() as vms:
        remote = RemoteArchive(vms.url, cache=tmp_path)
        own = remote.connection.new()
        for client, kept in ((remote.connection.client, 3), (own, 5)):
            for _ in range(5):
                client.version()
            assert len(client.flight.calls) == len(client.flight.lines().splitlines()) == kept
        own.close()
        remote.close()
