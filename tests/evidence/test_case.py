"""A case from its creation to its check, on real parts: truth clips, a worker, a folder."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.truth import Clip, make
from workbench.archives.local import LocalArchive
from workbench.core.errors import Cancelled, NameTaken, NothingRecorded, RequestError, SourceError, WorkError
from workbench.core.geometry import Area
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import SECOND, Offset, parse_time
from workbench.evidence.case import Case
from workbench.evidence.findings import Verdict
from workbench.evidence.nouns import Identity
from workbench.export import plan_export, run_export

CLIP = Clip(name="evidence", frames=50, bframes=2)
LATER = Clip(name="evidence-later", frames=50, bframes=2, gop=10)
TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)
TEN_US = 1_772_359_200_000_000
FACE = Mask(points=((0.2, 0.4), (0.5, 0.4), (0.5, 0.6), (0.2, 0.6)), reason="face")
SPEC = ExportSpec(
    source="hall", begin=Offset(200_000), end=Offset(1_000_000), format="mp4", masks=(FACE,),
    crop=Area.from_corners((0.0, 0.0), (0.5, 1.0), "crop"),
)  # fmt: skip
WORDS = "<b>\x00\x1b[31m \u202e ../../x \U0001f600\r\n"


def put(folder: Path) -> Path:
    """An archive: one camera, one recording of ten o'clock."""
    (folder / "footage" / "hall").mkdir(parents=True)
    shutil.copyfile(make(CLIP), folder / "footage" / "hall" / "20260301T100000.mp4")
    return folder / "footage"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalArchive]:
    """One that no test changes."""
    folder = tmp_path_factory.mktemp("case")
    made = LocalArchive(put(folder), folder / "cache")
    yield made
    made.close()


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """One that a test may change."""
    return put(tmp_path)


@pytest.fixture
def mine(footage: Path, tmp_path: Path) -> Iterator[LocalArchive]:
    """It, opened."""
    made = LocalArchive(footage, tmp_path / "cache")
    yield made
    made.close()


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A new case."""
    return Case.create(tmp_path / "case", number="17/2026", examiner="A. Berg", question="Who?")


def kinds(case: Case) -> list[str]:
    """What the log of the case tells, read anew."""
    return [entry.what for entry in Case.open(case.folder).entries]


def test_a_case_is_made_and_opened(case: Case) -> None:
    """Its identity is what was stated, its one entry is the examiner's."""
    again = Case.open(case.folder)
    assert again.state.identity == Identity(number="17/2026", examiner="A. Berg", question="Who?")
    assert again.state == case.state and [e.who for e in again.entries] == ["A. Berg"] and again.who == "A. Berg"


def test_a_case_is_never_made_over_another(case: Case, tmp_path: Path) -> None:
    """Nor over any folder that holds something, a file or a link; an empty folder will do."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for taken in (case.folder, tmp_path, tmp_path / "file", tmp_path / "link"):
        with pytest.raises(NameTaken):
            Case.create(taken, number="1", examiner="A")
    (tmp_path / "empty").mkdir()
    assert Case.create(tmp_path / "empty", number="1", examiner="A").state.length == 1
    assert not list(tmp_path.glob(".*.part"))


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("number", {"number": " "}),
        ("examiner", {"examiner": ""}),
        ("colour", {"colour": "red"}),
        ("title", {"title": 3}),
    ],
)
def test_a_wrong_identity_is_named(field: str, given: dict[str, str], tmp_path: Path) -> None:
    """And no folder is left."""
    with pytest.raises(RequestError) as error:
        Case.create(tmp_path / "case", **{"number": "1", "examiner": "A", **given})
    assert error.value.field == field and not (tmp_path / "case").exists()


def test_what_is_no_case_does_not_open(tmp_path: Path) -> None:
    """An empty folder, and none."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(SourceError, match="no case"):
            Case.open(folder)


def test_a_source_joins_with_everything_it_tells(case: Case, archive: LocalArchive) -> None:
    """Both digests of each recording, its facts, its coverage; and no place of this machine."""
    record = case.add_source(archive, "hall")
    (recording,) = record.recordings
    data = make(CLIP).read_bytes()
    assert recording.sha256 == hashlib.sha256(data).hexdigest()
    assert recording.sha512 == hashlib.sha512(data).hexdigest() and recording.size == len(data)
    assert (recording.facts["frames"], recording.facts["codec"], recording.facts["b_frames"]) == (50, "h264", True)
    assert record.exhibit == "17/2026-SRC1" and record.coverage["intervals"] and record.archive == "footage"
    assert Case.open(case.folder).state.sources == (record,)
    assert str(archive.folder.parent) not in (case.folder / "custody.jsonl").read_text()


def test_a_source_that_did_not_change_does_not_join_twice(case: Case, archive: LocalArchive) -> None:
    """The words say since when it has been there."""
    case.add_source(archive, "hall")
    with pytest.raises(RequestError, match="unchanged since it was added"):
        case.add_source(archive, "hall")
    assert kinds(case) == ["case-created", "source-added"]


def test_a_source_that_grew_joins_again(case: Case, mine: LocalArchive, footage: Path) -> None:
    """The newer record counts; before that, nothing is taken from what the case does not know."""
    case.add_source(mine, "hall", exhibit="V1")
    shutil.copyfile(make(LATER), footage / "hall" / "20260301T100010.mp4")
    with pytest.raises(SourceError, match="not laid out as it was"):
        case.export(SPEC, mine)
    record = case.add_source(mine, "hall")
    assert len(record.recordings) == 2 and record.exhibit == "V1" and case.state.sources == (record,)
    case.export(SPEC, mine)


def test_a_source_that_changed_does_not_join_again(case: Case, mine: LocalArchive, footage: Path) -> None:
    """Another content, a recording that is gone, one put before the first."""
    case.add_source(mine, "hall")
    old = footage / "hall" / "20260301T100000.mp4"
    shutil.copyfile(make(LATER), footage / "hall" / "20260301T095950.mp4")
    with pytest.raises(SourceError, match="another distance"):
        case.add_source(mine, "hall")
    shutil.copyfile(make(LATER), old)
    with pytest.raises(SourceError, match=r"20260301T100000\.mp4 changed"):
        case.add_source(mine, "hall")
    old.unlink()
    with pytest.raises(SourceError, match=r"20260301T100000\.mp4 is gone"):
        case.add_source(mine, "hall")
    assert kinds(case) == ["case-created", "source-added"]


def test_a_corrected_archive_toml_must_be_put_on_record(case: Case, mine: LocalArchive, footage: Path) -> None:
    """Or the device's time would be worked out from an offset that nobody applied."""
    case.add_source(mine, "hall")
    (footage / "archive.toml").write_text('[source."hall"]\nclock_offset = -2.5\n')
    with pytest.raises(SourceError, match="changed since this archive was opened"):
        mine.describe("hall")
    with LocalArchiveOf(footage) as moved:
        with pytest.raises(SourceError, match="not laid out as it was"):
            case.snapshot(moved, "hall", Offset(0))
        record = case.add_source(moved, "hall")
        assert record.archive_offset == -2.5 and record.config is not None
        shot = case.snapshot(moved, "hall", Offset(0))
    assert shot.device_us - shot.instant_us == 2_500_000


class LocalArchiveOf:
    """An archive for a few lines."""

    def __init__(self, folder: Path) -> None:
        self.archive = LocalArchive(folder, folder.parent / "cache")

    def __enter__(self) -> LocalArchive:
        return self.archive

    def __exit__(self, *error: object) -> None:
        self.archive.close()


def test_unreadable_recordings_are_on_record_too(case: Case, mine: LocalArchive, footage: Path) -> None:
    """Hashed where there are bytes to hash, with the reason; a dead link in the notes."""
    (footage / "hall" / "garbage.mkv").write_bytes(b"no video" * 99)
    (footage / "hall" / "dead.mp4").symlink_to(footage / "nowhere")
    record = case.add_source(mine, "hall")
    garbage = next(r for r in record.recordings if r.file == "hall/garbage.mkv")
    assert garbage.facts == {} and garbage.losses and garbage.size == 792
    assert "hall/dead.mp4 was not hashed: it is no plain file" in record.notes


def test_an_export_is_planned_done_and_whole(case: Case, archive: LocalArchive) -> None:
    """The source joins by itself; digests before and after are the recordings' and the files'."""
    record = case.export(SPEC, archive, exhibit="17/2026-V2")
    assert kinds(case) == ["case-created", "source-added", "plan-made", "export-done"]
    assert (record.id, record.exhibit, record.plan) == ("E1", "17/2026-V2", "PL1")
    entry = case.entries[-1]
    assert entry.before == ({"file": "hall/20260301T100000.mp4", "sha256": case.state.sources[0].recordings[0].sha256},)
    assert {one["file"] for one in entry.after} == {f.path for f in (*record.files, record.record)}
    assert case.result("E1")["ledger"]["masked"] > 0 and case.result(record) == case.result("E1")
    assert case.check().failed == () and case.check().exit_code == 0


def test_a_plan_that_was_logged_is_not_logged_twice(case: Case, archive: LocalArchive) -> None:
    """The export names it."""
    plan = case.plan(SPEC, archive)
    assert case.export(plan, archive).plan == "PL1"
    assert case.export(plan, archive).plan == "PL2"
    assert [e.id for e in case.state.exports] == ["E1", "E2"]


def test_a_failed_export_is_logged_and_leaves_nothing(
    case: Case, mine: LocalArchive, footage: Path, tmp_path: Path
) -> None:
    """Cancelled, refused, or made from a recording that is not what it was."""
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        case.export(SPEC, mine, cancel=stop)
    player = ExportSpec(source="hall", begin=Offset(0), end=Offset(1_000_000), format="exe")
    with pytest.raises(RequestError):
        case.export(player, mine)
    with (footage / "hall" / "20260301T100000.mp4").open("r+b") as file:
        data = file.read()
        file.seek(data.index(b"Lavf"))
        file.write(b"LAVF")
    with pytest.raises(WorkError, match="is not what it was when hall joined the case"):
        case.export(SPEC, mine)
    with pytest.raises(NothingRecorded):
        case.export(ExportSpec(source="hall", begin=Offset(10**9), end=Offset(2 * 10**9), format="mp4"), mine)
    told = [e.data["kind"] for e in case.entries if e.what == "export-failed"]
    assert told == ["cancelled", "bad-request", "failed"] and not list((case.folder / "exports").iterdir())
    assert str(tmp_path) not in (case.folder / "custody.jsonl").read_text()
    assert case.check().failed == ()


def test_an_export_from_outside_is_copied_and_checked(case: Case, archive: LocalArchive, tmp_path: Path) -> None:
    """Only what the export made, and only of a source in the case."""
    result = run_export(plan_export(SPEC, archive), archive, tmp_path / "out")
    with pytest.raises(RequestError, match="'hall' is not in the case"):
        case.add(result)
    case.add_source(archive, "hall")
    record = case.add(result)
    assert (record.id, record.plan) == ("E1", "") and case.result("E1")["plan"]["spec"] == SPEC.to_json()
    with Path(result.files[0].path).open("ab") as file:
        file.write(b"x")
    with pytest.raises(SourceError, match="it changed since"):
        case.add(result)
    assert [p.name for p in (case.folder / "exports").iterdir()] == ["E1"] and case.check().failed == ()


def test_a_changed_record_is_not_read(case: Case, archive: LocalArchive) -> None:
    """Its hash is that of the log, or nothing is built on it."""
    record = case.export(SPEC, archive)
    path = case.path(record.record)
    path.write_text(path.read_text().replace("face", "hand"))
    with pytest.raises(SourceError, match="not what the log says"):
        case.result("E1")
    with pytest.raises(SourceError):
        case.context(archive, "E1")
    (failed,) = case.check().failed
    assert (failed.check, failed.file) == ("custody-files", record.record.path)


def test_a_snapshot_wears_what_its_export_wears(case: Case, archive: LocalArchive) -> None:
    """Mask and crop; without them only for a reason; a context picture has the mask alone."""
    case.export(SPEC, archive)
    shot = case.snapshot(archive, "hall", Offset(400_000), export="E1", caption=WORDS)
    assert shot.masks and shot.crop == ((0.0, 0.0), (0.5, 1.0)) and shot.caption == WORDS
    bare = case.snapshot(archive, "hall", Offset(400_000), export="E1", unmasked="agreed with the court")
    assert bare.masks == () and bare.crop is None and bare.unmasked == "agreed with the court"
    whole = case.context(archive, "E1")
    assert (
        whole.context
        and whole.masks
        and whole.crop is None
        and whole.instant_us == case.state.sources[0].first_us + 200_000
    )
    with pytest.raises(RequestError, match="E1 hides a part of this picture"):
        case.snapshot(archive, "hall", Offset(400_000))
    plain = case.snapshot(archive, "hall", Offset(0))
    assert [s.id for s in case.state.snapshots] == ["S1", "S2", "S3", "S4"] and plain.export == ""
    for wrong in ({"export": "E9"}, {"unmasked": "no export"}):
        with pytest.raises(RequestError):
            case.snapshot(archive, "hall", Offset(0), **wrong)
    for blank in ("  ", "\n", "\u200b", "\x00", "\u3164", "\u0301"):
        with pytest.raises(RequestError) as error:
            case.snapshot(archive, "hall", Offset(0), export="E1", unmasked=blank)
        assert error.value.field == "unmasked"


def test_a_snapshot_says_whether_its_export_shows_it(case: Case, archive: LocalArchive) -> None:
    """Not what lies outside of the range or what the divisor dropped; nothing is said without an export."""
    case.export(replace(SPEC, rate_divisor=2), archive)
    ledger = case.result("E1")["entries"]
    fates = {entry["first"]: entry["fate"] for entry in ledger if entry["frames"] == 1}
    inside = [case.snapshot(archive, "hall", parse_time(at), export="E1") for at in list(fates)[:2]]
    assert [shot.shown_by_export for shot in inside] == [fates[at] == "masked" for at in list(fates)[:2]]
    assert {*list(fates.values())[:2]} == {"masked", "dropped"}
    assert case.snapshot(archive, "hall", Offset(0), export="E1").shown_by_export is False
    assert case.context(archive, "E1").shown_by_export is True
    assert case.snapshot(archive, "hall", Offset(0)).shown_by_export is None
    case.refresh()
    assert [s.shown_by_export for s in case.state.snapshots][-3:] == [False, True, None]


def test_marks_are_drawn_on_a_copy(case: Case, archive: LocalArchive) -> None:
    """The snapshot stays as it is."""
    shot = case.snapshot(archive, "hall", Offset(0))
    made = case.annotate("S1", [{"kind": "box", "from": [0.1, 0.1], "to": [0.5, 0.5]}])
    assert (made.id, made.picture.path) == ("A1", "snapshots/A1.png") and case.check().failed == ()
    assert case.entries[-1].before == ({"file": "snapshots/S1.png", "sha256": shot.picture.sha256},)


def test_a_clock_check_corrects_later_snapshots(case: Case, archive: LocalArchive, tmp_path: Path) -> None:
    """Taken before it, the clock was not checked; a check that is replaced counts no more."""
    assert case.snapshot(archive, "hall", Offset(0)).corrected_us is None
    (tmp_path / "photo.JPG").write_bytes(b"a photograph")
    given = {"device": TEN, "what": "GPS receiver", "uncertainty": 0.5}
    first = case.clock_check("hall", reference=TEN + timedelta(seconds=60), photo=tmp_path / "photo.JPG", **given)
    assert first.photo is not None and first.photo.path == "clock/K1.jpg" and first.by == "A. Berg"
    case.clock_check("hall", reference=TEN + timedelta(seconds=6), replaces="K1", note="a slip of the pen", **given)
    shot = case.snapshot(archive, "hall", Offset(0))
    assert shot.corrected_us == shot.device_us + 6_000_000 and shot.plus_minus == 0.5
    assert case.check().failed == ()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("source", {"source": "yard"}),
        ("device", {"device": Offset(0)}),
        ("time", {"reference": datetime(2026, 3, 1, 10)}),  # noqa: DTZ001
        ("what", {"what": ""}),
        ("uncertainty", {"uncertainty": -1}),
        ("uncertainty", {"uncertainty": float("nan")}),
        ("uncertainty", {"uncertainty": True}),
        ("replaces", {"replaces": "K9"}),
    ],
)
def test_a_wrong_clock_check_is_named(field: str, given: dict[str, object], case: Case, archive: LocalArchive) -> None:
    """And not logged."""
    case.add_source(archive, "hall")
    whole = {"source": "hall", "device": TEN, "reference": TEN, "what": "GPS", "uncertainty": 1.0, **given}
    with pytest.raises(RequestError) as error:
        case.clock_check(whole.pop("source"), **whole)
    assert error.value.field == field and case.state.clock_checks == ()


def test_a_photograph_that_is_not_there_is_no_check(case: Case, archive: LocalArchive, tmp_path: Path) -> None:
    """Nor is a folder one."""
    case.add_source(archive, "hall")
    for photo in (tmp_path / "none.jpg", tmp_path):
        with pytest.raises(SourceError):
            case.clock_check("hall", device=TEN, reference=TEN, what="GPS", uncertainty=1, photo=photo)
    assert case.state.clock_checks == ()


def test_comments_are_added_and_never_changed(case: Case, archive: LocalArchive) -> None:
    """A correction names the old one, and is about the same thing."""
    case.add_source(archive, "hall")
    first = case.comment(WORDS, on="hall")
    second = Case.open(case.folder, who="B. Weiss").comment("better", replaces="C1")
    assert (second.id, second.on, second.replaces, second.author) == ("C2", "hall", "C1", "B. Weiss")
    case.refresh()
    assert case.state.comments == (first, second) and first.text == WORDS
    for wrong in ({"replaces": "C1"}, {"replaces": "C9"}, {"on": "S1"}, {"on": "E1-G1"}):
        with pytest.raises(RequestError):
            case.comment("x", **wrong)
    for words in ("", " \n", "\u200b\u2800", "x" * 1_000_001, 3):
        with pytest.raises(RequestError):
            case.comment(words)
    assert case.comment("x" * 1_000_000).id == "C3"


def test_a_correction_stays_on_what_the_comment_was_on(case: Case, archive: LocalArchive) -> None:
    """Another thing is refused, whether it is in the case or not; the same may be named."""
    case.snapshot(archive, "hall", Offset(0))
    case.comment("on the source", on="hall"), case.comment("on the case")
    for replaces, on in (("C1", "S1"), ("C1", "S9"), ("C2", "S1")):
        with pytest.raises(RequestError, match="not on S") as error:
            case.comment("x", on=on, replaces=replaces)
        assert error.value.field == "on"
    assert case.comment("x", on="hall", replaces="C1").on == "hall" and case.comment("y", replaces="C2").on == ""


def test_a_gap_can_be_commented_on(case: Case, footage: Path, tmp_path: Path) -> None:
    """By the number that the report gives it, of an export or of a source; a gap that is none is refused."""
    shutil.copyfile(footage / "hall" / "20260301T100000.mp4", footage / "hall" / "20260301T100010.mp4")
    with closing(LocalArchive(footage, tmp_path / "cache")) as archive:
        case.export(replace(SPEC, end=Offset(11 * SECOND)), archive)
    for gap in ("E1-G1", "hall-G1"):
        assert case.comment("The recorder was restarted.", on=gap).on == gap
    for none in ("E1-G2", "hall-G2", "E1-G0", "E1-G01", "E2-G1", "S1-G1", "-G1"):
        with pytest.raises(RequestError, match="is not in the case"):
            case.comment("x", on=none)


def test_a_caption_replaces_the_last_one(case: Case, archive: LocalArchive) -> None:
    """Each names the entry that held the caption so far."""
    case.snapshot(archive, "hall", Offset(0), caption="one")
    assert [case.caption("S1", words).replaces for words in ("two", "three")] == [2, 3]
    assert case.state.snapshots[0].caption == "three"
    with pytest.raises(RequestError):
        case.caption("S2", "x")


def test_an_amendment_says_what_changed(case: Case) -> None:
    """And nothing else; stating the same again is refused."""
    case.amend(question="Who was it?", title="Hall")
    assert case.entries[-1].data == {"question": "Who was it?", "title": "Hall"}
    assert case.state.identity.number == "17/2026"
    for wrong in ({"title": "Hall"}, {}, {"number": ""}, {"colour": "red"}):
        with pytest.raises(RequestError):
            case.amend(**wrong)


def test_numbers_of_what_was_left_behind_are_not_given_again(case: Case, archive: LocalArchive) -> None:
    """A killed process left a picture and a folder: others are written beside them, and the check names them."""
    (case.folder / "snapshots").mkdir()
    (case.folder / "snapshots" / "S1.png").write_bytes(b"left")
    (case.folder / "exports" / "E3").mkdir(parents=True)
    (case.folder / "exports" / "E3" / "half.mp4").write_bytes(b"left")
    assert case.snapshot(archive, "hall", Offset(0)).id == "S2" and case.export(SPEC, archive).id == "E4"
    left = {f.file: f.verdict for f in case.check() if f.check == "file-added"}
    assert left == dict.fromkeys(("exports/E3/half.mp4", "snapshots/S1.png"), Verdict.NOT_CHECKED)
    assert (case.folder / "snapshots" / "S1.png").read_bytes() == b"left"


def test_what_another_process_did_is_seen(case: Case, archive: LocalArchive) -> None:
    """Two objects on one case give no id twice."""
    other = Case.open(case.folder, who="B")
    assert [one.snapshot(archive, "hall", Offset(0)).id for one in (case, other, case)] == ["S1", "S2", "S3"]
    assert [one.comment("x").id for one in (other, case, other)] == ["C1", "C2", "C3"]


def test_what_others_append_has_its_place(case: Case, archive: LocalArchive) -> None:
    """Reports and packages are logged by those who make them."""
    shot = case.snapshot(archive, "hall", Offset(0))
    entry = case.append("a-kind-of-2030", {"x": 1}, before=[shot.picture], after=[{"file": "y", "sha256": "ab" * 32}])
    assert entry.before[0]["file"] == "snapshots/S1.png" and case.next_id("R") == "R1"
    assert json.loads(entry.line()) == json.loads((case.folder / "custody.jsonl").read_text().splitlines()[-1])


def test_names_that_no_file_can_have_are_errors_with_words(case: Case, archive: LocalArchive, tmp_path: Path) -> None:
    """No traceback."""
    case.add_source(archive, "hall")
    with pytest.raises(WorkError):
        Case.create(tmp_path / "a\0b", number="1", examiner="A")
    with pytest.raises(SourceError):
        Case.open(tmp_path / "a\0b")
    with pytest.raises(SourceError):
        case.clock_check("hall", device=TEN, reference=TEN, what="GPS", uncertainty=1, photo=tmp_path / "a\0.jpg")
    for name in ("\0", "../hall", "hall\n", "S1"):
        with pytest.raises((RequestError, SourceError)):
            case.add_source(archive, name)
        with pytest.raises(RequestError):
            case.annotate(name, [])


def test_a_folder_of_the_case_that_is_a_link_is_not_written_to(
    case: Case, archive: LocalArchive, tmp_path: Path
) -> None:
    """What it leads to stays as it was."""
    (tmp_path / "elsewhere").mkdir()
    for name in ("exports", "snapshots"):
        (case.folder / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SourceError, match="passes a link"):
        case.export(SPEC, archive)
    with pytest.raises(SourceError, match="passes a link"):
        case.snapshot(archive, "hall", Offset(0))
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_case_that_cannot_be_written_to_can_be_read(case: Case) -> None:
    """Looked at and checked from a medium that takes no writing."""
    path = case.folder / ".lock"
    path.unlink(missing_ok=True)
    path.mkdir()
    again = Case.open(case.folder)
    assert again.check().failed == () and again.state.length == 1
    with pytest.raises(WorkError, match="cannot be written to"):
        again.comment("x")


def test_exports_at_once_get_ids_of_their_own(case: Case, archive: LocalArchive) -> None:
    """Two hands, two exports each, four folders."""
    case.add_source(archive, "hall")
    hands = [Case.open(case.folder, who=who) for who in ("B", "C")]
    threads = [threading.Thread(target=lambda c=hand: [c.export(SPEC, archive) for _ in range(2)]) for hand in hands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    case.refresh()
    assert sorted(one.id for one in case.state.exports) == ["E1", "E2", "E3", "E4"]
    assert sorted(p.name for p in (case.folder / "exports").iterdir()) == ["E1", "E2", "E3", "E4"]
    assert case.check().failed == ()
