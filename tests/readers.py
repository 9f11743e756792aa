"""Readers of finished files: which frames a player shows, and which the file contains at all.

Two independent ones: PyAV, which also gives times, and Debian's ffmpeg (another version of the libraries, in
a process of its own), whose stderr must stay empty. *Shown* is a normal decode. *Contained* decodes every
coded picture of every video stream, what an edit list hides included; `stray_bytes` counts media bytes that
no sample refers to, where a cut could leave footage behind.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from tests.truth import COLUMNS, MICRO, Clip, code_of

NO_EDIT_LIST = {"ignore_editlist": "1", "advanced_editlist": "0"}
UNREADABLE = -1


@dataclass(frozen=True, slots=True)
class Code:
    """One decoded frame: its time, and what its pixels say (`UNREADABLE` where they say nothing)."""

    us: int
    """Presentation time in microseconds, rounded down."""
    index: int
    capture: int
    """Microseconds since the clip's first frame."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is in one file."""

    shown: list[Code]
    contained: list[Code]
    tick: Fraction
    """Seconds of one tick of the video stream."""
    stray_bytes: int
    """Media bytes no sample refers to (mp4 only, else 0)."""
    ffmpeg_shown: list[int] = field(default_factory=list)
    ffmpeg_contained: list[int] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


def read_codes(path: Path, block: int = 0, ffmpeg: bool = True) -> Reading:
    """Read a file with every reader; `block` is the side of the code's blocks (0: guess from the width)."""
    shown, tick = pyav_codes(path, block=block)
    hidden = path.suffix == ".mp4"
    contained = pyav_codes(path, NO_EDIT_LIST, block)[0] if hidden else shown
    reading = Reading(shown, contained, tick, stray_bytes(path) if hidden else 0)
    if ffmpeg:
        seen, messages = ffmpeg_codes(path, block=block)
        every = ffmpeg_codes(path, ["-ignore_editlist", "1"], block)[0] if hidden else seen
        reading.ffmpeg_shown.extend(seen)
        reading.ffmpeg_contained.extend(every)
        reading.messages.extend(messages)
    return reading


def pyav_codes(path: Path, options: dict[str, str] | None = None, block: int = 0) -> tuple[list[Code], Fraction]:
    """The codes of all frames that PyAV decodes from all video streams, and the first stream's tick."""
    with av.open(str(path), options=options or {}, metadata_errors="replace") as box:
        streams = [s for s in box.streams.video if not s.disposition & 0x400]
        for stream in streams:
            stream.codec_context.thread_type = "NONE"
        tick = streams[0].time_base or Fraction(1, MICRO)
        return [_code(f, block) for packet in box.demux(streams) for f in packet.decode()], tick


def _code(frame: Any, block: int) -> Code:
    pts = frame.pts if frame.pts is not None else 0
    found = find_code(_luma(frame), block)
    us = int(pts * frame.time_base * MICRO // 1)
    return Code(us, *(found or (UNREADABLE, UNREADABLE)))


def _luma(frame: Any) -> NDArray[Any]:
    if frame.format.name.startswith(("yuv", "gray", "nv")) and "p1" not in frame.format.name:
        plane = frame.planes[0]
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        return rows[: frame.height, : frame.width]
    gray: NDArray[Any] = frame.to_ndarray(format="gray")
    return gray


def find_code(luma: NDArray[Any], block: int = 0) -> tuple[int, int] | None:
    """A frame's code in whichever of the four orientations it stands upright."""
    for turns in range(4):
        upright = np.rot90(luma, turns)
        size = block or (16 if upright.shape[1] >= 16 * COLUMNS else 8)
        if (found := code_of(upright, size)) is not None:
            return found
    return None


def ffmpeg_codes(path: Path, options: list[str] | None = None, block: int = 0) -> tuple[list[int], list[str]]:
    """Frame indices as Debian's ffmpeg decodes them, and every line it wrote to stderr at level error."""
    width, height = _size(path)
    command = ["ffmpeg", "-nostdin", "-v", "error", "-noautorotate", *(options or []), "-i", str(path)]
    command += ["-map", "0:v:0", "-vsync", "passthrough", "-enc_time_base", "1:1000000"]
    command += ["-f", "rawvideo", "-pix_fmt", "gray", "-"]
    done = subprocess.run(command, capture_output=True, check=False)
    count = len(done.stdout) // (width * height)
    frames = np.frombuffer(done.stdout[: count * width * height], np.uint8).reshape(count, height, width)
    messages = done.stderr.decode(errors="replace").splitlines()
    return [(find_code(f, block) or (UNREADABLE,))[0] for f in frames], messages


def _size(path: Path) -> tuple[int, int]:
    with av.open(str(path), metadata_errors="replace") as box:
        return box.streams.video[0].width, box.streams.video[0].height


def stray_bytes(path: Path) -> int:
    """Bytes of an mp4's mdat boxes that belong to no sample of any stream."""
    media = sum(size for kind, size in boxes(path) if kind == b"mdat")
    with av.open(str(path), options=NO_EDIT_LIST, metadata_errors="replace") as box:
        return media - sum(packet.size for packet in box.demux())


def boxes(path: Path) -> Iterator[tuple[bytes, int]]:
    """(kind, payload size) of each top-level box of an mp4."""
    with path.open("rb") as file:
        end = file.seek(0, 2)
        at = 0
        while at + 8 <= end:
            file.seek(at)
            size, kind = int.from_bytes(file.read(4), "big"), file.read(4)
            head = 8
            if size == 1:
                size, head = int.from_bytes(file.read(8), "big"), 16
            size = size or end - at
            yield kind, size - head
            at += max(size, head)


def source_times(path: Path, clip: Clip) -> dict[int, int]:
    """Microseconds since the first frame of each index, as the finished source really says it.

    Raw streams carry no times: there the clip's own count, and the rate, speak.
    """
    if clip.container in ("h264", "h265"):
        return {i: int(i / clip.rate * MICRO) for i in range(clip.frames)}
    with av.open(str(path)) as box:
        stream = box.streams.video[0]
        tick = stream.time_base or Fraction(1, MICRO)
        frames: Any = box.decode(stream)
        found = {(find_code(_luma(f), clip.block) or (UNREADABLE,))[0]: f.pts for f in frames}
    first = min(found.values())
    return {index: int((pts - first) * tick * MICRO // 1) for index, pts in sorted(found.items())}


def ffprobe_frames(path: Path) -> int | None:
    """How many frames Debian's ffprobe decodes from the first video stream; None where it decodes none."""
    command = ["ffprobe", "-v", "quiet", "-count_frames", "-select_streams", "v:0", "-show_entries"]
    command += ["stream=nb_read_frames", "-of", "default=nk=1:nw=1", str(path)]
    text = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return int(text[0]) if text and text[0].isdigit() else None


def packet_hashes(path: Path) -> list[str]:
    """MD5 of each video packet in file order, by `ffmpeg -c copy -f framemd5`."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-map", "0:v:0"]
    command += ["-c", "copy", "-f", "framemd5", "-"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.split(",")[5].strip() for line in lines if not line.startswith("#")]
