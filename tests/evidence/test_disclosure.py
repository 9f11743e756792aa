"""The disclosure check: every planted leak is found by the question it belongs to, and nothing clean alarms."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.evidence.leak_material import Material, ffmpeg
from tests.evidence.leaks import PLANTS, plant_all
from tests.evidence.leaks_text import NOTEBOOK
from tests.truth import Clip, make
from workbench.archives.local import LocalArchive
from workbench.core.errors import RequestError
from workbench.core.geometry import Area
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Offset
from workbench.evidence import disclosure, snapshots
from workbench.evidence.case import Case
from workbench.evidence.disclosure import jobs
from workbench.evidence.disclosure.answers import CROP
from workbench.evidence.disclosure.words import judged
from workbench.evidence.findings import Findings, Verdict
from workbench.report.making import make_report

PLACE = ((0.2, 0.4), (0.5, 0.4), (0.5, 0.6), (0.2, 0.6))
FACE = Mask(points=PLACE, reason="face", begin=Offset(0), end=Offset(2_000_000))
LOUD = Clip(name="disclosed", frames=100, audio=True, bframes=2)
BEGIN, END, AT = Offset(500_000), Offset(3_000_000), Offset(1_000_000)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalArchive]:
    """One camera with sound."""
    root = tmp_path_factory.mktemp("footage")
    (root / "a/hall").mkdir(parents=True)
    shutil.copyfile(make(LOUD), root / "a/hall/20260301T100000.mp4")
    made = LocalArchive(root / "a", root / "cache")
    yield made
    made.close()


@pytest.fixture(scope="module")
def case(archive: LocalArchive, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A case with every kind of file that we make: exports in five formats, pictures, a report."""
    made = Case.create(tmp_path_factory.mktemp("case") / "case", number="17/2026", examiner="A. Berg")
    crop = Area(0.1, 0.1, 0.9, 0.9)
    common = {"source": "hall", "masks": (FACE,), "crop": crop, "comment": "Front door"}
    for form in ("mp4", "mkv", "avi"):
        made.export(ExportSpec(begin=BEGIN, end=END, format=form, **common), archive)  # type: ignore[arg-type]
    for form in ("jpg", "pdf"):
        made.export(ExportSpec(begin=AT, end=AT, format=form, **common), archive)  # type: ignore[arg-type]
    bare = ExportSpec(source="hall", begin=Offset(1_500_000), end=Offset(4_000_000), format="mp4", audio="drop")
    made.export(bare, archive)
    shot = made.snapshot(archive, "hall", AT, export="E1", caption="At the door")
    made.context(archive, "E1", AT)
    made.snapshot(archive, "hall", AT, export="E1", unmasked="the court asked for it")
    made.snapshot(archive, "hall", Offset(3_500_000))
    made.annotate(shot.id, [{"kind": "box", "from": [0.6, 0.2], "to": [0.9, 0.5]}])
    make_report(made)
    return made


@pytest.fixture(scope="module")
def material(archive: LocalArchive, case: Case, tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Clean files to plant leaks into."""
    folder = tmp_path_factory.mktemp("clean")
    mp4 = make(Clip(name="disclosed-silent", frames=75, bframes=2))
    for name, more in (("a.mkv", ["-c", "copy"]), ("a.avi", ["-c:v", "mjpeg"])):
        ffmpeg("-i", mp4, *more, folder / name)
    export = next(f for f in case.state.exports[0].files if f.kind == "video")
    (jpg,) = (case.folder / f.path for f in case.state.exports[3].files if f.kind == "picture")
    secret = case.folder / case.state.snapshots[3].picture.path
    hidden = io.BytesIO()
    Image.open(secret).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(hidden, "png")
    return Material(
        mp4=mp4,
        mkv=folder / "a.mkv",
        avi=folder / "a.avi",
        sound=make(LOUD),
        export=case.folder / export.path,
        report=case.folder / case.state.reports[0].file.path,
        jpg=jpg.read_bytes(),
        png=secret.read_bytes(),
        secret=hidden.getvalue(),
    )


@pytest.fixture(scope="module")
def planted(case: Case, material: Material, tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """What the check finds where every leak lies beside the clean case."""
    root = tmp_path_factory.mktemp("out")
    shutil.copytree(case.folder, root / "case")
    plant_all(material, root / "planted")
    return disclosure.check(root)


@pytest.mark.parametrize(("name", "questions"), [(n, q) for n, q, _ in PLANTS], ids=[n for n, _, _ in PLANTS])
def test_each_leak_is_found(name: str, questions: set[str], planted: Findings) -> None:
    """A planted leak fails the questions it belongs to and no other, and is named."""
    found = [f for f in planted if f.file == f"planted/{name}"]
    assert {f.place for f in found if f.verdict is Verdict.FAILED} == questions, found
    assert all(f.found for f in found if f.verdict is Verdict.FAILED)


def test_what_we_make_is_clean(case: Case, planted: Findings) -> None:
    """Exports of every format, snapshots, marked copies, records and report: nothing fails, nothing is left out."""
    found = [f for f in planted if f.file.startswith("case/")]
    assert [f for f in found if f.verdict is not Verdict.OK] == []
    files = {f"case/{p.relative_to(case.folder).as_posix()}" for p in case.folder.rglob("*") if p.is_file()}
    assert {f.file for f in found} == files
    notes = {f.note for f in found}
    assert {"context picture: shows what the crop cuts off", "declared by a person: the court asked for it"} <= notes
    assert any(note.startswith("it shows what E1, E2, E3 masks;") for note in notes)


def test_clean_files_of_others_do_not_alarm(material: Material, tmp_path: Path) -> None:
    """Plain recordings, pictures of other encoders, cleared notebooks and texts with slashes are clean."""
    for name in ("mp4", "mkv", "avi"):
        shutil.copyfile(getattr(material, name), tmp_path / f"a.{name}")
    picture = Image.open(io.BytesIO(material.png))
    picture.save(tmp_path / "progressive.jpg", progressive=True, quality=90)
    picture.save(tmp_path / "restarts.jpg", restart_marker_blocks=4)
    picture.convert("CMYK").save(tmp_path / "adobe.jpg")
    picture.convert("P").save(tmp_path / "palette.png", bits=4)
    (tmp_path / "cleared.ipynb").write_text(json.dumps(NOTEBOOK))
    words = "and/or 1/12800 s, https://www.example.org/a/b/c?d=/e/f/g 2026/03/01 image/png ISO/IEC 14496-12 > /dev/null"
    (tmp_path / "words.txt").write_text(f"{words}\n</b/i/u> a:b c:\\n \\u202e\\u202c ./x/y ../x/y $HOME/x ~/x\n")
    (tmp_path / "empty.txt").touch()
    found = disclosure.check(tmp_path)
    assert found.failed == ()
    assert {f.place for f in found if f.verdict is Verdict.NOT_CHECKED} == {CROP}


def test_a_snapshot_without_the_mask_is_a_leak(case: Case, archive: LocalArchive, tmp_path: Path) -> None:
    """Without its export's mask or crop and without a reason, a snapshot fails; so does one of no export then."""
    other = Case.open(shutil.copytree(case.folder, tmp_path / "case"))
    source = other.state.source("hall")
    assert source is not None
    wrong = {"S8": ("E1", (), Area(0.1, 0.1, 0.9, 0.9)), "S9": ("E1", (FACE,), None), "S10": ("", (), None)}
    for name, (export, masks, crop) in wrong.items():
        record = snapshots.take(
            archive, source, AT, masks=masks, crop=crop, id=name, exhibit="", folder=other.folder, export=export
        )
        other.append("snapshot-taken", record)
    found = disclosure.check(other.folder)
    failed = {f.file: f.found for f in found.failed}
    assert failed == {
        "snapshots/S8.png": "1 mask of export E1 not applied",
        "snapshots/S9.png": "the crop of export E1 not applied",
        "snapshots/S10.png": "1 mask of every export of that instant not applied",
    }


def test_what_would_be_a_leak_is_not_taken(case: Case, archive: LocalArchive, tmp_path: Path) -> None:
    """A snapshot of no export, at an instant that every export masks, is refused; elsewhere it is taken."""
    other = Case.open(shutil.copytree(case.folder, tmp_path / "case"))
    with pytest.raises(RequestError, match="hide a part of this picture") as refused:
        other.snapshot(archive, "hall", AT)
    assert refused.value.field == "export" and other.state.snapshots == case.state.snapshots
    assert {path.name for path in (other.folder / "snapshots").iterdir()} == {
        path.name for path in (case.folder / "snapshots").iterdir()
    }
    taken = other.snapshot(archive, "hall", Offset(3_500_000))
    assert taken.masks == () and disclosure.check(other.folder).failed == ()


@pytest.mark.parametrize("masks", [[{"points": 7}], [{"points": [["a", 1], [2, 3], [4, 5]]}], 7, [{}], [None]], ids=str)
def test_records_of_others_never_raise(masks: object, case: Case, tmp_path: Path) -> None:
    """A request whose masks cannot be read covers nothing: the snapshot fails, and no error leaves the check."""
    folder = shutil.copytree(case.folder, tmp_path / "case")
    (path,) = (folder / "exports/E1").glob("*.json")
    record = json.loads(path.read_text())
    record["plan"]["spec"]["masks"] = masks
    path.write_text(json.dumps(record))
    failed = {f.file for f in disclosure.check(folder).failed}
    assert failed == {"snapshots/S1.png", "snapshots/S2.png"}


def test_a_picture_that_no_record_names_is_a_leak(case: Case, tmp_path: Path) -> None:
    """In a case, a picture file beside the records fails."""
    folder = shutil.copytree(case.folder, tmp_path / "case")
    Image.new("RGB", (16, 16), "red").save(folder / "snapshots/S77.png")
    (failed,) = disclosure.check(folder).failed
    assert (failed.file, failed.place) == ("snapshots/S77.png", CROP)


def test_what_cannot_be_read_is_not_checked(material: Material, tmp_path: Path) -> None:
    """Unknown, encrypted, cut and fragmented files prove nothing, and each says why."""
    (tmp_path / "unknown.bin").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "cut.mp4").write_bytes(material.mp4.read_bytes()[:3000])
    (tmp_path / "cut.png").write_bytes(material.png[:500])
    (tmp_path / "cut.jpg").write_bytes(material.jpg[:500])
    ffmpeg("-i", material.mp4, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", tmp_path / "fragments.mp4")
    encrypted = ["qpdf", "--encrypt", "x", "x", "256", "--"]
    subprocess.run([*encrypted, material.report, tmp_path / "encrypted.pdf"], check=True)
    found = disclosure.check(tmp_path)
    assert not found.failed
    unsure = {f.file: f.note for f in found if f.verdict is Verdict.NOT_CHECKED}
    assert set(unsure) == {p.name for p in tmp_path.iterdir()} and all(unsure.values())


@pytest.mark.parametrize("name", ["mp4", "mkv", "avi", "jpg", "png", "report"])
def test_damage_never_raises(name: str, material: Material, tmp_path: Path) -> None:
    """Any cut and any changed byte gives answers; no walk raises, none runs away."""
    import random

    data = getattr(material, name)
    data = data if isinstance(data, bytes) else data.read_bytes()
    kind = {"mkv": "matroska", "jpg": "jpeg", "report": "pdf"}.get(name, name)
    rng = random.Random(name)
    path = tmp_path / "x"
    for number in range(12 if name == "report" else 60):
        changed = bytearray(data[: rng.randrange(20, len(data))] if number % 2 else data)
        for _ in range(rng.choice((1, 8, 64))):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        path.write_bytes(changed)
        job = {"path": str(path), "kind": kind, "words": [], "names": [], "pictures": {}, "files": {}, "made": False}
        answers = jobs.look(job, lambda message: None)[0]["answers"]
        assert answers and all(a["verdict"] in ("ok", "failed", "not checked") for a in answers)


def test_names_of_this_machine_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user who makes the package is named by no text in it, whole words only."""
    monkeypatch.setenv("LOGNAME", "annaberg")
    (tmp_path / "said.txt").write_text("made by annaberg\n")
    (tmp_path / "part.txt").write_text("hannabergs\n")
    failed = disclosure.check(tmp_path).failed
    assert [f.file for f in failed] == ["said.txt"]


@pytest.mark.parametrize("comment", ["Two\nlines", "ends with a line\n", "  indented", "both\r\n\r\n", "\tx \0"])
def test_a_declared_comment_is_no_leak_however_it_is_spaced(comment: str) -> None:
    """What the request says is declared, with the white space around it and with what a container adds."""
    for held in (comment, comment.strip(), f"{comment}\0\0"):
        assert [answer.verdict for answer in judged([("\u00a9cmt", held)], {comment})] == [Verdict.OK] * 2
        assert Verdict.FAILED in [answer.verdict for answer in judged([("\u00a9cmt", held)], {"another"})]
