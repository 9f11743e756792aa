"""A catalogue spares reading heads, and is never believed against the files."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.archives.served import archive as recordings
from workbench.archives import catalogue
from workbench.archives.laying import Shelf
from workbench.archives.local import LocalArchive
from workbench.core.errors import RequestError
from workbench.core.timebase import Offset


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recordings of the hall, known in the cache."""
    made = recordings(tmp_path / "recordings")
    archive = LocalArchive(made, tmp_path / "cache")
    archive.sources()
    archive.close()
    return made


def stored(folder: Path) -> Path:
    """The hall's catalogue."""
    return catalogue.path_of(folder.parent / "cache", os.path.realpath(folder), "hall")


def test_a_catalogue_spares_the_heads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a catalogue nobody reads a head, and coverage is the same to the microsecond."""
    before = LocalArchive(folder, folder.parent / "other").coverage("hall")
    monkeypatch.setattr(Shelf, "head", lambda *_: pytest.fail("a head was read"))
    assert LocalArchive(folder, folder.parent / "cache").coverage("hall") == before


def test_an_overview_from_a_catalogue_says_that_it_is_not_checked(folder: Path) -> None:
    """The same stretches, quick and not checked, or listed and checked."""
    archive = LocalArchive(folder, folder.parent / "cache")
    quick = {one.source: one for one in archive.overviews()}["hall"]
    exact = archive.overview("hall")
    assert (quick.checked, exact.checked) == (False, True)
    assert (quick.stretches, quick.first, quick.last, quick.name, quick.range) == (
        (exact.stretches, exact.first, exact.last, exact.name, exact.range)
    )
    assert all(one.checked for one in archive.overviews(checked=True))
    part = {one.source: one for one in archive.overviews((Offset(500_000), Offset(900_000)))}["hall"]
    assert part.stretches == archive.overview("hall", (Offset(500_000), Offset(900_000))).stretches


def test_a_new_file_is_noticed_by_its_folder(folder: Path) -> None:
    """A folder that changed since is listed anew, even where nobody asks for checks."""
    first = sorted((folder / "hall").iterdir())[0]
    shutil.copy(first, folder / "hall" / "20300101T000000.mp4")
    found = {one.source: one for one in LocalArchive(folder, folder.parent / "cache").overviews()}["hall"]
    assert found.checked and len(found.stretches) >= 2
    assert found.last is not None and found.last > 1_800_000_000_000_000


def test_a_changed_file_is_noticed_before_anything_is_claimed(folder: Path) -> None:
    """A file that was replaced in place does not keep its row."""
    archive = LocalArchive(folder, folder.parent / "cache")
    path = sorted((folder / "hall").iterdir())[0]
    before = archive.coverage("hall")
    path.write_bytes(b"no video at all")
    after = archive.coverage("hall")
    assert len(after.intervals) < len(before.intervals)
    assert any(path.name in note for note in after.notes)
    archive.close()


def _flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) * 3 // 4] ^= 1
    path.write_bytes(raw)


def _forge(path: Path) -> None:
    whole = json.loads(path.read_bytes().split(b"\n")[1])
    rows: list[Any] = [["a", 1], None, 7, [[], 1, 1, 1, 1, 1, [], [], None]]
    catalogue.save(path, {**whole, "runs": ["x"], "folders": 3}, rows)


@pytest.mark.parametrize(
    "harm",
    [
        _flip,
        _forge,
        lambda path: path.write_bytes(path.read_bytes()[:50]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"workbench-catalogue 1 a -5 b 99999999999999999999\n[[[["),
        lambda path: path.write_bytes(b"\xff" * 10_000),
    ],
)
def test_a_damaged_catalogue_is_made_anew(folder: Path, harm: Callable[[Path], object]) -> None:
    """Whatever lies in its place, the answers are those of the files, and a good catalogue is there again."""
    good = stored(folder).read_bytes()
    before = LocalArchive(folder, folder.parent / "cache").coverage("hall")
    harm(stored(folder))
    archive = LocalArchive(folder, folder.parent / "cache")
    assert archive.coverage("hall") == before
    assert [one.source for one in archive.overviews()] == [source.id for source in archive.sources()]
    assert stored(folder).read_bytes() == good
    archive.close()


def test_a_foreign_catalogue_is_not_believed(folder: Path) -> None:
    """The catalogue of another folder says nothing of this one."""
    moved = folder.rename(folder.with_name("moved"))
    place = catalogue.path_of(folder.parent / "cache", os.path.realpath(moved), "hall")
    place.write_bytes(stored(folder).read_bytes())
    shelf = LocalArchive(moved, folder.parent / "cache")._shelf
    assert shelf.known("hall") is None


def test_emptied_indexes_are_made_anew(folder: Path) -> None:
    """Frames are there though all indexes went and only the catalogue stayed."""
    shutil.rmtree(folder.parent / "cache" / "index")
    archive = LocalArchive(folder, folder.parent / "cache")
    assert archive.frame("hall", Offset(0)).png().startswith(b"\x89PNG")
    archive.close()


def test_nonsense_is_refused(folder: Path) -> None:
    """A number of stretches that is none names its field."""
    with pytest.raises(RequestError, match="most"):
        LocalArchive(folder, folder.parent / "cache").overviews(most=0)
