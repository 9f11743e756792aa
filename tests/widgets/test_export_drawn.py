"""What the export view draws, and when its plans are of another request; without a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.conftest import RECORDINGS
from workbench import Case, LocalArchive, Mask
from workbench.core.errors import SourceError
from workbench.widgets import ExportView, Session, TimelineView

SHAPE = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.4))


@pytest.fixture
def session(archive: LocalArchive, tmp_path: Path) -> Iterator[Session]:
    """A case, two cameras, half a second."""
    made = Session(archive, Case.create(tmp_path / "case", number="1", examiner="A. Berg"))
    chosen(made)
    yield made
    made.close()


def chosen(session: Session) -> None:
    """Two cameras, half a second."""
    session.choose("entrance", "corridor")
    first = session.source("entrance").first or 0
    session.set(begin=first, end=first + 500_000)


def test_a_redraw_reads_no_record(session: Session) -> None:
    """The record of a finished export is read once for the page, and anew where its file is fetched."""
    view = ExportView(session)
    assert session.export().wait(60).state == "done" and session.case is not None
    told = view.shown["jobs"][0]
    assert told["line"].startswith("Asked:") and len(told["files"]) > 1
    path = session.case.path(session.case.state.exports[0].record)
    path.rename(path.with_suffix(".away"))
    session.set(at=(session.state.at or 0) + 40_000)
    assert view.shown["jobs"][0] == told
    with pytest.raises(SourceError):
        view.on_fetch("J1", told["files"][0]["name"])
    view.close()


def test_a_record_that_could_not_be_read_is_looked_at_again(session: Session) -> None:
    """What is wrong with a record is told as long as it is wrong, and no longer."""
    assert session.export().wait(60).state == "done" and session.case is not None
    path = session.case.path(session.case.state.exports[0].record)
    away = path.rename(path.with_suffix(".away"))
    view = ExportView(session)
    assert "cannot be read" in view.shown["jobs"][0]["line"]
    away.rename(path)
    session.told()
    assert view.shown["jobs"][0]["line"].startswith("Asked:")
    view.close()


def test_a_plan_goes_from_the_timeline_with_its_request(session: Session) -> None:
    """Who takes the out point away sees no plan of the former range, on no view."""
    timeline = TimelineView(session)
    view = ExportView(session)
    view.on_plan()
    assert timeline.shown["plan"] and view.shown["plans"]
    session.set(end=None)
    assert (timeline.shown["plan"], view.shown["plans"], session.overlay) == ([], {}, ())
    timeline.close()
    view.close()


def test_plans_stay_while_nothing_of_their_request_changes(session: Session) -> None:
    """The cursor of a film, an open polygon and the mask of a camera that is not chosen make no plan anew."""
    session.choose("entrance")
    view = ExportView(session)
    view.on_plan()
    planned, request, shown = view.shown["plans"], view.shown["request"], view.shown["range"]
    session.set(at=(session.state.at or 0) + 40_000)
    session.draw(drawing=SHAPE[:2])
    session.draw("corridor", masks=(Mask(points=SHAPE),))
    assert (view.shown["plans"], view.shown["request"], view.shown["range"]) == (planned, request, shown)
    session.draw(drawing=(), masks=(Mask(points=SHAPE),))
    assert view.shown["plans"] == {} and view.shown["request"] == request + 1
    session.set(options={"format": "jpg"})
    view.on_plan()
    assert view.shown["plans"]
    session.set(at=(session.state.at or 0) + 40_000)
    assert view.shown["plans"] == {}
    view.close()


class Meddling(LocalArchive):
    """While the first of two requests is planned somebody changes the range, and back while the second one is."""

    session: Session

    def plan(self, *given: Any, **more: Any) -> Any:
        """See the class."""
        try:
            return super().plan(*given, **more)
        finally:
            away = 200_000 if given[0].source == "entrance" else -200_000
            self.session.set(end=(self.session.state.end or 0) + away)


def test_plans_of_two_requests_never_stand_together(tmp_path: Path) -> None:
    """A range that is changed and changed back while it is planned: what was planned in between is not shown."""
    archive = Meddling(RECORDINGS, tmp_path / "cache")
    archive.session = session = Session(archive)
    chosen(session)
    end = session.state.end
    view = ExportView(session)
    view.on_plan()
    assert session.state.end == end and view.shown["plans"] == {} and session.overlay == ()
    view.close()
    session.close()


def test_nothing_changes_while_a_plan_is_laid(session: Session) -> None:
    """Between the look whether a plan is still wanted and its being shown nobody else changes the session."""
    view = ExportView(session)
    free: list[bool] = []

    def look(*_: Any) -> None:
        if session.overlay:
            other = threading.Thread(target=lambda: free.append(session.lock.acquire(blocking=False)))
            other.start()
            other.join()

    unwatch = session.watch(look)
    view.on_plan()
    assert free == [False]
    unwatch()
    view.close()
