"""A server in a process of its own, many exports at once through it, and ``kill -9`` while they run.

The judge is the local engine: exports are repeatable to the byte, so each file that the server hands out must have the
hash of the file that the same spec makes locally. Whatever else it hands out is half, spliced or somebody else's.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.server.exports import RECORDINGS
from workbench.archives.local import LocalArchive
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset, instant, instant_us
from workbench.vms.client import Client
from workbench.vms.wire import body

SERVE = """
import json, sys
from pathlib import Path
from workbench.server.serving import serve
setup = json.loads(sys.argv[3])
serve(sys.argv[1], port=0, state=Path(sys.argv[2]), **setup, on_ready=lambda url: print(url, flush=True))
"""
ROOT = Path(__file__).resolve().parents[2]


class Process:
    """A server over an archive, as a process that can be killed."""

    def __init__(
        self,
        state: Path,
        place: Path = RECORDINGS,
        *,
        before: Sequence[str] = (),
        more: Mapping[str, str] | None = None,
        **setup: Any,
    ) -> None:
        """Start it, with `before` in front of its words and `more` in its environment; wait until it listens."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), **(more or {})}
        self._log = (state.parent / f"{state.name}.log").open("ab")
        self.process = subprocess.Popen(
            [*before, sys.executable, "-P", "-c", SERVE, str(place), str(state), json.dumps({"queue": 64, **setup})],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().decode().strip()
        if not self.url:
            self.end(signal.SIGKILL)
            raise AssertionError("the server did not start")

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it so, and wait until it is gone."""
        self.process.send_signal(how)
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()


@dataclass(slots=True)
class Wanted:
    """One export: what is asked for, the hash its one file must have, and what became of it."""

    spec: ExportSpec
    sha256: str
    camera: str = ""
    id: str = ""
    state: int = -1
    error: str = ""
    hashes: list[str] = field(default_factory=list)
    """Of everything that was fetched of it."""

    @property
    def right(self) -> bool:
        """Complete, and never handed out in any other form."""
        return self.state == 2 and set(self.hashes) == {self.sha256}


def wanted(count: int, out: Path, seed: int = 1, seconds: float = 4.0, place: Path = RECORDINGS) -> list[Wanted]:
    """Different exports of an archive, made locally first."""
    chance = random.Random(seed)
    archive = LocalArchive(place)
    found = []
    try:
        sources = [source for source in archive.sources() if source.dated and source.first is not None]
        for number in range(count):
            source = sources[number % len(sources)]
            first, last = source.first or 0, source.last or 0
            begin = first + chance.randrange(max(1, min(last - first, 20_000_000) - 3_000_000))
            length = int(chance.uniform(0.5, 1.0) * seconds * 1_000_000)
            form = ("mp4", "mkv", "avi", "jpg")[number % 4]
            end = begin if form == "jpg" else begin + length
            spec = ExportSpec(source=source.id, begin=instant(begin), end=instant(end), format=form)  # type: ignore[arg-type]
            result = archive.run(archive.plan(spec), out / str(number))
            found.append(Wanted(spec, result.files[0].sha256, source.name))
    finally:
        archive.close()
    return found


def start(client: Client, exports: Sequence[Wanted]) -> None:
    """Ask for all of them, one after another, without waiting for any."""
    ids = {camera.name: camera.id for camera in client.cameras()}
    for one in exports:
        assert not isinstance(one.spec.begin, Offset) and not isinstance(one.spec.end, Offset)
        begin, end = instant_us(one.spec.begin), instant_us(one.spec.end)
        one.id = client.start_export(ids[one.camera], begin, end, body.write(one.spec))


def look(client: Client, exports: Sequence[Wanted], folder: Path) -> bool:
    """Ask for the state of those not yet ended, fetch what is complete; True when all have ended."""
    for one in exports:
        if one.state >= 2:
            continue
        status = client.status(one.id)
        one.state, one.error = status.state, status.error
        if status.complete:
            fetch(client, one, status.files[0], folder)
    return all(one.state >= 2 for one in exports)


def fetch(client: Client, one: Wanted, name: str, folder: Path) -> None:
    """Download the file and note the hash of what came."""
    path = folder / one.id
    client.download(one.id, name, path)
    one.hashes.append(hashlib.sha256(path.read_bytes()).hexdigest())
    path.unlink()


def survive(exports: Sequence[Wanted], state: Path, folder: Path, kills: int, seed: int = 1) -> float:
    """Run the exports on a server that is killed so often while they run; seconds until the last has ended."""
    chance = random.Random(seed)
    began = time.monotonic()
    server = Process(state)
    try:
        with Client(server.url) as client:
            start(client, exports)
        for _ in range(kills):
            with Client(server.url) as client:
                until = time.monotonic() + chance.uniform(0.05, 0.9)
                while time.monotonic() < until and not look(client, exports, folder):
                    time.sleep(0.02)
            server.end(signal.SIGKILL)
            server = Process(state)
        with Client(server.url) as client:
            while not look(client, exports, folder):
                assert time.monotonic() - began < 300, [(e.state, e.error) for e in exports]
                time.sleep(0.05)
            for one in exports:  # once more: what was complete before a kill still is, and the same
                if one.state == 2:
                    fetch(client, one, client.status(one.id).files[0], folder)
    finally:
        server.end()
    return time.monotonic() - began
