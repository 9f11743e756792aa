"""One contract, two archives: a folder, and our server over it in another process, asked over a real socket.

The same question gets the same answer; where it may differ, the plan says so or the answer names its witness.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.archives.served import BEGIN, LATER, archive, serving
from workbench.archives.local import LocalArchive
from workbench.archives.opening import open_archive
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import NothingRecorded, RequestError, SourceError
from workbench.core.geometry import Area
from workbench.core.result import ExportResult
from workbench.core.spec import ExportSpec, Mask, MaskKey
from workbench.core.timebase import Offset, instant
from workbench.export import plan_export, run_export

FRAME = 40_000
"""Microseconds of a picture of the hall."""
CENTRE = Mask(points=((0.3, 0.4), (0.7, 0.4), (0.7, 0.6), (0.3, 0.6)))
ACROSS = ExportSpec(source="hall", begin=instant(BEGIN + 1_300_000), end=instant(LATER + 900_000), format="mp4")
"""From the middle of a group, over the gap, into the second recording."""


@dataclass
class Both:
    """The same recordings, here and there."""

    here: LocalArchive
    there: RemoteArchive
    url: str
    name: str = "Entrance hall"

    def ask(self, question: str, *args: Any, **more: Any) -> tuple[Any, Any]:
        """The answers to one question about the hall."""
        here = getattr(self.here, question)("hall", *args, **more)
        return here, getattr(self.there, question)(self.name, *args, **more)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """A folder, and a server over it."""
    root = tmp_path_factory.mktemp("contract")
    folder = archive(root / "recordings")
    with serving(folder, root / "state") as url:
        here, there = open_archive(folder, cache=root / "cache"), open_archive(url, cache=root / "cache")
        assert isinstance(here, LocalArchive) and isinstance(there, RemoteArchive)
        yield Both(here, there, url)
        here.close()
        there.close()


def run(archive: Any, spec: ExportSpec, out: Path) -> ExportResult:
    """Plan and carry out."""
    return run_export(plan_export(spec, archive), archive, out)


def media(result: ExportResult) -> list[str]:
    """Hashes of the files with pictures, in order."""
    return [file.sha256 for file in result.files if file.kind in ("video", "picture", "page")]


def test_the_same_cameras_are_listed(both: Both) -> None:
    """Names, first and last pictures are the same; what nobody dates begins in 1970 there, and it is said."""
    here = {source.name: source for source in both.here.sources()}
    there = {source.name: source for source in both.there.sources()}
    assert set(here) == set(there)
    hall, yard = there["Entrance hall"], there["yard.mp4"] if "yard.mp4" in there else there["yard"]
    assert (hall.first, hall.last, hall.dated) == (here["Entrance hall"].first, here["Entrance hall"].last, True)
    assert (yard.first, yard.last) == (here[yard.name].first, here[yard.name].last)
    assert any("1970-01-01" in note for note in yard.notes)


def test_a_camera_answers_to_each_of_its_names(both: Both) -> None:
    """Id with and without hosts/, number, name, and both; what means none or several is told with the candidates."""
    known = both.there.source("Entrance hall").id
    number = known.split("/")[1].removeprefix("DeviceIpint.")
    for name in (known, f"hosts/{known}", number, f"{number}.Entrance hall"):
        assert both.there.source(name).id == known
    with pytest.raises(SourceError) as caught:
        both.there.source("nowhere")
    assert known in caught.value.advice


def test_the_same_is_recorded(both: Both) -> None:
    """Stretches and gaps are the same, in all of it and in a part; only the witness is another."""
    for within in (None, (instant(BEGIN + 1_000_000), instant(LATER + 500_000)), (Offset(0), Offset(5_000_000))):
        here, there = both.ask("coverage", within)
        assert [(i.begin, i.end) for i in here.intervals] == [(i.begin, i.end) for i in there.intervals]
        assert [(g.begin, g.end) for g in here.gaps] == [(g.begin, g.end) for g in there.gaps]
        assert {g.witness for g in there.gaps} == {"VMS intervals"}
        assert here.range == there.range


def test_the_same_pictures_are_listed(both: Both) -> None:
    """Instants are the same forwards, backwards and half-open."""
    whole = both.ask("instants")
    assert whole[0] == whole[1] and len(whole[0]) == 150
    newest = both.ask("instants", limit=80, newest_first=True)
    assert newest[0] == newest[1] == tuple(reversed(whole[0]))[:80]
    part = both.ask("instants", (instant(BEGIN + FRAME), instant(BEGIN + 3 * FRAME)))
    assert part[0] == part[1] == (BEGIN + FRAME, BEGIN + 2 * FRAME)
    with pytest.raises(RequestError, match="limit"):
        both.there.instants("hall", limit=0)


def test_the_same_picture_is_shown(both: Both) -> None:
    """At its instant, between two, and as the last before a gap; the JPEG of both is the same bytes."""
    for at in (BEGIN, BEGIN + 7 * FRAME + 12_345, BEGIN + 74 * FRAME + 39_999, LATER):
        here, there = both.ask("frame", instant(at))
        assert here.instant == there.instant
        assert here.jpeg() == there.jpeg()
    for at in (BEGIN - 1, BEGIN + 5_000_000, LATER + 3_000_000):
        for archive_, name in ((both.here, "hall"), (both.there, both.name)):
            with pytest.raises(NothingRecorded):
                archive_.frame(name, instant(at))


def test_the_same_picture_is_looked_at_and_stepped_to(both: Both) -> None:
    """A view names the same frame here and there; steps by frame, second and gap end on the same instants."""
    here, there = both.ask("view", instant(BEGIN + 7 * FRAME + 1), (CENTRE,))
    assert here.frame.instant == there.frame.instant == BEGIN + 7 * FRAME
    assert here.of == there.of and (here.key, there.key) == (False, None)
    assert covered(here.jpeg) and covered(there.jpeg)
    last = BEGIN + 74 * FRAME
    for at, by, unit, wanted in (
        (BEGIN + 7 * FRAME, 1, "frame", BEGIN + 8 * FRAME),
        (BEGIN + 7 * FRAME + 1, -1, "frame", BEGIN + 6 * FRAME),
        (BEGIN, -1, "frame", None),
        (last, 1, "frame", LATER),
        (BEGIN + 5_000_000, -1, "frame", last),
        (BEGIN, 1, "second", BEGIN + 25 * FRAME),
        (last, 1, "second", LATER),
        (LATER, -1, "second", last),
        (BEGIN, 1, "gap", last),
        (BEGIN, 2, "gap", LATER),
        (LATER, 1, "gap", None),
        (LATER + 3 * FRAME, -1, "gap", LATER),
        (LATER, -1, "gap", last),
        (BEGIN, -1, "gap", None),
    ):
        assert both.ask("step", at, by, unit) == (wanted, wanted), (at - BEGIN, by, unit)
    with pytest.raises(RequestError, match="key pictures"):
        both.there.step(both.name, BEGIN, 1, "key")


def test_masks_and_crop_are_laid_on_a_picture(both: Both) -> None:
    """Not one pixel under a mask leaves, with and without crop, and a timed mask covers what its time covers."""
    timed = replace(CENTRE, begin=instant(BEGIN + 10 * FRAME), end=instant(BEGIN + 20 * FRAME))
    for at, masked in ((9, False), (10, True), (19, True), (20, False)):
        for frame in both.ask("frame", instant(BEGIN + at * FRAME), (timed,)):
            assert covered(frame.png()) is masked, at
    crop = Area(0.25, 0.35, 0.75, 0.65)
    here, there = both.ask("frame", instant(BEGIN), (CENTRE,), crop)
    assert Image.open(BytesIO(here.png())).size == Image.open(BytesIO(there.png())).size
    small = both.there.thumbnails(both.name, None, None, 3, (CENTRE,))
    assert small and all(covered(frame.jpeg()) for frame in small)


def covered(picture: bytes) -> bool:
    """Whether the middle of a picture is one colour."""
    pixels = np.asarray(Image.open(BytesIO(picture)).convert("RGB")).astype(int)
    high, wide = pixels.shape[:2]
    middle = pixels[high * 9 // 20 : high * 11 // 20, wide * 7 // 20 : wide * 13 // 20]
    return bool(middle.max() - middle.min() < 16)


def test_thumbnails_say_their_own_instants(both: Both) -> None:
    """Each thumbnail is a picture that the source lists, none comes from the gap, and all are small JPEGs."""
    listed = set(both.there.instants(both.name))
    frames = both.there.thumbnails(both.name, None, None, 6)
    assert frames and {frame.instant for frame in frames} <= listed
    assert [frame.instant for frame in frames] == sorted({frame.instant for frame in frames})
    assert all(frame.jpeg().startswith(b"\xff\xd8") for frame in frames)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"format": "mkv"},
        {"format": "avi", "comment": "a word", "text_color": "#ff0000"},
        {"masks": (CENTRE,), "comment": "two words", "stamp_format": "%d.%m.%Y %H:%M:%S", "text_zone": "+02:00"},
        {"crop": Area(0.1, 0.1, 0.9, 0.9), "rate_divisor": 2, "video_quality": 4},
    ],
    ids=["mp4", "mkv", "avi with text", "mp4 masked", "mp4 cropped and thinned"],
)
def test_the_same_request_makes_the_same_file(both: Both, tmp_path: Path, change: dict[str, Any]) -> None:
    """The file there has the bytes of the file here, ledger and entries are the same, and every check holds."""
    spec = replace(ACROSS, **change)
    here = run(both.here, spec, tmp_path / "here")
    there = run(both.there, replace(spec, source=both.name), tmp_path / "there")
    assert media(here) == media(there)
    assert (here.ledger, here.entries) == (there.ledger, there.entries)
    assert here.files[0].first == there.files[0].first and here.files[0].last == there.files[0].last
    assert here.files[0].frames_shown == there.files[0].frames_shown
    assert there.remote is not None and there.remote["ledger_by"] == "the server's record"
    assert [check for check in there.remote["delivered"] if check["verdict"] == "failed"] == []
    assert [(g.begin, g.end) for g in here.gaps] == [(g.begin, g.end) for g in there.gaps]
    differ = {
        a.field: (a.how, b.how, b.note)
        for a, b in zip(here.plan.fields, there.plan.fields, strict=True)
        if a.how != b.how
    }
    assert differ == {}


@pytest.mark.parametrize("form", ["jpg", "pdf"])
def test_the_same_picture_is_exported(both: Both, tmp_path: Path, form: Any) -> None:
    """One frame, asked for between two pictures, is the same picture on both sides."""
    at = instant(BEGIN + 30 * FRAME + 17)
    spec = ExportSpec(source="hall", begin=at, end=at, format=form)
    here = run(both.here, spec, tmp_path / "here")
    there = run(both.there, replace(spec, source=both.name), tmp_path / "there")
    assert here.files[0].first == there.files[0].first == BEGIN + 30 * FRAME
    assert here.ledger == there.ledger
    if form == "jpg":
        assert media(here) == media(there)


def test_what_is_nowhere_recorded_is_refused_in_the_plan(both: Both) -> None:
    """A range inside the gap, an unknown archive and an empty range are refused before anything is sent."""
    gap = replace(ACROSS, begin=instant(BEGIN + 4_000_000), end=instant(BEGIN + 5_000_000))
    for archive_, name in ((both.here, "hall"), (both.there, both.name)):
        with pytest.raises(NothingRecorded):
            archive_.plan(replace(gap, source=name))
    with pytest.raises(SourceError, match="no archive"):
        both.there.plan(replace(ACROSS, source=both.name, archive="nowhere"))


def test_what_the_api_cannot_say_is_refused_or_done_here(both: Both, tmp_path: Path) -> None:
    """With derive «never» a soft mask is refused with the way out; with «beyond» it is made here, of a master."""
    soft = replace(CENTRE, style="pixelate", begin=Offset(1_400_000), end=Offset(1_800_000))
    spec = replace(ACROSS, source=both.name, masks=(soft,), audio="drop")
    plan = both.there.plan(spec)
    assert {field.field for field in plan.refused} == {"masks", "audio"}
    with pytest.raises(RequestError, match="derive"):
        both.there.run(plan, tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    deriving = RemoteArchive(both.url, derive="beyond", cache=tmp_path / "cache")
    try:
        there = run(deriving, spec, tmp_path / "there")
        at = instant(BEGIN + 30 * FRAME + 17)
        picture = ExportSpec(source=both.name, begin=at, end=at, format="jpg", masks=(soft,))
        shot = run(deriving, picture, tmp_path / "shot")
    finally:
        deriving.close()
    here = run(both.here, replace(spec, source="hall"), tmp_path / "here")
    assert there.ledger == here.ledger and there.ledger.masked == 10
    assert {file.kind for file in there.files} == {"video", "captions", "original", "server-record", "flight", "record"}
    original = next(file for file in there.files if file.kind == "original")
    assert [(read.file, read.sha256) for read in there.sources] == [(Path(original.path).name, original.sha256)]
    assert there.remote is not None and there.remote["made"] == "here, from the original"
    assert [check for check in there.remote["delivered"] if check["verdict"] == "failed"] == []
    assert shot.files[0].first == BEGIN + 30 * FRAME


def test_a_mask_that_moves_is_refused_or_laid_on_a_master_here(both: Both, tmp_path: Path) -> None:
    """With derive «never» it is refused and nothing is sent; with «beyond» each frame is covered as in a folder."""
    keys = ((BEGIN + 1_400_000, CENTRE.points), (BEGIN + 2_600_000, tuple((x - 0.25, y) for x, y in CENTRE.points)))
    ticks = [both.here.frame("hall", instant(us)).pts for us, _ in keys]
    named = tuple(MaskKey(at=instant(us), points=p, pts=pts) for (us, p), pts in zip(keys, ticks, strict=True))
    spec = replace(ACROSS, source=both.name, masks=(Mask(points=CENTRE.points, keys=named),))
    plan = both.there.plan(spec)
    assert [field.field for field in plan.refused] == ["masks"] and "no shape that moves" in plan.refused[0].note
    with pytest.raises(RequestError, match="no shape that moves"):
        both.there.run(plan, tmp_path / "refused")
    assert not (tmp_path / "refused").exists()
    deriving = RemoteArchive(both.url, derive="beyond", cache=tmp_path / "cache")
    try:
        plan = deriving.plan(spec)
        assert plan.refused == () and any("not checked" in text and "PTS" in text for text in plan.warnings)
        assert [key.pts for key in plan.spec.masks[0].keys] == [None, None]
        there = run_export(plan, deriving, tmp_path / "there")
    finally:
        deriving.close()
    here = run(both.here, replace(spec, source="hall"), tmp_path / "here")
    assert there.ledger == here.ledger and there.ledger.masked > 50 and not there.ledger.copied
    pictures = zip(*(_luma(Path(done.files[0].path)) for done in (here, there)), strict=True)
    assert all(np.mean(np.abs(one.astype(int) - other)) < 3 for one, other in pictures)


def _luma(path: Path) -> Iterator[np.ndarray[Any, Any]]:
    with av.open(str(path)) as box:
        yield from (frame.to_ndarray(format="gray") for frame in box.decode(video=0))


def test_pictures_of_a_server_are_covered_where_they_are_here(both: Both) -> None:
    """A frame that a server gives is masked in the shape of its own instant."""
    away = tuple((x - 0.25, y) for x, y in CENTRE.points)
    keys = tuple(MaskKey(at=Offset(us), points=p) for us, p in ((0, CENTRE.points), (2_000_000, away)))
    for us in (BEGIN, BEGIN + 25 * FRAME, BEGIN + 60 * FRAME):
        here, there = both.ask("frame", instant(us), (Mask(points=CENTRE.points, keys=keys),))
        dark = [np.asarray(Image.open(BytesIO(found.png())).convert("L")) < 12 for found in (here, there)]
        assert np.mean(dark[0] != dark[1]) < 0.01 and dark[0].sum() > 0.04 * dark[0].size


def test_a_snapshot_needs_a_recording_that_is_here(both: Both, tmp_path: Path) -> None:
    """Straight from a VMS it is refused; from what `acquire` made it is taken, of the very picture."""
    with pytest.raises(SourceError) as caught:
        both.there.snapshot(both.name, instant(BEGIN))
    assert "acquire" in caught.value.advice
    acquired = both.there.acquire(both.name, instant(BEGIN + 1_000_000), instant(BEGIN + 2_000_000), tmp_path / "own")
    local = LocalArchive(tmp_path / "own", cache=tmp_path / "cache")
    try:
        shot = local.snapshot(acquired.source, instant(BEGIN + 1_500_000))
        line = local.source(acquired.source)
    finally:
        local.close()
    assert shot.instant == both.here.frame("hall", instant(BEGIN + 1_500_000)).instant
    assert shot.file == acquired.file and shot.file_sha256 == acquired.sha256
    assert (line.name, line.first, line.dated_by) == ("Entrance hall", BEGIN + 1_000_000, "archive.toml")
    assert (tmp_path / "own" / f"{acquired.file}.flight.jsonl").stat().st_size > 100
    assert acquired.to_json()["sha256"] == acquired.sha256
