"""verify.py takes a zip only where every tool sees the same in it."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.evidence import bags
from workbench.evidence.verify_alone import check


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package as a folder."""
    return bags.build(tmp_path_factory.mktemp("zip") / "p", files={"exports/E1/Дверь.mp4": b"\0" * 9000})


def failed(path: Path) -> set[tuple[str, str]]:
    """Check and file of what failed."""
    return {(one["check"], one["file"]) for one in check(path) if one["verdict"] == "failed"}


def test_zips_of_other_tools_hold(package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Info-ZIP's entries for folders and times, and Zip64, are no findings."""
    if shutil.which("zip"):
        subprocess.run(["zip", "-qr", tmp_path / "a.zip", "p"], cwd=package.parent, check=True)
        assert not failed(tmp_path / "a.zip")
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    assert not failed(bags.zipped(package, tmp_path / "b.zip"))
    assert b"PK\6\6" in (tmp_path / "b.zip").read_bytes()[-200:]


Write = Callable[[zipfile.ZipFile], None]
WRITTEN: dict[str, Write] = {
    "a file beside the folder": lambda z: z.writestr("x", "x"),
    "another folder": lambda z: z.writestr("q/bagit.txt", "x"),
    "a way out of the folder": lambda z: z.writestr("p/../../x", "x"),
    "an entry twice": lambda z: z.writestr("p/bagit.txt", "x"),
    "an empty folder": lambda z: z.writestr("p/data/more/", ""),
    "a folder with content": lambda z: z.writestr("p/data/", "x"),
    "a link": lambda z: z.writestr(_info("p/data/clock/x", mode=0o120777), "/etc/passwd"),
    "a device": lambda z: z.writestr(_info("p/data/clock/x", mode=0o020600), ""),
    "bzip2": lambda z: z.writestr("p/data/clock/x", "x", zipfile.ZIP_BZIP2),
    "a comment of an entry": lambda z: z.writestr(_info("p/data/clock/x", comment=b"x"), ""),
    "an extra field": lambda z: z.writestr(_info("p/data/clock/x", extra=b"\x75\x70\1\0x"), ""),
    "a comment": lambda z: setattr(z, "comment", b"x"),
}


def _info(name: str, *, mode: int = 0o100644, comment: bytes = b"", extra: bytes = b"") -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr, info.comment, info.extra = mode << 16, comment, extra
    return info


@pytest.mark.parametrize("write", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_what_does_not_belong_into_a_zip_is_found(package: Path, tmp_path: Path, write: Write) -> None:
    """Entries that a package cannot have are findings of its form."""
    path = bags.zipped(package, tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as file:
        write(file)
    assert "bag-form" in {name for name, _ in failed(path)}


BYTES: dict[str, Callable[[bytes, int], bytes]] = {
    "bytes before": lambda data, start: b"MZ" + data,
    "bytes behind": lambda data, start: data + b"\0",
    "bytes between entries and directory": lambda data, start: data[:start] + b"hidden" + data[start:],
    "cut": lambda data, start: data[:-1],
    "cut in the middle": lambda data, start: data[: len(data) // 2],
    "another name in the entry": lambda data, start: data.replace(b"p/README.txt", b"p/READYE.txt", 1),
    "encrypted": lambda data, start: _both(data, start, 6, 8, b"\1\0"),
    "sizes behind the data": lambda data, start: _both(data, start, 6, 8, b"\x08\0"),
    "fewer entries": lambda data, start: data[:-14] + b"\1\0\1\0" + data[-10:],
    "an endless directory": lambda data, start: data[:-10] + b"\xff\xff\xff\x7f" + data[-6:],
    "a bomb": lambda data, start: _both(data, start, 22, 24, b"\xff\xff\xff\x7f"),
}


def _both(data: bytes, start: int, local: int, listed: int, new: bytes) -> bytes:
    """A field of the first entry, in the entry and in the directory."""
    for place in (local, start + listed):
        data = data[:place] + new + data[place + len(new) :]
    return data


@pytest.mark.parametrize("change", BYTES.values(), ids=BYTES)
def test_bytes_that_tools_may_read_differently_are_found(
    package: Path, tmp_path: Path, change: Callable[[bytes, int], bytes]
) -> None:
    """A zip whose parts do not fit together is a finding, and nothing is raised."""
    path = bags.zipped(package, tmp_path / "a.zip")
    with zipfile.ZipFile(path) as file:
        start = file.start_dir
    path.write_bytes(change(path.read_bytes(), start))
    assert failed(path) & {("bag-form", ""), ("bag-form", "README.txt")}


def test_bytes_behind_the_end_of_a_deflated_entry_are_found(package: Path, tmp_path: Path) -> None:
    """An entry that holds more than its deflated data is no entry as it must be, though its CRC-32 and size fit."""
    content = (package / "README.txt").read_bytes()
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = squeeze.compress(content) + squeeze.flush()
    for more, bad in ((b"", False), (b"hidden", True)):
        path = tmp_path / f"{bad}.zip"
        entries: list[tuple[bytes, bytes, int, int, int]] = []
        for file in sorted(f for f in package.rglob("*") if f.is_file()):
            data, name = file.read_bytes(), f"p/{file.relative_to(package).as_posix()}".encode()
            special = file.name == "README.txt"
            body, method = (packed + more, 8) if special else (data, 0)
            entries.append((name, body, method, zlib.crc32(data), len(data)))
        path.write_bytes(_zip(entries))
        assert failed(path) == ({("tag-hash", "README.txt")} if bad else set())


def _zip(entries: list[tuple[bytes, bytes, int, int, int]]) -> bytes:
    """A zip from names, packed bytes, methods, checksums and sizes."""
    out, listed = b"", b""
    for name, body, method, crc, size in entries:
        common = struct.pack("<3HHH3L2H", 20, 0x800, method, 0, 33, crc, len(body), size, len(name), 0)
        listed += b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<3H2L", 0, 0, 0, 0, len(out)) + name
        out += b"PK\3\4" + common + name + body
    count = len(entries)
    return out + listed + b"PK\5\6" + struct.pack("<4H2LH", 0, 0, count, count, len(listed), len(out), 0)


def test_a_changed_byte_of_a_zip_is_found_or_no_content(package: Path, tmp_path: Path) -> None:
    """Of the bytes of entries' heads only versions and dates, which are no content, may change unnoticed."""
    path = bags.zipped(package, tmp_path / "a.zip", compressed=False)
    data = path.read_bytes()
    with zipfile.ZipFile(path) as file:
        first = file.infolist()[0]
    for place in range(30 + len(first.filename)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x11]) + data[place + 1 :])
        assert bool(failed(path)) is (place not in (4, 5, 10, 11, 12, 13)), place
