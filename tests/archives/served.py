"""A small archive of truth clips, and the `serve` command over it as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli import ROOT, command
from tests.truth import Clip, make

HALL = Clip(name="hall", frames=75, gop=25, audio=True)
"""Three seconds, a key frame a second."""
YARD = Clip(name="yard", frames=30, gop=10, rate=HALL.rate, bframes=2)
BEGIN = 1_772_359_200_000_000
"""2026-03-01T10:00:00Z, the hall's first picture."""
LATER = BEGIN + 10_000_000
"""The begin of its second recording: seven seconds are missing between them."""


def archive(folder: Path) -> Path:
    """The hall with two recordings and a gap, and a yard that nobody dates."""
    hall = folder / "hall"
    hall.mkdir(parents=True)
    data = make(HALL).read_bytes()
    (hall / "20260301T100000.mp4").write_bytes(data)
    (hall / "20260301T100010.mp4").write_bytes(data)
    (folder / "yard.mp4").write_bytes(make(YARD).read_bytes())
    (folder / "archive.toml").write_text('[source.hall]\nname = "Entrance hall"\n')
    return folder


@contextmanager
def serving(folder: Path, state: Path, *more: str) -> Iterator[str]:
    """The URL of a server over `folder`, in a process of its own; without users unless `more` names some."""
    access = [] if "--users" in more else ["--no-auth"]
    words = [*command(), "serve", str(folder), "--port", "0", "--state", str(state), *access, *more]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    assert process.stderr is not None
    try:
        said = []
        url = ""
        for line in process.stderr:
            said.append(line.decode())
            if b"serving at " in line:
                url = line.decode().split()[2]
                break
        assert url, "".join(said)
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stderr.close()
