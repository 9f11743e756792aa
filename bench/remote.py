"""Figures 4 and 5 in one command: ``python3 bench/remote.py [--quick] [--only many,kills,overhead,download]``.

    many       32 exports at once through a server with two slots: none lost, none mixed up, its memory bounded
    kills      a server killed with -9 ten times while it works: every export made, no half file handed out
    overhead   the same request locally, through our server, and with the engine called directly
    download   a file of some hundred MB, hashed while it comes, beside curl

Servers are processes of their own on loopback; the judge of every file is the local engine's SHA-256.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.material import archive as place_of
from bench.material import folder, loop
from tests.server.striking import Process, look, start, survive, wanted
from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.archives.remote import RemoteArchive
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset, instant
from workbench.vms.client import Client
from workbench.vms.following import follow
from workbench.vms.wire import body, paths

ROOT = Path(__file__).resolve().parent.parent
MB = 2**20
FIXED, SHARE, PACE = 0.5, 0.05, 0.7
"""Figure 5: seconds and share that the remote way may cost more; least part of curl's speed."""


def main() -> int:
    """Measure what was asked for; exit code 1 where a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer, shorter")
    parser.add_argument("--only", default="many,kills,overhead,download", help="which figures, by commas")
    args = parser.parse_args()
    measures: dict[str, Callable[[Path, bool], bool]] = {
        "many": many,
        "kills": kills,
        "overhead": overhead,
        "download": download,
    }
    good = True
    for name in args.only.split(","):
        with tempfile.TemporaryDirectory(dir=folder()) as scratch:
            good &= measures[name](Path(scratch), args.quick)
    return int(not good)


def many(scratch: Path, quick: bool) -> bool:
    """32 exports at once."""
    exports = wanted(8 if quick else 32, scratch / "local", seed=4)
    with serving(scratch) as server, watched(server.process.pid) as memory:
        began = time.monotonic()
        shares = [exports[share::8] for share in range(8)]
        threads = [threading.Thread(target=_ask, args=(server.url, share)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with Client(server.url) as client:
            while not look(client, exports, scratch):
                time.sleep(0.1)
        took = time.monotonic() - began
    right = sum(one.right for one in exports)
    idle, peak = memory[0], max(memory)
    print(
        f"many: {len(exports)} exports at once, {right} right, {len({one.id for one in exports})} ids, {took:.1f} s; "
        f"server and workers {idle:.0f} MB idle, {peak:.0f} MB at most"
    )
    return right == len(exports)


def kills(scratch: Path, quick: bool) -> bool:
    """A server killed while it works."""
    count = 2 if quick else 10
    exports = wanted(4 * count, scratch / "local", seed=5, seconds=8)
    took = survive(exports, scratch / "state", scratch, count, seed=5)
    right, fetched = sum(one.right for one in exports), sum(len(one.hashes) for one in exports)
    half = sum(h != one.sha256 for one in exports for h in one.hashes)
    print(
        f"kills: {count} × kill -9 in {took:.1f} s, {len(exports)} exports, {right} made and right, "
        f"{fetched} files fetched, {half} of them half or wrong"
    )
    return right == len(exports) and half == 0


def overhead(scratch: Path, quick: bool) -> bool:
    """The same requests on both sides, in turn."""
    seconds, repeat = (60, 3) if quick else (600, 5)
    place = place_of(loop(seconds))
    good = True
    local = LocalArchive(place)
    with serving(scratch, place) as server:
        remote = RemoteArchive(server.url, cache=scratch / "cache")
        camera = remote.sources()[0].id
        for name, spec in _specs(seconds).items():
            away = replace(spec, source=camera, begin=_dated(spec.begin), end=_dated(spec.end))
            ours, theirs, engine = [], [], []
            for turn in range(repeat + 1):
                here, one = _timed(local, spec, scratch / f"{name}-l{turn}")
                there, other = _timed(remote, away, scratch / f"{name}-r{turn}")
                if one != other:
                    raise AssertionError(f"{name}: the two ways made different files")
                if turn:  # the first warms indexes and processes
                    ours.append(here)
                    theirs.append(there)
                    engine.append(_engine(spec, place, scratch / f"{name}-e{turn}"))
            near, far, bare = (statistics.median(t) for t in (ours, theirs, engine))
            allowed = near * (1 + SHARE) + FIXED
            good &= far <= allowed
            print(
                f"overhead: {name}: locally {near:.2f} s, through the server {far:.2f} s (allowed {allowed:.2f}): "
                f"{'ok' if far <= allowed else 'MISSED'}; the engine without proof, its start included, {bare:.2f} s"
            )
        remote.close()
    local.close()
    return good


def download(scratch: Path, quick: bool) -> bool:
    """One large file, ours and curl's, in turn."""
    seconds, repeat = (120, 3) if quick else (1200, 5)
    place = place_of(loop(seconds))
    ours, theirs, whole = [], [], []
    with serving(scratch, place) as server, Client(server.url) as client:
        camera = client.cameras()[0].id
        spec = ExportSpec(source="cam", begin=Offset(0), end=Offset(seconds * 1_000_000), format="mkv")
        id_ = client.start_export(camera, 0, seconds * 1_000_000, body.write(spec))
        name = follow(client, id_).files[0]
        curl = ["curl", "-sS", "--fail", "-G", "--data-urlencode", f"name={name}", server.url + paths.export_file(id_)]
        for turn in range(repeat + 1):
            mine, other = scratch / f"ours{turn}", scratch / f"curl{turn}"
            began = time.monotonic()
            got = client.download(id_, name, mine)
            middle = time.monotonic()
            subprocess.run([*curl, "-o", other], check=True)
            bare = time.monotonic()
            told = subprocess.run(["sha256sum", other], check=True, capture_output=True, text=True).stdout
            subprocess.run(["sync", other], check=True)
            if turn:  # the first warms the file cache
                ours.append(middle - began)
                theirs.append(bare - middle)
                whole.append(time.monotonic() - middle)
            if told.split()[0].lstrip("\\") != got.sha256 or got.sha256 != got.server_sha256:
                raise AssertionError("what came is not what the server has")
            mine.unlink()
            other.unlink()
    near, far, alike = (statistics.median(t) for t in (ours, theirs, whole))
    size, pace = got.size / MB, far / near
    print(
        f"download: {size:.0f} MB, ours (hashed, synced) {size / near:.0f} MB/s, curl {size / far:.0f}: {pace:.2f} "
        f"of its speed (at least {PACE}); beside curl, sha256sum and sync, {size / alike:.0f} MB/s: {alike / near:.2f}"
    )
    return pace >= PACE


def _specs(seconds: int) -> dict[str, ExportSpec]:
    end = seconds * 1_000_000
    return {
        "one frame": ExportSpec(source="cam", begin=Offset(3_000_000), end=Offset(3_000_000), format="jpg"),
        "10 s, cut inside a GOP": ExportSpec(
            source="cam", begin=Offset(5_480_000), end=Offset(15_480_000), format="mp4"
        ),
        "5 s coded anew": ExportSpec(
            source="cam", begin=Offset(5_480_000), end=Offset(10_480_000), format="mp4", rate_divisor=2
        ),
        f"{seconds} s copied": ExportSpec(source="cam", begin=Offset(0), end=Offset(end), format="mkv"),
    }


def _dated(moment: object) -> object:
    """The same instant at a server, which serves what is undated from 1970 on."""
    return instant(moment.us) if isinstance(moment, Offset) else moment


def _timed(archive: Archive, spec: ExportSpec, out: Path) -> tuple[float, list[str]]:
    os.sync()  # what the turn before wrote must not be waited for here
    began = time.monotonic()
    result = archive.run(archive.plan(spec), out)
    return time.monotonic() - began, [f.sha256 for f in result.files if f.frames_shown is not None]


def _engine(spec: ExportSpec, place: Path, out: Path) -> float:
    if spec.is_frame:
        return float("nan")  # `engine_only` makes videos
    asked = out.with_suffix(".json")
    asked.write_text(json.dumps(spec.to_json()))
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "bench.engine_only", asked, place, out], check=True, cwd=ROOT)
    return time.monotonic() - began


def _ask(url: str, share: list) -> None:  # type: ignore[type-arg]
    with Client(url) as client:
        start(client, share)


@contextmanager
def serving(scratch: Path, place: Path | None = None) -> Iterator[Process]:
    """A server as a process."""
    server = Process(scratch / "state", place) if place is not None else Process(scratch / "state")
    try:
        yield server
    finally:
        server.end()


@contextmanager
def watched(pid: int) -> Iterator[list[float]]:
    """Memory of a process and its children, proportional set size in MB, sampled while the block runs."""
    samples = [_memory(pid)]
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            samples.append(_memory(pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        over.set()
        thread.join()


def _memory(pid: int) -> float:
    total = 0.0
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total = next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            total += sum(_memory(int(child)) for child in children.read_text().split())
    except OSError:
        return total  # it ended meanwhile
    return total


if __name__ == "__main__":
    sys.exit(main())
