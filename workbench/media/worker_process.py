"""The parent's hold on one worker process: start it, hear it, end it; `worker` knows what messages mean.

Rules: nothing here waits for the child to read or to answer, so a cancel is never held up; only the newest
progress is kept; the last `STDERR_KEPT` bytes of its stderr are kept for error texts.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO, cast

from workbench.core.errors import WorkError
from workbench.media.worker_wire import Message, WireError, receive, send

STDERR_KEPT = 64 * 1024
GRACE = 0.4
"""Seconds between asking a child to end and killing it."""
ROOT = Path(__file__).resolve().parents[2]


class Child:
    """One child process and the threads that listen to it."""

    def __init__(self, arguments: list[str]) -> None:
        """Start ``python -m workbench.media.worker`` with `arguments`; WorkError where that is impossible."""
        self._arguments = [*arguments, f"--parent={os.getpid()}"]
        self._news = threading.Condition()
        self._progress: Message | None = None
        self._answer: Message | None = None
        self._failure: OSError | None = None
        self._stderr = bytearray()
        self._running = False
        self._doomed = False
        self.unwanted = False
        """Set before `kill` by who ends it on purpose."""
        self._started = threading.Event()
        # PR_SET_PDEATHSIG watches the *thread* that forks: the one that listens to the child also starts it
        threading.Thread(target=self._live, name="workbench-worker", daemon=True).start()
        self._started.wait()
        if self._failure is not None:
            raise WorkError(f"the worker process cannot be started: {self._failure}") from self._failure

    @property
    def usable(self) -> bool:
        """True while a job can be sent to it."""
        return self._running and not self._doomed and self.process.poll() is None

    def post(self, head: bytes) -> None:
        """Send a job without waiting for the child to read it."""
        with self._news:
            self._progress = self._answer = None
        threading.Thread(target=self._send, args=(head,), daemon=True).start()

    def news(self, job: int, wait: float) -> tuple[dict[str, Any] | None, Message | None, bool]:
        """What came for `job` within `wait` seconds: newest progress, answer, and whether more can come."""
        with self._news:
            if self._progress is None and self._answer is None and self._running:
                self._news.wait(wait)
            progress, self._progress = self._progress, None
            told = progress.header["data"] if progress is not None and progress.header["id"] == job else None
            answer = self._answer if self._answer is not None and self._answer.header["id"] == job else None
            return told, answer, self._running

    def kill(self) -> None:
        """Ask the child to end, then make it; returns when it is gone."""
        self._doomed = True
        self.process.terminate()
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def fate(self) -> tuple[str, str]:
        """How a dead child ended, in words, and the last line it wrote to its stderr."""
        code = self.process.wait()
        how = f"ended with exit code {code}"
        if code < 0:
            with contextlib.suppress(ValueError):
                how = f"was killed by {signal.Signals(-code).name}"
        self._ears.join(0.5)
        lines = bytes(self._stderr).decode("utf-8", "replace").splitlines()
        return how, next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _send(self, head: bytes) -> None:
        # ValueError: the pipe was closed meanwhile. Either way the child's end tells the caller.
        with contextlib.suppress(OSError, ValueError):
            send(cast(BinaryIO, self.process.stdin), head)

    def _live(self) -> None:
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "workbench.media.worker", *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as exc:
            self._failure = exc
            self._started.set()
            return
        self._ears = threading.Thread(target=self._overhear, daemon=True)
        self._ears.start()
        self._running = True
        self._started.set()
        self._hear(cast(BinaryIO, self.process.stdout))
        self.process.wait()
        with self._news:
            self._running = False
            self._news.notify_all()
        with contextlib.suppress(OSError, ValueError):
            cast(BinaryIO, self.process.stdin).close()

    def _hear(self, stream: BinaryIO) -> None:
        with stream:
            try:
                while (message := receive(stream)) is not None:
                    self._take(message)
            except (WireError, OSError) as exc:
                self._stderr += f"\n{exc}\n".encode()
                self.process.kill()

    def _take(self, message: Message) -> None:
        with self._news:
            if message.type == "progress":
                self._progress = message
            else:
                self._answer = message
            self._news.notify_all()

    def _overhear(self) -> None:
        with cast(BinaryIO, self.process.stderr) as stream, contextlib.suppress(OSError):
            while piece := os.read(stream.fileno(), 65536):
                self._stderr += piece
                del self._stderr[:-STDERR_KEPT]


def _environment() -> dict[str, str]:
    """Ours, plus the way to this package where it is not installed (``-P`` keeps the working folder out).

    No job multiplies matrices: threads for that would only be started.
    """
    environment = {"OPENBLAS_NUM_THREADS": "1", **os.environ, "PYTHONIOENCODING": "utf-8:backslashreplace"}
    if ROOT.name not in ("site-packages", "dist-packages"):
        before = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = str(ROOT) + (os.pathsep + before if before else "")
    return environment
