"""How files get into a case, and how they are hashed."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest

from workbench.core.errors import NameTaken, SourceError, WorkError
from workbench.evidence import filing
from workbench.evidence.hashing import CHUNK, digests, sha256
from workbench.evidence.nouns import FileRecord


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 7])
def test_digests_are_those_of_hashlib(size: int, tmp_path: Path) -> None:
    """Both, and the size, at every border of a block."""
    data = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "file").write_bytes(data[:size])
    wanted = (hashlib.sha256(data[:size]).hexdigest(), hashlib.sha512(data[:size]).hexdigest(), size)
    assert digests(tmp_path / "file") == wanted
    assert sha256(tmp_path / "file") == (wanted[0], size)


def test_only_plain_files_are_hashed(tmp_path: Path) -> None:
    """A pipe does not hang, a folder and nothing at all are errors with words."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "none", Path(os.devnull)):
        with pytest.raises(SourceError) as error:
            digests(path)
        assert str(tmp_path) not in error.value.message


def test_a_file_appears_whole_and_once(tmp_path: Path) -> None:
    """With the rights that new files have, nothing beside it, and never over another."""
    record = filing.write(tmp_path, "clock/K1.jpg", b"data", "photo")
    assert record == FileRecord(path="clock/K1.jpg", sha256=hashlib.sha256(b"data").hexdigest(), size=4, kind="photo")
    with pytest.raises(NameTaken):
        filing.write(tmp_path, "clock/K1.jpg", b"other")
    (tmp_path / "plain").write_bytes(b"")
    rights = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "plain", tmp_path / "clock" / "K1.jpg")]
    assert rights[0] == rights[1] and [p.name for p in (tmp_path / "clock").iterdir()] == ["K1.jpg"]


def test_a_copy_is_the_file(tmp_path: Path) -> None:
    """And an original that is none leaves nothing."""
    (tmp_path / "original").write_bytes(b"x" * (CHUNK + 1))
    assert filing.copy(tmp_path / "original", tmp_path / "case", "a/b.bin").size == CHUNK + 1
    with pytest.raises(SourceError):
        filing.copy(tmp_path / "none", tmp_path / "case", "a/c.bin")
    assert [p.name for p in (tmp_path / "case" / "a").iterdir()] == ["b.bin"]


def test_a_folder_that_cannot_be_written_is_an_error_with_words(tmp_path: Path) -> None:
    """A file stands where a folder is wanted."""
    (tmp_path / "clock").write_bytes(b"")
    with pytest.raises(WorkError, match=r"K1\.jpg cannot be written"):
        filing.write(tmp_path, "clock/K1.jpg", b"data")


@pytest.mark.parametrize(
    "path",
    ["", ".", "..", "/a", "../a", "a/../b", "a//b", "./a", "a/", "a\\b", "C:a", "a\0", "a\n", "a\udc80", "\u202ea"],
)
def test_unsafe_paths_are_no_paths(path: str, tmp_path: Path) -> None:
    """Whoever wrote them."""
    with pytest.raises(SourceError, match="no path inside a case"):
        filing.inside(tmp_path, path)


def test_names_of_exports_are_paths(tmp_path: Path) -> None:
    """Brackets, dots and other scripts are allowed."""
    name = "exports/E1/Eingang_Süd[20260301T100000.000000-20260301T100959.960000].mp4.vtt"
    assert filing.inside(tmp_path, name) == tmp_path / name
