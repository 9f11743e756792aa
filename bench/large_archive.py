"""How quickly an archive of a month opens: 16 cameras × 30 days of one-minute recordings, 691,200 files.

    python -m bench.large_archive FOLDER [--cameras 16] [--files 43200] [--heads 1000]

Real: the file names, their listing and states, dating, laying, catalogues, and one recording of a minute per camera.
Not real: all files of a camera are hard links to that recording, and the catalogue is made by telling each of them the
head of the first, since indexing 691,200 videos is no part of what is measured. `--heads` counts the files whose heads
lie in the cache one by one: what every opening read before there were catalogues.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import av
import numpy as np

from workbench import LocalArchive, Offset
from workbench.archives.catalogue import path_of
from workbench.archives.laying import Shelf
from workbench.media.heads import load_head

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


def make(folder: Path, cameras: int, files: int) -> None:
    """The recordings; what is there stays."""
    for number in range(cameras):
        camera = folder / f"camera {number:02d}"
        camera.mkdir(parents=True, exist_ok=True)
        one = camera / f"{BEGIN:%Y%m%dT%H%M%S}.mp4"
        if not one.exists():
            _record(one)
        for minute in range(1, files):
            link = camera / f"{BEGIN + timedelta(minutes=minute):%Y%m%dT%H%M%S}.mp4"
            if not link.exists():
                os.link(one, link)


def _record(path: Path) -> None:
    """A minute less a second, so that there is a gap behind each file."""
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=5, options={"g": "50", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for n in range(59 * 5):
            frame = av.VideoFrame.from_ndarray(np.full((240, 320, 3), n % 255, np.uint8), "rgb24")
            frame.pts, frame.time_base = n, Fraction(1, 5)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def catalogues(folder: Path, cache: Path) -> None:
    """Lay all sources out, with the head of a camera's first recording told for all of its recordings."""
    real, told = Shelf.head, dict[str, Any]()

    def head(self: Shelf, path: Path, note: Callable[[str], None]) -> dict[str, Any] | None:
        if path.parent.name not in told:
            told[path.parent.name] = real(self, path, note)
        found: dict[str, Any] | None = told[path.parent.name]
        return found

    Shelf.head = head  # type: ignore[method-assign]
    for name in Shelf(folder, cache, (archive := LocalArchive(folder, cache)).config, archive._worker).names():
        archive.line(name)
        archive._shelf._kept.clear()
    Shelf.head = real  # type: ignore[method-assign]
    archive.close()


def opened(folder: Path, cache: Path) -> None:
    """One process: open, and say how long it took."""
    begun = time.perf_counter()
    archive = LocalArchive(folder, cache)
    found = archive.overviews()
    took = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shown = sum(len(one.stretches) for one in found)
    print(f"overviews of {len(found)} sources  {took:6.2f} s   peak {peak:.0f} MB   {shown} stretches")
    print(
        "checked:", {one.checked for one in found}, " gaps drawn over:", sum(s.gaps for o in found for s in o.stretches)
    )
    name, day = found[-1].source, (Offset(86_400_000_000), Offset(2 * 86_400_000_000))
    for turn in ("first", "second"):
        _timed(f"coverage of a day, {turn} time", lambda: archive.coverage(name, day))
    for turn in ("first", "second"):
        at = Offset(100_000_000_000 + (turn == "second") * 600_000)
        _timed(f"frame, {turn} time", partial(archive.frame, name, at))
    archive.close()


def _timed(what: str, ask: Callable[[], object]) -> None:
    begun = time.perf_counter()
    ask()
    print(f"{what:32} {time.perf_counter() - begun:6.2f} s")


def heads(folder: Path, cache: Path, count: int) -> None:
    """The way without catalogues: one head file read for each recording."""
    shelf = Shelf(folder, cache, (archive := LocalArchive(folder, cache)).config, archive._worker)
    name = shelf.names()[0]
    paths = shelf.paths(shelf.laid(name).scan)[:count]
    first = shelf.index_path(paths[0])
    for path in paths[1:]:
        index = shelf.index_path(path)
        index.parent.mkdir(parents=True, exist_ok=True)
        for suffix in (".json", ".npy"):
            place = index.with_name(index.name + suffix)
            if not place.exists():
                place.write_bytes(first.with_name(first.name + suffix).read_bytes())
    begun = time.perf_counter()
    assert all(load_head(shelf.index_path(path)) for path in paths)
    took = time.perf_counter() - begun
    print(f"heads of {count} files one by one   {took:6.2f} s   691,200 so: {took / count * 691_200:.0f} s")
    archive.close()


def main() -> None:
    """Make, then open in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cameras", type=int, default=16)
    parser.add_argument("--files", type=int, default=43_200)
    parser.add_argument("--heads", type=int, default=1000)
    parser.add_argument("--open", action="store_true", help="only open what is there")
    given = parser.parse_args()
    folder, cache = given.folder / "recordings", given.folder / "cache"
    if given.open:
        opened(folder, cache)
        return
    make(folder, given.cameras, given.files)
    catalogues(folder, cache)
    one = path_of(cache, os.path.realpath(folder), "camera 00")
    print(f"catalogue of {given.files} recordings: {one.stat().st_size / 1e6:.1f} MB")
    for _ in range(2):
        subprocess.run([sys.executable, "-m", "bench.large_archive", str(given.folder), "--open"], check=True)
    heads(folder, cache, min(given.heads, given.files))


if __name__ == "__main__":
    main()
