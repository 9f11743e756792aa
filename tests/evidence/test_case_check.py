"""The check of a case: each way to spoil it has its finding, and a sound one has none that failed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from workbench.core.errors import SourceError
from workbench.evidence import filing
from workbench.evidence.case import Case
from workbench.evidence.findings import Verdict
from workbench.evidence.nouns import AnnotationRecord, FileRecord


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case with a comment and two pictures."""
    made = Case.create(tmp_path / "case", number="17/2026", examiner="A. Berg")
    made.comment("first")
    for n in (1, 2):
        picture = filing.write(made.folder, f"snapshots/A{n}.png", b"a picture", "picture")
        made.append("annotation-made", AnnotationRecord(id=f"A{n}", snapshot="S1", marks=(), picture=picture))
    return made


def verdicts(case: Case, verdict: Verdict) -> set[tuple[str, str, str]]:
    """What ended so: check, file, place."""
    return {(f.check, f.file, f.place) for f in Case.open(case.folder).check() if f.verdict is verdict}


def test_a_sound_case_is_ok(case: Case) -> None:
    """Form, chain, and each file."""
    assert verdicts(case, Verdict.FAILED) == verdicts(case, Verdict.NOT_CHECKED) == set()
    assert verdicts(case, Verdict.OK) == {
        ("custody-form", "custody.jsonl", ""),
        ("custody-chain", "custody.jsonl", ""),
        ("custody-files", "snapshots/A1.png", "entry 2"),
        ("custody-files", "snapshots/A2.png", "entry 3"),
    }


def test_the_memory_of_a_session_is_no_finding(case: Case) -> None:
    """Neither whole nor while it is written; under another name it is told."""
    for name in ("session.json", ".session.json.4711.0a1b2c.part", "notes.part"):
        (case.folder / name).write_text("{}")
    assert {file for _, file, _ in verdicts(case, Verdict.NOT_CHECKED)} == {"notes.part"}


def flip(path: Path) -> None:
    """Change one byte."""
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def link(path: Path) -> None:
    """The same content, but elsewhere."""
    other = path.parent.parent.parent / "elsewhere.png"
    other.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(other)


def pipe(path: Path) -> None:
    """Something that would hang a reader."""
    path.unlink()
    os.mkfifo(path)


def longer(path: Path) -> None:
    """One byte more."""
    path.write_bytes(path.read_bytes() + b"x")


@pytest.mark.parametrize("spoil", [flip, link, pipe, longer, Path.unlink], ids=lambda spoil: spoil.__name__)
def test_a_spoilt_file_is_named(spoil: Callable[[Path], None], case: Case) -> None:
    """With the entry that speaks of it; the other one is still ok."""
    spoil(case.folder / "snapshots" / "A1.png")
    assert verdicts(case, Verdict.FAILED) == {("custody-files", "snapshots/A1.png", "entry 2")}
    assert ("custody-files", "snapshots/A2.png", "entry 3") in verdicts(case, Verdict.OK)


@pytest.mark.parametrize(
    "path", ["../outside.png", "/etc/passwd", "snapshots/../../outside.png", "C:\\x", "a\0b", "", "snapshots//A1.png"]
)
def test_a_path_never_leaves_the_case(path: str, case: Case) -> None:
    """Though the log says so, and its chain holds."""
    (case.folder.parent / "outside.png").write_bytes(b"secret")
    file = FileRecord(path=path, sha256="ab" * 32, size=6)
    case.append("annotation-made", AnnotationRecord(id="A3", snapshot="S1", marks=(), picture=file))
    assert verdicts(case, Verdict.FAILED) == {("custody-files", path, "entry 4")}
    with pytest.raises(SourceError, match="no path inside a case"):
        case.path(file)


def test_a_folder_that_is_a_link_is_not_followed(case: Case) -> None:
    """What it leads to is not in the case."""
    (case.folder / "snapshots").rename(case.folder.parent / "away")
    (case.folder / "snapshots").symlink_to(case.folder.parent / "away")
    assert {file for _, file, _ in verdicts(case, Verdict.FAILED)} == {"snapshots/A1.png", "snapshots/A2.png"}


def test_what_the_log_does_not_speak_of_is_not_checked(case: Case) -> None:
    """Named, and never ok."""
    (case.folder / "notes.txt").write_text("x")
    assert verdicts(case, Verdict.NOT_CHECKED) == {("file-added", "notes.txt", "")}


def test_an_unfinished_line_is_not_checked_and_then_set_aside(case: Case) -> None:
    """The next entry takes it into a file that the log speaks of."""
    with (case.folder / "custody.jsonl").open("ab") as file:
        file.write(b'{"after":[]')
    assert verdicts(case, Verdict.NOT_CHECKED) == {("custody-form", "custody.jsonl", "line 5")}
    assert verdicts(case, Verdict.FAILED) == set()
    Case.open(case.folder).comment("second")
    assert verdicts(case, Verdict.NOT_CHECKED) == verdicts(case, Verdict.FAILED) == set()
    assert ("custody-files", "custody.torn-1", "entry 4") in verdicts(case, Verdict.OK)


def test_a_broken_log_still_opens(case: Case) -> None:
    """Up to where it holds; the check names the line, and says that nothing behind it counts."""
    path = case.folder / "custody.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"first"', b'"other"'))
    again = Case.open(case.folder)
    assert again.state.length == 1 and again.state.identity.number == "17/2026"
    assert ("custody-chain", "custody.jsonl", "line 2") in verdicts(case, Verdict.FAILED)
    assert ("custody-files", "custody.jsonl", "behind line 1") in verdicts(case, Verdict.NOT_CHECKED)
    with pytest.raises(SourceError, match="does not hold: line 2"):
        again.comment("x")


def test_a_log_cut_behind_a_line_is_found_by_who_had_it_open(case: Case) -> None:
    """Afterwards only a pinned head can tell: a package, a report."""
    path = case.folder / "custody.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert {f.check for f in case.check().failed} == {"custody-chain"}
    with pytest.raises(SourceError, match="gone or changed"):
        case.comment("x")


def test_an_emptied_log_fails(case: Case) -> None:
    """Nothing is no log."""
    (case.folder / "custody.jsonl").write_bytes(b"")
    again = Case.open(case.folder, who="A")
    assert again.state.length == 0 and again.check().failed
    with pytest.raises(SourceError, match="no entry"):
        again.comment("x")


def test_data_that_is_no_record_fails(case: Case) -> None:
    """The entry holds in the chain, and says nothing that can be used."""
    case.append("snapshot-taken", {"id": "S1"})
    assert verdicts(case, Verdict.FAILED) == {("custody-form", "custody.jsonl", "line 5")}
    assert case.state.unknown == 1
