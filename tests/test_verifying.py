"""The verb `verify` on a real package: everything is checked, what cannot be is said, and nothing leads outside."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.evidence.sealed import Sealed, sealed
from workbench.core.errors import SourceError
from workbench.evidence.case import Case
from workbench.evidence.findings import Findings, Verdict
from workbench.evidence.twin import Twin
from workbench.verifying import FROM_SOURCES, challenge, record_verified, verify


@pytest.fixture(scope="module")
def whole() -> Sealed:
    """The sealed package of this process."""
    return sealed()


@pytest.fixture
def twin(whole: Sealed, tmp_path: Path) -> Twin:
    """A copy to tamper with."""
    return whole.twin(tmp_path / "twin")


def of(found: Findings, check: str) -> set[Verdict]:
    """How a check ended."""
    return {one.verdict for one in found if one.check == check}


def test_a_package_and_its_recordings_hold(whole: Sealed) -> None:
    """Every check of the page is made, and ok."""
    steps: list[float] = []
    found = verify(
        whole.package,
        whole.footage,
        signer=whole.signer,
        seal=whole.seal,
        on_progress=lambda text, done: steps.append(done),
    )
    assert found.failed == () and found.exit_code == 0
    page = (Path(__file__).parents[1] / "docs" / "package-format.md").read_text(encoding="utf-8")
    checks = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert len(checks) > 20 and [check for check in checks if Verdict.OK not in of(found, check)] == []
    assert steps[-1] == 1.0 and all(0 <= step <= 1 for step in steps)


def test_without_recordings_their_checks_are_not_made(whole: Sealed) -> None:
    """What was not done is told, check by check, and is not counted as ok."""
    found = verify(whole.package)
    assert found.exit_code == 0
    assert all(of(found, check) == {Verdict.NOT_CHECKED} for check in FROM_SOURCES)


def test_another_recording_is_found(whole: Sealed, tmp_path: Path) -> None:
    """One bit of the recording changed: its hash fails, and so does what is made of it."""
    footage = shutil.copytree(whole.footage, tmp_path / "footage")
    recording = next(footage.rglob("*.mp4"))
    data = bytearray(recording.read_bytes())
    data[len(data) // 2] ^= 1
    recording.write_bytes(data)
    found = verify(whole.package, footage, again=False)
    assert of(found, "sources-hash") == {Verdict.FAILED} and found.exit_code == 1


def test_a_package_of_another_kind_is_a_finding(tmp_path: Path) -> None:
    """An empty folder, a zip of something else, no zip at all: exit code 1 and words, never an exception."""
    empty = tmp_path / "empty"
    empty.mkdir()
    other = tmp_path / "other"
    (other / "x").mkdir(parents=True)
    (other / "x" / "y").write_bytes(b"z")
    archive = shutil.make_archive(str(tmp_path / "other"), "zip", other)
    (tmp_path / "none.zip").write_bytes(b"no zip")
    for package in (empty, archive, tmp_path / "none.zip"):
        found = verify(package)
        assert found.exit_code == 1 and found.failed


@pytest.mark.parametrize("which", ["package", "sources"])
def test_a_path_that_leads_nowhere_is_an_error(whole: Sealed, tmp_path: Path, which: str) -> None:
    """A slip in a path is the caller's error, not a finding about evidence."""
    wrong = tmp_path / ("x" * 300)
    with pytest.raises(SourceError):
        verify(wrong) if which == "package" else verify(whole.package, wrong)


@pytest.mark.parametrize("path", ["/dev/zero", "../../../../../dev/zero", "reports/pipe", "reports/link", ""])
def test_a_log_that_names_another_report_opens_nothing(twin: Twin, path: str) -> None:
    """The report is opened only where it lies in the package as a plain file: no device, no pipe, no way out."""
    entries = twin.entries()
    newest = [one for one in entries if one["what"] == "report-built"][-1]
    newest["data"]["file"]["path"] = newest["data"]["model"]["path"] = path
    twin.rechain(entries)
    twin.reseal()
    os.mkfifo(twin.folder / "data" / "reports" / "pipe")
    (twin.folder / "data" / "reports" / "link").symlink_to("/dev/zero")
    found = verify(twin.folder)
    assert of(found, "report-form") == {Verdict.NOT_CHECKED}
    assert ("custody-files", f"data/{path}") in {(one.check, one.file) for one in found.failed}


def test_pipes_and_links_anywhere_do_not_stop_it(whole: Sealed, twin: Twin) -> None:
    """Pipes in the place of signatures, pictures and the log, with the recordings at hand: findings, no waiting."""
    paths = ("signature/time-stamp-1.pem", "data/custody.jsonl", "data/snapshots/S1.png", twin.export())
    for path in paths:
        twin.remove(path)
        os.mkfifo(twin.folder / path)
    (twin.folder / "data" / "snapshots" / "A1.png").unlink()
    (twin.folder / "data" / "snapshots" / "A1.png").symlink_to("/dev/zero")
    found = verify(twin.folder, whole.footage)
    assert {*paths, "data/snapshots/A1.png"} <= {one.file for one in found.failed}


def test_a_report_that_is_not_the_logs_is_found(twin: Twin) -> None:
    """Bytes behind the end of a PDF, and log and digests rewritten to fit: its own seal shows it."""
    path = twin.one("data/reports", "R2.pdf")
    data = twin.read(path) + b"\n% more\n"
    twin.write(path, data)

    def fits(entries: list[dict[str, object]]) -> None:
        newest = [one for one in entries if one["what"] == "report-built"][-1]
        newest["data"]["file"].update(sha256=hashlib.sha256(data).hexdigest(), size=len(data))  # type: ignore[index]

    entries = twin.entries()
    fits(entries)
    twin.rechain(entries)
    twin.reseal()
    found = verify(twin.folder)
    assert ("report-form", path) in {(one.check, one.file) for one in found.failed}


def test_a_model_that_is_no_object_is_found(twin: Twin) -> None:
    """The machine-readable report may hold anything; what it holds is compared, not believed."""
    for data in (b"[]", b"{}", b"[" * 100_000, b"\xff", b"nothing"):
        twin.write("data/reports/R2.json", data)
        found = verify(twin.folder)
        assert ("report-form", "data/reports/R2.pdf") in {(one.check, one.file) for one in found.failed}


def test_the_outcome_goes_into_the_cases_log(whole: Sealed, twin: Twin, tmp_path: Path) -> None:
    """Name, seal, counts and what failed: enough to know later what was verified, and how it went."""
    case = Case.open(shutil.copytree(whole.case, tmp_path / "case"))
    good = record_verified(case, whole.package, verify(whole.package))
    assert (good.name, good.seal, good.failed) == (whole.package.name, whole.seal, ())
    twin.remove("README.txt")
    bad = record_verified(case, twin.folder, verify(twin.folder))
    assert "file-missing README.txt" in bad.failed and bad.counts["failed"] == len(bad.failed)
    assert Case.open(case.folder).state.verified == (good, bad)
    assert case.check().failed == ()


def test_findings_are_json(whole: Sealed) -> None:
    """The document of ``--json``: schema, counts that add up, every finding whole."""
    document = json.loads(json.dumps(verify(whole.package).to_json()))
    assert document["schema"] == "workbench.findings/1"
    assert sum(document["counts"].values()) == len(document["findings"])
    assert {*document["findings"][0]} == {"check", "verdict", "file", "place", "expected", "found", "note"}


def test_challenge_is_the_librarys_verb_too(tmp_path: Path) -> None:
    """The verb takes a path as text, and tells what does not hold as it is."""
    (tmp_path / "p").mkdir()
    assert challenge(str(tmp_path / "p")).exit_code == 1
