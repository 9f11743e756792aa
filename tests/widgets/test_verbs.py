"""In which thread a view's verbs run, and what a view that was closed still does; without a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.conftest import RECORDINGS
from tests.widgets.frame.test_late import until
from workbench import Case, LocalArchive
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import Cancelled
from workbench.core.timebase import instant
from workbench.evidence.custody_log import LOCK
from workbench.evidence.locking import locked
from workbench.server.serving import Background
from workbench.widgets import EvidenceView, ExportView, FrameView, HeaderView, Session, SourcesView, TimelineView
from workbench.widgets.state import State
from workbench.widgets.taking_up import Question

VIEWS = (HeaderView, SourcesView, TimelineView, FrameView, ExportView, EvidenceView)


@pytest.fixture
def session(archive: LocalArchive, tmp_path: Path) -> Iterator[Session]:
    """A case with a snapshot; two cameras are chosen, and a second of them."""
    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    made = Session(archive, case)
    made.choose("entrance", "corridor")
    first = made.source("entrance").first or 0
    made.set(begin=first, end=first + 1_000_000)
    case.snapshot(archive, "entrance", instant(first))
    yield made
    made.close()


def told_by(view: Any) -> list[Any]:
    """What a view sends from now on."""
    told: list[Any] = []
    view.send = lambda content, buffers=None: told.append(content)
    return told


def test_only_looks_into_memory_are_done_in_the_kernels_thread() -> None:
    """What saves, logs or asks an archive runs in a thread; Cancel and Stop are flags, a wish is a number."""
    names = [(view, name) for view in VIEWS for name in dir(view) if name.startswith("on_")]
    verbs = {(view.script, name): getattr(getattr(view, name), "verb", None) for view, name in names}
    here = {name for name, marks in verbs.items() if marks is not None and not marks["slow"]}
    assert here == {("frame", "on_wish"), ("export", "on_cancel"), ("evidence", "on_stop")}


ASKED = [
    (FrameView, "show", {"source": "corridor"}),
    (ExportView, "option", {"name": "format", "value": "mkv"}),
    (ExportView, "run", {"sources": ["entrance"]}),
    (HeaderView, "answer", {"about": "test", "answer": "yes"}),
    (EvidenceView, "text", {"name": "comment:", "words": "half"}),
    (EvidenceView, "caption", {"snapshot": "S1", "words": "Later"}),
    (EvidenceView, "comment", {"words": "A red bag"}),
    (EvidenceView, "order", {"snapshots": ["S1"]}),
    (EvidenceView, "seek", {"snapshot": "S1"}),
]


@pytest.mark.parametrize(("kind", "do", "given"), ASKED, ids=[f"{kind.script}-{do}" for kind, do, _ in ASKED])
def test_nobody_waits_for_another_writer_of_the_case(session: Session, kind: Any, do: str, given: Any) -> None:
    """While another process writes to the case the kernel's thread is free; the verb is carried out afterwards."""
    session.questions["test"] = Question(words="?", answers={"yes": lambda: session.set(texts={"x": "answered"})})
    if do == "seek":
        session.show("corridor")
    assert session.case is not None
    view = kind(session)
    told = told_by(view)
    with locked(session.case.folder / LOCK):
        view._handle_custom_msg({"do": do, "id": "q1", "with": given}, [])
        assert [one for one in told if one.get("re") == "q1"] == []
    until(lambda: [one for one in told if one.get("re") == "q1"])
    assert "error" not in next(one for one in told if one.get("re") == "q1")
    view.close()


def test_what_was_written_goes_before_what_was_sent(session: Session) -> None:
    """The last words of a draft are on their way while the comment is sent: none of them is left as a draft."""
    view = EvidenceView(session)
    told = told_by(view)
    assert session.case is not None
    with locked(session.case.folder / LOCK):
        for n, (do, more) in enumerate([("text", {"name": "comment:"}), ("comment", {})]):
            view._handle_custom_msg({"do": do, "id": f"q{n}", "with": {**more, "words": "A b"}}, [])
    until(lambda: [one.get("re") for one in told if "re" in one] == ["q0", "q1"])
    assert session.state.texts == {} and [c.text for c in session.case.state.comments] == ["A b"]
    view.close()


class Interrupted(Session):
    """Whenever another camera was shown somebody shows the corridor at 7 as soon as that can be."""

    other: threading.Thread

    def show(self, source: str) -> State:
        """See the class."""
        state = super().show(source)
        self.other = threading.Thread(target=self.set, kwargs={"source": "corridor", "at": 7})
        self.other.start()
        self.other.join(0.2)
        return state


def test_the_instant_of_a_snapshot_is_set_on_no_other_camera(session: Session) -> None:
    """Camera and cursor of a snapshot are shown in one go: who shows another camera meanwhile comes before or after."""
    assert session.case is not None
    other = Interrupted(session.archive, Case.open(session.case.folder))
    view = EvidenceView(other)
    view.on_seek("S1")
    other.other.join()
    assert (other.state.source, other.state.at) == ("corridor", 7)
    view.close()
    other.close()


class Waiting(RemoteArchive):
    """A VMS of which an acquisition begins only when it is stopped, or five seconds have passed."""

    def acquire(self, *given: Any) -> Any:
        """See the class."""
        self.begun.set()
        given[-1].wait(5)
        return super().acquire(*given)

    begun: threading.Event


def test_closing_a_page_ends_its_acquisition(tmp_path: Path) -> None:
    """Who closes the view stops what it fetches from a VMS; nothing half is left."""
    with Background(RECORDINGS, state=tmp_path / "server") as server:
        archive = Waiting(server.url, cache=tmp_path / "cache")
        archive.begun = threading.Event()
        session = Session(archive)
        session.choose(next(one.id for one in session.briefs().values() if one.name == "Entrance hall"))
        first = session.source(session.state.source).first or 0
        session.set(begin=first, end=first + 1_000_000)
        view = EvidenceView(session, acquired=str(tmp_path / "acquired"))
        fetched = session.pool.submit(view.on_acquire)
        assert archive.begun.wait(10)
        view.close()
        with pytest.raises(Cancelled):
            fetched.result(10)
        with pytest.raises(Cancelled):
            view.on_acquire()
        session.close()
    assert not [path for path in (tmp_path / "acquired").rglob("*") if path.is_file()]
