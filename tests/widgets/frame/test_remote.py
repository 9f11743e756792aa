"""Frames and masks over a VMS: our own server, asked over a real socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.widgets.frame.conftest import button, seen
from workbench import RemoteArchive
from workbench.core.mask import Mask
from workbench.server.serving import Background
from workbench.widgets import FrameView, Session

pytestmark = pytest.mark.browser


def test_what_a_vms_does_not_tell_is_not_made_up(browser: Any, footage: Path, tmp_path: Path) -> None:
    """The PTS is said to be unknown, in the panel and in a key; all else works; nothing comes that nobody looks at."""
    with Background(footage, state=tmp_path / "server") as server:
        session = Session(RemoteArchive(server.url, cache=tmp_path / "cache"))
        camera = next(one.id for one in session.briefs().values() if one.name == "Entrance hall")
        session.choose(camera)
        session.draw(masks=(Mask(points=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),))
        view = FrameView(session)
        page = browser.show(view)
        seen(page, session)
        assert "not told by the server" in page.locator(".wb-frame-facts").inner_text()
        button(page, "Mask 1").click()
        page.find(page.page.get_by_role("button", name="Add a key of mask 1")).click()
        page.until(lambda: "PTS not known" in page.text())
        assert [key.pts for key in session.look.masks[0].keys] == [None]
        before = session.state.at
        page.locator(".wb-frame-stage").focus()
        page.page.keyboard.press("ArrowRight")
        page.until(lambda: session.state.at != before)
        seen(page, session)
        button(page, "After").click()
        page.until(lambda: page.locator(".wb-frame-stage[data-masked=true]").count())
        assert (
            page.locator(".wb-frame-tag:visible").inner_text().startswith("After: masks laid on by the engine, at 2026")
        )
        button(page, "1:1").click()
        page.until(lambda: page.locator(".wb-frame-stage[data-pixels=exact]").count())
        assert page.locator(".wb-frame-stage").get_attribute("data-near") == ""
        assert (page.console, page.foreign, view.errors) == ([], [], [])
        page.close()
        view.close()
        session.close()
