"""What a whole run of the tests left behind, searched for the planted secrets (`planted`), in seconds.

    swept = sweep(base_temp)
    swept.hits          ["test_x0/log.txt: base64 at 1"], [] where there is none
    swept.said          how much was searched, and what was not

Names and bytes of every file are searched, the same bytes once wherever they lie, and the members of zip files and the
packed streams of PDFs. It is coarser than `leaked`, which judges the staged scenario of `test_secrets`: long files are
searched at both ends only, and what a picture or a page shows is not read back.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.leaked import spellings
from tests.planted import WORD

WHOLE = 8 * 2**20
"""Bytes; of longer files this much is searched at either end."""
SECONDS = 60.0
"""After so long the rest is left, and told."""
FORMS = tuple((how, form) for how, form in spellings(WORD) if not how.startswith("base64url"))
_STREAM = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)


@dataclass(slots=True)
class Swept:
    """What was found, and how much was looked at."""

    hits: list[str] = field(default_factory=list)
    files: int = 0
    size: int = 0
    long: int = 0
    """Files of which only the ends were searched."""
    left: list[str] = field(default_factory=list)
    """Files that were not searched."""

    @property
    def said(self) -> str:
        """One line on how much of it was searched."""
        found = f"{self.files} files, {self.size / 2**20:.0f} MiB searched for planted secrets: {len(self.hits)} hits"
        ends = f"; of {self.long} longer than 16 MiB only both ends" if self.long else ""
        return found + ends + (f"; NOT SEARCHED: {len(self.left)}, {self.left[0]} first" if self.left else "")


def sweep(folder: Path, seconds: float = SECONDS) -> Swept:
    """Search everything below `folder`; links are not followed, and of hard links one is read."""
    swept, until, seen = Swept(), time.monotonic() + seconds, set[bytes | tuple[int, int]]()
    for root, folders, files in os.walk(folder, onerror=lambda exc: swept.left.append(str(exc.filename))):
        for name in (*folders, *files):
            path = Path(root, name)
            label = os.fsencode(path.relative_to(folder)).decode("utf-8", "replace")
            swept.hits += [f"name of {label}: {how}" for how in given_away(os.fsencode(name))]
            if name in files and not path.is_symlink():
                _search(path, label, swept, until, seen)
    return swept


def _search(path: Path, label: str, swept: Swept, until: float, seen: set[bytes | tuple[int, int]]) -> None:
    try:
        info = path.stat()
        if not path.is_file() or (info.st_dev, info.st_ino) in seen:
            return
        seen.add((info.st_dev, info.st_ino))
        if time.monotonic() > until:
            swept.left.append(label)
            return
        data = _read(path, info.st_size)
    except OSError:
        swept.left.append(label)
        return
    swept.files += 1
    swept.size += len(data)
    swept.long += info.st_size > 2 * WHOLE
    if (digest := hashlib.sha256(data).digest()) in seen:
        return
    seen.add(digest)
    swept.hits += [f"{label}{place}: {how}" for place, part in contents(data) for how in given_away(part)]


def _read(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        if size <= 2 * WHOLE:
            return file.read()
        begin = file.read(WHOLE)
        file.seek(-WHOLE, os.SEEK_END)
        return begin + file.read()


def given_away(data: bytes) -> list[str]:
    """The spellings in which the shared word stands in `data`."""
    return [how for how, form in FORMS if form in data]


def contents(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(where, bytes) of a file: itself, members of a zip file, packed streams of a PDF."""
    yield "", data
    if data.startswith(b"PK\x03\x04"):
        yield from _of_zip(data)
    if data.startswith(b"%PDF-"):
        for number, stream in enumerate(_STREAM.finditer(data)):
            unpacked = zlib.decompressobj()
            try:
                yield f"!stream {number}", unpacked.decompress(stream[1], WHOLE)
            except zlib.error:
                continue  # not packed in this way: its bytes were searched as they lie there


def _of_zip(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as box:
            for member in box.infolist():
                with box.open(member) as file:
                    yield f"!{member.filename}", member.filename.encode("utf-8", "replace") + file.read(WHOLE)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, zlib.error, ValueError):
        return  # damaged on purpose by a test: its bytes were searched as they lie there
