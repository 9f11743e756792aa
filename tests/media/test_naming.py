"""Names of finished files: never a path, never one that some system refuses, and never one that is taken."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workbench.core.errors import NameTaken, WorkError
from workbench.media import naming

DEVICES = ("CON", "con", "PRN", "AUX", "aux.mp4", "NUL", "COM1", "lpt9.txt", "Con.tar.gz")
HOSTILE = (
    "../../etc/passwd", "..\\..\\x", "/abs/olute", "C:\\x", "C:x", "\\\\srv\\x", "a\x00b", "a/b", "a\\b",
    ".", "..", "...", "", " ", "   .  ", "a.", "a ", ".hidden", "-rf", "--help", "%2e%2e%2f", "a\nb", "a\rb", "a\tb",
    "\x1b[31mred", "a\u202egpj.exe", "\u2066x", "\ufeffx", "camera \U0001f3a5", "\U0001f600" * 60, "\udc80\udcff",
    "café", "cafe\u0301", "Вход", "入口" * 100, "ß" * 300, "x" * 300, "a" * 79 + ".", "a<b>c:d\"e|f?g*h", "$(id)",
    "`id`", "; rm -rf ~", "'quoted'", "=cmd()", "[20260301T100000]", "a[1]", "\u0085", "\u2028", "e\u0301" * 90,
    *DEVICES,
)  # fmt: skip


def publish(part: Path, folder: Path, name: str) -> Path:
    """Give one file its final name."""
    naming.publish_all([(part, name)], folder)
    return folder / name


def whole(camera: str) -> str:
    """The longest name that is made with a camera."""
    return naming.video(camera, 0, 10**15, True, "mp4")


@pytest.mark.parametrize("camera", HOSTILE, ids=[repr(c)[:24] for c in HOSTILE])
def test_a_hostile_name_stays_in_the_folder(camera: str, tmp_path: Path) -> None:
    """A file of that name can be made, lies in the folder itself, and any system takes it."""
    out, part = tmp_path / "out", tmp_path / "part"
    out.mkdir()
    part.write_bytes(b"x")
    final = publish(part, out, whole(camera))
    assert final.parent == out and [f.name for f in out.iterdir()] == [final.name]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "part"]


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=400))
@example("-rf")
@example("a" * 79 + ". b")
@example("con")
@example("_.-con.txt")
@example("入" * 100)
def test_any_name_is_made_safe(camera: str) -> None:
    """Whatever the text: no separator, no device, no leading dot or dash, nothing that acts, not too long."""
    name, camera_part = whole(camera), naming.safe(camera)
    assert camera_part and len(os.fsencode(name)) <= 255
    assert not set(camera_part) & set('/\\:*?"<>|\0\n\r\t ') and camera_part.isprintable()
    assert camera_part[0] not in ".-" and camera_part[-1] not in ". "
    assert camera_part.split(".")[0].upper() not in {d.split(".")[0].upper() for d in DEVICES}
    assert naming.safe(camera_part) == camera_part


@pytest.mark.parametrize("camera", ["Entrance_hall", "Вход", "入口", "cam-1", "Tür(2)", "café"])
def test_a_plain_name_stays_as_it_is(camera: str) -> None:
    """Letters of any script, digits, dashes, dots, brackets."""
    assert naming.safe(camera) == camera


def test_a_name_says_first_and_last_picture() -> None:
    """The VMS's habit, in UTC with microseconds; offsets where nothing is dated."""
    first, last = 1_772_359_200_000_000, 1_772_359_799_960_000
    assert naming.video("cam", first, last, True, "mp4") == "cam[20260301T100000.000000-20260301T100959.960000].mp4"
    assert naming.video("cam", 0, 1_500_000, False, "mkv") == "cam[+0.000000-+1.500000].mkv"
    assert naming.picture("cam", first, True, "jpg") == "cam[20260301T100000.000000].jpg"


@pytest.fixture
def part(tmp_path: Path) -> Path:
    """A complete file without a final name."""
    path = tmp_path / ".part"
    path.write_bytes(b"new")
    return path


def test_a_published_file_is_the_very_one_that_was_measured(part: Path, tmp_path: Path) -> None:
    """Linked, not copied: its unfinished name goes with the scratch folder."""
    assert publish(part, tmp_path, "a.mp4").samefile(part)


def taken(folder: Path, kind: str) -> Path:
    """Something that bears the name already."""
    path = folder / "a.mp4"
    if kind == "file":
        path.write_bytes(b"old")
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to({"link": folder / "target", "dead link": folder / "nowhere"}[kind])
        (folder / "target").write_bytes(b"old")
    return path


@pytest.mark.parametrize("kind", ["file", "folder", "pipe", "link", "dead link"])
def test_a_name_that_is_taken_is_never_overwritten(kind: str, part: Path, tmp_path: Path) -> None:
    """Neither a file nor what a link points to is changed, and the work stays where it is."""
    path = taken(tmp_path, kind)
    before = path.lstat()
    with pytest.raises(NameTaken, match="exists already"):
        publish(part, tmp_path, "a.mp4")
    after = path.lstat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert part.read_bytes() == b"new" and not (tmp_path / "nowhere").exists()


def no_links(*_: object, **__: object) -> None:
    """What `os.link` does on FAT."""
    raise PermissionError(1, "Operation not permitted")


def test_a_file_system_without_links_gets_the_name_too(
    part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAT and some network drives have no hard links."""
    monkeypatch.setattr(os, "link", no_links)
    assert publish(part, tmp_path, "a.mp4").read_bytes() == b"new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.mp4"]


@pytest.mark.parametrize("kind", ["file", "folder", "link", "dead link"])
def test_nothing_is_overwritten_without_links_either(
    kind: str, part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is taken first, and taking it fails where it exists."""
    monkeypatch.setattr(os, "link", no_links)
    path = taken(tmp_path, kind)
    before = path.lstat()
    with pytest.raises(NameTaken):
        publish(part, tmp_path, "a.mp4")
    assert path.lstat().st_ino == before.st_ino and part.exists()


def test_a_move_that_fails_leaves_no_empty_file(part: Path) -> None:
    """Across file systems neither link nor move works: an error, and no name that stands for nothing."""
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == part.stat().st_dev:
        pytest.skip("one file system only")
    with pytest.raises(WorkError, match="cannot be written"):
        publish(part, shm, f"workbench-test-{os.getpid()}.mp4")
    left = shm / f"workbench-test-{os.getpid()}.mp4"
    exists = left.exists()
    left.unlink(missing_ok=True)
    assert not exists


def test_a_folder_that_is_gone_is_our_error(part: Path, tmp_path: Path) -> None:
    """The reason is told, and the work stays."""
    with pytest.raises(WorkError, match="cannot be written"):
        publish(part, tmp_path / "gone", "a.mp4")
    assert part.exists()


@pytest.mark.parametrize("second", ["a.vtt", "a.mp4", "gone/a.vtt"], ids=["taken", "twice", "impossible"])
def test_several_files_get_their_names_together_or_not_at_all(second: str, tmp_path: Path) -> None:
    """If the second cannot have its name, the first does not keep its own."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.vtt").write_bytes(b"old")
    parts = [tmp_path / "one", tmp_path / "two"]
    for part in parts:
        part.write_bytes(b"new")
    with pytest.raises(WorkError):
        naming.publish_all([(parts[0], "a.mp4"), (parts[1], second)], out)
    assert [(f.name, f.read_bytes()) for f in out.iterdir()] == [("a.vtt", b"old")]
