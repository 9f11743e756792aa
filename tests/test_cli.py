"""The command line: flags become the spec they say, errors keep their form, exit codes follow the family.

The engine is replaced by nothing: tests that need it use the real one and are skipped until it exists
(`engine` below); everything before and after it is tested without it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from workbench import cli, cli_show
from workbench.archives.base import Frame
from workbench.cli_request import build_parser, mask, spec_from, whole_bytes
from workbench.core.coverage import Gap
from workbench.core.errors import NameTaken, NothingRecorded, RequestError, SourceError, WorkbenchError
from workbench.core.geometry import Area
from workbench.core.plan import ExportPlan, FieldPlan, Mode, Segment
from workbench.core.result import ExportResult, Ledger, OutputFile, Progress
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Offset, Range, parse_time

ROOT = Path(__file__).parents[1]
FOOTAGE = ROOT / "notebooks" / "recordings"
BEGIN, END = "2026-03-01T10:00:00+01:00", "20260301T100000.5"
POLYGON = "0.1,0.1 0.4,0.1 0.4,0.5"


def built(module: str) -> bool:
    """True where a module of the engine exists already."""
    with contextlib.suppress(ModuleNotFoundError):
        return importlib.util.find_spec(module) is not None
    return False


engine = pytest.mark.skipif(
    not (built("workbench.export") and built("workbench.archives.local") and FOOTAGE.is_dir()),
    reason="needs the engine and notebooks/recordings",
)


def spec(*flags: str) -> ExportSpec:
    """The spec that ``workbench export`` makes of some flags."""
    return spec_from(build_parser().parse_args(["export", "footage", "--out", "out", *flags]))


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    """Exit code and the one JSON document of a command."""
    code = cli.main([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_plain_export() -> None:
    """Source, times and format alone leave every default."""
    expected = ExportSpec(
        source="hall", begin=parse_time(BEGIN), end=parse_time(END), format="mp4"
    )
    assert spec("hall", BEGIN, END, "--format", "mp4") == expected


def test_every_flag() -> None:
    """Each flag arrives in its field."""
    made = spec(
        "hall", "+1.5", "+9", "--format=mkv", "--storage=A", "--vc=4", "--ac=2", "--freq=3",
        "--maxfilesize=1e6",
        "--crop=0.8,0.8,0.3,0.3", f"--mask={POLYGON};begin=+2;end=+3;style=blur;inverted;reason=a;b=c",
        f"--mask={POLYGON}", "--comment=Привет", "--tsformat=%H:%M", "--color=#e31e1e", "--no-burn",
        "--cut=keyframe", "--gaps=collapse", "--audio=drop", "--zone=Europe/Berlin", "--layout=1",
        "--snapshotplace=0,0,1,0.5", "--commentplace=0,0.5,1,0.7", "--tsplace=0,0.7,1,0.8",
    )  # fmt: skip
    corners = ((0.1, 0.1), (0.4, 0.1), (0.4, 0.5))
    assert made == ExportSpec(
        source="hall",
        begin=Offset(1_500_000),
        end=Offset(9_000_000),
        format="mkv",
        archive="A",
        video_quality=4,
        audio_quality=2,
        rate_divisor=8,
        size_limit=1_000_000,
        crop=Area(0.3, 0.3, 0.8, 0.8),
        masks=(
            Mask(
                points=corners,
                begin=Offset(2_000_000),
                end=Offset(3_000_000),
                style="blur",
                inverted=True,
                reason="a;b=c",
            ),
            Mask(points=corners),
        ),
        comment="Привет",
        stamp_format="%H:%M",
        text_color="#e31e1e",
        burn=False,
        cut="keyframe",
        gaps="collapse",
        audio="drop",
        text_zone="Europe/Berlin",
        layout="landscape",
        snapshot_area=Area(0, 0, 1, 0.5),
        comment_area=Area(0, 0.5, 1, 0.7),
        stamp_area=Area(0, 0.7, 1, 0.8),
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--format", "mp4", "hall", BEGIN, END],
        ["hall", "--format", "mp4", BEGIN, END],
        ["hall", BEGIN, "--format", "mp4", "--", END],
    ],
)
def test_flags_may_stand_anywhere(words: list[str]) -> None:
    """Words that may be left out are found behind flags too."""
    assert spec(*words) == spec("hall", BEGIN, END, "--format", "mp4")


def test_one_picture_needs_no_end() -> None:
    """For jpg and pdf the end is the begin."""
    made = spec("hall", BEGIN, "--format=jpg")
    assert made.begin == made.end


def test_spec_file_and_flags(tmp_path: Path) -> None:
    """A spec file read back is the same spec; a flag replaces its field, a mask is added."""
    path = tmp_path / "spec.json"
    first = spec("hall", BEGIN, END, "--format=mp4", f"--mask={POLYGON}", "--burn", "--comment=x")
    path.write_text(json.dumps(first.to_json()))
    assert spec("--spec", str(path)) == first
    changed = spec("yard", "--spec", str(path), "--format=mkv", "--no-burn", "--mask=0,0 1,0 1,1")
    assert (changed.source, changed.format, changed.burn, changed.comment) == ("yard", "mkv", False, "x")
    assert [m.points for m in changed.masks] == [first.masks[0].points, ((0, 0), (1, 0), (1, 1))]


@pytest.mark.parametrize(
    ("text", "count"), [("0", 0), ("1000000", 1_000_000), ("1e6", 1_000_000), ("1.5E+3", 1500), ("7.0", 7)]
)
def test_bytes(text: str, count: int) -> None:
    """The API's exponent floats are whole bytes."""
    assert whole_bytes(text) == count


@pytest.mark.parametrize("text", ["1.5", "-1", "nan", "inf", "1e999999999", "1e-1", "", "1k"])
def test_no_bytes(text: str) -> None:
    """What is no whole number of bytes is refused at once, however large its exponent."""
    with pytest.raises(RequestError):
        whole_bytes(text)


@pytest.mark.parametrize(
    "text", ["0.1 0.2", "a,b c,d e,f", f"{POLYGON};stile=blur", f"{POLYGON};inverted=no", "0,0,0 1,1,1"]
)
def test_no_mask(text: str) -> None:
    """A mask that is not understood whole is an error, never a smaller mask."""
    with pytest.raises(RequestError):
        mask(text)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no verb"),
        (["dance"], "dance"),
        (["sources"], "ARCHIVE"),
        (["sources", "a", "--colour=red"], "--colour"),
        (["export", "a", "hall", BEGIN, END, "--format=mp4"], "--out"),
        (["export", "a", "hall", BEGIN, END, "--out=o"], "format"),
        (["export", "a", "hall", BEGIN, END, "--out=o", "--format=gif"], "--format"),
        (["export", "a", "hall", BEGIN, END, "--out=o", "--format=mp4", "--vc=9"], "video_quality"),
        (["export", "a", "hall", BEGIN, END, "--out=o", "--format=mp4", "--vc=x"], "--vc"),
        (["export", "a", "hall", BEGIN, END, "--out=o", "--format=mp4", "--freq=4"], "--freq"),
        (["export", "a", "hall", BEGIN, END, "--out=o", "--format=mp4", "--crop=1,2"], "x0,y0,x1,y1"),
        (["export", "a", "hall", BEGIN, END, "--out=o", "--format=mp4", "--crop=0,0,0,1"], "crop"),
        (["export", "a", "hall", "now", END, "--out=o", "--format=mp4"], "begin"),
        (["export", "a", "hall", "2026-03-01T10:00:00", END, "--out=o", "--format=mp4"], "no time zone"),
        (["export", "a", "hall", "+9", "+8", "--out=o", "--format=mp4"], "end"),
        (["export", "a", "hall", "+8", "+8", "--out=o", "--format=mp4"], "stretch"),
        (["export", "a", "--out=o", "--format=mp4"], "begin"),
        (["export", "a", "--out=o", "--spec=/no/such/file"], "--spec"),
        (["frame", "a", "hall", "+1", "--out=o.gif"], "--out"),
        (["frame", "a", "hall", "soon", "--out=o.png"], "time"),
        (["thumbnails", "a", "hall", "+1", "+2", "-n=0", "--out=o"], "-n"),
    ],
)
def test_bad_requests(capsys: pytest.CaptureFixture[str], words: list[str], message: str) -> None:
    """Each wrong request is exit 2 and one JSON document that names what is wrong."""
    code, document = run(capsys, *words)
    assert code == 2
    assert set(document) == {"error"}
    assert set(document["error"]) == {"kind", "message", "advice"}
    assert document["error"]["kind"] == "bad-request"
    assert message in document["error"]["message"]


@pytest.mark.parametrize("text", ["{", "[]", '{"source": "a", "source": "b"}', '{"colour": 1}', "\xff"])
def test_bad_spec_files(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str) -> None:
    """A spec file that is no sound JSON object, or has a key twice or unknown, is a bad request."""
    path = tmp_path / "spec.json"
    path.write_text(text, encoding="latin-1")
    code, document = run(capsys, "plan", "a", "--spec", str(path))
    assert (code, document["error"]["kind"]) == (2, "bad-request")


def test_human_errors_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """Without --json stdout stays empty and stderr holds message and advice, not a traceback."""
    assert cli.main(["export", "a", "hall", "now", END, "--out=o", "--format=mp4"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("workbench: begin: 'now' is not a time\n  Write ")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SourceError("x"), 3),
        (NothingRecorded("x"), 4),
        (OSError(28, "No space left on device"), 5),
        (ZeroDivisionError("bug"), 5),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    """Every way to fail has its exit code and one JSON document, stray prints notwithstanding."""

    def fail(_: object) -> cli.Answer:
        sys.stdout.write("stray")
        raise error

    monkeypatch.setitem(cli.VERBS, "sources", fail)
    assert cli.main(["sources", "a", "--json"]) == code
    out, err = capsys.readouterr()
    assert set(json.loads(out)["error"]) == {"kind", "message", "advice"}
    assert "Traceback" not in err
    if isinstance(error, WorkbenchError):
        assert json.loads(out)["error"] == error.to_json()


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints one line, or one document."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("workbench ")
    code, document = run(capsys, "--version")
    assert (code, set(document)) == (0, {"version"})


def command(*words: str, **more: Any) -> subprocess.Popen[bytes]:
    """The command in a process of its own."""
    arguments = [sys.executable, "-m", "workbench.cli", *words]
    # A shell starts background jobs with Ctrl-C ignored; what we start here must hear it.
    heed = None if os.name == "nt" else lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE, preexec_fn=heed, **more)


def test_help_is_quick_and_loads_no_engine() -> None:
    """--help imports neither av nor numpy."""
    code = (
        "import sys, contextlib\nfrom workbench import cli\n"
        "with contextlib.suppress(SystemExit): cli.main(['export', '--help'])\n"
        "print([m for m in ('av', 'numpy', 'PIL', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "reason=TEXT" in done.stdout


def test_a_reader_that_goes_away() -> None:
    """A closed pipe at stdout is no error and prints nothing."""
    reading, writing = os.pipe()
    os.close(reading)
    with command("--version", stdout=writing) as process:
        os.close(writing)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_at_stdout() -> None:
    """A result that cannot be printed is a failure, not silence."""
    with Path("/dev/full").open("wb") as full, command("--version", stdout=full) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 5
    assert b"cannot be printed" in err


def test_table_is_aligned_and_harmless() -> None:
    """Columns line up, numbers stand right, control characters of file names become visible."""
    lines = list(cli_show.table(("NAME", "N"), [("a\x1b[2J", 5), ("longer name", 12)]))
    assert lines == ["NAME          N", "a\\u001b[2J    5", "longer name  12"]


def a_plan() -> ExportPlan:
    """A plan of one copied segment with a gap and an approximated field."""
    return ExportPlan(
        spec=spec("hall", "+0", "+2", "--format=mp4"),
        range=Range(0, 2_000_000),
        dated=False,
        segments=(
            Segment(
                file="hall/a\x1b[2J.mp4", mode=Mode.COPY, codec="h264", begin=0, last=1_960_000,
                first_pts=0, last_pts=49, frames=50, reason="nothing touches it",
            ),
        ),
        fields=(
            FieldPlan(field="crop", how="exact"),
            FieldPlan(field="burn", how="approximated", note="as a text track"),
        ),
        gaps=(Gap(begin=1_000_000, end=1_500_000, witness="PTS jump"),),
        warnings=("a warning",),
    )  # fmt: skip


def test_plan_for_people() -> None:
    """A plan shows each segment with its reason, fields that are not exact, gaps and warnings."""
    text = "\n".join(cli_show.plan(a_plan().to_json()))
    for words in ("copy", "nothing touches it", "as a text track", "0.500 s (says: PTS jump)", "warning: "):
        assert words in text
    assert "crop" not in text
    assert "\x1b" not in text
    assert "crop" in "\n".join(cli_show.plan(a_plan().to_json(), every_field=True))


def test_result_for_people() -> None:
    """A result shows path, hash, frames, ledger, gaps and warnings."""
    video = OutputFile(
        path="o/hall.mp4", kind="video", sha256="ab" * 32, size=7, frames_shown=50, frames_contained=51,
        first=0, last=1,
    )  # fmt: skip
    captions = OutputFile(path="o/hall.vtt", kind="captions", sha256="cd" * 32, size=3)
    result = ExportResult(
        plan=a_plan(), files=(video, captions), ledger=Ledger(copied=50), entries=(), sources=(),
        gaps=a_plan().gaps, encoder={}, versions={}, warnings=("w",),
    )  # fmt: skip
    text = "\n".join(cli_show.export(result.to_json()))
    for words in ("o/hall.mp4", "ab" * 32, "50 shown, 51 contained", "o/hall.vtt", "50 copied", "gap: ", "w"):
        assert words in text


def test_a_picture_is_published_whole_or_not_at_all(tmp_path: Path) -> None:
    """A picture gets its name when it is complete; a taken name is left alone and nothing else remains."""
    frame = Frame(
        source="hall", file="a.mp4", instant=1_500_000, pts=3, time_base=Fraction(1, 2), dated=False,
        render=lambda form, quality: b"x",
    )  # fmt: skip
    path = tmp_path / "new" / "a.png"
    document = cli.save(frame, path, b"one")
    assert (document["path"], document["instant"], document["time_base"]) == (str(path), "+1.500000", "1/2")
    with pytest.raises(NameTaken):
        cli.save(frame, path, b"two")
    assert [(p.name, p.read_bytes()) for p in path.parent.iterdir()] == [("a.png", b"one")]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_bar_only_on_a_terminal() -> None:
    """The bar draws on a terminal and is silent in a file."""
    progress = Progress(frames=50, fraction=0.5, seconds_left=75.0, stage="export")
    file, terminal = io.StringIO(), Terminal()
    for stream in (file, terminal):
        bar = cli_show.Bar(stream)
        bar(progress)
        bar.clear()
    assert file.getvalue() == ""
    assert "50% " in terminal.getvalue()
    assert "1:15 left" in terminal.getvalue()


@engine
def test_sources_and_coverage(capsys: pytest.CaptureFixture[str]) -> None:
    """The real archive lists its cameras with the keys that scripts rely on."""
    code, document = run(capsys, "sources", str(FOOTAGE))
    assert code == 0
    assert {"id", "name", "files", "first", "last", "dated_by"} <= set(document["sources"][0])
    for source in document["sources"]:
        code, covered = run(capsys, "coverage", str(FOOTAGE), source["id"])
        assert code == 0
        assert all({"begin", "end", "file"} <= set(i) for i in covered["intervals"])
        assert all({"begin", "end", "seconds", "witness"} <= set(g) for g in covered["gaps"])


@engine
def test_missing_source(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """An unknown camera or archive is exit 3."""
    assert run(capsys, "coverage", str(FOOTAGE), "no such camera")[0] == 3
    assert run(capsys, "sources", str(tmp_path / "nowhere"))[0] == 3


def first_times(capsys: pytest.CaptureFixture[str]) -> tuple[str, str, str]:
    """A camera of the real archive with a begin and an end two seconds into its first interval."""
    source = run(capsys, "sources", str(FOOTAGE))[1]["sources"][0]
    return source["id"], "+0.5", "+2.0"


@engine
def test_export(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """An export prints files, ledger, gaps and warnings, and the files are there."""
    camera, begin, end = first_times(capsys)
    words = ["export", str(FOOTAGE), camera, begin, end, "--format=mkv", f"--out={tmp_path}"]
    code, document = run(capsys, *words)
    assert code == 0
    for file in document["files"]:
        assert {"path", "sha256", "size", "frames_shown", "frames_contained", "first", "last"} <= set(file)
        assert Path(file["path"]).stat().st_size == file["size"]
    assert set(document["ledger"]) == {"copied", "reencoded", "masked", "dropped", "undecodable", "missing"}
    assert isinstance(document["gaps"], list)
    assert isinstance(document["warnings"], list)


@engine
def test_human_output(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Every verb prints for people too."""
    camera, begin, end = first_times(capsys)
    folder = str(FOOTAGE)
    for words in (
        ["sources", folder],
        ["coverage", folder, camera],
        ["plan", folder, camera, begin, end, "--format=mp4", "--all"],
        ["export", folder, camera, begin, end, "--format=mp4", f"--out={tmp_path / 'e'}"],
        ["frame", folder, camera, begin, f"--out={tmp_path / 'f.png'}"],
        ["thumbnails", folder, camera, begin, end, "-n=3", f"--out={tmp_path / 't'}"],
    ):
        assert cli.main(words) == 0, words
        assert capsys.readouterr().out.strip(), words


@engine
def test_frame_never_overwrites(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The suffix chooses the picture's kind, and an existing name is left alone."""
    camera, begin, _ = first_times(capsys)
    for name, magic in (("a.png", b"\x89PNG"), ("a.jpg", b"\xff\xd8")):
        words = ["frame", str(FOOTAGE), camera, begin, f"--out={tmp_path / name}"]
        code, document = run(capsys, *words)
        assert (code, document["path"]) == (0, str(tmp_path / name))
        data = (tmp_path / name).read_bytes()
        assert data.startswith(magic)
        code, document = run(capsys, *words)
        assert (code, document["error"]["kind"]) == (5, "name-taken")
        assert (tmp_path / name).read_bytes() == data
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jpg", "a.png"]


@engine
def test_nothing_recorded(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A range without a picture is exit 4."""
    camera, _, _ = first_times(capsys)
    words = ["export", str(FOOTAGE), camera, "+900000", "+900001", "--format=mp4", f"--out={tmp_path}"]
    assert run(capsys, *words)[0] == 4


@engine
@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX")
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_ctrl_c(capsys: pytest.CaptureFixture[str], tmp_path: Path, number: str) -> None:
    """Ctrl-C and SIGTERM end an export with 130 and leave nothing in the folder (or it was done before)."""
    camera, _, _ = first_times(capsys)
    out_flag = f"--out={tmp_path / 'o'}"
    words = ["export", str(FOOTAGE), camera, "+0", "+600", "--format=avi", out_flag]
    with command(*words, "--json", stdout=subprocess.PIPE) as process:
        time.sleep(0.8)
        process.send_signal(getattr(signal, number))
        began = time.monotonic()
        out, _ = process.communicate(timeout=20)
    if process.returncode == 0:
        pytest.skip("the export was quicker than the signal")
    assert time.monotonic() - began < 2
    assert process.returncode == 130
    assert json.loads(out)["error"]["kind"] == "cancelled"
    assert not (tmp_path / "o").exists() or not list((tmp_path / "o").iterdir())
