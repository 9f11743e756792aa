"""What leaks are planted into: clean files, and how a plant looks."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Clean files to start from."""

    mp4: Path
    mkv: Path
    avi: Path
    sound: Path
    """An MP4 with sound."""
    export: Path
    """An MP4 that an export made, with sound, its record beside it."""
    report: Path
    """A report's PDF."""
    jpg: bytes
    png: bytes
    secret: bytes
    """A PNG that nobody may see."""


Plant = Callable[[Material, Path], None]


def ffmpeg(*arguments: str | Path) -> None:
    """Run Debian's ffmpeg quietly."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


def behind(original: str) -> Plant:
    """Bytes of the secret behind the end of a clean file."""

    def plant(m: Material, to: Path) -> None:
        data = getattr(m, original)
        to.write_bytes((data if isinstance(data, bytes) else data.read_bytes()) + m.secret)

    return plant
