"""``slow`` tests run only when asked for by name: ``-m slow``. At the end all that was written is searched for secrets.

Every process of a run (one, or each worker of xdist) searches its own base of ``tmp_path``; a secret that stands
anywhere in it fails the run, whatever the tests say.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.swept import sweep

BASE = pytest.StashKey[Path]()
SAID = pytest.StashKey[list[tuple[str, list[str]]]]()
"""What each process found: a line on how much it searched, and the hits."""
TOLD = "swept"
"""Key under which a worker of xdist tells it."""


settings.register_profile("suite", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Nothing was found yet; a worker of xdist, which Python runs from a string, is told as what it is: pytest."""
    config.stash[SAID] = []
    if hasattr(config, "workerinput"):
        sys.argv = [pytest.__file__]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the slow tests unless the mark was asked for."""
    if "slow" not in (config.option.markexpr or ""):
        skip = pytest.mark.skip(reason="slow; run it with -m slow")
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(skip)


@pytest.fixture(scope="session", autouse=True)
def _base(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> None:
    """Remember where this process's tests write."""
    request.config.stash[BASE] = tmp_path_factory.getbasetemp()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """A worker of xdist has ended: take what it found."""
    found = getattr(node, "workeroutput", {}).get(TOLD)
    node.config.stash[SAID].append(found or ("a worker ended without a search for planted secrets", []))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search, and fail the run where a planted secret was written."""
    config = session.config
    if (base := config.stash.get(BASE, None)) is not None:
        swept = sweep(base)
        config.stash[SAID].append((swept.said, swept.hits))
        if hasattr(config, "workeroutput"):
            config.workeroutput[TOLD] = (swept.said, swept.hits)
    if any(hits for _, hits in config.stash[SAID]) and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was searched, and where a secret stands."""
    for said, hits in config.stash[SAID]:
        terminalreporter.write_line(said, red=bool(hits))
        for hit in hits[:50]:
            terminalreporter.write_line(f"  PLANTED SECRET in {hit}", red=True)
