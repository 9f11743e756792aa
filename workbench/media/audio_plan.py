"""What is done with the sound of an export: copied, coded as AAC, laid out as PCM, or left out. Pure rules.

    container   quality 0 and 3                                      other qualities
    mp4         AAC is copied; all else becomes AAC                  AAC
    mkv         copied where PyAV's muxer takes the coding;          AAC
                else 16-bit PCM (G.711 loses nothing by it)
    avi         16-bit PCM                                           16-bit PCM

A copy needs one coding all along. Recordings that differ (`coding_changes` says where) are either put into
parts of their own by the caller, or come out coded anew at the highest rate and the widest layout among
them.

    plan = choose([audio_facts(path)], "mp4", quality=0)
    plan.words          # "AAC, 48000 Hz, stereo: copied"
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Literal

from av.audio.codeccontext import AudioCodecContext
from av.audio.layout import AudioLayout
from av.audio.stream import AudioStream
from av.container import InputContainer

from workbench.core.errors import SourceError
from workbench.media.probe import open_media

Container = Literal["mp4", "mkv", "avi"]

KBIT_PER_CHANNEL = {0: 128, 1: 112, 2: 96, 3: 80, 4: 64, 5: 48, 6: 32}
"""AAC bit rate of each audio quality, a channel; never more than `_MOST_BITS` a sample (8 kHz: 40 kbit/s)."""
_MOST_BITS = 5
"""AAC holds 6144 bits a channel and frame of 1024 samples, 6 a sample; this stays clear of that."""
AAC_RATES = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_AAC_LAYOUTS = frozenset({"mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"})
_BY_CHANNELS = {1: "mono", 2: "stereo"}
_COPIED_AS_IS = (0, 3)
_COPIES: dict[Container, frozenset[str]] = {
    "mp4": frozenset({"aac"}),
    "mkv": frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "opus", "vorbis", "flac", "alac", "pcm_s24le", "pcm_f32le"}),
    "avi": frozenset(),
}
"""Codings that are copied. mkv: what PyAV's muxer accepts (G.711 it refuses); PCM of 16 bits and less is laid
out anew instead, which changes no sample and lets the cut fall on the exact one."""
_EXACT_IN_16_BITS = frozenset({"pcm_s16le", "pcm_s16be", "pcm_alaw", "pcm_mulaw", "pcm_u8", "pcm_s8"})


class AudioMode(StrEnum):
    """What happens to the sound."""

    COPY = "copy"
    """Coded packets are carried over bit for bit."""
    AAC = "aac"
    """Decoded, cut to the sample, coded as AAC."""
    PCM = "pcm"
    """Decoded, cut to the sample, laid out as 16-bit samples."""
    NONE = "none"
    """No sound in the output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFacts:
    """What container and codec headers claim about a sound stream."""

    stream: int
    """Index of the stream in its file."""
    codec: str
    """FFmpeg's name of the coding; ``unknown`` where this build has no decoder for it."""
    rate: int
    """Samples a second."""
    channels: int
    layout: str
    """FFmpeg's name of the channel layout."""
    frame: int
    """Samples a packet holds; 0 where that varies."""
    time_base: Fraction
    extradata: bytes = b""

    @property
    def decodes(self) -> bool:
        """Whether there is a decoder, and headers that are sane enough to use it."""
        return self.codec != "unknown" and self.rate > 0 and self.channels > 0

    @property
    def coding(self) -> tuple[object, ...]:
        """Equal for two streams whose packets may stand in one output stream."""
        return self.codec, self.rate, self.channels, self.layout, self.extradata


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPlan:
    """How the sound will be made, and why."""

    mode: AudioMode
    container: Container
    codec: str = ""
    """Coding in the output, in FFmpeg's names."""
    rate: int = 0
    layout: str = ""
    bit_rate: int = 0
    """AAC: bits a second, all channels together."""
    words: str = ""
    """The plan in one line."""
    warnings: tuple[str, ...] = field(default=())


def audio_facts(path: Path, stream: int | None = None) -> AudioFacts | None:
    """The facts of a file's sound stream (the first, or that of index `stream`); None where it has none."""
    with open_media(path) as container:
        found = audio_stream(container, stream)
        return None if found is None else stream_facts(found)


def audio_stream(container: InputContainer, index: int | None = None) -> AudioStream | None:
    """The sound stream of that index, or the first; None where there is none."""
    streams = [s for s in container.streams.audio if index is None or s.index == index]
    if index is not None and not streams:
        raise SourceError(f"{container.name}: stream {index} is not a sound stream")
    return streams[0] if streams else None


def stream_facts(stream: AudioStream) -> AudioFacts:
    """What the headers say of `stream`. Call while its container is open."""
    # PyAV's stub does not say that the context is None where no decoder is known for a coding.
    context: AudioCodecContext | None = stream.codec_context
    ticks = stream.time_base or Fraction(1, 90_000)
    if context is None:
        return AudioFacts(stream=stream.index, codec="unknown", rate=0, channels=0, layout="", frame=0, time_base=ticks)
    return AudioFacts(
        stream=stream.index,
        codec=context.codec.canonical_name,
        rate=context.sample_rate,
        channels=context.channels,
        layout=context.layout.name,
        frame=context.frame_size,
        time_base=ticks,
        extradata=bytes(context.extradata or b""),
    )


def coding_changes(facts: Sequence[AudioFacts | None]) -> tuple[int, ...]:
    """Places in `facts` whose coding differs from the sound before; those without sound change nothing."""
    places: list[int] = []
    last: AudioFacts | None = None
    for place, one in enumerate(facts):
        if one is not None and last is not None and one.coding != last.coding:
            places.append(place)
        last = one or last
    return tuple(places)


def choose(
    facts: Sequence[AudioFacts | None], container: Container, quality: int = 0, *, force_encode: bool = False
) -> AudioPlan:
    """Decide what is done with the sound of recordings that follow each other in one output stream.

    `facts` has one entry a recording (None: it has no sound), `quality` is the spec's audio quality 0 … 6;
    `force_encode` codes anew even where copying is possible, so that the cut falls on the exact sample.
    """
    sounding = [one for one in facts if one is not None]
    usable = [one for one in sounding if one.decodes]
    lost = len(sounding) - len(usable)
    warnings = (f"the sound of {lost} recording(s) cannot be decoded here; it is left out",) if lost else ()
    if not usable:
        words = "left out: no decoder for its coding" if sounding else "none recorded"
        return AudioPlan(mode=AudioMode.NONE, container=container, words=words, warnings=warnings)
    first = usable[0]
    copies = quality in _COPIED_AS_IS and not force_encode and first.codec in _COPIES[container]
    if copies and not coding_changes(usable):
        words = f"{_described(first.codec, first.rate, first.layout)}: copied"
        return AudioPlan(
            mode=AudioMode.COPY, container=container, codec=first.codec, rate=first.rate, layout=first.layout,
            words=words, warnings=warnings,
        )  # fmt: skip
    lossless = container == "mkv" and quality in _COPIED_AS_IS and not copies and not force_encode
    if container == "avi" or lossless:
        return _pcm(usable, container, warnings)
    return _aac(usable, container, quality, warnings)


def _pcm(facts: Sequence[AudioFacts], container: Container, warnings: tuple[str, ...]) -> AudioPlan:
    rate, layout = max(one.rate for one in facts), _layout(facts)
    exact = all(one.codec in _EXACT_IN_16_BITS and one.rate == rate for one in facts)
    why = ", no sample changed by it" if exact and not coding_changes(facts) else ""
    return AudioPlan(
        mode=AudioMode.PCM, container=container, codec="pcm_s16le", rate=rate, layout=layout,
        words=f"{_sources(facts)} → {_described('pcm_s16le', rate, layout)}{why}", warnings=warnings,
    )  # fmt: skip


def _aac(facts: Sequence[AudioFacts], container: Container, quality: int, warnings: tuple[str, ...]) -> AudioPlan:
    wanted, layout = max(one.rate for one in facts), _layout(facts)
    rate = next((legal for legal in AAC_RATES if legal >= wanted), AAC_RATES[-1])
    if layout not in _AAC_LAYOUTS:
        warnings += (f"sound in {layout} is mixed down to stereo: AAC has no such layout",)
        layout = "stereo"
    if rate != wanted:
        warnings += (f"sound at {wanted} Hz is resampled to {rate} Hz, which AAC can hold",)
    channels = AudioLayout(layout).nb_channels
    bits = channels * min(KBIT_PER_CHANNEL[quality] * 1000, _MOST_BITS * rate)
    words = f"{_sources(facts)} → {_described('aac', rate, layout)}, {bits // 1000} kbit/s"
    return AudioPlan(
        mode=AudioMode.AAC, container=container, codec="aac", rate=rate, layout=layout, bit_rate=bits,
        words=words, warnings=warnings,
    )  # fmt: skip


def _layout(facts: Sequence[AudioFacts]) -> str:
    """The widest layout; one or two channels of unsaid order are mono and stereo."""
    widest = max(facts, key=lambda one: one.channels)
    return _BY_CHANNELS.get(widest.channels, widest.layout)


def _sources(facts: Sequence[AudioFacts]) -> str:
    return " and ".join(dict.fromkeys(_described(one.codec, one.rate, one.layout) for one in facts))


def _described(codec: str, rate: int, layout: str) -> str:
    return f"{codec.upper() if not codec.startswith('pcm') else codec}, {rate} Hz, {layout}"
