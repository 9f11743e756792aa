"""`plan_export` and `run_export` end to end on truth clips: what was asked is what is in the files, and only that."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.readers import find_code, read_codes
from tests.truth import Clip, make
from workbench import run_export
from workbench.archives.local import LocalArchive
from workbench.core.errors import Cancelled, NameTaken, NothingRecorded, RequestError, SourceError, WorkError
from workbench.core.geometry import Area
from workbench.core.result import ExportResult, Progress
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Offset, instant
from workbench.export import plan_export

TEN = 1_772_359_200_000_000
"""2026-03-01T10:00:00Z."""
CLIP = Clip(name="e2e", frames=60, gop=12, bframes=2)
LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
HEVC = (("preset", "ultrafast"), ("x265-params", "log-level=error:keyint=12:min-keyint=12:open-gop=1"))
CLIPS = {
    "cam/20260301T100000.mp4": CLIP,
    "cam/20260301T100005.mp4": CLIP,
    "vfr/20260301T100000.mkv": replace(CLIP, name="e2e-vfr", vfr=True, container="mkv"),
    "hevc/20260301T100000.mp4": replace(CLIP, name="e2e-hevc", codec="libx265", options=HEVC),
    "mjpeg/20260301T100000.avi": Clip(name="e2e-mj", codec="mjpeg", container="avi", pix_fmt="yuvj420p", frames=60),
    "ts/20260301T100000.ts": replace(CLIP, name="e2e-ts", container="ts", start=Fraction(5)),
    "turned/20260301T100000.mp4": replace(CLIP, name="e2e-turned", rotation=90),
    "sound/20260301T100000.mp4": replace(CLIP, name="e2e-sound", frames=75, audio=True),
    "undated/clip.mp4": CLIP,
    "sizes/20260301T100000.mp4": CLIP,
    "sizes/20260301T100005.mp4": replace(CLIP, name="e2e-wide", width=176),
    "both/20260301T100000.mp4": CLIP,
    "both/20260301T100005.mkv": replace(CLIP, container="mkv"),
    "over/20260301T100000.mp4": CLIP,
    "over/20260301T100001.mp4": CLIP,
    "thirty/a.avi": Clip(
        name="e2e-30", codec="mjpeg", container="avi", pix_fmt="yuvj420p", frames=10, rate=Fraction(30)
    ),
    "thirty/b.avi": Clip(
        name="e2e-30", codec="mjpeg", container="avi", pix_fmt="yuvj420p", frames=10, rate=Fraction(30)
    ),
    "long/20260301T100000.mp4": Clip(name="e2e-long", frames=1500, width=320, height=240, gop=50),
}
Make = Callable[..., ExportResult]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalArchive]:
    """One archive with all clips, its worker warm."""
    root = tmp_path_factory.mktemp("export")
    for name, clip in CLIPS.items():
        path = root / "recordings" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(make(clip), path)
    found = LocalArchive(root / "recordings", root / "cache")
    yield found
    found.close()


def spec(source: str, begin: int = 0, end: int = 2_400_000, form: str = "mp4", **more: Any) -> ExportSpec:
    """What is wanted, in microseconds from the source's first picture."""
    return ExportSpec(source=source, begin=Offset(begin), end=Offset(end), format=form, **more)  # type: ignore[arg-type]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where exports go."""
    return tmp_path / "out"


@pytest.fixture
def export(archive: LocalArchive, out: Path) -> Make:
    """Plan and run a spec in one step."""

    def run(*given: Any, to: Path = out, **more: Any) -> ExportResult:
        return run_export(plan_export(spec(*given, **more), archive), archive, to)

    return run


def media(result: ExportResult) -> list[Path]:
    """The files with pictures."""
    return [Path(f.path) for f in result.files if f.frames_shown is not None]


def indices(path: Path) -> list[int]:
    """The pictures of a file in the order shown; both readers agree, hold no other, and have nothing to say."""
    reading = read_codes(path, 8)
    assert reading.messages == [] and reading.stray_bytes == titles(path)
    shown = [code.index for code in reading.shown]
    assert shown == [c.index for c in reading.contained] == reading.ffmpeg_shown == reading.ffmpeg_contained
    return shown


def titles(path: Path) -> int:
    """Bytes of an mp4's chapter track, which no reader lists as a stream: each title, its length and its encoding."""
    with av.open(str(path)) as box:
        found = box.chapters() if path.suffix == ".mp4" else []
    return sum(len(chapter["metadata"]["title"].encode()) + 14 for chapter in found)


def times(path: Path) -> list[int]:
    """Milliseconds of each picture from the first."""
    shown = read_codes(path, 8, ffmpeg=False).shown
    return [round((code.us - shown[0].us) / 1000) for code in shown]


SOURCES = ["cam", "vfr", "hevc", "mjpeg", "ts", "turned"]


@pytest.mark.parametrize("form", ["mp4", "mkv", "avi"])
@pytest.mark.parametrize("source", SOURCES)
def test_an_exact_cut_holds_its_pictures_and_no_others(source: str, form: str, export: Make) -> None:
    """From the 8th to the 40th picture, in every format and coding, hidden ones included."""
    begin, end = (7 * 40_000, 40 * 40_000) if source != "vfr" else (7 * 40_000 - 20_000, 40 * 40_000 - 20_000)
    result = export(source, begin, end, form)
    (path,) = media(result)
    assert indices(path) == list(range(7, 40))
    assert (result.files[0].frames_shown, result.files[0].frames_contained) == (33, 33)
    assert sum(result.ledger.to_json().values()) == 33


@pytest.mark.parametrize("form", ["mp4", "mkv"])
def test_a_cut_at_a_key_frame_holds_the_pictures_before(form: str, export: Make) -> None:
    """All of it copied, from the key picture on, and the plan said how much more that is."""
    result = export("cam", 15 * 40_000, 36 * 40_000, form, cut="keyframe")
    assert indices(media(result)[0]) == list(range(12, 36))
    assert result.plan.extra_frames == 3 and result.ledger.copied == 24


def test_the_result_is_what_lies_on_the_disk(export: Make, out: Path) -> None:
    """Sizes and hashes are those of the files, the record says the same, and nothing else is there."""
    result = export("cam", 0, 1_000_000)
    for file in result.files:
        data = Path(file.path).read_bytes()
        assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert {Path(f.path) for f in result.files} == set(out.iterdir())
    assert {f.kind for f in result.files} == {"video", "captions", "record"}
    record = json.loads(next(out.glob("*.json")).read_bytes())
    assert record["files"][0]["sha256"] == result.files[0].sha256
    assert record["ledger"] == result.ledger.to_json()


def test_a_file_is_named_after_what_it_holds(export: Make) -> None:
    """Camera, first and last picture, not the range asked for."""
    (path,) = media(export("cam", 60_000, 1_010_000))
    assert path.name == "cam[20260301T100000.080000-20260301T100001.000000].mp4"


def test_the_record_names_sources_versions_and_settings(export: Make, archive: LocalArchive) -> None:
    """What was read, by hash; what did the work; how it was coded."""
    result = export("cam", 60_000, 1_010_000)
    (source,) = result.sources
    data = (archive.folder / "cam" / "20260301T100000.mp4").read_bytes()
    assert (source.file, source.sha256) == ("cam/20260301T100000.mp4", hashlib.sha256(data).hexdigest())
    assert {"pyav", "libavcodec"} <= result.versions.keys()
    assert "libx264" in json.dumps(result.encoder)


def test_a_gap_is_kept_and_told(export: Make) -> None:
    """Pictures of both files stand at their wall-clock distance, with a chapter at the join."""
    result = export("cam", 0, 7_400_000)
    (path,) = media(result)
    assert indices(path) == [*range(60), *range(60)]
    assert times(path)[59:61] == [2360, 5000]
    assert [(g.begin - TEN, g.end - TEN, g.witness) for g in result.gaps] == [(2_400_000, 5_000_000, "file times")]


@pytest.mark.parametrize("form", ["mp4", "mkv", "avi"])
def test_a_gap_is_collapsed(form: str, export: Make) -> None:
    """The second file follows one picture later, and the gap is told all the same."""
    result = export("cam", 0, 7_400_000, form, gaps="collapse")
    assert times(media(result)[0]) == [n * 40 for n in range(120)]
    assert len(result.gaps) == 1


@pytest.mark.parametrize("form", ["mp4", "mkv"])
@pytest.mark.parametrize(("gaps", "at"), [("keep", 5.0), ("collapse", 2.4)])
def test_a_chapter_marks_the_join(form: str, gaps: str, at: float, export: Make) -> None:
    """It begins at the first picture behind, and its title names file and gap."""
    (path,) = media(export("cam", 0, 7_400_000, form, gaps=gaps))
    with av.open(str(path)) as box:
        chapters = box.chapters()
    assert [float(c["start"] * c["time_base"]) for c in chapters] == [0.0, pytest.approx(at, abs=0.002)]
    title = chapters[1]["metadata"]["title"]
    assert "cam/20260301T100005.mp4" in title and "gap of 2.600 s" in title


def test_no_join_no_chapter(export: Make) -> None:
    """One stretch needs no marks."""
    with av.open(str(media(export("cam", 0, 1_000_000))[0])) as box:
        assert box.chapters() == []


@pytest.fixture
def jumping(tmp_path: Path) -> Iterator[Callable[[Fraction, Fraction], LocalArchive]]:
    """An archive with one transport stream of two clips, whose clock jumps between them."""
    made: list[LocalArchive] = []

    def build(first: Fraction, second: Fraction) -> LocalArchive:
        clip = replace(CLIP, name="e2e-jump", container="ts")
        path = tmp_path / "jumping" / "cam" / "20260301T100000.ts"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"".join(make(replace(clip, start=start)).read_bytes() for start in (first, second)))
        made.append(LocalArchive(path.parent.parent, tmp_path / "cache"))
        return made[0]

    yield build
    for archive in made:
        archive.close()


@pytest.mark.parametrize("form", ["mp4", "mkv"])
@pytest.mark.parametrize(("gaps", "second"), [("keep", 8000), ("collapse", 2400)])
def test_a_pause_inside_a_recording_is_a_gap(
    form: str, gaps: str, second: int, jumping: Callable[..., LocalArchive], out: Path
) -> None:
    """Kept or taken out like one between files, and marked with a chapter."""
    archive = jumping(Fraction(1), Fraction(9))
    result = run_export(plan_export(spec("cam", 0, 12_000_000, form, gaps=gaps), archive), archive, out)
    (path,) = media(result)
    assert indices(path) == [*range(60), *range(60)]
    assert times(path)[59:61] == [2360, second]
    assert [g.witness for g in result.gaps][:1] == ["PTS jump"]
    with av.open(str(path)) as box:
        assert len(box.chapters()) == 2


@pytest.mark.parametrize("span", [(0, 4_800_000), (1_000_000, 3_500_000)], ids=["whole", "across"])
def test_a_clock_that_was_set_back_is_exported_in_order(
    span: tuple[int, int], jumping: Callable[..., LocalArchive], out: Path
) -> None:
    """No picture is lost, none comes twice, and the result says what the recorder did."""
    archive = jumping(Fraction(9), Fraction(9))
    result = run_export(plan_export(spec("cam", *span), archive), archive, out)
    whole = [*range(60), *range(60)]
    assert indices(media(result)[0]) == whole[-(-span[0] // 40_000) : -(-span[1] // 40_000)]
    assert any("clock jumps back" in warning for warning in result.warnings)


def test_files_of_different_containers_go_into_one(export: Make) -> None:
    """One coding, two time bases: the pictures still stand at their times."""
    (path,) = media(export("both", 400_000, 7_400_000))
    assert indices(path) == [*range(10, 60), *range(60)]
    assert times(path)[49:51] == [1960, 4600]


@pytest.mark.parametrize(
    ("first", "second", "later", "parts"),
    [("mp4", "mp4", "20260301T160005", 1), ("ts", "ts", "20260301T110005", 1), ("mp4", "mkv", "20260301T100505", 1),
     ("mp4", "mkv", "20260301T104005", 2), ("ts", "ts", "20260301T180005", 2), ("mp4", "mp4", "20260303T100505", 2)],
    ids=["hours", "hour in 90 kHz", "minutes in µs", "half an hour in µs", "hours in 90 kHz", "days"],
)  # fmt: skip
def test_a_long_gap_in_an_mp4_disturbs_no_reader(
    first: str, second: str, later: str, parts: int, tmp_path: Path, out: Path
) -> None:
    """Pictures behind it keep order and time in old readers too; one too long for the format begins a new file."""
    cam = tmp_path / "recordings" / "cam"
    cam.mkdir(parents=True)
    for name, kind in (("20260301T100000", first), (later, second)):
        shutil.copyfile(make(replace(CLIP, container=kind)), cam / f"{name}.{kind}")
    archive = LocalArchive(cam.parent, tmp_path / "cache")
    result = run_export(plan_export(spec("cam", 0, 4 * 86_400_000_000), archive), archive, out)
    archive.close()
    found = [indices(path) for path in media(result)]
    assert len(found) == parts and [n for part in found for n in part] == [*range(60), *range(60)]


@pytest.mark.parametrize("cut", ["exact", "keyframe"])
def test_an_overlap_is_shown_once(cut: str, export: Make) -> None:
    """The earlier file up to its end, then the later one; what was left out is told."""
    result = export("over", 0, 3_400_000, cut=cut)
    assert indices(media(result)[0]) == [*range(60), *range(35, 60)]
    assert any("35 pictures lie where an earlier file" in warning for warning in result.warnings)


@pytest.mark.parametrize("form", ["mp4", "mkv", "avi"])
def test_undated_files_follow_each_other_without_a_clash(form: str, export: Make) -> None:
    """End to end, at a rate that microseconds do not divide: no two pictures at one time."""
    (path,) = media(export("thirty", 0, 700_000, form))
    found = times(path)
    assert len(found) == 20 and all(a < b for a, b in pairwise(found))


@pytest.mark.parametrize("divisor", [2, 4, 8])
def test_a_divisor_keeps_one_picture_of_n(divisor: int, export: Make) -> None:
    """Counted from the first of the range, across both files; the others are dropped by name."""
    result = export("cam", 40_000, 7_400_000, rate_divisor=divisor)
    wanted = [*range(1, 60), *range(60)][::divisor]
    assert indices(media(result)[0]) == wanted
    assert (result.ledger.reencoded, result.ledger.dropped) == (len(wanted), 119 - len(wanted))


@pytest.mark.parametrize("form", ["mp4", "avi"])
def test_a_crop_keeps_its_part(form: str, export: Make) -> None:
    """The lower right quarter, in even sizes."""
    (path,) = media(export("cam", 0, 400_000, form, crop=Area(0.5, 0.5, 1.0, 1.0)))
    with av.open(str(path)) as box:
        assert [(f.width, f.height) for f in box.decode(video=0)] == [(80, 60)] * 10


def test_a_mask_on_a_stretch_is_burnt_in_there_only(export: Make) -> None:
    """Its pictures are covered, groups beside are copied, the ledger knows each."""
    mask = Mask(points=LEFT, begin=Offset(20 * 40_000), end=Offset(24 * 40_000))
    result = export("cam", 0, 60 * 40_000, masks=(mask,))
    with av.open(str(media(result)[0])) as box:
        flat = [n for n, f in enumerate(box.decode(video=0)) if f.to_ndarray()[:120, :60].std() < 3]
    assert flat == list(range(20, 24))
    assert (result.ledger.masked, result.ledger.reencoded, result.ledger.copied) == (4, 8, 48)


def test_pictures_under_no_mask_keep_their_code(export: Make) -> None:
    """Decoded once and coded at best quality they are still themselves."""
    mask = Mask(points=LEFT, begin=Offset(20 * 40_000), end=Offset(24 * 40_000))
    codes = read_codes(media(export("cam", masks=(mask,)))[0], 8).ffmpeg_shown
    assert codes == [*range(20), -1, -1, -1, -1, *range(24, 60)]


@pytest.mark.parametrize("form", ["mp4", "mkv"])
def test_no_file_is_over_the_size_limit(form: str, export: Make, tmp_path: Path) -> None:
    """Parts follow each other picture by picture, each within the limit."""
    whole = media(export("long", 0, 20_000_000, form))[0].stat().st_size
    limit = whole // 3 + 70_000
    result = export("long", 0, 20_000_000, form, size_limit=limit, to=tmp_path / "parts")
    paths = media(result)
    assert len(paths) > 2 and all(path.stat().st_size <= limit for path in paths)
    parts = [f for f in result.files if f.frames_shown is not None]
    assert sum(f.frames_shown or 0 for f in parts) == sum(result.ledger.to_json().values()) == 500
    assert all((b.first or 0) - (a.last or 0) == 40_000 for a, b in pairwise(parts))


def test_another_picture_size_begins_another_file(export: Make) -> None:
    """Nothing is rescaled."""
    result = export("sizes", 0, 7_400_000)
    widths = []
    for path in media(result):
        assert indices(path) == list(range(60))
        with av.open(str(path)) as box:
            widths.append(box.streams.video[0].width)
    assert widths == [160, 176]


def sound_end(path: Path) -> float | None:
    """Seconds at which the last audio packet ends, from the first picture; None without sound."""
    with av.open(str(path)) as box:
        if not box.streams.audio:
            return None
        packets = [p for p in box.demux(box.streams.audio[0]) if p.size]
        return max(float((p.pts + (p.duration or 0)) * p.time_base) for p in packets)


@pytest.mark.parametrize("form", ["mp4", "mkv", "avi"])
def test_sound_comes_along_and_ends_with_the_range(form: str, export: Make) -> None:
    """No packet of sound lies behind the last picture's time; none is missing by more than a packet or two."""
    result = export("sound", 400_000, 2_000_000, form)
    end = sound_end(media(result)[0])
    assert end is not None and 1.6 - 0.05 <= end <= 1.6 + 0.002
    assert result.files[0].audio_seconds == pytest.approx(1.6, abs=0.05)
    assert ("copied" in result.plan.audio) is (form != "avi") and "aac" in result.plan.audio.lower()


def test_sound_can_be_left_out(export: Make) -> None:
    """And the plan says that it is."""
    result = export("sound", 400_000, 2_000_000, audio="drop")
    assert sound_end(media(result)[0]) is None and "left out" in result.plan.audio


def cues(path: Path) -> list[str]:
    """The texts of a file's time track."""
    with av.open(str(path)) as box:
        return [bytes(p).decode(errors="replace") for p in box.demux(box.streams.subtitles[0]) if p.size > 2]


@pytest.mark.parametrize("form", ["mp4", "mkv"])
def test_the_time_track_says_when_pictures_were_taken(form: str, export: Make) -> None:
    """Beside untouched pixels, with the comment, Cyrillic included."""
    result = export("cam", 0, 2_400_000, form, comment="Вход 1")
    found = cues(media(result)[0])
    assert any("2026-Mar-01 10:00:00" in cue for cue in found) and any("10:00:02" in cue for cue in found)
    assert any("Вход 1" in cue for cue in found)
    assert result.ledger.copied == 60


@pytest.mark.parametrize("form", ["mp4", "avi"])
def test_a_vtt_lies_beside_every_file(form: str, export: Make, out: Path) -> None:
    """With camera, zone and wall-clock times."""
    export("cam", 0, 2_400_000, form)
    (path,) = out.glob("*.vtt")
    text = path.read_text()
    assert text.startswith("WEBVTT") and "Camera: cam" in text and "UTC" in text and "10:00:01" in text


def test_times_of_an_undated_source_are_called_offsets(export: Make, out: Path) -> None:
    """In the name, the captions and the record."""
    (path,) = media(export("undated", 0, 1_000_000))
    assert path.name == "undated[+0.000000-+0.960000].mp4"
    assert "Nobody says when" in next(out.glob("*.vtt")).read_text()
    assert json.loads(next(out.glob("*.json")).read_bytes())["files"][0]["first"] == "+0.000000"


FORMS = [
    ("mp4", {}),
    ("mkv", {}),
    ("avi", {}),
    ("mkv", {"masks": (Mask(points=LEFT),)}),
    ("mp4", {"burn": True, "comment": "x"}),
]


@pytest.mark.parametrize(("form", "more"), FORMS, ids=["mp4", "mkv", "avi", "masked", "burnt"])
def test_the_same_spec_gives_the_same_bytes(form: str, more: dict[str, Any], export: Make, tmp_path: Path) -> None:
    """Twice, every file but for nothing."""
    found = [export("sound", 100_000, 1_900_000, form, to=tmp_path / n, **more) for n in ("one", "two")]
    one, two = ({Path(f.path).name: f.sha256 for f in result.files} for result in found)
    assert one == two


def test_a_name_that_is_taken_is_left_alone(export: Make, out: Path) -> None:
    """The second run of the same spec is an error, and the first one's files stay as they are."""
    export("cam", 0, 400_000)
    before = {p.name: p.stat().st_mtime_ns for p in out.iterdir()}
    with pytest.raises(NameTaken, match="exists already"):
        export("cam", 0, 400_000)
    assert {p.name: p.stat().st_mtime_ns for p in out.iterdir()} == before


def test_a_sidecar_name_that_is_taken_leaves_no_file_without_its_record(export: Make, out: Path) -> None:
    """All files get their names, or none."""
    out.mkdir()
    taken = out / "cam[20260301T100000.000000-20260301T100000.360000].mp4.json"
    taken.write_text("mine")
    with pytest.raises(NameTaken):
        export("cam", 0, 400_000)
    assert list(out.iterdir()) == [taken] and taken.read_text() == "mine"


def test_two_formats_of_one_range_lie_side_by_side(export: Make) -> None:
    """Their captions and records do not stand in each other's way."""
    export("cam", 0, 400_000, "mp4")
    export("cam", 0, 400_000, "mkv")


def test_cancelling_takes_less_than_a_second_and_leaves_nothing(archive: LocalArchive, out: Path) -> None:
    """Set while it works: Cancelled, an empty folder, and an archive that works on."""
    plan = plan_export(spec("long", 0, 60_000_000, crop=Area(0.1, 0.1, 0.9, 0.9)), archive)
    cancel, at = threading.Event(), [0.0]

    def tell(progress: Progress) -> None:
        if progress.fraction > 0.05 and not cancel.is_set():
            at[0] = time.monotonic()
            cancel.set()

    with pytest.raises(Cancelled):
        run_export(plan, archive, out, on_progress=tell, cancel=cancel)
    assert time.monotonic() - at[0] < 1.0
    assert list(out.iterdir()) == []
    assert archive.frame("cam", Offset(0)).instant == TEN


def test_progress_rises_to_its_end(archive: LocalArchive, out: Path) -> None:
    """Fractions never fall, and the last one is 1."""
    told: list[Progress] = []
    plan = plan_export(spec("long", 0, 20_000_000), archive)
    run_export(plan, archive, out, on_progress=told.append)
    fractions = [p.fraction for p in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    assert told[-1].stage == "done"


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A disk of 128 KiB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("form", ["mp4", "mkv", "avi"])
def test_a_full_disk_is_told_and_left_empty(form: str, tiny: Path, export: Make) -> None:
    """The error says what failed and what to do; no byte of it stays."""
    with pytest.raises(WorkError, match=r"(?i)no space") as caught:
        export("long", 0, 60_000_000, form, to=tiny)
    assert "space" in caught.value.advice
    assert list(tiny.iterdir()) == []


def test_a_disk_too_full_for_the_sidecars_is_told_as_well(tiny: Path, export: Make) -> None:
    """With less and less room, until the picture's file just fits and its captions do not: all or nothing."""
    filler = tiny / "filler"
    failed = 0
    for left in range(64, 0, -4):
        filler.write_bytes(bytes(124 * 1024 - left * 1024))
        try:
            result = export("cam", 0, 400_000, to=tiny)
        except WorkError as exc:
            failed += "No space" in exc.message
            assert list(tiny.iterdir()) == [filler], left
        else:
            for file in result.files:
                Path(file.path).unlink()
    assert failed > 1


def test_a_folder_that_cannot_be_made_is_our_error(export: Make, tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(WorkError, match="cannot be written to"):
        export("cam", 0, 400_000, to=tmp_path / "file" / "out")


@pytest.mark.parametrize(
    ("more", "field"), [({"form": "exe"}, "format"), ({"archive": "other"}, "archive")], ids=["exe", "archive"]
)
def test_a_refused_field_stops_before_anything_is_written(
    more: dict[str, Any], field: str, archive: LocalArchive, out: Path
) -> None:
    """The plan says it, and running it is an error that names the field."""
    plan = plan_export(spec("cam", **more), archive)
    assert [f.field for f in plan.refused] == [field]
    with pytest.raises(RequestError, match=field):
        run_export(plan, archive, out)
    assert not out.exists() or not list(out.iterdir())


@pytest.mark.parametrize(
    ("begin", "end"), [(2_400_000, 5_000_000), (99_000_000, 100_000_000), (1, 40_000)], ids=["gap", "behind", "between"]
)
def test_a_range_without_a_picture_is_nothing_recorded(begin: int, end: int, export: Make) -> None:
    """And the error says from when to when there is something."""
    with pytest.raises(NothingRecorded, match="holds no picture") as caught:
        export("cam", begin, end)
    assert "2026-03-01T10:00:00" in caught.value.advice


def test_a_recording_that_changed_since_the_plan_is_refused(archive: LocalArchive, tmp_path: Path, out: Path) -> None:
    """A plan is for the recording it was made from."""
    folder = tmp_path / "changing"
    path = folder / "cam" / "20260301T100000.mp4"
    path.parent.mkdir(parents=True)
    shutil.copyfile(make(CLIP), path)
    changing = LocalArchive(folder, tmp_path / "cache")
    plan = plan_export(spec("cam", 60_000, 2_000_000), changing)
    shutil.copyfile(make(replace(CLIP, frames=30, gop=7)), path)
    with pytest.raises(WorkError):
        run_export(plan, changing, out)
    changing.close()
    assert list(out.iterdir()) == []


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalArchive]:
    """An archive whose one recording has ten pictures, from the 10th on, that no decoder can make."""
    root = tmp_path_factory.mktemp("damaged")
    path = root / "recordings" / "cam" / "20260301T100000.avi"
    path.parent.mkdir(parents=True)
    data = bytearray(make(CLIPS["mjpeg/20260301T100000.avi"]).read_bytes())
    with av.open(str(make(CLIPS["mjpeg/20260301T100000.avi"]))) as box:
        places = [(packet.pos or 0, packet.size) for packet in box.demux(video=0) if packet.size]
    for pos, size in places[10:20]:
        at = data.index(b"\xff\xd8", pos)
        data[at : at + size - 20] = bytes(size - 20)
    path.write_bytes(data)
    found = LocalArchive(root / "recordings", root / "cache")
    yield found
    found.close()


def test_pictures_that_no_decoder_makes_are_listed(damaged: LocalArchive, out: Path) -> None:
    """Those around them are exported, and the ledger counts what is not."""
    result = run_export(plan_export(spec("cam", 0, 1_000_000), damaged), damaged, out)
    assert indices(media(result)[0]) == [*range(10), *range(20, 25)]
    assert (result.ledger.reencoded, result.ledger.undecodable) == (15, 10)
    lost = next(e for e in result.entries if e.fate == "undecodable")
    assert (lost.first - TEN, lost.last - TEN) == (400_000, 760_000)


@pytest.mark.parametrize("form", ["mp4", "avi", "jpg"])
def test_a_range_that_cannot_be_decoded_is_refused(form: str, damaged: LocalArchive, out: Path) -> None:
    """Not one picture comes out: the error names the recording, and nothing is left."""
    wish = spec("cam", 400_000, 400_000 if form == "jpg" else 800_000, form, video_quality=1)
    with pytest.raises(SourceError, match=r"20260301T100000\.avi.* decoded"):
        run_export(plan_export(wish, damaged), damaged, out)
    assert list(out.iterdir()) == []


def test_damage_in_a_copied_stretch_is_carried_over_and_listed(damaged: LocalArchive, out: Path) -> None:
    """A damaged recording can be exported without loss: what does not decode did not decode before."""
    result = run_export(plan_export(spec("cam", 0, 1_000_000, "mkv"), damaged), damaged, out)
    assert result.ledger.copied + result.ledger.undecodable == 25 and result.ledger.undecodable == 10


@pytest.mark.parametrize("us", [0, 39_999, 40_000, 2_399_999], ids=str)
def test_one_frame_as_jpeg(us: int, export: Make) -> None:
    """The one shown at that instant, named and recorded by its own."""
    result = export("cam", us, us, "jpg")
    (path,) = media(result)
    with Image.open(path) as image:
        code = find_code(np.asarray(image.convert("L")), 8)
    assert code is not None and code[0] == us // 40_000
    assert result.files[0].first == TEN + us // 40_000 * 40_000 and result.ledger.reencoded == 1


def test_one_frame_as_a_page(export: Make) -> None:
    """A pdf with captions and record beside it."""
    result = export("cam", 40_000, 40_000, "pdf", comment="Вход")
    assert media(result)[0].read_bytes().startswith(b"%PDF")
    assert {f.kind for f in result.files} == {"page", "captions", "record"}


def test_one_frame_in_a_gap_is_nothing_recorded(export: Make) -> None:
    """No neighbour is taken in its place."""
    with pytest.raises(NothingRecorded):
        export("cam", 3_000_000, 3_000_000, "jpg")


def test_instants_and_offsets_mean_the_same(archive: LocalArchive) -> None:
    """On a dated source."""
    by_offset = plan_export(spec("cam", 40_000, 400_000), archive)
    when = replace(spec("cam"), begin=instant(TEN + 40_000), end=instant(TEN + 400_000))
    assert plan_export(when, archive).segments == by_offset.segments
