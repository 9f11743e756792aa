"""From a plan's segments to coded pictures: copied ones as they are, the others decoded, changed and coded anew.

`Stream.items` yields what goes into the file, in the order of the file. Each item says which picture of which
recording it is, what became of it, and for a copied one the digest that proves it later on the finished file.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from workbench.core.plan import Mode, Segment
from workbench.core.spec import ExportSpec
from workbench.media.access import Entry
from workbench.media.bits import BitstreamError
from workbench.media.clock import Clock
from workbench.media.encode import Encoder
from workbench.media.hevc_ids import cra_to_bla
from workbench.media.index import HIDDEN, NO_PICTURE
from workbench.media.nal import NOT_PICTURE, Codec, picture_digest, to_length_prefixed
from workbench.media.parameter_sets import ParameterSets, merge, read_extradata
from workbench.media.recording import Recording
from workbench.media.retouch import Retouch

Placed = tuple[Segment, Recording, int, int]
"""A segment, its recording, and the ranks [low, high) it covers there."""
NAL_CODECS: dict[str, Codec] = {"h264": "h264", "hevc": "hevc"}


class Item(NamedTuple):
    """One coded picture on its way into a file."""

    data: bytes
    recording: Recording
    rank: int
    us: int
    """Instant on the source's time line."""
    tick: int
    """Output time; only differences mean anything."""
    lasts: int
    """Ticks for which it is shown."""
    key: bool
    """A new file may begin here."""
    fate: str
    """``copied``, ``reencoded`` or ``masked``."""
    digest: bytes = b""
    """Of the coded picture, normalised; empty where nothing is claimed."""
    altered: bool = False
    """Copied, but its NAL type was changed from CRA to BLA."""


def payload_digest(data: bytes, codec: str, length_size: int) -> bytes:
    """Digest of a coded picture, free of how its container wraps it."""
    if codec in NAL_CODECS and not (length_size == 4 and is_plain(data, codec)):
        try:
            return picture_digest(data, NAL_CODECS[codec], length_size)[:16]
        except BitstreamError:  # damaged: it is carried as it is, so its bytes are compared as they are
            pass
    return hashlib.sha256(data).digest()[:16]


def is_plain(data: bytes, codec: str) -> bool:
    """Whether a packet with 4-byte lengths holds nothing that normalising would leave out: then it is its own form."""
    skip, at, size = NOT_PICTURE[NAL_CODECS[codec]], 0, len(data)
    while at + 4 < size:
        kind = data[at + 4] & 0x1F if codec == "h264" else data[at + 4] >> 1 & 0x3F
        at += 4 + int.from_bytes(data[at : at + 4], "big")
        if kind in skip or at > size or not data[at - 1]:
            return False
    return at == size


class Stream:
    """The pictures of one part: a stretch of segments that share coding and shape."""

    def __init__(
        self,
        segments: list[Placed],
        spec: ExportSpec,
        clock: Clock,
        retouch: Retouch,
        kept: Any,
    ) -> None:
        """`segments` with the ranks [low, high) of each; `kept(recording, rank)` says whether the divisor keeps it."""
        self.segments, self.spec, self.clock, self.retouch, self._kept = segments, spec, clock, retouch, kept
        self.codec = segments[0][0].codec
        self.copies = any(s.mode is Mode.COPY for s, *_ in segments)
        self.encodes = any(s.mode is Mode.ENCODE for s, *_ in segments)
        self.first = segments[0][1]
        self.used = _source_sets(segments, self.codec) if self.copies else []
        self.picture = retouch.picture(clock.time_base, self.codec)
        self.lost: list[tuple[Recording, int]] = []
        """Pictures that no decoder made."""
        self.encoder: dict[str, str] = {}
        self._record = self._merged_record()

    @property
    def record(self) -> bytes | None:
        """Extradata of the output stream; None to keep the template's."""
        return self._record

    @property
    def rate(self) -> Fraction | None:
        """Nominal frame rate for the container's header."""
        rate = self.first.index.facts.rate
        return rate / self.spec.rate_divisor if rate else None

    @property
    def reorder(self) -> int:
        """How many pictures may come before one that is shown earlier."""
        return max((_reorder(r, s.packets) for s, r, *_ in self.segments if s.packets is not None), default=0)

    def items(self) -> Iterator[Item]:
        """All coded pictures, in decode order."""
        encoded_before = False
        for segment, recording, low, high in self.segments:
            if segment.mode is Mode.COPY:
                yield from self._copied(segment, recording, low, high, encoded_before)
            else:
                yield from self._encoded(recording, low, high)
            encoded_before = True

    def _merged_record(self) -> bytes | None:
        if self.codec not in NAL_CODECS:
            return None if not self.copies else self.first.index.configs[0] or None
        sets = list(self.used)
        if self.encodes:
            sets += [part for part in [self._new_encoder().sets] if part is not None]
        return merge(sets).record()

    def _new_encoder(self) -> Encoder:
        encoder = Encoder(self.picture, self.codec, self.spec.video_quality, self.used)
        self.encoder = encoder.describe()
        return encoder

    def _copied(self, segment: Segment, recording: Recording, low: int, high: int, joined: bool) -> Iterator[Item]:
        assert segment.packets is not None
        codec, size = NAL_CODECS.get(self.codec), _length_size(recording, self.codec)
        first, last = segment.packets
        ranks = array("q", recording.ranks[first:last].tobytes())
        times = self.clock.times(recording, low, high)
        instants = array("q", recording.us[low:high].tobytes())
        closed = _closed_rows(recording, first, last)
        bla = joined and recording.index.rows["entry"][first] == Entry.CRA
        for row, data in recording.payloads(first, last):
            rank = ranks[row - first]
            if not low <= rank < high:
                continue
            altered = False
            if codec is None or (size == 4 and is_plain(data, self.codec)):
                digest = hashlib.sha256(data).digest()[:16]
            else:
                digest = payload_digest(data, self.codec, size)
                data = _rewrapped(data, codec, size)
            if bla and row == first:
                data, altered = cra_to_bla(data, 4), True
                digest = payload_digest(data, self.codec, 4)
            at = rank - low
            tick, lasts = times[at], times[at + 1] - times[at]
            yield Item(data, recording, rank, instants[at], tick, lasts, row in closed, "copied", digest, altered)

    def _encoded(self, recording: Recording, low: int, high: int) -> Iterator[Item]:
        encoder = self._new_encoder()
        waiting: deque[tuple[int, str]] = deque()
        expected = low

        def out(coded: list[Any]) -> Iterator[Item]:
            for one in coded:
                rank, fate = waiting.popleft()
                tick, us = self.clock.tick(recording, rank), int(recording.us[rank])
                lasts = self.clock.duration(recording, rank)
                yield Item(one.data, recording, rank, us, tick, lasts, one.key, fate)

        for rank, frame in recording.frames(low, high):
            if rank < expected:
                continue  # damage made the decoder late: its place in the file has passed, and it counts as lost
            self.lost += [(recording, missed) for missed in range(expected, rank)]
            expected = rank + 1
            if not self._kept(recording, low, rank):
                continue
            changed, fate = self.retouch.apply(frame, int(recording.us[rank]), recording.until(rank), self.codec)
            tick = self.clock.tick(recording, rank)
            waiting.append((rank, fate))
            yield from out(encoder.encode(changed, tick - self.clock.tick(recording, low)))
        self.lost += [(recording, missed) for missed in range(expected, high)]
        if waiting:
            yield from out(encoder.finish())


def _rewrapped(data: bytes, codec: Codec, length_size: int) -> bytes:
    """4-byte lengths, parameter sets left to the configuration record."""
    try:
        return to_length_prefixed(data, codec, length_size, drop=NOT_PICTURE[codec])
    except BitstreamError:
        return data


def _length_size(recording: Recording, codec: str) -> int:
    if codec not in NAL_CODECS:
        return 0
    try:
        return read_extradata(recording.index.facts.extradata, NAL_CODECS[codec]).length_size
    except BitstreamError:
        return 0


def _source_sets(segments: list[Placed], codec: str) -> list[ParameterSets]:
    """The parameter sets in force in each copied stretch, each once."""
    if codec not in NAL_CODECS:
        return []
    records: dict[bytes, None] = {}
    for _, recording, low, _ in segments:
        config = int(recording.index.rows["config"][recording.shown[low]])
        records[recording.index.configs[config]] = None
    return [read_extradata(record, NAL_CODECS[codec]) for record in records]


def _reorder(recording: Recording, packets: tuple[int, int]) -> int:
    """Largest distance by which a picture of a copied run is coded before one that is shown earlier."""
    ranks = recording.ranks[packets[0] : packets[1]]
    ranks = ranks[ranks >= ranks[0]]
    return int(np.max(np.arange(len(ranks)) - (ranks - ranks[0])))


def _closed_rows(recording: Recording, low: int, high: int) -> frozenset[int]:
    """Rows of a copied run at which a new file could begin: nothing behind refers to anything before."""
    ranks = recording.ranks[low:high].copy()
    skip = (ranks < ranks[0]) | (recording.index.rows["flags"][low:high] & (HIDDEN | NO_PICTURE) != 0)
    ranks[skip] = ranks[0]
    before = np.concatenate(([-1], np.maximum.accumulate(ranks)[:-1]))
    behind = np.concatenate(
        (np.minimum.accumulate(np.where(skip, np.iinfo(np.int64).max, ranks)[::-1])[::-1][1:], [np.iinfo(np.int64).max])
    )
    entries = recording.index.rows["entry"][low:high] >= Entry.CLOSED
    good = entries & ~skip & (before < ranks) & (behind > ranks)
    return frozenset((np.flatnonzero(good) + low).tolist())
