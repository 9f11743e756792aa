"""A case takes what a VMS delivers, and says no more of it than it knows."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.remote_stand_in import SWITCHED_OFF, URL, StandIn
from tests.evidence.test_export_form import GONE, ODD, changed, places
from tests.truth import Clip, make
from workbench.archives.local import LocalArchive
from workbench.core.errors import SourceError, WorkError
from workbench.core.spec import ExportSpec, Mask
from workbench.evidence import disclosure
from workbench.evidence.case import Case
from workbench.evidence.claims import complete, completeness, completeness_words, fidelity_words, unsuitable
from workbench.evidence.export_form import of_form
from workbench.evidence.findings import Verdict
from workbench.evidence.package import seal
from workbench.report.build import build_report
from workbench.report.pdf import render
from workbench.verifying import verify

TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)
CAMERA = "WORKBENCH/DeviceIpint.1/SourceEndpoint.video:0:0"
FACE = Mask(points=((0.2, 0.4), (0.5, 0.4), (0.5, 0.6), (0.2, 0.6)), reason="face")
SPEC = ExportSpec(source="hall", begin=TEN, end=TEN.replace(second=1), format="mp4", masks=(FACE,))


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalArchive]:
    """What lies on the VMS."""
    folder = tmp_path_factory.mktemp("vms")
    (folder / "footage" / "hall").mkdir(parents=True)
    clip = Clip(name="whole case", frames=50, bframes=2)
    shutil.copyfile(make(clip), folder / "footage" / "hall" / "20260301T100000.mp4")
    made = LocalArchive(folder / "footage", folder / "cache")
    yield made
    made.close()


@pytest.fixture(scope="module")
def done(local: LocalArchive, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A case with an export that the VMS made (E1), and one that was derived from its master (E2)."""
    case = new(tmp_path_factory.mktemp("done"))
    case.export(SPEC, StandIn(local, tls=SWITCHED_OFF))
    case.export(SPEC, StandIn(local, derive=True))
    case.export(replace(SPEC, masks=()), StandIn(local, server_record=False))
    return case


def new(folder: Path) -> Case:
    """A new case."""
    return Case.create(folder / "case", number="17/2026", examiner="A. Berg", question="Who?")


def said(case: Case) -> str:
    """All words of its report."""
    return json.dumps(build_report(case, made_at="2026-03-20T08:00:00.000000Z").to_json(), ensure_ascii=False)


def test_a_camera_of_a_vms_joins_without_recordings(done: Case) -> None:
    """Under its one id, whatever name it was asked for by; nothing is hashed, and the witness of gaps is the VMS."""
    (source,) = done.state.sources
    assert (source.id, source.archive, source.recordings) == (CAMERA, URL, ())
    assert [export.source for export in done.state.exports] == [CAMERA] * 3
    assert done.entries[1].before == ()


def test_what_came_joins_with_its_flight(done: Case) -> None:
    """Each file is hashed in the log: video, captions, the server's record, the original, the flight."""
    kinds = [sorted(file.kind for file in export.files) for export in done.state.exports]
    assert kinds[0] == ["captions", "flight", "server-record", "video"]
    assert kinds[1] == ["captions", "flight", "original", "video"]
    after = {digest["file"] for entry in done.entries for digest in entry.after}
    assert "exports/E1/entrance.flight.jsonl" in after
    assert all(one.verdict is Verdict.OK for one in done.check())


def test_what_came_from_elsewhere_is_refused(local: LocalArchive, tmp_path: Path, done: Case) -> None:
    """Another server, a folder, a result without its flight, one derived from a file that is not there."""
    case = new(tmp_path)
    case.add_source(StandIn(local), "hall")
    vms = StandIn(local)
    result = vms.run(vms.plan(SPEC), tmp_path / "out")
    derived = StandIn(local, derive=True).run(vms.plan(SPEC), tmp_path / "derived")
    bare = [
        replace(result, files=tuple(f for f in result.files if f.kind != "flight")),
        replace(result, remote=None),
        replace(result, remote={**(result.remote or {}), "server": {"url": "https://other.example"}}),
        replace(derived, files=tuple(f for f in derived.files if f.kind != "original")),
    ]
    for wrong in bare:
        with pytest.raises(WorkError):
            case.add(wrong)
    with pytest.raises(WorkError, match="joined the case from https://vms"):
        case.export(SPEC, StandIn(local, url="https://other.example"))
    assert [entry.what for entry in case.entries][-1] == "export-failed" and not any(
        (case.folder / "exports").iterdir()
    )
    assert case.add(result).plan == ""


def test_no_snapshot_of_a_vms(local: LocalArchive, tmp_path: Path) -> None:
    """It is refused with the way to one, and the case says nothing of it."""
    case = new(tmp_path)
    with pytest.raises(SourceError, match="none of them was hashed") as error:
        case.snapshot(StandIn(local), "hall", TEN)
    assert "workbench acquire" in error.value.advice and case.state.length == 1


def test_a_vms_goes_on_recording(local: LocalArchive, tmp_path: Path) -> None:
    """Its camera joins again only where an export reaches beyond what was on record."""
    case = new(tmp_path)
    case.plan(SPEC, StandIn(local))
    case.plan(SPEC, StandIn(local, last_shift=1_000_000))
    assert [entry.what for entry in case.entries].count("source-added") == 1
    case.plan(replace(SPEC, end=TEN.replace(second=2)), StandIn(local, last_shift=1_000_000))
    assert [entry.what for entry in case.entries].count("source-added") == 2


def test_nothing_is_claimed_that_only_the_vms_says(done: Case) -> None:
    """Never complete; frames are counted by the server's word; what a VMS may have done makes it unsuitable."""
    source = done.state.sources[0]
    for export in done.state.exports:
        found = completeness(done.result(export), source)
        assert not complete(found) and "lie on the VMS" in completeness_words(found)
    one, two, three = (done.result(name) for name in ("E1", "E2", "E3"))
    assert "by the server's record: not checked" in fidelity_words(one)
    assert "not checked" not in fidelity_words(two)
    assert fidelity_words(three).startswith("Of 25 frames that came: 25 frames delivered by a VMS, as what came shows")
    assert any("the VMS does not say" in why for use in unsuitable(three, source, ()) for why in use.why)


@pytest.mark.parametrize(
    ("at", "value", "wrong"),
    [
        (("server", "tls", "verified"), "yes", "remote.server.tls.verified is not true or false"),
        (("server", "url"), "https://anna:secret@vms", "remote.server.url is not a URL without a user"),
        (("delivered", 0, "verdict"), "fine", "remote.delivered[0].verdict is not a verdict"),
        (("flight",), GONE, "remote.flight is missing"),
        (("files", 0, "size"), -1, "remote.files[0].size is not a number of things"),
    ],
)
def test_what_is_said_of_a_server_has_a_form(done: Case, at: tuple[Any, ...], value: Any, wrong: str) -> None:
    """The key is named."""
    with pytest.raises(WorkError) as error:
        of_form(changed(dict(done.result("E1")), ("remote", *at), value), "r")
    assert wrong in error.value.message


def test_what_passes_can_be_reported(done: Case) -> None:
    """Whatever stands in what is said of a server: it is refused, or a report can be made of it."""

    class Odd:
        state, entries = done.state, done.entries

        def result(self, export: str) -> dict[str, Any]:
            return record if export == "E1" else done.result(export)

    whole, passed = dict(done.result("E1")), 0
    for place in places(whole["remote"]):
        for value in ODD:
            record = changed(whole, ("remote", *place), value)
            try:
                of_form(record, "r")
            except WorkError:
                continue
            passed += 1
            if passed % 7 == 0:
                build_report(Odd(), made_at="2026-03-20T08:00:00.000000Z").to_json()
    assert passed > 100


def test_the_report_says_who_made_it(done: Case) -> None:
    """Server, TLS that was switched off, body, delivered against asked; that nothing was hashed; it prints."""
    words = said(done)
    for needed in (
        "NOTHING OF THIS SOURCE WAS HASHED",
        f"VMS over HTTP: {URL}, forensic-workbench 0.1.0",
        "NOT VERIFIED: nobody: checking was switched off",
        "nothing vouches that the server was the right one",
        "maskspace",
        "Delivered against asked, E1",
        "entrance.flight.jsonl: 4 calls",
        "VMS intervals",
        "the original: the master as the VMS delivered it",
        "is the master without masks and crop",
        "The recordings of 1 source lie on a VMS",
        "E1, E3: made by a VMS",
        "a camera of the VMS",
    ):
        assert needed in words, needed
    assert "copied, bit-identical" not in words and "Encoder: none" not in words
    report = build_report(done, made_at="2026-03-20T08:00:00.000000Z")
    assert render(report, done.folder).startswith(b"%PDF-")


@pytest.fixture(scope="module")
def package(done: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The case, sealed."""
    out = tmp_path_factory.mktemp("sealed")
    return out / seal(done, out).name


def test_a_package_with_remote_exports_verifies(package: Path, local: LocalArchive) -> None:
    """By both verifiers nothing fails; what lies on the VMS is not checked; what was derived here is proven."""
    found = verify(package, local.folder, again=True)
    assert not found.failed, [one.to_json() for one in found.failed]
    by_check = {(one.check, Path(one.file).parent.name, one.verdict) for one in found}
    assert ("ledger", "E1", Verdict.NOT_CHECKED) in by_check and ("masks", "E1", Verdict.NOT_CHECKED) in by_check
    assert ("ledger", "E2", Verdict.OK) in by_check and ("masks", "E2", Verdict.OK) in by_check
    notes = " ".join(one.note for one in found if one.verdict is Verdict.NOT_CHECKED)
    assert "its recordings lie on the VMS, so none of them was hashed" in notes
    assert "its pictures are proven against its original instead" in notes
    assert any("without its masks and crop" in one.note for one in found if one.check == "disclosure")
    alone = subprocess.run([sys.executable, package / "verify.py"], capture_output=True, text=True, timeout=60)
    assert alone.returncode == 0 and "0 failed" in alone.stdout
    told = (package / "README.txt").read_text(encoding="utf-8")
    assert "What came from a VMS" in told and "NOT VERIFIED: nobody" in told


def test_paths_of_requests_are_no_paths_of_a_machine(done: Case, tmp_path: Path) -> None:
    """Only those that the records declare: another path beside them is still told."""
    shutil.copytree(done.folder, tmp_path / "copy")
    note = tmp_path / "copy" / "exports" / "E1" / "note.txt"
    note.write_text("see /export/archive/elsewhere and /srv/anna/evidence\n")
    found = disclosure.check(tmp_path / "copy")
    leaks = {one.file: one.found for one in found.failed if "machine" in one.place}
    assert list(leaks) == ["exports/E1/note.txt"] and "/srv/anna/evidence" in leaks["exports/E1/note.txt"]


def test_a_wrong_count_is_found_without_the_recordings(local: LocalArchive, tmp_path: Path) -> None:
    """The files of a VMS are counted again, and its record is held against the ledger."""
    case = new(tmp_path)
    case.add_source(StandIn(local), "hall")
    vms = StandIn(local)
    result = vms.run(vms.plan(SPEC), tmp_path / "out")
    record = next(Path(file.path) for file in result.files if file.kind == "record")
    told = json.loads(record.read_text())
    told["files"][0]["frames_shown"] += 1
    told["ledger"]["copied"] += 1
    record.write_text(json.dumps(told))
    digest = hashlib.sha256(record.read_bytes()).hexdigest()
    files = tuple(
        replace(f, sha256=digest, size=record.stat().st_size) if f.kind == "record" else f for f in result.files
    )
    case.add(replace(result, files=files))
    package = tmp_path / "sealed" / seal(case, tmp_path / "sealed").name
    failed = {(one.check, one.expected, one.found) for one in verify(package, local.folder, again=False).failed}
    assert ("ledger", "26 pictures shown, 25 contained", "25 pictures shown, 25 contained") in failed
    assert any(expected == "the server's record with the same ledger" for _, expected, _ in failed)


def test_no_export_of_a_folder_passes_for_one_of_a_vms(local: LocalArchive, tmp_path: Path) -> None:
    """Where a source lies is in the log; a record that says otherwise is found without any recording."""
    case = new(tmp_path)
    case.add_source(StandIn(local), "hall")
    vms = StandIn(local)
    case.add(vms.run(vms.plan(SPEC), tmp_path / "out"))
    case.append("source-added", replace(case.state.sources[0], archive="recorder"))
    package = tmp_path / "sealed" / seal(case, tmp_path / "sealed").name
    told = [(one.expected, one.found) for one in verify(package).failed if one.check == "custody-files"]
    assert told == [("made from recordings in a folder", f"made from {URL}")]
