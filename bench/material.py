"""The recordings the benches work on, made once by ffmpeg and kept in the user's cache folder.

Long ones are short encodes looped by stream copy, so that an hour costs seconds to make; each lies in an
archive folder of its own.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

X264 = [
    "-c:v",
    "libx264",
    "-preset",
    "veryfast",
    "-pix_fmt",
    "yuv420p",
    "-bf",
    "2",
    "-g",
    "100",
    "-sc_threshold",
    "0",
]


def folder() -> Path:
    """Where bench material is kept."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "forensic-workbench-bench"
    base.mkdir(parents=True, exist_ok=True)
    return base


def _ffmpeg(*words: str) -> None:
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *words], check=True)


def loop(seconds: int, size: str = "1920x1080", rate: str = "2500k") -> Path:
    """A moving test picture with noise, 20 s of H.264 looped to `seconds`, as ``<archive>/cam/loop.mp4``."""
    target = folder() / f"{size}-{rate}-{seconds}" / "cam" / "loop.mp4"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    seed = folder() / f"seed-{size}-{rate}.mp4"
    if not seed.exists():
        picture = f"testsrc2=size={size}:rate=25,noise=alls=6:allf=t"
        part = seed.with_suffix(".part.mp4")
        _ffmpeg(
            "-f",
            "lavfi",
            "-i",
            picture,
            "-t",
            "20",
            *X264,
            "-b:v",
            rate,
            "-maxrate",
            rate,
            "-bufsize",
            rate,
            str(part),
        )
        part.rename(seed)
    part = target.with_suffix(".part.mp4")
    _ffmpeg("-stream_loop", str(seconds // 20 - 1), "-i", str(seed), "-map", "0:v", "-c", "copy", str(part))
    part.rename(target)
    return target


def archive(recording: Path) -> Path:
    """The archive folder a recording lies in."""
    return recording.parent.parent


def mask_png(size: str, points: list[tuple[float, float]]) -> Path:
    """A picture of a filled polygon on a transparent ground, for ffmpeg's overlay."""
    from PIL import Image, ImageDraw

    width, height = map(int, size.split("x"))
    target = folder() / f"mask-{size}.png"
    image = Image.new("RGBA", (width, height))
    ImageDraw.Draw(image).polygon([(x * width, y * height) for x, y in points], fill=(0, 0, 0, 255))
    image.save(target)
    return target
