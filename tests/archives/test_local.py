"""`LocalArchive` on folders of truth clips: what it lists, what it says is recorded, and which frame it shows when."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.readers import find_code
from tests.truth import Clip, make, timeline
from workbench.archives.base import Frame
from workbench.archives.local import LocalArchive, default_cache
from workbench.core.errors import NothingRecorded, RequestError, SourceError
from workbench.core.geometry import Area
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Offset, instant, iso

CLIP = Clip(name="local", frames=50, gop=12, bframes=2)
"""Two seconds."""
VFR = Clip(name="local-vfr", frames=50, vfr=True)
TURNED = replace(CLIP, name="local-turned", rotation=90)
TEN = 1_772_359_200_000_000
"""2026-03-01T10:00:00Z."""
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


def put(folder: Path, name: str, clip: Clip = CLIP) -> Path:
    """A clip under a name in an archive."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(make(clip), path)
    return path


def build(root: Path) -> Path:
    """An archive with most of what occurs."""
    folder = root / "recordings"
    put(folder, "hall/20260301T100000.mp4")
    put(folder, "hall/night/20260301T100010.mp4")
    put(folder, "yard/b.mp4", VFR)
    put(folder, "yard/a.mp4", VFR)
    put(folder, "mixed/2026-03-01_10-00-00.mp4")
    put(folder, "mixed/undated.mp4")
    put(folder, "lone_20260301_100000.mp4")
    put(folder, "turned/20260301T100000.mp4", TURNED)
    put(folder, "close/20260301T100000.mp4")
    put(folder, "close/20260301T100002.030000.mp4")
    put(folder, ".hidden/20260301T100000.mp4")
    put(folder, "hall/.part.mp4")
    (folder / "notes.txt").write_text("no recording")
    (folder / "empty").mkdir()
    bad = folder / "bad"
    put(folder, "bad/20260301T100000.mp4")
    (bad / "empty.mp4").write_bytes(b"")
    (bad / "garbage.mkv").write_bytes(b"no video" * 999)
    (bad / "cut.mp4").write_bytes(make(CLIP).read_bytes()[:3000])
    (bad / "list.mp4").write_text("ffconcat version 1.0\nfile 20260301T100000.mp4\n")
    (bad / "stream.mp4").write_text("#EXTM3U\n#EXTINF:2,\n20260301T100000.mp4\n")
    os.mkfifo(bad / "pipe.mp4")
    (bad / "dead.mp4").symlink_to(bad / "nowhere")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive's folder."""
    return build(tmp_path_factory.mktemp("local"))


@pytest.fixture(scope="module")
def archive(folder: Path) -> Iterator[LocalArchive]:
    """The archive, its worker warm, its cache beside the footage."""
    found = LocalArchive(folder, folder.parent / "cache")
    yield found
    found.close()


def index_of(frame: Frame) -> int | None:
    """Which picture of its clip a frame is."""
    code = find_code(np.asarray(Image.open(io.BytesIO(frame.png())).convert("L")), 8)
    return code and code[0]


def test_a_folder_is_a_camera_and_so_is_a_file(archive: LocalArchive) -> None:
    """Sub-folders at any depth, single files; nothing hidden, nothing else."""
    found = {source.id: source.files for source in archive.sources()}
    assert list(found) == ["bad", "close", "hall", "lone_20260301_100000.mp4", "mixed", "turned", "yard"]
    assert found["hall"] == ("hall/20260301T100000.mp4", "hall/night/20260301T100010.mp4")


@pytest.mark.parametrize(("name", "by"), [("hall", "file name"), ("yard", "undated"), ("mixed", "file name")])
def test_a_source_says_who_dates_it(name: str, by: str, archive: LocalArchive) -> None:
    """And whether a zone was assumed."""
    source = next(s for s in archive.sources() if s.id == name)
    assert (source.dated_by, source.dated, source.zone) == (by, by != "undated", "UTC")
    assert source.zone_assumed is (by != "undated")


def test_a_source_says_when_it_begins_and_ends(archive: LocalArchive) -> None:
    """First and last picture, to the microsecond."""
    source = next(s for s in archive.sources() if s.id == "hall")
    assert (source.first, source.last) == (TEN, TEN + 10_000_000 + 49 * 40_000)


@pytest.mark.parametrize(
    "name", ["empty.mp4", "garbage.mkv", "cut.mp4", "list.mp4", "stream.mp4", "pipe.mp4", "dead.mp4"]
)
def test_a_file_that_cannot_be_read_is_listed_with_its_reason(name: str, archive: LocalArchive) -> None:
    """It is among the files, a note names it, and the others still count."""
    source = next(s for s in archive.sources() if s.id == "bad")
    assert f"bad/{name}" in source.files and source.first == TEN
    assert any(name in note for note in source.notes)


def test_a_playlist_named_mp4_reads_nothing_else(archive: LocalArchive) -> None:
    """Its neighbour would be read otherwise: the coverage is the neighbour's own, once."""
    assert [i.file for i in archive.coverage("bad").intervals] == ["bad/20260301T100000.mp4"]
    source = next(s for s in archive.sources() if s.id == "bad")
    assert any("list.mp4" in note and "playlist" in note for note in source.notes)


def test_an_undated_file_among_dated_ones_is_told(archive: LocalArchive) -> None:
    """It is left out by name."""
    assert any("undated.mp4 is left out" in note for note in archive.coverage("mixed").notes)


def test_coverage_is_what_is_recorded(archive: LocalArchive) -> None:
    """Intervals, the gap between them, its witness."""
    found = archive.coverage("hall")
    assert [(i.begin - TEN, i.end - TEN) for i in found.intervals] == [(0, 2_000_000), (10_000_000, 12_000_000)]
    assert [(g.begin - TEN, g.end - TEN, g.witness) for g in found.gaps] == [(2_000_000, 10_000_000, "file times")]


def test_coverage_of_a_stretch_is_cut_to_it(archive: LocalArchive) -> None:
    """Given by instants or offsets, open at either end."""
    asked = archive.coverage("hall", (Offset(1_000_000), instant(TEN + 11_000_000)))
    assert (asked.range.begin, asked.range.end) == (TEN + 1_000_000, TEN + 11_000_000)
    assert [(i.begin - TEN, i.end - TEN) for i in asked.intervals] == [(1_000_000, 2_000_000), (10_000_000, 11_000_000)]
    assert archive.coverage("hall", (None, Offset(500_000))).range.begin == TEN


def test_undated_files_lie_end_to_end(archive: LocalArchive) -> None:
    """In the order of their names, and the note says what the times mean."""
    found = archive.coverage("yard")
    assert [i.file for i in found.intervals] == ["yard/a.mp4", "yard/b.mp4"]
    assert found.intervals[0].end == found.intervals[1].begin and found.gaps == ()
    assert any("offsets" in note for note in found.notes)


@pytest.mark.parametrize("rank", [0, 1, 13, 24, 49])
@pytest.mark.parametrize("late", [0, 1, -1], ids=["on", "after", "before"])
def test_the_frame_shown_at_an_instant(rank: int, late: int, archive: LocalArchive) -> None:
    """Exactly on a picture's time, and a microsecond to either side: the last one at or before it."""
    us = max(0, timeline(VFR)[rank].us + late)
    late = 0 if not rank else late
    frame = archive.frame("yard", Offset(us))
    assert index_of(frame) == (rank - 1 if late < 0 else rank)
    assert frame.instant == timeline(VFR)[rank - (late < 0)].us and not frame.dated


@pytest.mark.parametrize("us", [-1, 2_000_000, 9_999_999, 12_000_000], ids=["before", "gap", "end of gap", "behind"])
def test_no_frame_where_nothing_is_recorded(us: int, archive: LocalArchive) -> None:
    """Before the first picture, in a gap, behind the last one's time: NothingRecorded, with the instant in it."""
    with pytest.raises(NothingRecorded, match="shows no picture at") as caught:
        archive.frame("hall", instant(TEN + us))
    assert iso(TEN + us) in caught.value.message and "coverage" in caught.value.advice


def test_the_last_picture_is_shown_to_its_end(archive: LocalArchive) -> None:
    """Up to where its display time ends."""
    assert index_of(archive.frame("hall", instant(TEN + 1_999_999))) == 49


def test_less_than_a_picture_between_files_still_shows_the_last_one(archive: LocalArchive) -> None:
    """Where coverage knows no gap there is a frame."""
    assert archive.coverage("close").gaps == ()
    assert index_of(archive.frame("close", instant(TEN + 2_010_000))) == 49


def test_a_still_is_the_frame_shown_then(archive: LocalArchive) -> None:
    """An export of one picture takes the one that `frame` shows, between two files as well."""
    for us in (0, 999_999, 2_010_000, 2_030_000):
        when = instant(TEN + us)
        plan = archive.plan(ExportSpec(source="close", begin=when, end=when, format="jpg"))
        assert plan.segments[0].begin == archive.frame("close", when).instant


def test_a_frame_says_where_it_is_from(archive: LocalArchive) -> None:
    """File, PTS and time base: the key by which anybody finds it again."""
    frame = archive.frame("hall", instant(TEN + 10_400_000))
    assert (frame.file, frame.instant) == ("hall/night/20260301T100010.mp4", TEN + 10_400_000)
    assert frame.pts * frame.time_base == timeline(CLIP)[10].pts * CLIP.ticks


def test_a_frame_is_upright(archive: LocalArchive) -> None:
    """A turned recording is shown as players show it."""
    frame = archive.frame("turned", instant(TEN))
    assert Image.open(io.BytesIO(frame.png())).size == (120, 160)
    assert index_of(frame) == 0


def test_a_frame_as_jpeg(archive: LocalArchive) -> None:
    """Best quality by default, and six is smaller."""
    frame = archive.frame("hall", instant(TEN))
    assert Image.open(io.BytesIO(frame.jpeg())).format == "JPEG"
    assert len(frame.jpeg(6)) < len(frame.jpeg())


@pytest.mark.parametrize("form", ["png", "jpeg"])
def test_a_mask_covers_a_frame(form: str, archive: LocalArchive) -> None:
    """In every form that leaves the archive."""
    frame = archive.frame("hall", instant(TEN), masks=(Mask(points=LEFT),))
    pixels = np.asarray(Image.open(io.BytesIO(frame.render(form, 0))).convert("L"))
    assert pixels[:, :70].max() - pixels[:, :70].min() <= 8 < pixels[:, 90:].std()


def test_a_mask_covers_in_its_time_only(archive: LocalArchive) -> None:
    """By the picture's own time, not by the instant asked for."""
    mask = Mask(points=LEFT, begin=instant(TEN + 1_000_000), end=instant(TEN + 1_040_000))
    shown = [
        index_of(archive.frame("hall", instant(TEN + us), masks=(mask,)))
        for us in (999_999, 1_000_000, 1_039_999, 1_040_000)
    ]
    assert shown == [24, None, None, 26]


def test_a_crop_keeps_its_part(archive: LocalArchive) -> None:
    """Of the shown picture."""
    frame = archive.frame("hall", instant(TEN), crop=Area(0.5, 0.5, 1.0, 1.0))
    assert Image.open(io.BytesIO(frame.png())).size == (80, 60)


def test_thumbnails_are_spread_over_the_range(archive: LocalArchive) -> None:
    """In time order, each once, none from the gap, each saying its own instant."""
    found = archive.thumbnails("hall", None, None, 12)
    at = [frame.instant for frame in found]
    assert at == sorted(set(at)) and 2 <= len(found) <= 12
    assert all(t < TEN + 2_000_000 or t >= TEN + 10_000_000 for t in at)


def test_thumbnails_may_be_more_than_key_frames(archive: LocalArchive) -> None:
    """Where key frames are too sparse the exact pictures are shown."""
    found = archive.thumbnails("lone_20260301_100000.mp4", None, None, 25)
    assert [index_of(frame) for frame in found] == list(range(0, 50, 2))


@pytest.mark.parametrize("n", [1, 3, 25])
def test_a_mask_covers_every_thumbnail(n: int, archive: LocalArchive) -> None:
    """Small pictures are masked like all others."""
    for frame in archive.thumbnails("hall", None, None, n, masks=(Mask(points=LEFT),)):
        pixels = np.asarray(Image.open(io.BytesIO(frame.jpeg())).convert("L"))
        half = pixels.shape[1] // 2
        assert pixels[:, : half - 10].std() < 3


def test_a_thumbnail_that_stands_for_a_masked_time_is_masked(archive: LocalArchive) -> None:
    """A mask on the very pictures that a thumbnail shows covers it, whatever instant was asked for."""
    mask = Mask(points=LEFT, begin=instant(TEN), end=instant(TEN + 480_000))
    (frame,) = archive.thumbnails("hall", instant(TEN + 470_000), instant(TEN + 480_000), 1, masks=(mask,))
    pixels = np.asarray(Image.open(io.BytesIO(frame.jpeg())).convert("L"))
    assert pixels[:, :60].std() < 3


@pytest.mark.parametrize("n", [0, -1, 10_001])
def test_a_nonsensical_number_of_thumbnails_is_refused(n: int, archive: LocalArchive) -> None:
    """The error names the field."""
    with pytest.raises(RequestError, match="n: "):
        archive.thumbnails("hall", None, None, n)


def test_an_unknown_source_is_named_with_those_there_are(archive: LocalArchive) -> None:
    """A person sees what they may have meant."""
    with pytest.raises(SourceError, match="no source 'hal'") as caught:
        archive.coverage("hal")
    assert "hall, lone" in caught.value.advice


def test_an_instant_on_an_undated_source_is_refused(archive: LocalArchive) -> None:
    """There only offsets mean something."""
    with pytest.raises(RequestError, match="at: nobody says"):
        archive.frame("yard", instant(TEN))


def test_a_folder_that_is_not_there_is_told() -> None:
    """Before anything else."""
    with pytest.raises(SourceError, match="does not exist"):
        LocalArchive("/nowhere/at/all")


def test_a_single_file_is_an_archive(folder: Path, tmp_path: Path) -> None:
    """Given instead of a folder."""
    archive = LocalArchive(folder / "hall" / "20260301T100000.mp4", tmp_path / "cache")
    (source,) = archive.sources()
    archive.close()
    assert (source.id, source.first) == ("20260301T100000.mp4", TEN)


def test_archive_toml_says_name_zone_and_offset(tmp_path: Path) -> None:
    """What people know counts before what names say."""
    put(tmp_path / "a", "cam/20260301T110000.mp4")
    text = '[source."cam"]\nname = "Entrance"\nzone = "Europe/Berlin"\nclock_offset = -2.5\n'
    (tmp_path / "a" / "archive.toml").write_text(text)
    archive = LocalArchive(tmp_path / "a", tmp_path / "cache")
    (source,) = archive.sources()
    archive.close()
    assert (source.name, source.zone, source.zone_assumed, source.clock_offset) == (
        "Entrance",
        "Europe/Berlin",
        False,
        -2.5,
    )
    assert source.first == TEN - 2_500_000


def state(folder: Path) -> dict[str, tuple[int, str]]:
    """Time of change and hash of every plain file, and every name."""
    found = {}
    for path in sorted(folder.rglob("*")):
        plain = path.is_file()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if plain else ""
        found[str(path)] = (path.lstat().st_mtime_ns if plain else 0, digest)
    return found


def test_nothing_is_written_to_the_footage(tmp_path: Path) -> None:
    """Indexes lie in the cache; the folder stays as it was, name by name."""
    folder = put(tmp_path / "a", "cam/20260301T100000.mp4").parent.parent
    before = state(folder)
    archive = LocalArchive(folder, tmp_path / "cache")
    archive.sources()
    archive.frame("cam", Offset(0)).png()
    archive.thumbnails("cam", None, None, 3)
    archive.close()
    assert state(folder) == before
    assert list((tmp_path / "cache").rglob("*.npy"))


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """WORKBENCH_CACHE, else the user's cache folder."""
    monkeypatch.setenv("WORKBENCH_CACHE", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("WORKBENCH_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    assert default_cache() == Path("/c/forensic-workbench")


@pytest.mark.parametrize("how", ["emptied", "rows gone", "head cut"])
def test_a_cache_that_is_lost_is_made_anew(how: str, tmp_path: Path) -> None:
    """While the archive is open, and for another one afterwards."""
    folder = put(tmp_path / "a", "cam/20260301T100000.mp4").parent.parent
    archive = LocalArchive(folder, tmp_path / "cache")
    archive.sources()
    if how == "emptied":
        shutil.rmtree(tmp_path / "cache")
    for path in (tmp_path / "cache").rglob("*.npy" if how == "rows gone" else "*.json"):
        path.unlink() if how == "rows gone" else path.write_bytes(path.read_bytes()[:99])
    if how == "head cut":
        archive.close()
        archive = LocalArchive(folder, tmp_path / "cache")
    assert archive.frame("cam", Offset(0)).instant == TEN
    archive.close()


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    """A new size or time of change is another recording."""
    path = put(tmp_path / "a", "cam/20260301T100000.mp4")
    archive = LocalArchive(tmp_path / "a", tmp_path / "cache")
    assert archive.sources()[0].last == TEN + 49 * 40_000
    shutil.copyfile(make(replace(CLIP, frames=25)), path)
    put(tmp_path / "a", "cam/20260301T100100.mp4")
    assert [(i.begin - TEN, i.end - TEN) for i in archive.coverage("cam").intervals] == [
        (0, 1_000_000),
        (60_000_000, 62_000_000),
    ]
    archive.close()


def test_an_instant_may_be_written_in_any_zone(archive: LocalArchive) -> None:
    """An aware time is an instant, whatever its zone."""
    east = instant(TEN + 400_000).astimezone(timezone(timedelta(hours=3)))
    assert archive.frame("hall", east).instant == TEN + 400_000


def test_a_crop_keeps_the_colours_of_the_whole_picture(tmp_path: Path) -> None:
    """A cropped picture of an HD recording that names no matrix is converted by HD's, as the whole one is."""
    clip = Clip(name="hd-crop", frames=2, width=1280, height=720)
    put(tmp_path / "archive", "hd.mp4", clip)
    archive = LocalArchive(tmp_path / "archive", cache=tmp_path / "cache")
    whole, part = (
        np.asarray(Image.open(io.BytesIO(archive.frame("hd.mp4", Offset(0), crop=crop).png())))
        for crop in (None, Area(0.0, 0.5, 0.25, 0.75))
    )
    archive.close()
    inside = np.s_[8:-8, 8:-8]  # at a crop's edges chroma has other neighbours
    assert np.array_equal(part[inside], whole[360:540, :320][inside])
