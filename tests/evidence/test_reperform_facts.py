"""What a case says of its sources is described again: whatever recordings and archive.toml do not say is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.evidence.forged import CLIP, Package, case_of
from tests.truth import make
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.nouns import SourceRecord

SPEC = {"begin": 400_000, "end": 6_000_000, "format": "mp4"}


@pytest.fixture(scope="module")
def gapped(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """A source of two recordings with a gap between them, in a zone of its own, and an export over the gap."""
    folder = tmp_path_factory.mktemp("gapped")
    sources = folder / "sources"
    (sources / "cam").mkdir(parents=True)
    for name in ("20260301T100000", "20260301T100008"):
        shutil.copyfile(make(CLIP), sources / "cam" / f"{name}.mp4")
    (sources / "archive.toml").write_text('[source.cam]\nname = "Entrance"\nzone = "Europe/Berlin"\n')
    return case_of(folder, sources, ({**SPEC, "end": 9_000_000},))


def found(package: Package, **change: Any) -> list[Finding]:
    """What source-facts finds once the source's record was changed."""
    sources = tuple(replace(source, **change) for source in package.state.sources)
    # the log keeps the honest record, which is checked beside the changed one
    checked = Package(package.data, package.sources, replace(package.state, sources=sources)).check()
    return [f for f in checked if f.check == "source-facts"]


def test_honest_sources_hold(gapped: Package) -> None:
    """A source with a gap is described again, and all of it is the same."""
    (one,) = found(gapped)
    assert one.verdict is Verdict.OK and one.found.startswith("2 recordings")


def _facts(source: SourceRecord, **change: Any) -> dict[str, Any]:
    first, *others = source.recordings
    return {"recordings": (replace(first, facts={**first.facts, **change}), *others)}


CHANGES: dict[str, Callable[[SourceRecord], dict[str, Any]]] = {
    "coverage: gaps": lambda source: {"coverage": {**source.coverage, "gaps": []}},
    "zone": lambda source: {"zone": "Asia/Tokyo"},
    "name": lambda source: {"name": "Prison gate"},
    "dated_by": lambda source: {"dated_by": "container"},
    "last_us": lambda source: {"last_us": source.first_us},
    "notes": lambda source: {"notes": ("all is well",)},
    "cam/20260301T100000.mp4: frames": lambda source: _facts(source, frames=9999),
    "cam/20260301T100000.mp4: losses": lambda source: {
        "recordings": (replace(source.recordings[0], losses=("a lie",)), *source.recordings[1:])
    },
}


@pytest.mark.parametrize("place", CHANGES)
def test_what_a_source_does_not_say_is_named(gapped: Package, place: str) -> None:
    """Each field that was changed is the place of a failure, and nothing else is."""
    failed = [f for f in found(gapped, **CHANGES[place](gapped.state.sources[0])) if f.verdict is Verdict.FAILED]
    assert [f.place for f in failed] == [f"source cam, {place}"]


def test_facts_read_with_other_versions_accuse_nobody(gapped: Package) -> None:
    """A recording that another FFmpeg read may have other facts: they are not checked, and its versions are named."""
    changed = found(gapped, **_facts(gapped.state.sources[0], read_with="FFmpeg 4.4, PyAV 9", profile="Simple"))
    said = [f for f in changed if f.verdict is not Verdict.OK]
    assert {f.verdict for f in said} == {Verdict.NOT_CHECKED} and "FFmpeg 4.4, PyAV 9 then" in said[0].note


def test_missing_recordings_leave_the_facts_unchecked(gapped: Package, tmp_path: Path) -> None:
    """Where recordings are not at hand, nothing is said of the source as a whole."""
    sources = tmp_path / "sources"
    shutil.copytree(gapped.sources, sources)
    shutil.rmtree(sources / "cam")
    (one,) = found(Package(gapped.data, sources, gapped.state))
    assert one.verdict is Verdict.NOT_CHECKED and "20260301T100000.mp4" in one.note


def test_gaps_of_an_export_are_held_against_the_time_line(gapped: Package, tmp_path: Path) -> None:
    """A gap that was taken out of a record is found, whatever versions the record says it was made with."""
    shutil.copytree(gapped.data, tmp_path / "data")
    forged = Package(tmp_path / "data", gapped.sources, gapped.state)

    def change(told: dict[str, Any]) -> None:
        told["versions"].update(ffmpeg="5.1.6")
        told["gaps"] = told["plan"]["gaps"] = []

    forged.rewrite(change)
    failed = [f for f in forged.check().failed if f.check == "ledger"]
    assert [f.found for f in failed] == ["gaps: []"] and "file times" in failed[0].expected
