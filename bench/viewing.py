"""The exact frame for eyes: seek and step medians on 1080p H.264 (GOP 50, B-frames), beside plain PyAV in the same run.

python -m bench.viewing [--seconds 60] [--width 0]
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from workbench import LocalArchive, Offset

RATE, SIZE = 25, (1920, 1080)


def make(path: Path, seconds: int) -> None:
    """A clip with moving noise, so that its pictures cost what a camera's cost."""
    rng = np.random.default_rng(7)
    texture = rng.integers(0, 255, (SIZE[1] + 64, SIZE[0] + 64, 3), np.uint8)
    texture = (texture // 4 + np.linspace(0, 160, SIZE[0] + 64, dtype=np.uint8)[None, :, None]).astype(np.uint8)
    options = {"preset": "veryfast", "g": "50", "keyint_min": "50", "sc_threshold": "0", "bf": "2", "crf": "28"}
    with av.open(path, "w") as out:
        stream = out.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        for n in range(seconds * RATE):
            shift = n % 64
            picture = np.ascontiguousarray(texture[shift : shift + SIZE[1], shift : shift + SIZE[0]])
            frame = av.VideoFrame.from_ndarray(picture, "rgb24")
            frame.pts, frame.time_base = n, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def plain(path: Path, n: int) -> bytes:
    """Seek and decode with PyAV as one writes it at first."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        wanted = int(Fraction(n, RATE) / (stream.time_base or Fraction(1, 90_000)))
        container.seek(wanted, stream=stream)
        for frame in container.decode(stream):
            if frame.pts is not None and frame.pts >= wanted:
                return bytes(frame.to_ndarray(format="rgb24")[:1])
    return b""


def us(n: int) -> int:
    """Instant of a picture."""
    return n * 1_000_000 // RATE


def median(name: str, work: list[float]) -> None:
    """Print one row."""
    print(
        f"{name:34} median {statistics.median(work) * 1000:7.1f} ms   worst {max(work) * 1000:7.1f} ms   n {len(work)}"
    )


def timed(asked: Sequence[int], look: Callable[[int], object]) -> list[float]:
    """Wall time of each call."""
    out = []
    for n in asked:
        begun = time.perf_counter()
        look(n)
        out.append(time.perf_counter() - begun)
    return out


def all_of(name: str, work: Callable[[], object], child: int | None = None) -> None:
    """Print wall and CPU time of one call; `child` is a worker whose CPU time counts as well."""
    spent, begun = _cpu(child), time.perf_counter()
    work()
    print(f"{name:34} wall {time.perf_counter() - begun:6.2f} s   CPU {_cpu(child) - spent:6.2f} s")


def _cpu(child: int | None) -> float:
    ours = sum(os.times()[:2])
    if child is None or not Path(f"/proc/{child}/stat").exists():
        return ours
    fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    return ours + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Make the clip, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--width", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hall.mp4"
        make(path, given.seconds)
        archive = LocalArchive(path, Path(folder) / "cache")
        begun = time.perf_counter()
        archive.sources()
        print(f"indexed in {time.perf_counter() - begun:.2f} s")
        rng, last = random.Random(3), given.seconds * RATE - 60
        seeks = [rng.randrange(last) for _ in range(40)]
        begin = last // 2

        def look(n: int) -> object:
            return archive.view("hall.mp4", Offset(us(n)), width=given.width)

        look(0)
        worker = archive._worker.pid
        all_of("40 seeks", lambda: median("seek", timed(seeks, look)), worker)
        all_of("100 steps on", lambda: median("step on", timed(range(begin, begin + 100), look)), worker)
        all_of("100 steps back", lambda: median("step back", timed(range(begin + 100, begin, -1), look)), worker)
        for unit in ("frame", "key", "second", "gap"):
            median(f"archive.step, {unit}", timed(seeks, lambda n, u=unit: archive.step("hall.mp4", us(n), 1, u)))  # type: ignore[misc]
        all_of("20 thumbnails", lambda: archive.thumbnails("hall.mp4", None, None, 20), worker)
        all_of("40 seeks, plain PyAV", lambda: median("plain PyAV", timed(seeks, lambda n: plain(path, n))))
        archive.close()


if __name__ == "__main__":
    main()
