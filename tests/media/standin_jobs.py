"""Jobs for the tests of `workbench.media.worker`: well-behaved, hostile and crashing ones."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from workbench.core.errors import NothingRecorded

Payload = dict[str, Any]
Progress = Callable[[dict[str, Any]], None]
Answer = tuple[dict[str, Any], list[bytes]]


def echo(payload: Payload, progress: Progress) -> Answer:
    """Give the payload back."""
    return {"said": payload, "pid": os.getpid()}, []


def blobs(payload: Payload, progress: Progress) -> Answer:
    """Blobs of the sizes asked for."""
    return {"n": len(payload["sizes"])}, [bytes([i % 251]) * size for i, size in enumerate(payload["sizes"])]


def stray(payload: Payload, progress: Progress) -> Answer:
    """Write to every descriptor it can find."""
    print("stray print")
    os.write(1, b"WBM1\0\0\0\2{}stray bytes on descriptor 1\n")
    os.write(2, b"libav says hello\n" * 20_000)
    sys.stdout.flush()
    return {"input": sys.stdin.read()}, []


def steps(payload: Payload, progress: Progress) -> Answer:
    """A well-behaved job of many steps."""
    for frame in range(payload["steps"]):
        progress({"frames": frame, "time_base": Fraction(1, 25)})
        time.sleep(payload["pause"])
    return {"done": True}, []


def work(payload: Payload, progress: Progress) -> Answer:
    """Half-finished files in the scratch folder, progress for ever."""
    scratch = Path(payload["scratch"])
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / "half.mp4").write_bytes(b"x" * 100_000)
    (scratch / "pid").write_text(str(os.getpid()))
    frame = 0
    while True:
        frame += 1
        progress({"file": "hall/a.mp4", "position": f"00:00:{frame:02d}", "frames": frame})
        time.sleep(0.02)


def stuck(payload: Payload, progress: Progress) -> Answer:
    """Work for ever without moving on."""
    while True:
        progress({"file": "hall/a.mp4", "position": "00:00:07"})
        time.sleep(0.02)


def crash(payload: Payload, progress: Progress) -> Answer:
    """Take the process down."""
    if "scratch" in payload:
        Path(payload["scratch"]).mkdir()
    progress({"file": "hall/broken.mp4", "position": "00:01:02.5"})
    os.write(2, b"[h264] error while decoding MB 3 4\n\n")
    if payload.get("exit") is not None:
        os._exit(payload["exit"])
    ctypes.string_at(0)
    return {}, []


def fail(payload: Payload, progress: Progress) -> Answer:
    """Raise an error, known or not."""
    if payload.get("known"):
        raise NothingRecorded("nothing there", "look elsewhere")
    if payload.get("exit"):
        sys.exit("enough")
    raise ZeroDivisionError("a bug")


def greedy(payload: Payload, progress: Progress) -> Answer:
    """Ask for much memory."""
    return {"bytes": len(bytearray(payload["bytes"]))}, []


def unsayable(payload: Payload, progress: Progress) -> Answer:
    """Answer what JSON cannot say."""
    return {"x": object()}, []


def core(payload: Payload, progress: Progress) -> Answer:
    """Tell the limit on core dumps."""
    import resource

    return {"core": list(resource.getrlimit(resource.RLIMIT_CORE))}, []


VERBS = {
    verb.__name__: verb
    for verb in (echo, blobs, stray, steps, work, stuck, crash, fail, greedy, unsayable, core)
}
