"""In and out points in whole pictures, and the thread in which they move; no browser is needed for that."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.archives.served import BEGIN, LATER
from tests.widgets.timeline.waiting import Waiting
from workbench import LocalArchive
from workbench.widgets import FrameView, Session, SourcesView, TimelineView

FRAME, LENGTH = 40_000, 3_000_000
"""Microseconds of a picture, and of one of the hall's two recordings."""


@pytest.fixture
def view(hall: LocalArchive) -> Iterator[TimelineView]:
    """The hall's timeline."""
    session = Session(hall)
    session.choose("hall")
    yield TimelineView(session)
    session.close()


def test_an_out_point_lies_behind_its_picture(view: TimelineView) -> None:
    """On the last picture before a gap it is the gap's begin; on the very last one the end of the recording."""
    session = view.session
    session.set(at=BEGIN + LENGTH - FRAME)
    view.on_mark("end")
    assert session.state.end == BEGIN + LENGTH
    session.set(at=LATER + LENGTH - FRAME)
    view.on_mark("end")
    assert session.state.end == LATER + LENGTH
    session.set(at=BEGIN + FRAME)
    view.on_mark("end")
    assert session.state.end == BEGIN + 2 * FRAME


def test_an_out_point_stops_at_the_end(view: TimelineView) -> None:
    """At the recording's end neither a picture nor a second follows: it stays, and the answer says so."""
    session = view.session
    session.set(begin=BEGIN, end=LATER + LENGTH)
    assert view.on_nudge("end", 1, "frame") is None and view.on_nudge("end", 1, "second") is None
    assert session.state.end == LATER + LENGTH
    assert view.on_nudge("end", -1, "frame") == session.state.end == LATER + LENGTH - FRAME
    assert view.on_nudge("end", 1, "second") == LATER + LENGTH
    assert view.on_nudge("begin", -1, "frame") is None and session.state.begin == BEGIN


def test_points_step_over_a_gap_by_pictures(view: TimelineView) -> None:
    """The picture after the last one before a gap is the first one behind it, and back again."""
    session = view.session
    session.set(begin=BEGIN, end=BEGIN + LENGTH)
    assert view.on_nudge("end", 1, "frame") == LATER + FRAME
    assert view.on_nudge("end", -1, "frame") == BEGIN + LENGTH
    session.set(begin=BEGIN + LENGTH - FRAME, end=LATER + LENGTH)
    assert view.on_nudge("begin", 1, "frame") == LATER
    assert view.on_nudge("begin", -1, "second") == BEGIN + LENGTH - FRAME


def test_the_cursor_goes_along_to_a_new_range(view: TimelineView) -> None:
    """One draws masks on a picture of what is exported; a border that is moved leaves the cursor where it is."""
    session = view.session
    session.set(at=BEGIN)
    view.on_range(BEGIN + 10 * FRAME + 7, BEGIN + 20 * FRAME)
    assert session.state.at == BEGIN + 10 * FRAME
    view.on_range(BEGIN + 15 * FRAME, BEGIN + 20 * FRAME)
    assert session.state.at == BEGIN + 10 * FRAME
    view.on_range(BEGIN + 5 * FRAME, BEGIN + 30 * FRAME)
    assert session.state.at == BEGIN + 10 * FRAME


def test_moves_wait_for_each_other_and_not_for_the_kernel(view: TimelineView) -> None:
    """Messages come back at once while an earlier move is under way, and are carried out in their order behind it."""
    session, held = view.session, threading.Event()
    view.later("", held.wait, lane="hand")
    begun = time.monotonic()
    asked: list[tuple[str, dict[str, Any]]] = [
        ("seek", {"at": BEGIN + 10 * FRAME}),
        ("step", {"by": 2, "unit": "frame"}),
        ("mark", {"which": "begin"}),
        ("step", {"by": 1, "unit": "second"}),
        ("mark", {"which": "end"}),
        ("nudge", {"point": "end", "by": -1, "unit": "frame"}),
    ]
    for name, given in asked:
        view._handle_custom_msg({"do": name, "with": given}, [])
    assert time.monotonic() - begun < 1 and session.state.begin is None
    held.set()
    ends = time.monotonic() + 20
    while session.state.end != BEGIN + 37 * FRAME and time.monotonic() < ends:
        time.sleep(0.01)
    assert (session.state.begin, session.state.end) == (BEGIN + 12 * FRAME, BEGIN + 37 * FRAME)
    assert view.errors == []


class Late(Session):
    """A session whose eye takes its time."""

    def another_archive(self) -> Waiting:
        """Not before `hold` is set."""
        assert isinstance(self.archive, LocalArchive)
        return Waiting(self.archive.folder, self.archive.cache)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("seek", {"at": BEGIN + 10 * FRAME}),
        ("step", {"by": 1, "unit": "frame"}),
        ("mark", {"which": "end"}),
        ("nudge", {"point": "end", "by": -1, "unit": "frame"}),
        ("typed", {"which": "at", "text": "+0.4"}),
    ],
)
def test_a_time_of_one_camera_is_not_set_on_another(hall: LocalArchive, name: str, given: dict[str, Any]) -> None:
    """Where another camera is shown by the time a place was looked up, nothing of that one moves."""
    session = Late(LocalArchive(hall.folder, hall.cache))
    session.choose("hall", "yard.mp4")
    session.set(begin=BEGIN, end=BEGIN + 20 * FRAME)
    eye, view = session.eye, TimelineView(session)
    assert isinstance(eye, Waiting)
    eye.hold.clear()
    asked = threading.Thread(target=getattr(view, f"on_{name}"), kwargs=given)
    asked.start()
    assert eye.asked.wait(10)
    session.show("yard.mp4")
    shown = session.state
    eye.hold.set()
    asked.join(10)
    assert not asked.is_alive() and session.state == shown and not shown.dated
    view.close()
    session.close()


@pytest.mark.parametrize("kind", [TimelineView, SourcesView])
def test_no_verb_runs_in_the_kernels_thread(kind: type[TimelineView | SourcesView]) -> None:
    """Each of them may have to ask an archive or wait for a disk."""
    verbs = {name: getattr(getattr(kind, name), "verb", None) for name in dir(kind) if name.startswith("on_")}
    verbs = {name: marks for name, marks in verbs.items() if marks}
    assert len(verbs) >= 4 and all(marks["slow"] for marks in verbs.values())


def test_listing_cameras_keeps_nobody_waiting(hall: LocalArchive) -> None:
    """While the cameras are listed anew the session is changed as ever, and all views follow."""
    session = Session(archive := Waiting(hall.folder, hall.cache))
    session.choose("hall")
    views = [kind(session) for kind in (TimelineView, FrameView)]
    archive.hold.clear()
    archive.asked.clear()
    lister = threading.Thread(target=lambda: session.briefs(anew=True))
    lister.start()
    assert archive.asked.wait(10)
    changed = threading.Thread(target=lambda: session.set(at=BEGIN + FRAME))
    changed.start()
    changed.join(5)
    assert not changed.is_alive() and session.state.at == BEGIN + FRAME and lister.is_alive()
    assert [view.shown["at"] for view in views] == [BEGIN + FRAME] * 2
    archive.hold.set()
    lister.join(20)
    session.close()
