"""Where decoding may begin: the true random access class of key packets, and which parameter sets are in force.

The container's key flag is not enough: MP4, Matroska and TS flag H.264 recovery points as well, and a copy that
begins at one decodes with errors or silently loses pictures. `EntryReader` looks into the packets themselves.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from enum import IntEnum

from av.packet import Packet
from av.video.stream import VideoStream

from workbench.media.bits import BitstreamError
from workbench.media.nal import ANNEX_B, Access, Codec, access
from workbench.media.parameter_sets import ParameterSets, added, in_band, merge, read_extradata, replaced
from workbench.media.probe import VideoFacts


class Entry(IntEnum):
    """How a packet may be entered, as stored in the index."""

    NONE = 0
    """Needs pictures before it."""
    OPEN = 1
    """H.264 recovery point, complete at once in output order: good enough to decode from, no sound joint."""
    GRADUAL = 2
    """H.264 recovery point that is right only some pictures later (intra refresh)."""
    CLOSED = 3
    """Decoding may begin; only pictures shown before it (leading ones) are lost."""
    CRA = 4
    """HEVC clean random access: like CLOSED, but behind a re-encoded part older players need it marked as BLA."""


_NAL_CODECS: dict[str, Codec] = {"h264": "h264", "hevc": "hevc"}
_ENTRIES = {Access.PLAIN: Entry.NONE, Access.CRA: Entry.CRA}


class EntryReader:
    """Classifies key packets in decode order and follows the parameter sets.

    `config` counts changes of the active parameter sets; `configs[config]` is the extradata in force (all sets seen
    under it; avcC/hvcC or what the container gave for other codings).
    """

    def __init__(self, facts: VideoFacts, *, look: bool = True) -> None:
        """Without `look` no packet is read, and every key packet is called CLOSED."""
        self.codec: Codec | None = _NAL_CODECS.get(facts.codec) if look else None
        self.config = 0
        self.configs: list[bytes] = [facts.extradata]
        self._sets = _sets(facts.extradata, self.codec) if self.codec else None

    def read(self, packet: Packet[VideoStream]) -> tuple[Entry, int]:
        """Entry class of a key packet, and the number of its parameter sets."""
        if packet.has_sidedata("new_extradata"):
            self._change(bytes(packet.get_sidedata("new_extradata")))
        return self.read_data(b"" if self.codec is None else bytes(packet))

    def read_data(self, data: bytes) -> tuple[Entry, int]:
        """The same for a packet's bytes, where the container can announce no new parameter sets beside them."""
        if self.codec is None or self._sets is None:
            return Entry.CLOSED, self.config
        try:
            self._follow(data)
            found = access(data, self.codec, self._sets.length_size)
        except BitstreamError:
            return Entry.NONE, self.config
        if found.kind is Access.RECOVERY_POINT:
            return (Entry.GRADUAL if found.recovery_frame_cnt else Entry.OPEN), self.config
        return _ENTRIES.get(found.kind, Entry.CLOSED), self.config

    def follow(self, data: bytes) -> int:
        """Follow parameter sets that a packet between key pictures may carry; returns the number in force."""
        if self.codec is not None and self._sets is not None:
            with contextlib.suppress(BitstreamError):
                self._follow(data)
        return self.config

    def _follow(self, data: bytes) -> None:
        assert self.codec is not None and self._sets is not None
        later = in_band(data, self.codec, self._sets.length_size)
        if not later.nals:
            return
        if replaced(self._sets, later):
            self.config += 1
            self._sets = ParameterSets(self.codec, later.nals, self._sets.length_size)
            self.configs.append(later.record())
        elif added(self._sets, later):
            self._sets = ParameterSets(self.codec, merge([self._sets, later]).nals, self._sets.length_size)
            self.configs[self.config] = self._sets.record()

    def _change(self, extradata: bytes) -> None:
        if extradata == self.configs[self.config]:
            return
        self.config += 1
        self.configs.append(extradata)
        if self.codec:
            self._sets = _sets(extradata, self.codec)


def _sets(extradata: bytes, codec: Codec) -> ParameterSets:
    """The sets of some extradata; none, with Annex B packets, where it cannot be read."""
    try:
        return read_extradata(extradata, codec)
    except BitstreamError:
        return ParameterSets(codec, (), ANNEX_B)


def resized(facts: VideoFacts, extradata: bytes) -> VideoFacts:
    """The facts of a stream under other parameter sets."""
    codec = _NAL_CODECS.get(facts.codec)
    try:
        sets = read_extradata(extradata, codec) if codec else None
        sizes = [(s.width, s.height) for s in (sets.h264_sps() if codec == "h264" else sets.hevc_sps())] if sets else []
    except BitstreamError:
        sizes = []
    width, height = sizes[0] if sizes else (facts.width, facts.height)
    return replace(facts, width=width, height=height, extradata=extradata)
