"""A session over the shipped recordings and two made ones, and the frame view of it in the browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from tests.truth import Clip, make
from tests.widgets.conftest import RECORDINGS
from workbench import LocalArchive
from workbench.widgets import FrameView, Session, State

WIDE = Clip(name="frame-wide", frames=60, width=1920, height=1080, gop=50, bframes=2)
"""Larger than the stage: to be zoomed into."""


@pytest.fixture(scope="session")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The entrance and the corridor of the shipped recordings, and an undated full-HD clip."""
    folder = tmp_path_factory.mktemp("footage") / "recordings"
    folder.mkdir()
    for name in ("entrance", "corridor"):
        shutil.copytree(RECORDINGS / name, folder / name)
    shutil.copyfile(RECORDINGS / "archive.toml", folder / "archive.toml")
    (folder / "wide").mkdir()
    shutil.copyfile(make(WIDE), folder / "wide" / "clip.mp4")
    return folder


@pytest.fixture(scope="session")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The indexes of the footage, made once."""
    return tmp_path_factory.mktemp("indexes")


@pytest.fixture(scope="session")
def one_session(footage: Path, indexes: Path) -> Iterator[Session]:
    """One session, whose processes stay warm."""
    made = Session(LocalArchive(footage, indexes))
    yield made
    made.close()


@pytest.fixture
def session(one_session: Session) -> Session:
    """The entrance is chosen, and nothing was done yet."""
    one_session.set(**{field.name: getattr(State(), field.name) for field in fields(State)})
    one_session._done.clear()
    one_session._undone.clear()
    one_session.choose("entrance")
    return one_session


@pytest.fixture
def view(session: Session) -> Iterator[FrameView]:
    """The frame view of the session."""
    made = FrameView(session)
    yield made
    made.close()


@pytest.fixture
def page(page: Any, session: Session) -> Any:
    """The view with its frame on the screen."""
    seen(page, session)
    return page


def seen(page: Any, session: Session) -> None:
    """Wait until the picture at the cursor is on the screen."""
    page.until(lambda: page.locator(f".wb-frame-stage[data-shown='{session.state.at}']").count())


def at(page: Any, x: float, y: float) -> tuple[float, float]:
    """Where a place of the picture lies on the screen."""
    box = page.locator(".wb-frame-image").bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def dragged(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Press at a place of the picture, move to another, release."""
    page.page.mouse.move(*at(page, *start))
    page.page.mouse.down()
    page.page.mouse.move(*at(page, *end), steps=4)
    page.page.mouse.up()


def button(page: Any, name: str) -> Any:
    """A button of exactly that name."""
    return page.find(page.page.get_by_role("button", name=name, exact=True))


def pixel(page: Any, selector: str, x: float, y: float) -> list[int]:
    """Red, green and blue of an image at a place of it, 0 to 1."""
    return page.locator(selector).evaluate(
        """(e, [x, y]) => { const c = document.createElement('canvas');
        c.width = e.naturalWidth; c.height = e.naturalHeight;
        const g = c.getContext('2d'); g.drawImage(e, 0, 0);
        return [...g.getImageData(Math.floor(x * c.width), Math.floor(y * c.height), 1, 1).data.slice(0, 3)]; }""",
        [x, y],
    )
