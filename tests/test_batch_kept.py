"""What a second batch in a folder keeps: only what the same request would make again, of the same recordings."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.archives.served import BEGIN, YARD, archive
from tests.truth import make
from workbench.archives.local import LocalArchive
from workbench.archives.remote import RemoteArchive
from workbench.batch import run_batch
from workbench.batch_items import Item, named
from workbench.batch_kept import made_from
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset, instant


@pytest.fixture(scope="module")
def threads() -> Iterator[ThreadPoolExecutor]:
    """One thread, whose archives stay open."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """Two recordings of a hall, with their dates in their names."""
    return archive(tmp_path / "footage")


def hall(begin: Any = BEGIN + 500_000, seconds: float = 0.4) -> ExportSpec:
    """A moment of the hall, dated or counted from its first frame."""
    length = round(seconds * 1e6)
    if isinstance(begin, Offset):
        return ExportSpec(source="hall", begin=begin, end=Offset(begin.us + length), format="mkv")
    return ExportSpec(source="hall", begin=instant(begin), end=instant(begin + length), format="mkv")


def one(spec: ExportSpec, footage: Path, out: Path, threads: ThreadPoolExecutor) -> Item:
    """The item of a batch of one, over a freshly opened archive."""
    held = LocalArchive(footage)
    try:
        return run_batch([spec], held, out, executor=threads).items[0]
    finally:
        held.close()


def test_another_archive_is_another_item(footage: Path, tmp_path: Path, threads: ThreadPoolExecutor) -> None:
    """The same request to two archives with the same cameras gives two folders, each kept for its own archive only."""
    other, out = shutil.copytree(footage, tmp_path / "other"), tmp_path / "out"
    first, second = one(hall(), footage, out, threads), one(hall(), other, out, threads)
    assert (first.state, second.state) == ("done", "done") and first.name != second.name
    assert (one(hall(), footage, out, threads).name, one(hall(), other, out, threads).name) == (first.name, second.name)
    assert one(hall(), other, out, threads).state == "kept"


def test_derived_files_and_other_servers_are_other_items() -> None:
    """Server, prefix and way of deriving are part of an item's name; who asks is not."""
    urls = ["http://anna@vms.example:8000/p", "http://bert@vms.example:8000/p", "http://vms.example:8000"]
    first, same, other = (named(hall(), made_from(RemoteArchive(url))) for url in urls)
    derived = named(hall(), made_from(RemoteArchive(urls[0], derive="always")))
    assert first == same and len({first, other, derived}) == 3
    assert made_from(RemoteArchive(urls[0])) == {"archive": "http://vms.example:8000/p", "derive": "never"}


def test_a_link_that_leads_elsewhere_is_another_archive(
    footage: Path, tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    """An archive is known by where its folder lies, not by the link that it was named by."""
    other, out, link = shutil.copytree(footage, tmp_path / "other"), tmp_path / "out", tmp_path / "link"
    link.symlink_to(footage)
    assert one(hall(), link, out, threads).state == "done"
    assert one(hall(), footage, out, threads).state == "kept"
    link.unlink()
    link.symlink_to(other)
    assert one(hall(), link, out, threads).state == "done"


def replaced(footage: Path) -> None:
    """Another disk in the same place: the same names, other pictures."""
    (footage / "hall" / "20260301T100000.mp4").write_bytes(make(YARD).read_bytes())


def emptied(footage: Path) -> None:
    """The recording is gone, another of the hall is left."""
    (footage / "hall" / "20260301T100000.mp4").unlink()


def corrected(footage: Path) -> None:
    """Somebody found the recorder's clock to be off."""
    (footage / "archive.toml").write_text("[source.hall]\nclock_offset = 0.2\n")


def zoned(footage: Path) -> None:
    """Somebody says that its names are written in a zone; stamps are drawn in it."""
    (footage / "archive.toml").write_text('[source.hall]\nzone = "+00:00"\n')


def older(footage: Path) -> None:
    """A recording turns up that begins before the first."""
    shutil.copy(footage / "hall" / "20260301T100000.mp4", footage / "hall" / "20260301T095950.mp4")


@pytest.mark.parametrize(
    ("change", "spec", "words"),
    [
        (replaced, hall(), "something else"),
        (emptied, hall(), "cannot be held against its archive"),
        (corrected, hall(Offset(500_000)), "its begin was"),
        (zoned, hall(), "its zone was"),
        (older, hall(Offset(500_000)), "its begin was 2026-03-01T10:00:00.5"),
    ],
    ids=["other disk", "gone", "clock", "zone", "first frame"],
)
def test_a_request_that_means_something_else_now_is_not_kept(
    change: Any, spec: ExportSpec, words: str, footage: Path, tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    """Footage or its dating changed: the item fails with the reason, and what lies there is left as it is."""
    out = tmp_path / "out"
    first = one(spec, footage, out, threads)
    file = out / first.files[0]["path"]
    before = (file.read_bytes(), file.stat().st_mtime_ns)
    change(footage)
    again = one(spec, footage, out, threads)
    assert (first.state, again.state, again.name) == ("done", "failed", first.name)
    assert again.error is not None and words in again.error["message"], again.error
    assert "Move that folder away" in again.error["advice"]
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_what_changes_nothing_for_the_request_is_kept(
    footage: Path, tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    """A recording that was touched but holds the same bytes, and one that was added later, change nothing."""
    out = tmp_path / "out"
    assert one(hall(), footage, out, threads).state == "done"
    os.utime(footage / "hall" / "20260301T100000.mp4")
    shutil.copy(footage / "hall" / "20260301T100000.mp4", footage / "hall" / "20260301T110000.mp4")
    assert one(hall(), footage, out, threads).state == "kept"


def test_a_manifest_of_something_else_is_not_believed(
    footage: Path, tmp_path: Path, threads: ThreadPoolExecutor
) -> None:
    """A finished item whose manifest was taken from another, or says no more where it came from, fails by name."""
    out = tmp_path / "out"
    first, other = one(hall(), footage, out, threads), one(hall(BEGIN + 1_000_000), footage, out, threads)
    manifest = out / first.name / "item.json"
    for text in ((out / other.name / "item.json").read_text(), "{}", "[]", '{"spec": 3}'):
        manifest.write_text(text)
        again = one(hall(), footage, out, threads)
        assert again.state == "failed" and again.error is not None and first.name in again.error["message"]
