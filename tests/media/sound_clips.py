"""Recordings made on the fly whose pictures flash and whose sound clicks at the same instants.

Pictures are black, and white at a click.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from workbench.media.audio import AudioPlan, AudioTrack, Clip

FPS = 25
JUMP = Fraction(5, 1000)
"""A frame further than this from the end of the one before begins a new piece."""
Row = tuple[Fraction, av.Packet]
"""A packet and the second at which it is to be muxed."""


def click(rate: int) -> NDArray[np.float32]:
    """The samples of a click: four milliseconds of 1 kHz, which every coding and rate keeps."""
    count = rate // 250
    return (0.9 * np.sin(2 * np.pi * 1000 * np.arange(count) / rate) * np.hanning(count)).astype(np.float32)


def click_times(seconds: int) -> list[int]:
    """Instants of the clicks in milliseconds: one a second, at a frame's instant, never evenly spaced."""
    return [1000 * n + 40 * (3 + (7 * n) % 17) for n in range(seconds)]


def sound(seconds: int, rate: int, channels: int) -> NDArray[np.float32]:
    """A soft tone with a loud click at each of `click_times`, as (channels, samples)."""
    samples = (0.02 * np.sin(2 * np.pi * 440 * np.arange(seconds * rate) / rate)).astype(np.float32)
    for ms in click_times(seconds):
        at = ms * rate // 1000
        samples[at : at + rate // 250] = click(rate)
    return np.tile(samples, (channels, 1))


def make(
    path: Path,
    codec: str,
    *,
    rate: int = 48_000,
    layout: str = "stereo",
    seconds: int = 12,
    hole: tuple[int, int] = (0, 0),
) -> Path:
    """Write a recording; sound packets that begin in `hole` (milliseconds) are left out of it."""
    with av.open(str(path), "w") as out:
        video = _pictures(out, "mpeg2video" if path.suffix == ".ts" else "mjpeg")
        audio = out.add_stream(codec, rate=rate)
        audio.codec_context.layout = layout
        packets = [*_coded_pictures(video, seconds), *_coded_sound(audio, seconds, rate, layout)]
        for at, packet in sorted(packets, key=lambda row: row[0]):
            if packet.stream is video or not hole[0] <= at * 1000 < hole[1]:
                out.mux(packet)
    return path


def _pictures(out: OutputContainer, codec: str) -> VideoStream:
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    video = out.add_stream(codec, rate=FPS, width=32, height=32, pix_fmt=pix_fmt)
    video.codec_context.time_base = Fraction(1, FPS)
    return video


def _coded_pictures(video: VideoStream, seconds: int) -> Iterator[Row]:
    flashes = set(click_times(seconds))
    for n in range(seconds * FPS):
        grey = np.full((48, 32), 235 if n * 1000 // FPS in flashes else 16, np.uint8)
        frame = av.VideoFrame.from_ndarray(grey, "yuv420p").reformat(format=video.codec_context.pix_fmt)
        frame.pts, frame.time_base = n, Fraction(1, FPS)
        yield from ((Fraction(n, FPS), packet) for packet in video.encode(frame))
    yield from ((Fraction(seconds), packet) for packet in video.encode(None))


def _coded_sound(audio: AudioStream, seconds: int, rate: int, layout: str) -> Iterator[Row]:
    wave = sound(seconds, rate, len(audio.codec_context.layout.channels))
    for at in range(0, wave.shape[1], 1024):
        piece = av.AudioFrame.from_ndarray(np.ascontiguousarray(wave[:, at : at + 1024]), "fltp", layout)
        piece.sample_rate, piece.pts, piece.time_base = rate, at, Fraction(1, rate)
        yield from ((Fraction(at, rate), packet) for packet in audio.encode(piece))
    yield from ((Fraction(seconds), packet) for packet in audio.encode(None))


def cut(source: Path, out: Path, plan: AudioPlan, begin: int, end: int, **options: str) -> AudioTrack:
    """Cut [begin, end) (microseconds, `begin` a picture's time): pictures copied, sound as `plan` says."""
    with (
        av.open(str(source)) as container,
        av.open(str(out), "w", options={"fflags": "+bitexact", **options}) as output,
        AudioTrack(plan, [Clip(source, None, begin, end, -begin)]) as track,
    ):
        pictures = container.streams.video[0]
        video, audio = output.add_stream_from_template(pictures, opaque=True), track.add_to(output)
        for packet in container.demux(pictures):
            if packet.size == 0 or not begin <= (at := packet.pts * packet.time_base * 1_000_000 // 1) < end:
                continue
            for one in track.packets_until(at - begin):
                output.mux(one.to_av(audio))
            packet.pts = packet.dts = packet.pts - round(begin / 1_000_000 / packet.time_base)
            packet.stream = video
            output.mux(packet)
        for one in track.finish():
            output.mux(one.to_av(audio))
    return track


def heard(path: Path) -> tuple[list[Fraction], int]:
    """The times of the clicks in a file's sound, by a matched filter, and the rate they were measured at."""
    pieces: list[tuple[Fraction, list[NDArray[np.float64]]]] = []
    rate = length = 0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            samples, rate = mono(frame), frame.sample_rate
            if not pieces or abs(frame.pts * frame.time_base - pieces[-1][0] - Fraction(length, rate)) > JUMP:
                pieces.append((frame.pts * frame.time_base, []))
                length = 0
            pieces[-1][1].append(samples)
            length += len(samples)
    return [at for begin, parts in pieces for at in _clicks(begin, np.concatenate(parts), rate)], rate


def _clicks(begin: Fraction, samples: NDArray[np.float64], rate: int) -> Iterator[Fraction]:
    pattern = click(rate).astype(np.float64)
    loud = np.flatnonzero(np.abs(samples) > 0.4)
    for group in np.split(loud, np.flatnonzero(np.diff(loud) > rate // 4) + 1):
        low = max(0, int(group[0]) - 2 * len(pattern)) if len(group) else 0
        window = samples[low : int(group[-1]) + 2 * len(pattern)] if len(group) else samples[:0]
        if len(window) < len(pattern):
            continue
        match = np.correlate(window, pattern, "valid") / float(pattern @ pattern)
        if match.max() > 0.6:
            yield begin + Fraction(low + int(np.argmax(match)), rate)


def mono(frame: av.AudioFrame) -> NDArray[np.float64]:
    """The first channel of a frame, full scale 1."""
    array = frame.to_ndarray()
    if not frame.format.is_planar:
        array = array.reshape(-1, len(frame.layout.channels)).T
    full = np.iinfo(array.dtype).max + 1 if array.dtype.kind == "i" else 1
    return array[0].astype(np.float64) / full


def seen(path: Path) -> list[Fraction]:
    """The times of the white pictures."""
    with av.open(str(path)) as container:
        return [f.pts * f.time_base for f in container.decode(video=0) if f.to_ndarray()[:32].mean() > 128]
