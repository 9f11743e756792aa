"""Every file that a server and its workers touch, as the kernel saw it: strace follows all of its processes.

    with Traced(folder) as server:
        …                              attack server.url
    server.touches()                   what was opened, looked at, linked, renamed, removed, by which process
    server.outside()                   [] where all of it was the server's business

The business of a server: its state, the index cache, its temporary folder, to read and to write; the footage, Python,
the package and what the system's loader wants, to read only. All else is outside, even where there is no such file.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.server.striking import ROOT, Process

BY_DESCRIPTOR = ("fchmod", "fchown", "ftruncate", "fsetxattr", "fremovexattr")
CALLS = ",".join(("%file", *BY_DESCRIPTOR))
ONE_PATH = ("readlink", "execve", "getxattr", "lgetxattr", "setxattr", "lsetxattr", "listxattr", "statfs")
"""Calls whose other strings are no paths."""
LOOKS = re.compile(r"(l|newf)?stat(at|x|fs)?|readlink(at)?|f?access(at2?)?")
CHANGES = re.compile(
    r"[lf]?(rename|link|symlink|unlink|rmdir|mkdir|mknod|chmod|chown|truncate|utime|setxattr|removexattr)\w*|creat"
)
WRITING = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|TMPFILE|APPEND)")
SYSTEM = (
    "/usr/lib", "/lib", "/lib64", "/usr/share/locale", "/usr/share/fonts", "/usr/share/zoneinfo",
    "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/localtime", "/proc/self", "/proc/thread-self",
    "/sys/devices/system", "/dev/null", "/dev/urandom",
)  # fmt: skip
"""What the loader, the C library and libraries of ours read on their own."""
LOOKED_AFTER = re.compile(
    r".*/lib/python\d+\.zip|/etc/locale\.alias|/etc/ssl/openssl\.cnf|.*/etc/gnutls/config|.*[/\\](fonts?|CMap)",
    re.IGNORECASE,
)
"""What Python and libraries in wheels look for, and do not open here."""
_LINE = re.compile(r"(\w+)\((.*)")
_PART = re.compile(r'(?:-?\d+|AT_FDCWD)<((?:[^>\\]|\\.)*)>|"((?:[^"\\]|\\.)*)"')
_SETTLED = 10.0
"""Seconds within which the tracer has written down the end of a process."""


@dataclass(frozen=True, slots=True)
class Touch:
    """One file that a process touched."""

    process: int
    call: str
    path: str
    """Absolute; links are not followed."""
    writes: bool


@cache
def unusable() -> str:
    """Why nothing can be traced here; empty where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-f", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()[:200]}"


def tracer(folder: Path) -> list[str]:
    """The words before a command that is to be traced into a folder, a file for each thread."""
    folder.mkdir(parents=True)
    # -D: the command stays our own child, so that signals reach it and not the tracer
    words = ["strace", "-D", "-ff", "--seccomp-bpf", "-q", "-y", "-s", "8192", "-e", "signal=none"]
    return [*words, "-e", f"trace={CALLS}", "-o", str(folder / "t")]


def touches(folder: Path, cwd: Path) -> Iterator[Touch]:
    """What the trace in a folder holds, of processes that began in `cwd`."""
    for path in sorted(folder.iterdir()):
        process = int(path.suffix[1:])
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            if (match := _LINE.match(line)) and match[1] != "getcwd":
                yield from _touched(process, match[1], match[2], str(cwd))


def _touched(process: int, call: str, rest: str, cwd: str) -> Iterator[Touch]:
    writes = bool(CHANGES.fullmatch(call) or WRITING.search(rest))
    yield from (Touch(process, call, path, writes) for path in _paths(call, rest.rpartition(" = ")[0] or rest, cwd))


def _paths(call: str, told: str, cwd: str) -> list[str]:
    """The paths that a call is about: its strings, each below the folder whose descriptor stands before it."""
    base, paths = cwd, []
    for found in _PART.finditer(told):
        if found[1] is not None:
            base = _text(found[1])
            if call in BY_DESCRIPTOR:
                return [base]
        elif found[2]:  # none for what is open already
            paths.append(os.path.normpath(os.path.join(base, _text(found[2]))))  # noqa: PTH118 - as the kernel does
            base = cwd
            if call.startswith(ONE_PATH):
                return paths
    return paths


def _text(written: str) -> str:
    """A string as strace writes it, read back."""
    raw = written.encode("latin-1", "replace").decode("unicode_escape").encode("latin-1", "replace")
    return os.fsdecode(raw)


def outside(found: Iterator[Touch], *, own: Sequence[Path], read: Sequence[Path]) -> list[str]:
    """What lies neither in `own`, nor, being read only, in `read`; each once, with the call."""
    written = [spelt for place in own for spelt in _spelt(place)]
    allowed = [*written, *(spelt for place in (*read, *map(Path, SYSTEM)) for spelt in _spelt(place))]
    ways = {str(parent) for place in allowed for parent in Path(place).parents} | {str(ROOT)}
    wrong = set()
    for touch in found:
        if _below(touch.path, written) or touch.path == os.devnull:
            continue
        looks = LOOKS.fullmatch(touch.call) and (touch.path in ways or LOOKED_AFTER.fullmatch(touch.path))
        listed = touch.path == str(ROOT)  # to find a module in it
        if touch.writes or not (looks or listed or _below(touch.path, allowed)):
            wrong.add(f"{touch.call} {touch.path}")
    return sorted(wrong)


def _below(path: str, places: Sequence[str]) -> bool:
    return any(path == place or path.startswith(f"{place}/") for place in places)


def _spelt(place: Path) -> tuple[str, ...]:
    return tuple(dict.fromkeys((str(place.absolute()), os.path.realpath(place))))


def python() -> tuple[Path, ...]:
    """Where the interpreter, its libraries and the package lie."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = [Path(sysconfig.get_path(name)) for name in names]
    return (*found, Path(sys.prefix), Path(sys.base_prefix), ROOT / "workbench")


def settled(trace: Path) -> None:
    """Wait until the tracer has written down the end of a process."""
    until = time.monotonic() + _SETTLED
    while not trace.read_text(errors="replace").rstrip().endswith("+++"):
        assert time.monotonic() < until, f"the tracer never wrote the end of {trace.name}"
        time.sleep(0.02)


class Traced:
    """A server under the tracer, everything it keeps below one folder."""

    def __init__(self, folder: Path, place: Path, **setup: object) -> None:
        """Nothing runs before ``with``; `setup` as in `Server`. A file that nobody may read lies beside the state."""
        self.folder, self.place, self._setup = folder, place, setup
        self.trace = folder / "trace"
        self.own = [folder / name for name in ("state", "cache", "tmp")]
        for path in self.own[1:]:
            path.mkdir(parents=True)
        (folder / "passwd").write_text("root:x:0\n", encoding="ascii")

    def __enter__(self) -> Traced:
        more = {
            "WORKBENCH_CACHE": self.own[1],
            "TMPDIR": self.own[2],
            "HOME": self.own[2],
            "PYTHONDONTWRITEBYTECODE": 1,
        }
        self._process = Process(
            self.own[0], self.place, before=tracer(self.trace), more={k: str(v) for k, v in more.items()}, **self._setup
        )
        self.url = self._process.url
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.end(signal.SIGTERM)
        settled(self.trace / f"t.{self._process.process.pid}")

    def touches(self) -> list[Touch]:
        """All that was touched, from the first moment to the last."""
        return list(touches(self.trace, ROOT))

    def outside(self) -> list[str]:
        """What of it was none of the server's business."""
        return outside(iter(self.touches()), own=self.own, read=(self.place, *python()))

    def by_workers(self) -> list[Touch]:
        """What was touched by processes that the server started (their first threads, which do the work)."""
        found = self.touches()
        started = {touch.process for touch in found if touch.call == "execve"} - {self._process.process.pid}
        return [touch for touch in found if touch.process in started]
