"""What findings print of hostile files."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.evidence.findings import Finding, Verdict, said


def test_a_finding_prints_no_endless_words() -> None:
    """Place, expected and found are cut at 200 characters, notes at 2000, and say so."""
    long = "9" * 5000
    found = Finding(check="ledger", verdict=Verdict.FAILED, place=long, expected=long, found="9" * 200, note=long)
    assert found.place == found.expected == "9" * 200 + "… (5000 characters)"
    assert found.found == "9" * 200 and found.note == "9" * 2000 + "… (5000 characters)"


def test_a_library_names_no_folder_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However the place was written; of the system's errors only the reason is told."""
    monkeypatch.chdir(tmp_path)
    for place in (tmp_path / "case" / "R1.pdf", Path("case/R1.pdf")):
        for written in {str(place), str(place.absolute())}:
            assert said(ValueError(f"{written}: it is torn"), place) == "ValueError: R1.pdf: it is torn"
    assert said(FileNotFoundError(2, "No such file", "/tmp/x/R1.pdf"), Path("R1.pdf")) == (
        "FileNotFoundError: No such file"
    )
    assert said("a warning", Path()) == "a warning"
