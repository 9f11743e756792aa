"""Figure 5, first half: exports change nothing in the archive, and two runs give the same bytes."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli import export_command
from tests.engines import Engine, Wish, engine
from tests.kills import finished
from tests.ranges import CLIPS
from tests.readers import source_times
from tests.truth import make
from tests.twins import TRIANGLE

NAMES = ["h264-b", "h265-open", "mjpeg-avi", "mpeg4-avi", "h264-ts", "h264-sound", "h264-vfr-mkv"]
WISHES = {
    "mp4": {"form": "mp4"},
    "mkv": {"form": "mkv"},
    "avi": {"form": "avi"},
    "mp4-masked": {"form": "mp4", "masks": [{"points": TRIANGLE}]},
    "mkv-text": {"form": "mkv", "more": {"comment": "Übergabe Ж", "burn": True}},
    "jpg": {"form": "jpg"},
    "pdf": {"form": "pdf", "more": {"comment": "Übergabe Ж"}},
}
WRITING = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|rename|unlink|truncate|chmod|utime|link")


@pytest.fixture(scope="module")
def the_engine() -> Engine:
    """The engine under test."""
    return engine()


def archive_of(name: str, folder: Path) -> Path:
    """An archive with one truth clip as source ``cam``."""
    path = make(CLIPS[name][0])
    (folder / "cam").mkdir(parents=True)
    shutil.copyfile(path, folder / "cam" / f"clip{path.suffix}")
    return folder


def wish_for(name: str, archive: Path, how: str) -> Wish:
    """A wish over an arbitrary stretch of a clip; a single frame for jpg and pdf."""
    clip = CLIPS[name][0]
    at = source_times(make(clip), clip)
    still = how in ("jpg", "pdf")
    return Wish(archive=archive, source="cam", begin=at[33], end=at[33] if still else at[201], **WISHES[how])  # type: ignore[arg-type]


def state(folder: Path) -> dict[str, tuple[str, int, int, int]]:
    """(SHA-256, mtime, size, inode) of everything in a folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.stat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(folder))] = (digest, info.st_mtime_ns, info.st_size, info.st_ino)
    return found


def trials() -> list[Any]:
    """Each clip with each wish; one in three by default, with each clip and each wish among them."""
    pairs = [(name, how) for name in NAMES for how in WISHES]
    kept = [(NAMES.index(name) + list(WISHES).index(how)) % 3 == 0 for name, how in pairs]
    return [
        pytest.param(*pair, id="-".join(pair), marks=[] if keep else [pytest.mark.slow])
        for pair, keep in zip(pairs, kept, strict=True)
    ]


@pytest.mark.parametrize(("name", "how"), trials())
def test_sources_stay_and_runs_repeat(name: str, how: str, the_engine: Engine, tmp_path: Path) -> None:
    """After two runs the archive is as it was, and both runs made the same files, byte for byte."""
    archive = archive_of(name, tmp_path / "archive")
    before = state(archive)
    for out in ("one", "two"):
        (tmp_path / out).mkdir()
        the_engine.export(wish_for(name, archive, how), tmp_path / out)
    assert state(archive) == before
    assert finished(tmp_path / "one") == finished(tmp_path / "two")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_sources_are_opened_for_reading_only(tmp_path: Path) -> None:
    """The operating system sees no call of the command or its worker that could change the archive."""
    pytest.importorskip("workbench.cli", reason="there is no command line yet")
    archive, out, log = archive_of("h264-b", tmp_path / "archive"), tmp_path / "out", tmp_path / "strace"
    out.mkdir()
    words = export_command(wish_for("h264-b", archive, "mp4-masked"), out)
    trace = ["strace", "-f", "-qq", "-y", "-e", "trace=%file,ftruncate,fchmod", "-o", str(log)]
    done = subprocess.run([*trace, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    calls = [line for line in log.read_text(errors="replace").splitlines() if str(archive / "cam") in line]
    assert calls and [line for line in calls if WRITING.search(line)] == []
