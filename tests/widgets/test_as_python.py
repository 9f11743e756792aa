"""Copy as Python: the cell runs, and makes again what was clicked."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench import Case, LocalArchive, Mask
from workbench.widgets import EvidenceView, Session

NASTY = 'a "quote" \' and \\ and\nnew line {x} <script>'


def clicked(archive: LocalArchive, case: Case | None) -> Session:
    """One second of the entrance with a mask."""
    session = Session(archive, case)
    session.choose("entrance")
    first = session.source("entrance").first or 0
    session.set(begin=first, end=first + 1_000_000, options={"format": "mp4", "comment": NASTY})
    session.draw(masks=(Mask(points=((0.1, 0.1), (0.4, 0.1), (0.4, 0.5)), reason=NASTY),))
    return session


def test_what_was_done_is_done_again(archive: LocalArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copied cell makes a case of its own with the same export, byte for byte, and the same words."""
    monkeypatch.chdir(tmp_path)
    case = Case.create(tmp_path / "case", number="17/2026", examiner="A. Berg")
    session = clicked(archive, case)
    view = EvidenceView(session, out=str(tmp_path / "packages"))
    assert session.export().wait(60).state == "done"
    view.on_snapshot("E1", NASTY)
    view.on_snapshot("", "", "it shows nobody")
    view.on_comment(NASTY, "S1")
    view.on_order(["S2", "S1"])
    view.on_build(False, 1, "A4")
    cell = session.python()
    scope: dict[str, object] = {}
    exec(compile(cell, "<cell>", "exec"), scope)
    again = scope["case"]
    assert isinstance(again, Case) and again.folder.name.startswith("case-")
    assert [e.files[0].sha256 for e in again.state.exports] == [e.files[0].sha256 for e in case.state.exports]
    assert [s.frame_sha256 for s in again.state.snapshots] == [s.frame_sha256 for s in case.state.snapshots]
    assert [s.caption for s in again.state.snapshots] == [NASTY, ""]
    assert again.state.order == ("S2", "S1") and NASTY in [c.text for c in again.state.comments]
    assert len(again.state.reports) == 1
    session.close()


def test_a_choice_alone_is_planned(archive: LocalArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without anything done the cell plans the request that is chosen; without a case it exports to a folder."""
    monkeypatch.chdir(tmp_path)
    session = clicked(archive, None)
    scope: dict[str, object] = {}
    exec(compile(session.python(), "<cell>", "exec"), scope)
    assert [plan.spec for plan in scope["plans"]] == [session.spec()]  # type: ignore[attr-defined]
    assert session.export(out=tmp_path / "out").wait(60).state == "done"
    exec(compile(session.python(), "<cell>", "exec"), scope)
    assert scope["result_1"].ledger == session.jobs["J1"].result.ledger  # type: ignore[attr-defined, union-attr]
    session.close()
