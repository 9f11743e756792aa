"""Small clips for the bitstream tests: pictures that show their own number, coded by PyAV.

coded = encode("h264", range(10), "sps-id=3")     # in memory, Annex B
source = write_clip(path, "hevc", range(30))      # the same as a file
read_number(frame)                                # 0..31, from five squares of 16 x 16 luma samples
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.codec.context import Flags

from workbench.media.nal import ANNEX_B, Codec, access, to_length_prefixed
from workbench.media.parameter_sets import read_extradata

WIDTH, HEIGHT, RATE = 96, 64, 30
BITS = 5
CLOSED = "keyint=10:min-keyint=10:scenecut=0:open-gop=0:bframes=2"
"""Groups of ten pictures that begin with an IDR."""
OPEN = "keyint=10:min-keyint=10:scenecut=0:open-gop=1:bframes=2"

_ENCODERS = {"h264": "libx264", "hevc": "libx265"}
_QUIET = {"h264": "log=-1", "hevc": "log-level=none:pools=none:frame-threads=1"}


@dataclass(frozen=True)
class Coded:
    """A coded clip: extradata, and (pts, data) of each packet in decode order; pts counts pictures."""

    extradata: bytes
    packets: list[tuple[int, bytes]]


def picture(number: int, pix_fmt: str = "yuv420p") -> av.VideoFrame:
    """A picture whose top row of squares is `number` in binary, on a background that moves."""
    image = ((np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)) + 3 * number) % 128 + 64).astype(np.uint8)
    for bit in range(BITS):
        image[:16, bit * 16 : bit * 16 + 16] = 235 if number >> bit & 1 else 16
    frame = av.VideoFrame.from_ndarray(image, format="gray").reformat(format=pix_fmt)
    frame.pts, frame.time_base = number, Fraction(1, RATE)
    return frame


def read_number(frame: av.VideoFrame) -> int:
    """The number that `picture` drew."""
    luma = frame.reformat(format="gray").to_ndarray()
    return sum(int(luma[4:12, bit * 16 + 4 : bit * 16 + 12].mean() > 128) << bit for bit in range(BITS))


def encode(
    codec: Codec,
    numbers: Iterable[int],
    params: str = CLOSED,
    *,
    pix_fmt: str = "yuv420p",
    headers: bool = True,
) -> Coded:
    """Code pictures as Annex B packets; with ``headers=False`` the parameter sets stand in band."""
    encoder = cast("av.VideoCodecContext", av.CodecContext.create(_ENCODERS[codec], "w"))
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, pix_fmt
    encoder.time_base, encoder.framerate = Fraction(1, RATE), Fraction(RATE)
    encoder.thread_count = 1
    if headers:
        encoder.flags |= Flags.global_header
    name = _ENCODERS[codec].removeprefix("lib")
    encoder.options = {"preset": "veryfast", f"{name}-params": f"{_QUIET[codec]}:{params}"}
    packets = [packet for number in numbers for packet in encoder.encode(picture(number, pix_fmt))]
    packets += encoder.encode(None)
    return Coded(encoder.extradata or b"", [(packet.pts or 0, bytes(packet)) for packet in packets])


def add_encoder(container: av.container.OutputContainer, codec: Codec) -> av.VideoStream:
    """A stream of a container, coded by the codec's usual encoder, which keeps quiet."""
    name = _ENCODERS[codec]
    options = {f"{name.removeprefix('lib')}-params": _QUIET[codec]}
    stream = cast("av.VideoStream", container.add_stream(name, rate=RATE, options=options))
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    return stream


def mux(path: Path, codec: Codec, record: bytes, packets: Sequence[tuple[int, bytes]]) -> None:
    """Write (pts, data) in decode order under one record, as the exporter does: template, extradata, tag."""
    seed = path.with_name(f"seed-{path.stem}.mp4")
    with av.open(seed, "w") as container:
        video = add_encoder(container, codec)
        for number in range(8):  # of a single picture, x265 gives a decode time out of nowhere
            container.mux(video.encode(picture(number)))
        container.mux(video.encode(None))
    with av.open(seed) as template, av.open(path, "w") as out:
        stream = out.add_stream_from_template(template.streams.video[0])
        stream.codec_context.extradata = record
        stream.codec_context.codec_tag = {"h264": "avc1", "hevc": "hvc1"}[codec]
        shown = sorted(pts for pts, _ in packets)
        depth = max(early - pts for early, (pts, _) in zip(shown, packets, strict=True))
        for early, (pts, data) in zip(shown, packets, strict=True):
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, RATE)
            packet.pts, packet.dts = pts, early - depth
            packet.is_keyframe = access(data, codec, 4).starts_here
            out.mux(packet)


def write_clip(path: Path, codec: Codec, numbers: Iterable[int], params: str = CLOSED) -> Coded:
    """Code pictures into a file; what the file holds: its extradata and its packets."""
    coded = encode(codec, numbers, params)
    packets = [(pts, to_length_prefixed(data, codec, ANNEX_B)) for pts, data in coded.packets]
    mux(path, codec, read_extradata(coded.extradata, codec).record(), packets)
    return read_clip(path)


def read_clip(path: Path) -> Coded:
    """The packets of a file, pts counted in pictures from zero."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        found = [packet for packet in container.demux(stream) if packet.size]
        tick = (stream.time_base or 0) * RATE
        packets = [(round((packet.pts or 0) * tick), bytes(packet)) for packet in found]
        return Coded(stream.codec_context.extradata or b"", packets)


def numbers_shown(path: Path) -> list[int]:
    """The numbers of all pictures a file shows, in order, by PyAV."""
    with av.open(path) as container:
        return [read_number(frame) for frame in container.decode(video=0)]
