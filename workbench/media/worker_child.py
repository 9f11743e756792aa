"""The child's side of `media.worker`: reads jobs from a pipe, runs them one at a time, answers on a pipe.

Rules: nothing but messages goes over the two pipes (descriptors 0 and 1 are moved away first, so that stray
prints and libav's own messages end on descriptor 2, which the parent keeps for error texts). The child lives
no longer than its parent: end of input ends it at once, in the middle of a job too, and on Linux the kernel
kills it. `VERBS` of the jobs' module maps a verb to a function (payload, progress) → (data, blobs).
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from workbench.core.errors import WorkbenchError, WorkError
from workbench.media.worker_wire import Blob, Message, WireError, encode, receive, send

Progress = Callable[[dict[str, Any]], None]
Verb = Callable[[dict[str, Any], Progress], tuple[dict[str, Any], list[bytes]]]
JOBS = "workbench.media.jobs"
SHORTEST = 0.25
"""Seconds between two progress messages, at least."""
BEAT = 0.4
"""Seconds after which the newest progress is repeated, so that the parent hears twice a second."""
PULSE = 0.08
"""Seconds between two looks at the clock; BEAT + PULSE stays under half a second."""
_PR_SET_PDEATHSIG = 1


def main(argv: list[str] | None = None) -> int:
    """Serve jobs until the parent closes the pipe."""
    options = _options(argv)
    source, answers = _take_pipes()
    if os.environ.get("WORKBENCH_DEBUG"):
        faulthandler.enable()
    _limit(options.memory)
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal; the parent decides
    _die_with(options.parent)
    jobs: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(source, jobs), daemon=True).start()
    with contextlib.suppress(Exception):
        importlib.import_module(options.jobs)  # warm; a failure is told to the first job
    outbox = _Outbox(answers)
    while True:
        _serve(jobs.get(), options.jobs, outbox)


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="workbench.media.worker", description="Internal: a worker process.")
    parser.add_argument("--jobs", default=JOBS, help="module whose VERBS are served")
    parser.add_argument("--memory", type=int, default=0, help="address space limit in bytes, 0 for none")
    parser.add_argument("--parent", type=int, default=0, help="process id that must stay alive")
    return parser.parse_args(argv)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Own copies of stdin and stdout; 0 reads nothing and 1 goes where 2 goes from here on."""
    source, answers = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(source, os.O_BINARY)
        msvcrt.setmode(answers, os.O_BINARY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return os.fdopen(source, "rb"), os.fdopen(answers, "wb")


def _limit(memory: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory > 0:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        soft = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _die_with(parent: int) -> None:
    """Ask Linux to kill this process with the parent's thread that started it (it lives as long as we do)."""
    if sys.platform != "linux" or not parent:
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _listen(source: BinaryIO, jobs: queue.SimpleQueue[Message]) -> None:
    try:
        while (message := receive(source)) is not None:
            jobs.put(message)
    except (WireError, OSError):
        pass
    finally:
        os._exit(0)


class _Outbox:
    """Writes whole messages, one at a time, from any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def put(self, header: dict[str, Any], blobs: Sequence[Blob] = (), lenient: bool = False) -> None:
        head = encode(header, blobs, lenient)
        with self._lock:
            try:
                send(self._stream, head, blobs)
            except OSError:
                os._exit(0)


class _Reporter:
    """Progress of one job: never more often than `SHORTEST`, repeated every `BEAT`."""

    def __init__(self, job: int, outbox: _Outbox) -> None:
        self._job, self._outbox = job, outbox
        self._newest: dict[str, Any] = {}
        self._unsent = False
        self._sent_at = 0.0
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._beat = threading.Thread(target=self._heart, daemon=True)

    def __enter__(self) -> _Reporter:
        self._beat.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._beat.join()
        self._send_if(lambda _: self._unsent)

    def __call__(self, data: dict[str, Any]) -> None:
        self._newest, self._unsent = dict(data), True
        self._send_if(lambda age: age >= SHORTEST)

    def _heart(self) -> None:
        while not self._done.wait(PULSE):
            self._send_if(lambda age: age >= (SHORTEST if self._unsent else BEAT))

    def _send_if(self, due: Callable[[float], bool]) -> None:
        with self._lock:
            now = time.monotonic()
            if due(now - self._sent_at):
                self._sent_at, self._unsent = now, False
                news = {"type": "progress", "id": self._job, "data": self._newest}
                self._outbox.put(news, lenient=True)


def _serve(message: Message, module: str, outbox: _Outbox) -> None:
    header = message.header
    job = int(header["id"])
    try:
        verb = _verb(module, str(header["verb"]))
        with _Reporter(job, outbox) as report:
            data, blobs = verb(header["payload"], report)
        outbox.put({"type": "result", "id": job, "data": data}, list(blobs))
    except WorkbenchError as exc:
        told = {**exc.to_json(), "field": getattr(exc, "field", "")}
        outbox.put({"type": "error", "id": job, "error": told, "detail": _detail()})
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - told to the parent
        error = WorkError(f"{header['verb']}: {type(exc).__name__}: {exc}".rstrip(": "), _advice(exc))
        outbox.put({"type": "error", "id": job, "error": error.to_json(), "detail": _detail()})


def _verb(module: str, name: str) -> Verb:
    verbs: dict[str, Verb] = importlib.import_module(module).VERBS
    if name not in verbs:
        raise WorkError(f"{name!r} is no verb of {module}", f"Known: {', '.join(sorted(verbs))}.")
    return verbs[name]


def _advice(exc: BaseException) -> str:
    if isinstance(exc, MemoryError):
        return "The memory limit of the worker was reached; ask for a shorter stretch or raise the limit."
    return "Set WORKBENCH_DEBUG=1 to keep the traceback with the error."


def _detail() -> str:
    return traceback.format_exc() if os.environ.get("WORKBENCH_DEBUG") else ""
