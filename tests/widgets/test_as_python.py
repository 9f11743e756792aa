"""Copy as Python: the cell runs, and makes again what was clicked."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.widgets.conftest import RECORDINGS
from workbench import Area, Case, LocalArchive, Mask, RemoteArchive, Trust
from workbench.core.errors import RequestError
from workbench.server.serving import Background
from workbench.widgets import EvidenceView, Session

MASKS = (Mask(points=((0.1, 0.1), (0.4, 0.1), (0.4, 0.5)), reason="x"),)
PHASES = (Phase.explicit, Phase.generate)
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
    view.on_seal(True)
    view.on_verify("P1", again=False)
    session.set(options={"format": "mkv"})
    cell = session.python()
    scope: dict[str, object] = {}
    exec(compile(cell, "<cell>", "exec"), scope)
    again = scope["case"]
    assert isinstance(again, Case) and again.folder.name.startswith("case-")
    assert [e.files[0].sha256 for e in again.state.exports] == [e.files[0].sha256 for e in case.state.exports]
    assert [s.frame_sha256 for s in again.state.snapshots] == [s.frame_sha256 for s in case.state.snapshots]
    assert [s.caption for s in again.state.snapshots] == [NASTY, ""]
    assert again.state.order == ("S2", "S1") and NASTY in [c.text for c in again.state.comments]
    assert [r.final for r in again.state.reports] == [False] and "final=False" in cell
    assert [c.text for c in again.state.comments] == [c.text for c in case.state.comments]
    assert [(s.export, s.unmasked) for s in again.state.snapshots] == [("E1", ""), ("E1", "it shows nobody")]
    assert [v.counts for v in again.state.verified] == [v.counts for v in case.state.verified] != []
    assert [plan.spec for plan in scope["plans"]] == [session.spec()]  # type: ignore[attr-defined]
    session.close()


def test_what_cannot_be_done_again_is_said(
    archive: LocalArchive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step on something that was not made in the session stands as a comment, and the rest of the cell runs."""
    monkeypatch.chdir(tmp_path)
    case = Case.create(tmp_path / 'ca"se\\', number="1", examiner="A. Berg")
    session = clicked(archive, case)
    case.snapshot(archive, "entrance", session.spec().begin)
    view = EvidenceView(session)
    view.on_caption("S1", NASTY)
    view.on_comment("on the case")
    session.step("dance", how=NASTY)
    cell = session.python()
    assert cell.count("# not done again") == 2 and "'S1' was not made here" in cell
    scope: dict[str, object] = {}
    exec(compile(cell, "<cell>", "exec"), scope)
    assert [c.text for c in scope["case"].state.comments] == ["on the case"]  # type: ignore[attr-defined]
    session.close()


def test_what_is_not_complete_is_kept_in_words(archive: LocalArchive, tmp_path: Path) -> None:
    """Masks without a range, and masks of cameras that are not chosen, stand in the cell as they are."""
    session = Session(archive)
    session.choose("entrance", "corridor")
    session.draw("corridor", masks=MASKS)
    session.choose("entrance")
    session.draw(masks=MASKS)
    scope: dict[str, object] = {}
    exec(compile(session.python(), "<cell>", "exec"), scope)
    told = {one["source"]: one for one in scope["unfinished"]}  # type: ignore[attr-defined]
    assert (
        [Mask.from_json(m) for m in told["entrance"]["masks"]]
        == list(MASKS)
        == [Mask.from_json(m) for m in told["corridor"]["masks"]]
    )
    assert told["entrance"]["format"] == "mp4"
    session.close()


def test_a_vms_is_opened_as_it_was(tmp_path: Path) -> None:
    """User, way of signing in, trust and derive of a VMS stand in the cell, and no secret; it opens the same."""
    trust = Trust(fingerprint="ab" * 32)
    told = {"auth": "basic", "trust": trust, "derive": "beyond"}
    vms = RemoteArchive("https://anna@127.0.0.1:9/api", password="hush!hush", **told)  # type: ignore[arg-type]
    session = Session(vms)
    cell = session.python()
    assert "hush" not in cell
    scope: dict[str, object] = {}
    exec(compile(cell, "<cell>", "exec"), scope)
    again = scope["archive"]
    assert isinstance(again, RemoteArchive) and (again.url, again.derive) == (vms.url, "beyond")
    assert (again.connection.user, again.connection.auth, again.connection.trust) == ("anna", "basic", trust)
    session.close()


points = st.floats(0, 1).map(lambda x: round(x, 3))
shapes = st.tuples(points, points, st.floats(0.05, 0.4)).map(
    lambda p: ((min(p[0], 0.5), min(p[1], 0.5)), (min(p[0], 0.5) + p[2], min(p[1], 0.5)), (min(p[0], 0.5), 0.5 + p[2]))
)
words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30) | st.just(NASTY)
masks = st.lists(
    st.builds(
        Mask,
        points=shapes,
        style=st.sampled_from(["fill", "pixelate", "blur"]),
        inverted=st.booleans(),
        reason=words,
    ),
    max_size=2,
).map(tuple)
crops = st.none() | st.just(Area(0.1, 0.1, 0.9, 0.8))
options = st.fixed_dictionaries(
    {"format": st.sampled_from(["mp4", "mkv", "avi", "jpg", "pdf"])},
    optional={"comment": words, "video_quality": st.integers(0, 6), "rate_divisor": st.sampled_from([1, 2, 4, 8])},
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for all random sessions, and for their cells."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield Path(os.environ["WORKBENCH_CACHE"])


@settings(max_examples=30, deadline=None, phases=PHASES)
@given(chosen=st.lists(st.sampled_from(["entrance", "corridor"]), unique=True, min_size=1), drawn=masks, crop=crops,
       wanted=options, at=st.integers(0, 4_000_000), length=st.integers(40_000, 2_000_000))  # fmt: skip
def test_random_choices_are_requested_alike(
    cache: Path, chosen: list[str], drawn: Any, crop: Any, wanted: Any, at: int, length: int
) -> None:
    """The requests of the copied cell are those that the session has, whatever was clicked."""
    session = Session(LocalArchive(RECORDINGS, cache))
    session.choose(*chosen)
    first = session.source(session.state.source).first or 0
    session.set(begin=first + at, end=first + at + length, at=first + at, options=wanted)
    for name in chosen:
        session.draw(name, masks=drawn, crop=crop)
    scope: dict[str, Any] = {}
    cell, planned, _ = session.python().rpartition("plans = ")  # which takes long, and is run elsewhere
    assert planned
    exec(compile(cell, "<cell>", "exec"), scope)
    assert scope["wanted"] == list(session.specs()) and "unfinished" not in scope
    session.close()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("on_comment"), words.filter(str.strip), st.sampled_from(["", "S1", "S2"])),
        st.tuples(st.just("on_caption"), st.sampled_from(["S1", "S2"]), words),
        st.tuples(st.just("on_order"), st.permutations(["S1", "S2"])),
        st.tuples(
            st.just("on_marks"),
            st.sampled_from(["S1", "S2"]),
            st.just([{"kind": "text", "at": [0.2, 0.3], "text": "a'b\"c", "color": "#ff0000"}]),
        ),
    ),
    max_size=5,
)


@settings(max_examples=2, deadline=None, phases=PHASES)
@given(done=steps, first=words, why=words)
def test_random_steps_are_done_again(
    cache: Path, tmp_path_factory: pytest.TempPathFactory, done: Any, first: str, why: str
) -> None:
    """Comments, captions, orders and marks of the copied cell are those of the session, in the same order."""
    folder = tmp_path_factory.mktemp("steps")
    case = Case.create(folder / "case", number="1", examiner="A. Berg")
    session = Session(LocalArchive(RECORDINGS, cache), case)
    session.choose("entrance")
    view = EvidenceView(session)
    view.on_snapshot("", first, why)
    view.on_snapshot("", "", "")
    for name, *given_ in done:
        try:
            getattr(view, name)(*given_)
        except RequestError:  # words that print as nothing
            continue
    scope: dict[str, Any] = {}
    with contextlib.chdir(folder):
        exec(compile(session.python(), "<cell>", "exec"), scope)
    told = [[(e.what, e.data) for e in one.entries if e.what in KINDS] for one in (case, scope["case"])]
    assert told[0] == told[1]
    marks = [[(a.snapshot, a.marks) for a in one.state.annotations] for one in (case, scope["case"])]
    assert marks[0] == marks[1]
    scope["archive"].close()
    session.close()


KINDS = ("comment-written", "caption-written", "snapshots-ordered")


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


def test_a_stretch_of_a_vms_is_acquired_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cell fetches the same stretch into a new folder each time; a page on other footage says that it does not."""
    monkeypatch.chdir(tmp_path)
    with Background(RECORDINGS, state=tmp_path / "server") as server:
        session = Session(RemoteArchive(server.url, cache=tmp_path / "cache"))
        session.choose(next(one.id for one in session.briefs().values() if one.name == "Entrance hall"))
        first = session.source(session.state.source).first or 0
        session.set(begin=first, end=first + 1_000_000)
        made = EvidenceView(session, acquired=str(tmp_path / "acquired")).on_acquire()
        step = session.state.steps[-1]
        scope: dict[str, Any] = {}
        for _ in range(2):
            exec(compile(session.python(), "<cell>", "exec"), scope)
            assert scope["acquired_1"].sha256 == made["sha256"]
            scope["archive"].close()
        session.close()
    assert len(list((tmp_path / "acquired-again").iterdir())) == 2
    local = Session(LocalArchive(made["folder"], tmp_path / "cache"))
    local.set(steps=(step,))
    assert f"# not done again: {step!r}" in local.python()
    local.close()


def test_a_zip_that_was_made_is_told(archive: LocalArchive, tmp_path: Path) -> None:
    """One zip made of a sealed folder stands in the cell as what it does not do again."""
    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    session = Session(archive, case)
    view = EvidenceView(session, out=str(tmp_path / "packages"))
    view.on_seal(False)
    name = view.on_zip("P1")
    assert f"# not done again: {{'do': 'zip', 'name': {name!r}}}" in session.python()
    session.close()
