"""Zips of packages: those of honest tools unpack to the very same files, all others are findings."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import IO

import pytest

from tests.evidence.zips import FOLDER, LINK, Entry, deflate, write
from workbench.core.errors import SourceError, WorkError
from workbench.evidence.unpacking import opened

A, B = Entry(name=b"P/a", deflated=True, data=b"content " * 50), Entry(name=b"P/data/b")
Pack = Callable[[Path, Path], object]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with names in several scripts."""
    folder = tmp_path / "17-2026-P1"
    for name in ("bagit.txt", "data/exports/E1/Flur ä ж [1].mp4", "data/a/b/c/deep.json", "data/empty"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"" if name.endswith("empty") else name.encode() * 3000)
    return folder


class Pipe:
    """A stream that cannot go back: zipfile then writes sizes behind the data."""

    def __init__(self, file: IO[bytes]) -> None:
        self.write, self.flush = file.write, file.flush


def by_zipfile(package: Path, out: Path, *, folders: bool, large: bool = False, piped: bool = False) -> None:
    """Python's zipfile, in several manners."""
    with out.open("wb") as file, zipfile.ZipFile(Pipe(file) if piped else file, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
        for path in sorted(package.rglob("*")):
            name = path.relative_to(package.parent).as_posix()
            if path.is_dir() and folders:
                archive.write(path, name)
            elif path.is_file():
                with archive.open(zipfile.ZipInfo(name), "w", force_zip64=large) as entry:
                    entry.write(path.read_bytes())


def by_zip(*flags: str) -> Pack:
    """Info-ZIP, which writes names in UTF-8 without saying so."""

    def pack(package: Path, out: Path) -> None:
        if shutil.which("zip") is None:
            pytest.skip("zip is not installed")
        target = "-" if "-" in flags else str(out)
        command = ["zip", "-q", "-r", *(flag for flag in flags if flag != "-"), target, package.name]
        done = subprocess.run(command, cwd=package.parent, capture_output=True, check=True)
        if target == "-":
            out.write_bytes(done.stdout)

    return pack


HONEST: dict[str, Pack] = {
    "zip -r": by_zip(),
    "zip -r -0": by_zip("-0"),
    "zip -r, into a pipe": by_zip("-"),
    "zip -r, large form": by_zip("-fz"),
    "shutil": lambda package, out: shutil.make_archive(str(out.with_suffix("")), "zip", package.parent, package.name),
    "zipfile": lambda package, out: by_zipfile(package, out, folders=False),
    "zipfile, with folders": lambda package, out: by_zipfile(package, out, folders=True),
    "zipfile, large form": lambda package, out: by_zipfile(package, out, folders=False, large=True),
    "zipfile, into a pipe": lambda package, out: by_zipfile(package, out, folders=True, piped=True),
    "zipfile, large form into a pipe": lambda package, out: by_zipfile(
        package, out, folders=True, large=True, piped=True
    ),
}


@pytest.mark.parametrize("pack", HONEST.values(), ids=HONEST)
def test_what_honest_tools_pack_unpacks_to_the_same_files(package: Path, tmp_path: Path, pack: Pack) -> None:
    """zip, shutil and zipfile, with and without folders, descriptors and the large form: same names, same bytes."""
    pack(package, out := tmp_path / "out.zip")
    with opened(out) as (folder, wrong):
        assert wrong == () and folder is not None
        assert folder.name == package.name
        assert tree(folder) == tree(package)
    assert not folder.exists()


def tree(folder: Path) -> dict[str, bytes]:
    """Every file's bytes by its path."""
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


def odd(**more: object) -> Entry:
    """An entry that is not as it should be."""
    return Entry(**{"name": b"P/odd", **more})  # type: ignore[arg-type]


UNICODE_PATH = struct.pack("<2HBL", 0x7075, 11, 1, zlib.crc32(b"P/odd")) + b"P/evil"
LARGE = 20_000_000
HOSTILE: dict[str, tuple[list[Entry], str]] = {
    "a path that climbs": ([A, odd(name=b"P/../../evil")], "leads elsewhere"),
    "a path from the root": ([odd(name=b"/etc/passwd")], "leads elsewhere"),
    "a path of Windows": ([A, odd(name=b"P\\..\\evil")], "leads elsewhere"),
    "a drive": ([odd(name=b"C:/evil")], "leads elsewhere"),
    "a stream beside a file": ([A, odd(name=b"P/a:evil")], "leads elsewhere"),
    "an empty part": ([A, odd(name=b"P//a")], "leads elsewhere"),
    "a dot": ([A, odd(name=b"P/./a")], "leads elsewhere"),
    "no name": ([A, odd(name=b"")], "leads elsewhere"),
    "a name with NUL": ([A, odd(name=b"P/odd\0.txt")], "leads elsewhere"),
    "a name that is too long": ([A, odd(name=b"P/" + b"x" * 256)], "too long"),
    "folders that are too deep": ([A, odd(name=b"P/" + b"x/" * 1500 + b"x")], "too long"),
    "a name that is not UTF-8": ([A, odd(name=b"P/\xe4")], "not UTF-8"),
    "a name that says it is UTF-8 and is not": ([A, odd(name=b"P/\xe4", flags=0x800)], "codec"),
    "a link": ([A, odd(mode=LINK)], "a link"),
    "a device": ([A, odd(mode=0o020644 << 16)], "special file"),
    "a folder under a file's name": ([A, odd(mode=FOLDER)], "folder under the name of a file"),
    "a folder with content": ([A, odd(name=b"P/f/", mode=FOLDER)], "content of its own"),
    "encrypted": ([A, odd(flags=1)], "encrypted"),
    "packed in another way": ([A, odd(method=12)], "stored or deflated"),
    "packed in an unknown way": ([A, odd(method=77)], "stored or deflated"),
    "a comment of an entry": ([A, odd(comment=b"hidden")], "a comment"),
    "an unknown extra field": ([A, odd(extra=struct.pack("<2H", 0xCAFE, 6) + b"hidden")], "extra field"),
    "an extra field of its own": ([A, odd(local_extra=struct.pack("<2H", 0xCAFE, 6) + b"hidden")], "extra field"),
    "another name in an extra field": ([A, odd(extra=UNICODE_PATH)], "extra field"),
    "a cut extra field": ([A, odd(extra=struct.pack("<2H", 0x5455, 9))], "extra field"),
    "a name twice": ([A, A], "the name twice"),
    "a file that is a folder": ([A, odd(name=b"P/a/b")], "both"),
    "a folder that is a file": ([odd(name=b"P/a/b"), A], "both"),
    "names differing in case": ([A, odd(name=b"P/A")], "a|A"),
    "names differing in composition": ([odd(name="P/ä".encode()), odd(name="P/a\u0308".encode())], "another form"),
    "two folders at the top": ([A, odd(name=b"Q/a")], "2 names: P, Q"),
    "a file at the top": ([A, odd(name=b"beside")], "2 names"),
    "nothing but a file": ([odd(name=b"P")], "1 names"),
    "nothing": ([], "0 names"),
    "bytes between entries": ([Entry(name=b"P/x", behind=b"hidden"), A], "belong to no entry"),
    "bytes behind the last entry": ([A, odd(behind=b"hidden")], "belong to neither"),
    "another name of its own": ([A, odd(local={"name": b"P/eve"})], "something else than the directory"),
    "another size of its own": ([A, odd(local={"size": 3})], "something else than the directory"),
    "another length of its own": ([A, odd(local={"packed": 3})], "something else than the directory"),
    "another sum of its own": ([A, odd(local={"crc": 3})], "something else than the directory"),
    "another method of its own": ([A, odd(local={"method": 8})], "something else than the directory"),
    "other flags of its own": ([A, odd(local={"flags": 2})], "something else than the directory"),
    "no sizes behind the data": ([A, odd(flags=8, local={"size": 0, "packed": 0, "crc": 0})], "missing or wrong"),
    "a wrong sum": ([A, odd(crc=7)], "CRC-32"),
    "stored, and longer than said": ([A, odd(size=3)], "more than 3 bytes"),
    "stored, and shorter than said": ([A, odd(size=9)], "8 bytes"),
    "bytes behind a stream": ([A, odd(packed=deflate(b"content\n") + b"hidden", method=8)], "behind the end"),
    "a second stream": ([A, odd(packed=deflate(b"content\n") * 2, method=8)], "behind the end"),
    "a stream cut off": ([A, odd(packed=deflate(b"content\n")[:-2], method=8)], "too soon"),
    "no stream": ([A, odd(packed=b"\xff\xff\xff", method=8)], "cannot be inflated"),
    "a bomb": ([A, odd(data=bytes(1000), size=LARGE)], f"{LARGE} bytes packed into 1000"),
    "a bomb that keeps quiet": (
        [A, odd(packed=deflate(bytes(LARGE)), size=20_000, method=8)],
        "more than 20000 bytes",
    ),
}


@pytest.mark.parametrize(("entries", "why"), HOSTILE.values(), ids=HOSTILE)
def test_a_zip_that_could_be_read_in_two_ways_is_a_finding(tmp_path: Path, entries: list[Entry], why: str) -> None:
    """Nothing of such a zip is given out; the finding says why, and names the entry where there is one to name."""
    with opened(write(tmp_path / "p.zip", entries)) as (folder, wrong):
        assert folder is None
        told = "; ".join(f"{one.file}|{one.found}" for one in wrong)
        assert all(one.check == "bag-form" for one in wrong) and why in told, told
    assert not list(tmp_path.parent.glob("**/evil"))


ROUND: dict[str, dict[str, object]] = {
    "bytes before the first entry": {"before": b"#!/bin/sh\n"},
    "bytes before the directory": {"before_directory": b"hidden"},
    "bytes before the end": {"before_end": b"hidden"},
    "bytes behind the end": {"behind": b"hidden"},
    "a comment": {"comment": b"hidden"},
    "fewer entries than there are": {"count": 1},
    "more entries than there are": {"count": 9},
}


@pytest.mark.parametrize("more", ROUND.values(), ids=ROUND)
def test_bytes_about_the_directory_are_a_finding(tmp_path: Path, more: dict[str, object]) -> None:
    """Whatever stands before, behind or between what a zip needs is not passed over."""
    with opened(write(tmp_path / "p.zip", [A, B], **more)) as (folder, wrong):  # type: ignore[arg-type]
        assert folder is None and [one.check for one in wrong] == ["bag-form"]


def test_a_zip_written_by_hand_opens(tmp_path: Path) -> None:
    """The hand that writes the hostile ones writes a good one, too."""
    with opened(write(tmp_path / "p.zip", [A, B, Entry(name=b"P/f/", data=b"", mode=FOLDER)])) as (folder, wrong):
        assert wrong == () and folder is not None
        assert tree(folder) == {"a": b"content " * 50, "data/b": b"content\n"}


def test_a_damaged_zip_is_a_finding_and_never_more(tmp_path: Path) -> None:
    """Cut off anywhere, or with bytes changed anywhere, a zip unpacks to the same files or is a finding."""
    whole, dice = write(tmp_path / "p.zip", [A, B]).read_bytes(), Random(5)
    damaged = [whole[:at] for at in range(len(whole))]
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(dice.choice((1, 1, 2, 8))):
            data[dice.randrange(len(data))] = dice.randrange(256)
        damaged.append(bytes(data))
    for data in damaged:
        (tmp_path / "d.zip").write_bytes(data)
        with opened(tmp_path / "d.zip") as (folder, wrong):
            assert (folder is None) == bool(wrong)
            if folder is not None:  # what was hit does not matter to what is in it: a date, a mode
                assert tree(folder) == {"a": b"content " * 50, "data/b": b"content\n"}


def test_duplicate_entries_of_zipfile_are_a_finding(tmp_path: Path) -> None:
    """A later entry of the same name, which most tools take and some do not, is named."""
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("P/a", b"one")
        archive.writestr("P/a", b"two")
    with opened(tmp_path / "p.zip") as (folder, wrong):
        assert folder is None and ("P/a", "the name twice") in [(one.file, one.found) for one in wrong]


def test_a_package_that_has_no_room_is_no_finding_but_an_error(tmp_path: Path) -> None:
    """60 GB that are not there to be had are told before anything is written, with the way out."""
    size = shutil.disk_usage(tmp_path).free * 2
    if size > 8 << 40:
        pytest.skip("the disk is too large to claim more than it holds")
    name = b"P/huge"
    large = struct.pack("<2H2Q", 1, 16, size, size)
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 45, 0, 0, 0, 0x5C21, 0, *[0xFFFFFFFF] * 2, len(name), len(large))
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 0x32D, 45, 0, 0, 0, 0x5C21, 0, *[0xFFFFFFFF] * 2, len(name),
                        len(large), 0, 0, 0, 0, 0) + name + large  # fmt: skip
    place = len(local) + len(name) + len(large) + size
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(entry), place)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, place + len(entry), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(entry), 0xFFFFFFFF, 0)
    with (tmp_path / "p.zip").open("wb") as file:
        file.write(local + name + large)
        try:
            file.seek(place)
            file.write(entry + record + locator + end)
        except OSError:
            pytest.skip("no files with holes here")
    with pytest.raises(WorkError, match="free to unpack") as told, opened(tmp_path / "p.zip"):
        pass
    assert "unpack it yourself" in told.value.advice


@pytest.mark.parametrize("name", ["nothing", "x" * 5000, "a\0b", "pipe"])
def test_what_is_neither_folder_nor_file_is_said(tmp_path: Path, name: str) -> None:
    """A name that leads nowhere, one that cannot be, a pipe: an error that says so, at once."""
    if name == "pipe":
        os.mkfifo(tmp_path / name)
    with pytest.raises(SourceError, match="is no package"), opened(tmp_path / name):
        pass
