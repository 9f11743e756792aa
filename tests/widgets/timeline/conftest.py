"""The shipped recordings and a small made archive, opened once for all tests of the timeline."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.archives.served import archive as made
from tests.widgets.conftest import RECORDINGS
from workbench import LocalArchive
from workbench.widgets import Session


@pytest.fixture(scope="package")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalArchive]:
    """Six cameras; the entrance has two gaps."""
    opened = LocalArchive(RECORDINGS, tmp_path_factory.mktemp("shipped"))
    opened.sources()
    yield opened
    opened.close()


@pytest.fixture(scope="package")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalArchive]:
    """A dated hall of two recordings with seven seconds missing between them, and an undated yard."""
    root = tmp_path_factory.mktemp("hall")
    opened = LocalArchive(made(root / "recordings"), root / "cache")
    opened.sources()
    yield opened
    opened.close()


@pytest.fixture(scope="package")
def folder(hall: LocalArchive) -> Path:
    """Where the hall lies."""
    return hall.folder


@pytest.fixture
def session(shipped: LocalArchive) -> Iterator[Session]:
    """The entrance is chosen; the archive stays open for the next test."""
    made_here = Session(shipped)
    made_here.choose("entrance")
    yield made_here
    made_here.close()
