"""`Part`: one output file while it is written.

Coded pictures come in decode order with their display times; the decode times that a container wants are made here:
the n-th smallest display time, shifted by how far pictures are reordered. Sound and text are mixed in by time.

    with source_template(path) as template:
        part = Part(scratch / "a.mp4", "mp4", template, record, clock.time_base, reorder=2)
    part.video(coded.data, coded.pts, coded.key)
    part.close()
"""

from __future__ import annotations

import contextlib
import heapq
import io
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from workbench.core.errors import WorkError
from workbench.media import priority
from workbench.media.encode import ENCODERS, Picture, configure, options
from workbench.media.probe import open_media, video_stream

CONTAINERS = {"mp4": "mp4", "mkv": "matroska", "avi": "avi"}
TAGS = {("mp4", "h264"): "avc1", ("mp4", "hevc"): "hvc1"}
# Edit lists are written in the movie's time scale; the default of 1000 would round them to milliseconds.
DETERMINISTIC = {"fflags": "+bitexact"}
"""Muxer options that keep random ids and library versions out of the file."""
OVERHEAD = 48
"""Bytes a container spends on one packet at the most: sample tables, a block header, an index entry."""
FAR = 1 << 27
"""Ticks to the next picture from which its decode time no longer waits on the other side of the gap."""
_NEEDS_OPAQUE = frozenset({"av1", "vp8", "vp9"})
"""Codings whose decoder library has another name than the coding, which PyAV's plain template does not know."""


@contextmanager
def source_template(path: Path) -> Iterator[VideoStream]:
    """The source's own stream as the pattern of an output stream: colour tags, shape and rotation come along."""
    with open_media(path) as container:
        yield video_stream(container, path)


@contextmanager
def encoder_template(picture: Picture, codec: str, quality: int) -> Iterator[VideoStream]:
    """A pattern for a file whose pictures are all coded anew: one empty picture coded with the same settings."""
    memory = io.BytesIO()
    with av.open(memory, "w", format="mp4" if codec == "av1" else "mov") as out:
        stream = out.add_stream(ENCODERS[codec], rate=picture.rate)
        assert isinstance(stream, VideoStream) and isinstance(stream.codec_context, VideoCodecContext)
        configure(stream.codec_context, codec, picture, options(codec, quality, picture))
        stream.time_base = picture.time_base
        frame = VideoFrame(picture.width, picture.height, picture.pix_fmt)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.pts, frame.time_base = 0, picture.time_base
        with priority.kept():
            packets = [*stream.encode(frame), *stream.encode(None)]
        for packet in packets:
            out.mux(packet)
    memory.seek(0)
    with av.open(memory) as opened:
        assert isinstance(opened, InputContainer)
        yield opened.streams.video[0]


class Part:
    """An output file; nothing but `close` makes it complete."""

    def __init__(
        self,
        path: Path,
        form: str,
        template: VideoStream,
        extradata: bytes | None,
        time_base: Fraction,
        *,
        rate: Fraction | None,
        reorder: int,
        picture: int,
        metadata: Mapping[str, str],
        chapters: list[dict[str, Any]],
        rotation: int = 0,
        size: tuple[int, int] | None = None,
    ) -> None:
        """Open the file.

        `extradata` is the configuration record (None: the template's own), `rate` the nominal frame rate for the
        header, `reorder` how many pictures may be coded before one that is shown earlier, `picture` the ticks one
        usually lasts, `rotation` what a player is told to do beyond what the template says, `size` the pictures'.
        """
        self.path, self.form, self.time_base = path, form, time_base
        options = DETERMINISTIC | ({"movie_timescale": "90000"} if form == "mp4" else {})
        self.container = av.open(os.fspath(path.absolute()), "w", format=CONTAINERS[form], options=options)
        codec = template.codec_context.codec.canonical_name
        self._video = self.container.add_stream_from_template(template, opaque=codec in _NEEDS_OPAQUE)
        self._video.time_base = time_base
        # The source's bit rate would be written into headers, and tell of what a mask hides.
        self._video.codec_context.bit_rate = 0
        if self._video.codec_context.is_encoder:
            self._video.codec_context.time_base = time_base
            if rate is not None:
                self._video.codec_context.framerate = rate
        if self._video.codec_context.is_encoder and size is not None:
            self._video.codec_context.width, self._video.codec_context.height = size
        if extradata is not None:
            self._video.codec_context.extradata = extradata
        if (form, codec) in TAGS:
            self._video.codec_context.codec_tag = TAGS[form, codec]
        if rotation:
            self._video.set_display_rotation(rotation)
        # a file name that is no UTF-8 reaches us as lone surrogates
        known = {key: text.encode(errors="backslashreplace").decode() for key, text in metadata.items()}
        self.container.metadata.update(known)
        if chapters:
            self.container.set_chapters(cast(Any, chapters))
        self._reorder = reorder
        self._waiting: list[int] = []
        self._written = 0
        self._picture = picture
        self._latest, self._least = 0, -FAR
        self.size = 0
        """Bytes of packets so far, with what the container spends on them."""

    def video(self, data: bytes, pts: int, duration: int, key: bool) -> None:
        """Add one coded picture, shown for `duration` ticks at `pts` of the file's own time."""
        dts = self._decode_time(pts)
        packet: Packet[Any] = Packet(data)
        packet.pts, packet.dts, packet.duration = pts, dts, duration
        packet.time_base, packet.stream, packet.is_keyframe = self.time_base, self._video, key
        self.mux_ready(packet)

    def _decode_time(self, pts: int) -> int:
        heapq.heappush(self._waiting, pts)
        if self._written < self._reorder:
            dts = (self._written - self._reorder) * self._picture
        else:
            dts = heapq.heappop(self._waiting)
        self._written += 1
        # Behind a long gap the smallest waiting time lies before it; readers drop all offsets where one is over 2^28.
        self._least = pts - FAR // 2 if pts - self._latest > FAR else self._least + 1
        self._latest = max(self._latest, pts)
        return max(dts, self._least)

    def mux_ready(self, packet: Packet[Any]) -> None:
        """Hand a packet that knows its stream and times to the container; WorkError where it will not take it."""
        self.size += packet.size + OVERHEAD
        try:
            self.container.mux(packet)
        except (FFmpegError, OSError) as exc:
            raise write_fault(self.path, exc) from exc

    def abandon(self) -> None:
        """Let go of a file that nobody will finish: while it is open a full disk stays full."""
        with contextlib.suppress(FFmpegError, OSError):
            self.container.close()

    def close(self) -> None:
        """Write what the container still owes, and bring the file to the disk."""
        try:
            self.container.close()
            with self.path.open("rb+") as file:
                os.fsync(file.fileno())
        except (FFmpegError, OSError) as exc:
            raise write_fault(self.path, exc) from exc


def write_fault(path: Path, exc: FFmpegError | OSError) -> WorkError:
    """What to tell a person when writing failed."""
    reason = exc.strerror or str(exc)
    advice = (
        "Free some space or choose another folder."
        if getattr(exc, "errno", 0) in (28, 122)
        else "Choose another folder."
    )
    return WorkError(f"writing {path.name} failed: {reason}", advice)
