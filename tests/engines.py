"""The engine as the figures see it: a request goes in, finished files come out.

`Workbench` is the real one, used through its public verbs. `StandIn` is a plain PyAV re-encode that needs
none of it; with a `fault` it makes one particular mistake, and the judges must find it (`test_harness.py`).
Setting WORKBENCH_TEST_ENGINE to ``standin`` or ``standin:FAULT`` runs the figures on it.

Times are microseconds since the source's first frame.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import av
import numpy as np
from PIL import Image, ImageDraw

from tests.twins import coded_points

FAULTS = ("late", "preroll", "lost", "twice", "tail", "slipped", "stray", "thin-mask", "late-mask", "garbled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One export of a source."""

    archive: Path
    source: str
    begin: int
    end: int
    form: str = "mp4"
    masks: Sequence[dict[str, Any]] = ()
    """Each with `points`, and optionally begin, end (microseconds), inverted, style."""
    more: dict[str, Any] = field(default_factory=dict)
    """Further fields of ExportSpec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What an engine says it made."""

    files: list[Path]
    """Files with pictures, in order."""
    shown: int
    contained: int
    first: int
    last: int
    ledger: dict[str, int]
    gaps: int = 0
    warnings: tuple[str, ...] = ()
    record: dict[str, Any] = field(default_factory=dict)


class Engine(Protocol):
    """Anything that can carry out a `Wish`."""

    def export(self, wish: Wish, out: Path) -> Delivered:
        """Make the files of `wish` in the folder `out`."""
        ...

    def span(self, archive: Path, source: str) -> tuple[int, int]:
        """(0, last): microseconds since the first frame; no frame of the source comes after `last`."""
        ...


@cache
def engine() -> Engine:
    """The one engine of this process, which WORKBENCH_TEST_ENGINE names: the workbench where it names none."""
    name = os.environ.get("WORKBENCH_TEST_ENGINE", "workbench")
    return Workbench() if name == "workbench" else StandIn(name.partition(":")[2])


class Workbench:
    """The engine under test, through `LocalArchive`, `plan_export` and `run_export`.

    Its archives share one worker process: starting one costs more than most of these exports.
    """

    def __init__(self, cache: Path | None = None) -> None:
        from workbench.archives.local import LocalArchive
        from workbench.export import plan_export, run_export
        from workbench.media.worker import Worker

        self._cache = cache or Path(tempfile.mkdtemp(prefix="workbench-index-"))
        self._verbs: Any = (LocalArchive, plan_export, run_export)
        self._worker = Worker()
        self._open: tuple[Path, Any] | None = None

    def export(self, wish: Wish, out: Path) -> Delivered:
        """Plan and run; errors of the workbench pass through."""
        _, plan_export, run_export = self._verbs
        archive = self._archive(wish.archive)
        plan = plan_export(_spec(wish), archive)
        result = run_export(plan, archive, out)
        start = archive.coverage(wish.source).range.begin if plan.dated else 0
        return _delivered(result, start)

    def span(self, archive: Path, source: str) -> tuple[int, int]:
        """From `coverage()`, whose end is the end of the last frame's display time."""
        whole = self._archive(archive).coverage(source).range
        return 0, whole.end - whole.begin - 1

    def _archive(self, folder: Path) -> Any:
        """The archive of `folder`; the last one stays open."""
        if self._open is None or self._open[0] != folder:
            self._open = folder, self._verbs[0](folder, cache=self._cache, worker=self._worker)
        return self._open[1]


def _spec(wish: Wish) -> Any:
    from workbench.core.spec import ExportSpec

    data = {"source": wish.source, "begin": plus(wish.begin), "end": plus(wish.end), "format": wish.form}
    return ExportSpec.from_json({**data, "masks": [mask_json(m) for m in wish.masks], **wish.more})


def mask_json(mask: dict[str, Any]) -> dict[str, Any]:
    """A wish's mask in the spec's JSON form."""
    times = {key: plus(mask[key]) for key in ("begin", "end") if mask.get(key) is not None}
    return {**mask, "points": [list(p) for p in mask["points"]], **times}


def plus(us: int) -> str:
    """Microseconds from the first frame as the command line writes them."""
    return f"+{us // 1_000_000}.{us % 1_000_000:06d}"


def _delivered(result: Any, start: int) -> Delivered:
    files = [f for f in result.files if f.frames_shown is not None]
    return Delivered(
        files=[Path(f.path) for f in files],
        shown=sum(f.frames_shown for f in files),
        contained=sum(f.frames_contained for f in files),
        first=files[0].first - start,
        last=files[-1].last - start,
        ledger=result.ledger.to_json(),
        gaps=len(result.gaps),
        warnings=result.warnings,
        record=result.to_json(),
    )


class StandIn:
    """A re-encode of everything, right on purpose or wrong in the one way that `fault` names."""

    def __init__(self, fault: str = "") -> None:
        if fault and fault not in FAULTS:
            raise ValueError(f"unknown fault {fault!r}; known: {', '.join(FAULTS)}")
        self._fault = fault

    def span(self, archive: Path, source: str) -> tuple[int, int]:
        """From a decode of the whole file."""
        return 0, [us for us, _ in _frames(_recording(archive, source))][-1]

    def export(self, wish: Wish, out: Path) -> Delivered:
        """Re-encode the frames of [begin, end) of the source's only file."""
        path = _recording(wish.archive, wish.source)
        target = out / f"{wish.source}-{wish.begin}.{wish.form}"
        frames = [(us, f) for us, f in _frames(path) if wish.begin <= us < wish.end]
        if wish.form not in ("mp4", "mkv", "avi"):
            raise NotImplementedError(f"the stand-in makes no {wish.form}")
        honest = frames[0][0], frames[-1][0], len(frames)
        if self._fault == "preroll":
            _copy_with_edit_list(path, wish, target)
        else:
            _encode(self._spoilt(path, wish, frames), wish, target, self._fault)
        first, last, count = honest
        ledger = dict.fromkeys(("copied", "masked", "dropped", "undecodable", "missing"), 0)
        ledger["reencoded"] = count
        return Delivered(files=[target], shown=count, contained=count, first=first, last=last, ledger=ledger)

    def _spoilt(self, path: Path, wish: Wish, frames: list[Any]) -> list[Any]:
        everything = list(_frames(path)) if self._fault in ("late", "tail") else []
        after = [(us, f) for us, f in everything if us >= wish.end][:1]
        middle = len(frames) // 2
        if self._fault == "late":
            return frames[1:] + after
        if self._fault == "tail":
            return frames + after
        if self._fault == "lost":
            return frames[:middle] + frames[middle + 1 :]
        if self._fault == "twice":
            repeated = (frames[middle][0] + 900, frames[middle][1])
            return [*frames[: middle + 1], repeated, *frames[middle + 1 :]]
        if self._fault == "slipped":
            return [(us + 3_000 * (i == middle), f) for i, (us, f) in enumerate(frames)]
        return frames


def _recording(archive: Path, source: str) -> Path:
    folder = archive / source
    return next(f for f in sorted(folder.iterdir())) if folder.is_dir() else next(archive.glob(f"{source}*"))


def _frames(path: Path) -> Iterable[tuple[int, Any]]:
    raw = path.suffix in (".h264", ".h265")
    with av.open(str(path), metadata_errors="replace") as box:
        frames: Any = enumerate(box.decode(video=0))
        first = None
        for count, frame in frames:
            first = frame.pts if first is None else first
            time = Fraction(count, 25) if raw else (frame.pts - first) * frame.time_base
            yield int(time * 1_000_000 // 1), frame


def _copy_with_edit_list(path: Path, wish: Wish, target: Path) -> None:
    """What a plain `ffmpeg -ss … -c copy` does: the pre-roll stays in the file, hidden by an edit list."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-ss", f"{wish.begin / 1e6:.6f}", "-i", str(path)]
    length = (wish.end - wish.begin) / 1e6
    subprocess.run([*command, "-t", f"{length:.6f}", "-map", "0:v:0", "-c", "copy", str(target)], check=True)


def _encode(frames: list[Any], wish: Wish, target: Path, fault: str) -> None:
    # Without cpu-independent, x264 with threads is not always repeatable on pictures as small as these.
    sure = {} if wish.form == "avi" else {"x264-params": "cpu-independent=1"}
    with av.open(str(target), "w", options={"fflags": "+bitexact"}) as out:
        stream = out.add_stream("mjpeg" if wish.form == "avi" else "libx264", rate=25, options=sure)
        width, height = frames[0][1].width, frames[0][1].height
        odd = width % 2 or height % 2 or wish.form == "avi"
        stream.width, stream.height, stream.pix_fmt = width, height, "yuvj444p" if odd else "yuv420p"
        tick = Fraction(1, 25) if wish.form == "avi" else Fraction(1, 90_000)
        stream.codec_context.time_base = stream.time_base = tick
        for us, frame in frames:
            new = _masked(frame, us, wish, stream.pix_fmt, fault)
            new.pict_type = 0
            new.pts, new.time_base = round((us - frames[0][0]) / 1_000_000 / tick), tick
            out.mux(stream.encode(new))
        out.mux(stream.encode(None))
    data = bytearray(target.read_bytes())
    if fault == "stray":
        data += (16).to_bytes(4, "big") + b"mdat" + bytes(8)
    if fault == "garbled":
        middle, size = len(data) // 2, len(data) // 10
        data[middle : middle + size] = bytes(size)
    target.write_bytes(data)


def _masked(frame: Any, us: int, wish: Wish, pix_fmt: str, fault: str) -> Any:
    active = [m for m in wish.masks if (m.get("begin") or 0) <= us < (m.get("end") or 1 << 60)]
    if not active:
        return frame.reformat(format=pix_fmt)
    pixels = frame.to_ndarray(format="rgb24")
    for mask in active:
        if fault == "late-mask" and us < (mask.get("begin") or wish.begin) + 40_000:
            continue
        image = Image.new("L", (frame.width, frame.height))
        points = coded_points(mask["points"], -frame.rotation % 360)
        corners = [(x * frame.width, y * frame.height) for x, y in points]
        ImageDraw.Draw(image).polygon(corners, fill=1, outline=1, width=1 if fault == "thin-mask" else 5)
        inside = np.asarray(image, bool)
        if fault == "thin-mask":
            inside = inside & np.roll(inside, 2, 0) & np.roll(inside, -2, 0) & np.roll(inside, 2, 1)
        pixels[inside ^ bool(mask.get("inverted"))] = 0
    return av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=pix_fmt)
