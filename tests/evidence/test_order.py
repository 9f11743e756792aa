"""The order of snapshots is on record, and the report follows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench import Case, LocalArchive, build_report
from workbench.core.errors import RequestError
from workbench.core.timebase import Offset

RECORDINGS = Path(__file__).resolve().parents[2] / "notebooks/recordings"


def test_the_report_shows_snapshots_in_the_stated_order(tmp_path: Path) -> None:
    """An order that was stated last holds; snapshots it does not name follow; nonsense is refused and not logged."""
    archive = LocalArchive(RECORDINGS, tmp_path / "cache")
    case = Case.create(tmp_path / "case", number="1", examiner="A. Berg")
    for second in range(3):
        case.snapshot(archive, "entrance", Offset(second * 1_000_000), caption=f"at {second}")
    case.order("S3", "S1")
    length = case.state.length
    for wrong in (("S9",), ("S1", "S1")):
        with pytest.raises(RequestError):
            case.order(*wrong)
    assert case.state.length == length and [s.id for s in Case.open(case.folder).state.ordered()] == ["S3", "S1", "S2"]
    part = next(s for s in build_report(case).sections if s.number == 9)
    assert [block.id for block in part.blocks if hasattr(block, "rgb_sha256")] == ["S3", "S1", "S2"]
    (case.folder / "session.json").write_text("{}")
    assert not [f for f in case.check() if f.check == "file-added"]
    archive.close()
