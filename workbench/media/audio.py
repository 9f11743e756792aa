"""The sound that goes with an exact cut: ready packets, pulled by whoever muxes the pictures.

One `AudioTrack` is the sound of one output file, made of the clips of one or more recordings in order. What
is done (copied, AAC, PCM, nothing) was decided by `choose`; the track streams and holds a few packets at
most.

    plan = choose([audio_facts(path)], "mp4", spec.audio_quality)
    with AudioTrack(plan, [Clip(path, None, begin, end, shift=-begin)]) as track:
        stream = track.add_to(output)                          # before the first packet is muxed
        for picture in pictures:
            for sound in track.packets_until(picture_us):
                output.mux(sound.to_av(stream))
            output.mux(picture)
        for sound in track.finish():
            output.mux(sound.to_av(stream))
    track.notes()

Rules:

- Output zero is the first picture, so a clip begins at its time: sound before it has no picture to go with.
- ``packets_until(t)`` gives what can be given without any sound from `t` on, so a part may be ended at any
  `t` that was reached, or later: ``finish(t)``. The next part is a new track whose clip begins there.
- Copied packets start at or after the clip's begin and end at or before its end, so up to one packet is
  missing at either side. The first copied AAC packet lacks the one it overlaps with: its 1024 samples fade
  in (Matroska may hide them, as its codec delay). The last one also carries half of the transform of the
  1024 samples behind it; no player makes that sound, but who must rule even that out codes anew
  (``choose(force_encode=True)``).
- Copy leaves holes by time stamps; AAC and PCM fill them with digital silence (see `audio_encode`).
- Damage never raises: it is stepped over, counted, and told by `notes`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from fractions import Fraction

from av.audio.stream import AudioStream
from av.container import OutputContainer

from workbench.core.errors import SourceError, WorkError
from workbench.core.timebase import SECOND
from workbench.media.audio_encode import SampleEncoder, SampleLine, add_encoder
from workbench.media.audio_plan import (
    AudioFacts,
    AudioMode,
    AudioPlan,
    audio_facts,
    audio_stream,
    choose,
    coding_changes,
)
from workbench.media.audio_read import AudioPacket, Clip, Tally, at_rate, audio_span, whole_packets
from workbench.media.probe import open_media

__all__ = [
    "AudioFacts",
    "AudioMode",
    "AudioPacket",
    "AudioPlan",
    "AudioTrack",
    "Clip",
    "audio_facts",
    "audio_span",
    "choose",
    "coding_changes",
]

_MATROSKA_TICKS = 1000


class AudioTrack:
    """The sound of one output file, pulled packet by packet."""

    def __init__(self, plan: AudioPlan, clips: Sequence[Clip]) -> None:
        self.plan = plan
        self.tally = Tally()
        self._clips = tuple(clips)
        self._end = max((clip.end + clip.shift for clip in clips), default=0)
        self._encoder: SampleEncoder | None = None
        self._copies = self._copied()
        self._waiting: AudioPacket | None = None

    def __enter__(self) -> AudioTrack:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the recordings that are still open."""
        self._copies.close()
        if self._encoder:
            self._encoder.close()

    def add_to(self, output: OutputContainer) -> AudioStream | None:
        """Make the output's sound stream; None where the plan has no sound."""
        if self.plan.mode is AudioMode.NONE:
            return None
        if self.plan.mode is AudioMode.COPY:
            return self._add_template(output)
        stream = add_encoder(self.plan, output)
        self._encoder = SampleEncoder(SampleLine(self._clips, self.plan, self.tally), self.plan, stream)
        return stream

    def _add_template(self, output: OutputContainer) -> AudioStream:
        for clip in self._clips:
            with open_media(clip.path) as container:
                template = audio_stream(container, clip.stream)
                if template is not None:
                    return output.add_stream_from_template(template, opaque=True)
        raise SourceError("none of the recordings holds the sound that was to be copied")

    def packets_until(self, us: int) -> Iterator[AudioPacket]:
        """Packets that are complete at output time `us` (microseconds): no sound from then on is in them."""
        if self.plan.mode is AudioMode.COPY:
            yield from self._copies_until(us)
        elif self.plan.mode is not AudioMode.NONE:
            yield from self._counted(self._ready().until(self._sample(us)))

    def finish(self, us: int | None = None, *, straddling: bool = False) -> Iterator[AudioPacket]:
        """All that is left, up to output time `us` if that comes before the clips' end.

        `straddling`: where the next part of the same range begins at `us`, a copied packet that lies across
        it goes to this part, so that the joint loses no sound. Never use it for the end of the range.
        """
        limit = self._end if us is None else min(us, self._end)
        if self.plan.mode is AudioMode.COPY:
            yield from self._copies_until(limit)
            if straddling and self._waiting and self._waiting.start < Fraction(limit, SECOND):
                self.tally.packets += 1
                yield self._waiting
        elif self.plan.mode is not AudioMode.NONE:
            yield from self._counted(self._ready().finish(self._sample(limit)))
        self.close()

    def notes(self) -> tuple[str, ...]:
        """What a person should know about the sound that was made, in sentences."""
        tally, rate, said = self.tally, self.plan.rate or 1, list(self.plan.warnings)
        if tally.damaged and tally.damaged_at is not None:
            at = tally.damaged_at / SECOND
            said.append(f"{tally.damaged} damaged sound packets were left out, the first at +{at:.3f} s")
        said += [f"{name}: the sound breaks off, the file is damaged" for name in sorted(tally.broken_off)]
        if tally.overlapping:
            said.append(f"{tally.overlapping} sound packets were left out: their time was taken by others")
        if tally.silence:
            said.append(f"{tally.silence / rate:.3f} s without recorded sound hold digital silence")
        if tally.doubled:
            said.append(f"{tally.doubled / rate:.3f} s of sound recorded twice or out of step were left out")
        return tuple(said)

    def _ready(self) -> SampleEncoder:
        if self._encoder is None:
            raise WorkError("the sound's output stream was not made yet: call add_to() first")
        return self._encoder

    def _sample(self, us: int) -> int:
        return at_rate(min(us, self._end), Fraction(1, SECOND), 0, self.plan.rate)

    def _counted(self, packets: Iterator[AudioPacket]) -> Iterator[AudioPacket]:
        for packet in packets:
            self.tally.packets += 1
            yield packet

    def _copies_until(self, us: int) -> Iterator[AudioPacket]:
        packet = self._waiting or next(self._copies, None)
        limit = us * packet.time_base.denominator // SECOND if packet else 0
        while packet and packet.pts + packet.duration <= limit:
            self._waiting = None
            self.tally.packets += 1
            yield packet
            packet = next(self._copies, None)
        self._waiting = packet

    def _copied(self) -> Generator[AudioPacket]:
        """The clips' whole packets in output time, each beginning behind the one before."""
        last, end, known = -1, 0, None
        for facts, packet in self._whole():
            if known is not None and known is not facts and known.coding != facts.coding:
                raise WorkError("the sound's coding changes; it cannot be copied in one stream")
            known = facts
            if packet.pts <= last or packet.pts + packet.duration // 2 < end:
                self.tally.overlapping += 1
                continue
            last, end = packet.pts, packet.pts + packet.duration
            yield packet

    def _whole(self) -> Iterator[tuple[AudioFacts, AudioPacket]]:
        # Matroska rounds to its milliseconds; rounding down before keeps packets from ending late.
        grid = _MATROSKA_TICKS if self.plan.container == "mkv" else None
        for clip in self._clips:
            try:
                yield from whole_packets(clip, self.tally, grid)
            except SourceError:
                self.tally.broken_off.add(clip.path.name)
