"""Cameras and timeline over a VMS: our own server, asked over a real socket."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.archives.served import BEGIN, LATER
from workbench import RemoteArchive
from workbench.server.serving import Background
from workbench.vms.transport import Timeouts
from workbench.widgets import Session, SourcesView, TimelineView

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def there(folder: Path) -> Iterator[RemoteArchive]:
    """The hall and the yard, by a server in this process."""
    with Background(folder) as server:
        archive = RemoteArchive(server.url)
        yield archive
        archive.close()


def paths(archive: RemoteArchive, since: int = 0) -> list[str]:
    """What was asked for."""
    return [call.path for call in archive.connection.client.flight.calls[since:]]


def test_cameras_are_listed_found_and_chosen(browser: Any, there: RemoteArchive) -> None:
    """Cameras of a VMS have their names, spans and pictures; typing finds one, its box chooses it."""
    session = Session(there)
    page = browser.show(SourcesView(session))
    page.until(lambda: page.locator("tr[data-source]").count() == 2)
    assert "2026-03-01 10:00:00 – 10:00:12" in page.text() and "not checked" in page.text()
    assert "from the catalogue" not in page.text()
    page.until(lambda: page.locator("td img").count() == 2)
    page.page.get_by_label("Search cameras").fill("entrance")
    assert page.locator("tr[data-source]:visible").count() == 1
    page.page.get_by_label("Choose Entrance hall").click()
    page.until(lambda: [session.brief(name).name for name in session.state.sources] == ["Entrance hall"])
    assert (page.console, page.foreign) == ([], [])
    page.close()
    session.close()


def test_only_the_chosen_cameras_are_asked_for(browser: Any, there: RemoteArchive) -> None:
    """A pan asks one question a chosen camera; gaps are stepped to, and keys are not offered, with the reason."""
    session = Session(there)
    hall = there.source("Entrance hall").id
    session.choose(hall)
    view = TimelineView(session)
    page = browser.show(view)
    page.until(lambda: page.locator("[data-known='1']").count() and page.locator("[data-thumbs]").count())
    before = len(paths(there))
    found = view.on_stretches(BEGIN, LATER + 3_000_000, 500)
    assert len(found["lanes"][hall]["stretches"]) == 2 and found["lanes"][hall]["known"]
    asked = paths(there, before)
    assert len([one for one in asked if "intervals" in one]) == 1 and len(asked) == 2
    assert page.page.get_by_role("button", name="Key ▶: next key frame").is_disabled()
    assert "does not tell which pictures are key frames" in page.text()
    page.locator(".wb-timeline-at").focus()
    page.page.keyboard.press("k")
    page.until(lambda: "No steps by key frames" in page.locator(".wb-status").inner_text())
    page.page.keyboard.press("g")
    page.until(lambda: session.state.at == BEGIN + 3_000_000 - 40_000)
    page.page.keyboard.press("ArrowRight")
    page.until(lambda: session.state.at == LATER)
    page.page.keyboard.press("o")
    page.until(lambda: session.state.end == LATER + 40_000)
    assert view.errors == [] and page.console == []
    page.close()
    session.close()


@pytest.mark.slow
def test_a_server_that_is_gone_is_told(browser: Any, folder: Path) -> None:
    """What cannot be asked is hatched and said in words, and never drawn as nothing recorded."""
    with Background(folder) as server:
        archive = RemoteArchive(server.url, timeouts=Timeouts(total=3))
        session = Session(archive)
        session.choose(archive.source("Entrance hall").id)
        cameras = SourcesView(session)
        ends = time.monotonic() + 20
        while not cameras.shown["cameras"] and time.monotonic() < ends:
            time.sleep(0.01)
    view = TimelineView(session)
    page = browser.show(view)
    page.until(lambda: "cannot be reached" in page.locator(".wb-status").inner_text(), 30)
    page.mount(cameras)
    page.until(lambda: page.locator(".wb-sources-none").count() == 2, 30)
    assert "cannot be reached" in (page.locator(".wb-sources-none").first.get_attribute("title") or "")
    assert page.locator("[data-known]").count() == 0 and view.errors != []
    page.close()
    session.close()
