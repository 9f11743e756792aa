"""Opening a recording, for reading only, and saying what its video stream is.

Everything that opens footage goes through `open_media`: regular files only, a fixed list of container formats
(a text file named ``.mp4`` that is a playlist must not make us read its neighbour), metadata that is not UTF-8
replaced instead of raised, limits on streams and picture size, and libav's errors told as `SourceError`.

    with open_media(path) as container:
        stream = video_stream(container, path)
        facts = video_facts(stream)
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition
from av.video.stream import VideoStream

from workbench.core.errors import SourceError

FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,h264,hevc"
"""Demuxers we allow, in FFmpeg's names."""
_FIELD_ORDERS = {1: "progressive", 2: "tt", 3: "bb", 4: "tb", 5: "bt"}
MOST_PIXELS = 100_000_000
MOST_STREAMS = 64
_SPARSE = 1 << 30
"""Bytes from which on a file that holds next to nothing is refused instead of searched."""
_OPEN_FAULTS = (FFmpegError, OSError, ValueError, MemoryError, IndexError, UnicodeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoFacts:
    """What the container and the codec headers claim about a video stream; nothing here was measured."""

    container: str
    stream_id: int
    """The container's own number of the stream (MP4: track id)."""
    tag: str
    """The container's four-character code for the coding."""
    codec: str
    """FFmpeg's name of the coding (h264, hevc, mjpeg, …), never that of a decoder library."""
    width: int
    """Coded picture, before any rotation."""
    height: int
    pix_fmt: str
    time_base: Fraction
    """Seconds per tick of the stream's time stamps."""
    rate: Fraction | None
    """Nominal frame rate; None where nothing tells it."""
    sample_aspect_ratio: Fraction | None
    field_order: str
    """``progressive``, ``tt``/``tb`` (top field first), ``bb``/``bt`` (bottom first) or ``unknown``."""
    color: tuple[int, int, int, int]
    """Range, primaries, transfer and matrix in FFmpeg's numbers (0 or 2: not said)."""
    extradata: bytes
    declared_frames: int
    """Frames the container says it holds; 0 where it does not say."""
    declared_seconds: float | None
    """Duration the container claims for this stream; None where it does not say."""
    audio: tuple[str, ...]
    """Codecs of the sound streams."""
    created: str | None
    """The container's creation time as written there."""

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON; `from_json` reads them back."""
        data = asdict(self)
        for key in ("time_base", "rate", "sample_aspect_ratio"):
            data[key] = None if data[key] is None else str(data[key])
        return {**data, "extradata": self.extradata.hex(), "audio": list(self.audio), "color": list(self.color)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> VideoFacts:
        """Read what `to_json` wrote."""
        for key in ("time_base", "rate", "sample_aspect_ratio"):
            data[key] = None if data[key] is None else Fraction(data[key])
        extradata, audio, color = bytes.fromhex(data["extradata"]), tuple(data["audio"]), tuple(data["color"])
        return cls(**{**data, "extradata": extradata, "audio": audio, "color": color})


def check_regular(path: Path) -> None:
    """Refuse anything that is not a plain file with bytes in it, before libav touches it."""
    try:
        info = path.stat()
    except OSError as exc:
        raise SourceError(f"{path}: {exc.strerror or exc}", "Check the path and your right to read it.") from exc
    if not stat.S_ISREG(info.st_mode):
        raise SourceError(f"{path} is not a regular file", "Give a recording, not a folder, pipe or device.")
    held = info.st_blocks * 512 if hasattr(info, "st_blocks") else info.st_size
    if info.st_size > _SPARSE and held * 1000 < info.st_size:
        raise SourceError(
            f"{path} is a hole: it claims {info.st_size} bytes and holds {held}", "Copy the recording again."
        )
    if info.st_size == 0:
        raise SourceError(f"{path} is empty (0 bytes)", "Ask for the recording again; nothing is in this file.")


@contextmanager
def open_media(path: Path) -> Iterator[InputContainer]:
    """Open a recording for reading; SourceError with the reason when that fails."""
    check_regular(path)
    try:
        # absolute: a relative "concat:other.ts" is a protocol to libav, and would read another file
        options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
        container = av.open(os.fspath(path.absolute()), "r", options=options, metadata_errors="replace")
    except _OPEN_FAULTS as exc:
        raise SourceError(f"{path}: {open_reason(path, exc)}", "The file is left as it is.") from exc
    try:
        if len(container.streams) > MOST_STREAMS:
            raise SourceError(f"{path} claims {len(container.streams)} streams; {MOST_STREAMS} are allowed")
        yield container
    finally:
        container.close()


def open_reason(path: Path, exc: Exception) -> str:
    """Why a file would not open, as far as its first bytes tell."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as err:
        return str(err.strerror or err)
    if head[4:8] in (b"ftyp", b"mdat", b"wide", b"free") and isinstance(exc, av.error.InvalidDataError):
        return "the index of this MP4 (its moov box) is missing or damaged; the recording was cut short"
    if head.startswith((b"ffconcat", b"#EXTM3U")):
        return "this is a playlist that names other files, not a recording"
    return f"no recording that can be read ({getattr(exc, 'strerror', None) or type(exc).__name__})"


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The first real video stream (cover pictures are passed over)."""
    for stream in container.streams.video:
        if stream.disposition & Disposition.attached_pic or not _decodable(stream):
            continue
        width, height = stream.codec_context.width, stream.codec_context.height
        if width <= 0 or height <= 0:
            raise SourceError(f"{path}: the video stream has no picture size; its headers are damaged")
        if width * height > MOST_PIXELS:
            raise SourceError(f"{path}: pictures of {width}×{height} are larger than we allow")
        return stream
    raise SourceError(f"{path} holds no video stream that can be decoded")


def _decodable(stream: Any) -> bool:
    """PyAV gives no codec context where FFmpeg has no decoder; its stubs do not say so."""
    return stream.codec_context is not None


def video_facts(stream: VideoStream) -> VideoFacts:
    """What container and codec headers say of `stream`. Call while its container is open."""
    context, container = stream.codec_context, cast(InputContainer, stream.container)
    seconds = stream.duration * stream.time_base if stream.duration and stream.time_base else None
    if seconds is None and container.duration and "matroska" in container.format.name:
        # the track's own tag where there is one: the file's duration is that of its longest track, often the sound
        seconds = _tagged(stream.metadata) or Fraction(container.duration, av.time_base)
    return VideoFacts(
        container=container.format.name,
        stream_id=stream.id,
        tag=str(context.codec_tag),
        codec=context.codec.canonical_name,
        width=context.width,
        height=context.height,
        pix_fmt=context.pix_fmt or "",
        time_base=stream.time_base or Fraction(1, 90_000),
        rate=_rate(stream),
        sample_aspect_ratio=context.sample_aspect_ratio or None,
        field_order=_FIELD_ORDERS.get(int(context.field_order), "unknown"),
        color=(
            int(context.color_range),
            int(context.color_primaries),
            int(context.color_trc),
            int(context.colorspace),
        ),
        extradata=bytes(context.extradata or b""),
        declared_frames=_declared_frames(stream, container),
        declared_seconds=None if seconds is None else float(seconds),
        audio=tuple(a.codec_context.name for a in container.streams.audio if _decodable(a)),
        created=container.metadata.get("creation_time"),
    )


def _tagged(tags: Mapping[str, str]) -> Fraction | None:
    """Duration by a Matroska track's DURATION tag (``00:00:02.000000000``); None where there is none to be read."""
    text = next((value for key, value in tags.items() if key.split("-")[0] == "DURATION"), "")
    found = re.fullmatch(r"(\d{1,6}):(\d\d):(\d\d(?:\.\d{1,9})?)", text.strip())
    return int(found[1]) * 3600 + int(found[2]) * 60 + Fraction(found[3]) if found else None


def _declared_frames(stream: VideoStream, container: InputContainer) -> int:
    """The container's count of pictures; AVI counts empty chunks too, which repeat a picture and hold none."""
    if container.format.name != "avi":
        return stream.frames
    entries = stream.index_entries
    # Without its index (a file that was cut) the header's count is the only witness.
    return sum(1 for entry in entries if entry.size > 0) if len(entries) >= stream.frames else stream.frames


def _rate(stream: VideoStream) -> Fraction | None:
    for rate in (stream.guessed_rate, stream.average_rate, stream.codec_context.framerate):
        if rate and 0 < rate <= 1000:
            return Fraction(rate)
    return None
