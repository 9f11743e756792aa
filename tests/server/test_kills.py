"""Many exports at once, and a server that is killed while it works on them."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.server.striking import Process, look, start, survive, wanted
from workbench.vms.client import Client


@pytest.mark.parametrize("kills", [2, pytest.param(10, marks=pytest.mark.slow)])
def test_killed_while_exporting(tmp_path: Path, kills: int) -> None:
    """After kill -9 every export that was accepted is made, and no file ever came that is not the right one whole."""
    exports = wanted(3 * kills, tmp_path / "local")
    survive(exports, tmp_path / "state", tmp_path, kills)
    assert [(one.state, one.error) for one in exports if not one.right] == []
    assert list((tmp_path / "state" / "work").iterdir()) == []


@pytest.mark.parametrize("count", [6, pytest.param(32, marks=pytest.mark.slow)])
def test_many_at_once(tmp_path: Path, count: int) -> None:
    """Exports that are asked for at the same time all come, each with its own pictures."""
    exports = wanted(count, tmp_path / "local", seconds=2)
    server = Process(tmp_path / "state")
    failed: list[BaseException] = []

    def ask(share: int) -> None:
        try:
            with Client(server.url) as client:
                start(client, exports[share::4])
        except BaseException as exc:
            failed.append(exc)

    try:
        threads = [threading.Thread(target=ask, args=(share,)) for share in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with Client(server.url) as client:
            while not failed and not look(client, exports, tmp_path):
                pass
    finally:
        server.end()
    assert failed == [] and len({one.id for one in exports}) == count
    assert [(one.state, one.error) for one in exports if not one.right] == []
