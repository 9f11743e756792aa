"""What a case remembers of a session: which footage it is of, what is gone, and who else writes it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.widgets.conftest import RECORDINGS
from workbench import Case, LocalArchive, Mask, RemoteArchive, Trust
from workbench.core.errors import RequestError, WorkError
from workbench.widgets import HeaderView, Session, Workbench
from workbench.widgets.places import place_of, reopened

MASKS = (Mask(points=((0.1, 0.1), (0.4, 0.1), (0.4, 0.5)), reason="x"),)
OTHER = (Mask(points=((0.5, 0.5), (0.9, 0.5), (0.9, 0.9))),)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """An empty case."""
    return Case.create(tmp_path / "case", number="1", examiner="A. Berg")


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """A folder of its own with two cameras."""
    for name in ("entrance", "corridor"):
        shutil.copytree(RECORDINGS / name, tmp_path / "footage" / name)
    return tmp_path / "footage"


def kept(case: Case) -> dict[str, object]:
    """The memory as it lies on the disk."""
    found: dict[str, object] = json.loads((case.folder / "session.json").read_text())
    return found


def test_a_camera_that_is_gone_is_told_and_its_masks_stay(case: Case, footage: Path) -> None:
    """The page opens without the camera, says which one is gone, keeps its masks, and has them when it is back."""
    session = Session(footage, case)
    session.choose("corridor", "entrance")
    session.draw(masks=MASKS)
    session.close()
    (footage / "corridor").rename(footage.parent / "away")
    page = Workbench(footage, case=case.folder)
    assert page.session.state.sources == ("entrance",) and page.session.state.source == "entrance"
    assert [note for note in page.session.notes if "'corridor'" in note and "not in the archive now" in note]
    page.session.set(texts={"comment:": "saved anew"})
    assert page.session.state.look("corridor").masks == MASKS
    page.close()
    (footage.parent / "away").rename(footage / "corridor")
    again = Session(footage, Case.open(case.folder))
    assert again.state.sources == ("entrance", "corridor") and again.state.look("corridor").masks == MASKS
    again.close()


def test_masks_are_not_laid_over_other_footage(case: Case, footage: Path, tmp_path: Path) -> None:
    """Another archive with the same ids shows no mask; each archive's own state comes back with it."""
    copy = shutil.copytree(footage, tmp_path / "copy")
    session = Session(footage, case)
    session.choose("entrance")
    session.draw(masks=MASKS)
    session.close()
    other = Session(copy, Case.open(case.folder))
    assert other.state.looks == {} and str(footage) in other.questions["archive"].words
    other.choose("entrance")
    other.draw(masks=OTHER)
    other.close()
    back = Session(footage, Case.open(case.folder))
    assert back.look.masks == MASKS
    back.set(texts={"comment:": "saved anew"})
    back.close()
    assert Session(copy, Case.open(case.folder)).look.masks == OTHER


def test_a_person_may_say_that_it_is_the_same_footage(case: Case, footage: Path, tmp_path: Path) -> None:
    """Footage that lies elsewhere now gets its masks once somebody says so, by the header's button's verb."""
    session = Session(footage, case)
    session.choose("entrance")
    session.draw(masks=MASKS)
    session.close()
    moved = footage.rename(tmp_path / "moved")
    other = Session(moved, Case.open(case.folder))
    header = HeaderView(other)
    (asked,) = header.shown["questions"]
    assert asked["words"] not in header.shown["notes"]
    with pytest.raises(RequestError):
        header.on_answer("archive", "perhaps")
    header.on_answer("archive", asked["answers"][0])
    assert (
        other.look.masks == MASKS
        and header.shown["questions"] == []
        and kept(case)["archive"] == {"folder": str(moved.resolve())}
    )
    other.close()


def test_a_case_alone_comes_back(case: Case, footage: Path) -> None:
    """`Workbench(case=…)` opens the archive that the case remembers; one that is gone is an error in words."""
    with pytest.raises(RequestError, match="does not remember"):
        Session(case=case)
    session = Session(footage, case)
    session.choose("entrance")
    session.draw(masks=MASKS)
    session.close()
    page = Workbench(case=case.folder)
    assert page.session.state == session.state and isinstance(page.session.archive, LocalArchive)
    page.close()
    footage.rename(footage.parent / "elsewhere")
    with pytest.raises(RequestError, match="is not there"):
        Workbench(case=case.folder)


def test_a_vms_is_remembered_without_secrets(tmp_path: Path) -> None:
    """URL, user and options of a VMS come back; password and token are nowhere in what is kept."""
    trust = Trust(fingerprint="ab" * 32)
    archive = RemoteArchive(
        "https://anna@127.0.0.1:9/api", password="hush!hush", auth="basic", trust=trust, derive="beyond", keep=True
    )
    place = json.loads(json.dumps(place_of(archive)))
    assert "hush" not in json.dumps(place)
    again = reopened(place, cache=tmp_path)
    assert isinstance(again, RemoteArchive)
    assert (again.url, again.derive, again.keep) == (archive.url, "beyond", True)
    assert (again.connection.user, again.connection.auth, again.connection.trust) == ("anna", "basic", trust)


@pytest.mark.parametrize("name", ["WORKBENCH_VMS_PASSWORD", "WORKBENCH_VMS_TOKEN"])
def test_a_case_does_not_decide_where_a_password_goes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A remembered server gets no secret that is bound to none; its certificate is checked whatever the case says."""
    planted = {"url": "https://127.0.0.1:9/api", "user": "anna", "trust": {"verify": False}}
    assert reopened(planted).connection.trust.verify  # type: ignore[attr-defined]
    monkeypatch.setenv(name, "hush!hush")
    with pytest.raises(RequestError, match=f"{name} would be sent") as refused:
        reopened(planted)
    assert "Workbench('https://127.0.0.1:9/api', case=…)" in refused.value.advice
    monkeypatch.delenv(name)
    with pytest.raises(RequestError, match="password would be sent"):
        reopened(planted, password="hush!hush")


def test_two_pages_on_one_case_overwrite_nothing(archive: LocalArchive, case: Case) -> None:
    """The page that comes second to save is told, shows NOT SAVED, and leaves the other's memory as it is."""
    one, two = Session(archive, case), Session(archive, Case.open(case.folder))
    one.choose("entrance")
    with pytest.raises(WorkError, match="another page"):
        two.choose("corridor")
    assert not two.saved and kept(case)["sources"] == ["entrance"]
    header = HeaderView(two)
    assert header.shown["saved"] is False and "overwritten" in header.shown["questions"][0]["words"]
    two.set(texts={"comment:": "goes on"})
    assert not two.saved and kept(case)["texts"] == {}
    return_to = two.state
    two.answer("changed", "Keep what this page shows")
    assert two.saved and two.state == return_to and kept(case)["sources"] == ["corridor"]
    with pytest.raises(WorkError, match="another page"):
        one.set(texts={"comment:": "mine"})
    one.answer("changed", "Take what the other saved")
    assert one.saved and one.state == two.state
    aside = [held["state"] for held in kept(case)["aside"]]  # type: ignore[attr-defined]
    assert [(held["sources"], held["texts"]) for held in aside] == [
        (["entrance"], {}),
        (["entrance"], {"comment:": "mine"}),
    ]


def test_a_memory_that_was_put_back_is_no_other_page(archive: LocalArchive, case: Case) -> None:
    """The same bytes in another file, as a copy program leaves them, are not taken for somebody's change."""
    session = Session(archive, case)
    session.choose("entrance")
    data = (case.folder / "session.json").read_bytes()
    (case.folder / "session.json").unlink()
    (case.folder / "session.json").write_bytes(data)
    session.choose("corridor")
    assert session.saved


@pytest.mark.parametrize("what", ["folder", "forbidden"])
def test_a_memory_that_may_not_be_read_is_set_aside(archive: LocalArchive, case: Case, what: str) -> None:
    """It is told and kept under another name, so that what is seen from then on is saved."""
    memory = case.folder / "session.json"
    if what == "folder":
        memory.mkdir()
    elif os.geteuid() == 0:
        pytest.skip("root may read everything")
    else:
        memory.write_text("{}")
        memory.chmod(0)
    session = Session(archive, case)
    assert "set aside" in session.notes[0] and len(list(case.folder.glob("session.json.*.unread"))) == 1
    session.choose("entrance")
    assert session.saved and session.questions == {}


def test_an_answer_that_could_not_be_carried_out_can_be_given_again(
    case: Case, footage: Path, tmp_path: Path, archive: LocalArchive
) -> None:
    """Where the disk refuses what an answer wants to save, the question stays until it is done."""
    session = Session(footage, case)
    session.choose("entrance")
    session.draw(masks=MASKS)
    session.close()
    other = Session(archive, Case.open(case.folder))
    memory = case.folder / "session.json"
    memory.unlink()
    memory.mkdir()
    with pytest.raises(WorkError, match="could not be saved"):
        other.answer("archive", "It is the same footage: take it over")
    assert list(HeaderView(other).shown["questions"][0]["answers"]) == list(other.questions["archive"].answers)
    memory.rmdir()
    other.answer("archive", "It is the same footage: take it over")
    assert other.questions == {} and other.saved and other.look.masks == MASKS
    other.close()


def test_half_written_memories_of_dead_processes_are_swept(archive: LocalArchive, case: Case) -> None:
    """What a killed kernel left half written is removed; what a living one writes stays."""
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    dead = case.folder / f".session.json.{int(gone.stdout)}.0a.part"
    living = case.folder / ".session.json.1.0b.part"
    dead.write_text("{")
    living.write_text("{")
    Session(archive, case)
    assert not dead.exists() and living.exists()
