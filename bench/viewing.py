"""The exact frame for eyes: seek and step medians on 1080p H.264 (GOP 50, B-frames), beside plain PyAV in the same run.

python -m bench.viewing [--seconds 60] [--width 0]
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
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
        wanted = int(n / RATE / stream.time_base)
        container.seek(wanted, stream=stream)
        for frame in container.decode(stream):
            if frame.pts is not None and frame.pts >= wanted:
                return bytes(frame.to_ndarray(format="rgb24")[:1])
    return b""


def median(name: str, work: list[float]) -> None:
    """Print one row."""
    print(
        f"{name:34} median {statistics.median(work) * 1000:7.1f} ms   worst {max(work) * 1000:7.1f} ms   n {len(work)}"
    )


def timed(asked: list[int], look: object) -> list[float]:
    """Wall time of each call."""
    out = []
    for n in asked:
        begun = time.perf_counter()
        look(n)  # type: ignore[operator]
        out.append(time.perf_counter() - begun)
    return out


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
            return archive.view("hall.mp4", Offset(n * 1_000_000 // RATE), width=given.width)

        look(0)
        median("seek", timed(seeks, look))
        median("step forward", timed(list(range(begin, begin + 100)), look))
        median("step backward", timed(list(range(begin + 100, begin, -1)), look))
        median("plain PyAV: seek, decode, to RGB", timed(seeks, lambda n: plain(path, n)))
        archive.close()


if __name__ == "__main__":
    main()
