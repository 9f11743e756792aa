"""The engine in a process of its own, so that its death, its hanging and its memory are facts a test can see.

``python -m tests.driver`` reads one JSON wish a line and answers with one JSON outcome a line. `Driver`
starts it, keeps it warm, gives each wish a time limit, and starts another when one died.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.engines import Wish, engine

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one wish."""

    status: str
    """``done``, ``refused`` (an error of the workbench), ``traceback``, ``died`` or ``hung``."""
    kind: str = ""
    message: str = ""
    advice: str = ""
    files: list[str] = field(default_factory=list)
    shown: int = 0
    ledger: dict[str, int] = field(default_factory=dict)
    gaps: int = 0
    warnings: list[str] = field(default_factory=list)
    rss_mb: int = 0
    """Largest process so far, the workers included."""


class Driver:
    """A warm engine process; use it as a context manager."""

    def __init__(self, seconds: float = 30) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Driver:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process and all it started."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
            self._process = None

    def run(self, wish: Wish, out: Path) -> Outcome:
        """Carry out one wish; `end` < 0 stands for the whole source."""
        process = self._started()
        line = json.dumps({**asdict(wish), "archive": str(wish.archive), "out": str(out)}) + "\n"
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(line.encode())
            process.stdin.flush()
        except BrokenPipeError:
            return self._lost("died")
        if not select.select([process.stdout], [], [], self._seconds)[0]:
            return self._lost("hung")
        answer = process.stdout.readline()
        return Outcome(**json.loads(answer)) if answer else self._lost("died")

    def _lost(self, status: str) -> Outcome:
        assert self._process is not None
        code = self._process.poll()
        self.stop()
        return Outcome(status=status, message=f"{status} (exit code {code}, limit {self._seconds} s)")

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.driver"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        return self._process


def _answer(running: Any, line: str, errors: type[Exception]) -> Outcome:
    data = json.loads(line)
    out = Path(data.pop("out"))
    wish = Wish(**{**data, "archive": Path(data["archive"])})
    try:
        if wish.end < 0:
            last = running.span(wish.archive, wish.source)[1]
            wish = Wish(**{**asdict(wish), "end": last + 1})
        out.mkdir(parents=True, exist_ok=True)
        done = running.export(wish, out)
    except errors as exc:
        kind, advice = getattr(exc, "kind", ""), getattr(exc, "advice", "")
        return Outcome(status="refused", kind=kind, message=str(exc), advice=advice)
    except Exception:
        return Outcome(status="traceback", message=traceback.format_exc())
    return Outcome(
        status="done",
        files=[str(f) for f in done.files],
        shown=done.shown,
        ledger=done.ledger,
        gaps=done.gaps,
        warnings=list(done.warnings),
    )


def _rss_mb() -> int:
    """Peak of the largest process: this one, its ended children, and those that still live.

    RUSAGE_SELF would count the process that started this one, too: Linux hands its peak on through exec.
    """
    ended = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return max(ended, *_living_peaks(os.getpid())) // 1024


def _living_peaks(pid: int) -> list[int]:
    """VmHWM in kB of a process and all below it; a process that just ended counts nothing."""
    root = Path(f"/proc/{pid}")
    try:
        status = (root / "status").read_text()
        below = [int(p) for task in root.glob("task/*/children") for p in task.read_text().split()]
    except OSError:
        return [0]
    own = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    return [0, *own, *(peak for child in below for peak in _living_peaks(child))]


def main() -> None:
    """Answer wishes until stdin ends."""
    from workbench.core.errors import WorkbenchError

    answers, sys.stdout = sys.stdout, sys.stderr
    running = engine()
    for line in sys.stdin:
        outcome = asdict(_answer(running, line, WorkbenchError)) | {"rss_mb": _rss_mb()}
        answers.write(json.dumps(outcome) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
