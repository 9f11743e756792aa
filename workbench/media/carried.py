"""Copied pictures, at the price of reading: digests of what the source holds and of what a finished file holds.

Both sides are normalised (`coded.payload_digest`), which leaves parameter sets out: so those in force are compared by
themselves, and a packet of a finished file must carry none that its header does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from workbench.media.account import ALTERED, Pictures
from workbench.media.bits import BitstreamError
from workbench.media.coded import NAL_CODECS, is_plain, payload_digest
from workbench.media.hevc_ids import cra_to_bla
from workbench.media.nal import NOT_PICTURE, to_length_prefixed
from workbench.media.parameter_sets import in_band, read_extradata
from workbench.media.recording import Recording

_APART = 512
"""Rows between two wanted ones from which on reading begins anew behind them."""


def wanted_digest(pictures: Pictures, tell: Callable[[int], None]) -> list[bytes]:
    """The digest of each picture as its recording holds it."""
    out = [b""] * len(pictures)
    for number in np.unique(pictures.number).tolist():
        recording, mine = pictures.recordings[number], np.flatnonzero(pictures.number == number)
        codec, size = recording.index.facts.codec, length_size(recording)
        places = dict(zip(recording.shown[pictures.rank[mine]].tolist(), mine.tolist(), strict=True))
        for row, data in _payloads(recording, np.sort(recording.shown[pictures.rank[mine]])):
            at = places[row]
            altered = pictures.fate[at] == ALTERED
            out[at] = payload_digest(*(_altered(data, size) if altered else (data, codec, size)))
            if row % 256 == 0:
                tell(row)
    return out


def carried(finished: Recording, rows: NDArray[np.intp]) -> Iterator[tuple[int, bytes, bool]]:
    """For some rows of a finished file: the row, its digest, and whether it carries parameter sets of its own."""
    codec, size = finished.index.facts.codec, length_size(finished)
    known = _nals(finished.index.configs[0], codec)
    for row, data in _payloads(finished, np.sort(rows)):
        plain = codec not in NAL_CODECS or (size == 4 and is_plain(data, codec))
        yield row, payload_digest(data, codec, size), not plain and not known.issuperset(_inside(data, codec, size))


def foreign_sets(pictures: Pictures, finished: Recording) -> str:
    """What is wrong with the parameter sets of a file that holds these copied pictures; empty where nothing is."""
    codec = finished.index.facts.codec
    if codec not in NAL_CODECS:
        return ""
    if len(finished.index.configs) > 1:
        return "they change inside the file"
    there = read_extradata(finished.index.configs[0], NAL_CODECS[codec]).by_key()
    for number in np.unique(pictures.number).tolist():
        recording = pictures.recordings[number]
        rows = recording.shown[pictures.rank[pictures.number == number]]
        for config in np.unique(recording.index.rows["config"][rows]).tolist():
            for key, nal in read_extradata(recording.index.configs[config], NAL_CODECS[codec]).by_key().items():
                if there.get(key) != nal:
                    return f"{key[0]} {key[1]} of {recording.name} is {'another' if key in there else 'not there'}"
    return ""


def length_size(recording: Recording) -> int:
    """Bytes before each NAL unit of a recording's packets; 0 for start codes and for other codings."""
    codec = recording.index.facts.codec
    if codec not in NAL_CODECS:
        return 0
    try:
        return read_extradata(recording.index.facts.extradata, NAL_CODECS[codec]).length_size
    except BitstreamError:
        return 0


def _payloads(recording: Recording, rows: NDArray[np.intp]) -> Iterator[tuple[int, bytes]]:
    """The bytes of some rows, rising; what lies between them is read where that is cheaper than going there."""
    wanted = frozenset(rows.tolist())
    for part in np.split(rows, np.flatnonzero(np.diff(rows) > _APART) + 1):
        if len(part):
            for row, data in recording.payloads(int(part[0]), int(part[-1]) + 1):
                if row in wanted:
                    yield row, data


def _altered(data: bytes, size: int) -> tuple[bytes, str, int]:
    """A CRA packet as the joint needs it: the one alteration that a copied picture may have."""
    try:
        return cra_to_bla(to_length_prefixed(data, "hevc", size, drop=NOT_PICTURE["hevc"]), 4), "hevc", 4
    except BitstreamError:
        return data, "hevc", size


def _nals(record: bytes, codec: str) -> frozenset[bytes]:
    try:
        return frozenset(read_extradata(record, NAL_CODECS[codec]).nals) if codec in NAL_CODECS else frozenset()
    except BitstreamError:
        return frozenset()


def _inside(data: bytes, codec: str, size: int) -> tuple[bytes, ...]:
    try:
        return in_band(data, NAL_CODECS[codec], size).nals
    except BitstreamError:
        return ()
