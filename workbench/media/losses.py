"""What a recording declares but does not hold: the witnesses that can be asked without decoding.

A decoder that meets a damaged file mostly stays silent (one damaged file in ten loses pictures without an error), so
every count the container carries is compared with what was read: the MP4 sample table, declared durations, and the
continuity counters of a transport stream.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.media import structure
from workbench.media.probe import VideoFacts

if TYPE_CHECKING:
    from workbench.media.index import VideoIndex

_WITHOUT_COUNT = {
    "mpegts": "transport stream",
    "mpeg": "program stream",
    "h264": "raw H.264 stream",
    "hevc": "raw H.265 stream",
}
_TS_PACKET = 188
_CHUNK = _TS_PACKET * 65_536
_FAR = 8
"""Usual intervals that make one of a variable rate recording an outlier."""
_SLACK = 2.5
"""Pictures by which a declared duration may differ from the measured one before it counts as a loss."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One thing that is lost or damaged in a recording."""

    witness: str
    """Who says so: ``container``, ``PTS jump``, ``continuity counter``, ``decoder``; ``nobody``: no witness."""
    text: str
    frames: int | None
    """Pictures lost; None where nobody can tell how many."""
    at_end: bool = False
    """True where what is lost would follow the last picture held."""

    def to_json(self) -> dict[str, Any]:
        """The loss as plain data; ``Loss(**data)`` reads it back."""
        return asdict(self)


def declared(index: VideoIndex) -> list[Loss]:
    """Compare the container's own count and duration with the packets that are there."""
    facts, held = index.facts, len(index.rows)
    if facts.declared_frames > held:
        lost = facts.declared_frames - held
        return [Loss("container", f"declares {facts.declared_frames} pictures and holds {held}", lost, True)]
    if facts.declared_frames or facts.declared_seconds is None or index.timing != "container":
        return []
    pts = index.rows["pts"][index.shown]
    if not len(pts):
        return []
    ends = float((int(pts[-1]) + index.tail - min(0, int(pts[0]))) * index.time_base)
    if "matroska" not in facts.container:
        ends -= float(int(pts[0]) * index.time_base)
    picture = float(index.tail * index.time_base)
    missing = facts.declared_seconds - ends
    if not _SLACK * picture < missing < 1_000_000 or _claims_nonsense(facts.declared_seconds, ends):
        return []
    lost = round(missing / picture)
    text = f"declares {facts.declared_seconds:.3f} s and its pictures end at {ends:.3f} s"
    return [Loss("container", text, lost, True)]


def irregular(index: VideoIndex) -> list[Loss]:
    """Picture intervals out of pattern, times that contradict each other, packets that make no picture."""
    out = []
    pts = index.rows["pts"][index.shown]
    steps = np.diff(pts)
    if index.timing != "nominal rate":
        odd = out_of_pattern(steps)
        if odd.any():
            usual = _usual(steps)
            worst = int(np.argmax(np.where(odd, np.abs(steps - usual), 0)))
            base = index.time_base
            text = (
                f"{np.count_nonzero(odd)} of {len(steps)} intervals between pictures are out of pattern (usually "
                f"{float(usual * base):.3f} s; the oddest, {float(int(steps[worst]) * base):.3f} s, begins "
                f"{float(int(pts[worst] - pts[0]) * base):.3f} s behind the first picture)"
            )
            out.append(Loss("PTS", text, None))
    if index.timing == "decoder" and index.facts.container not in ("avi", "mpegts"):
        out.append(Loss("decoder", "its times contradict each other; they follow the order of decoding", None))
    silent = len(index.rows) - len(pts)
    if index.timing != "container" and silent and silent != len(pts):
        out.append(Loss("decoder", f"{silent} of {len(index.rows)} packets make no picture of their own", None))
    return out


def out_of_pattern(steps: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which intervals differ from the usual one: by a quarter where nearly all are equal, else by a multiple."""
    if len(steps) < 3:
        return np.zeros(len(steps), bool)
    usual = _usual(steps)
    steady = np.count_nonzero(np.abs(steps - usual) * 100 <= usual) >= 0.9 * len(steps)
    odd: NDArray[np.bool_] = np.abs(steps - usual) * 4 > usual if steady else steps > _FAR * usual
    return odd


def _usual(steps: NDArray[np.int64]) -> int:
    return max(1, int(np.median(steps)))


def broken_structure(path: Path, index: VideoIndex) -> list[Loss]:
    """Where a container's own structure does not add up, and whether it has any to ask."""
    container = index.facts.container
    if "matroska" in container:
        at = structure.matroska(path)
        text = f"the file's structure breaks at byte {at}: pictures may be missing there"
        return [] if at is None else [Loss("container", text, None)]
    if "mp4" in container:
        counts, at = structure.fragments(path)
        out = []
        if at is not None:
            out.append(Loss("container", f"the file's boxes stop adding up at byte {at}: it was cut or changed", None))
        declared = counts.get(index.facts.stream_id, 0)
        if declared > len(index.rows):
            held = len(index.rows)
            text = f"its fragments declare {declared} pictures and it holds {held}"
            out.append(Loss("container", text, declared - held, at_end=True))
        return out
    if container in _WITHOUT_COUNT:
        text = f"a {_WITHOUT_COUNT[container]} carries no count: completeness cannot be verified"
        return [Loss("nobody", text, None)]
    return []


def _claims_nonsense(claimed: float, held: float) -> bool:
    """A claim a hundred times what is there (one real file says 143,165 s for one second) proves nothing."""
    return claimed > 100 * held + 60


def transport(path: Path, facts: VideoFacts) -> list[Loss]:
    """Continuity counter breaks and transport errors of an MPEG transport stream (ISO/IEC 13818-1 2.4.3.3)."""
    if facts.container != "mpegts":
        return []
    breaks = errors = 0
    last: dict[int, int] = {}
    with path.open("rb") as file:
        start = _sync(file.read(4 * _TS_PACKET))
        if start is None:
            return []
        file.seek(start)
        while chunk := file.read(_CHUNK):
            whole = len(chunk) // _TS_PACKET * _TS_PACKET
            packets = np.frombuffer(chunk[:whole], np.uint8).reshape(-1, _TS_PACKET)[:, :6]
            good = packets[packets[:, 0] == 0x47]
            errors += len(packets) - len(good) + int(np.count_nonzero(good[:, 1] & 0x80))
            breaks += _breaks(good[good[:, 1] & 0x80 == 0], last)
    out = []
    if breaks:
        text = f"the transport stream's continuity counter breaks {breaks} times: data is missing"
        out.append(Loss("continuity counter", text, None))
    if errors:
        out.append(Loss("continuity counter", f"{errors} transport packets are marked or found damaged", None))
    return out


def _sync(head: bytes) -> int | None:
    for start in range(min(_TS_PACKET, len(head))):
        if all(head[at] == 0x47 for at in range(start, len(head), _TS_PACKET)):
            return start
    return None


def _breaks(packets: NDArray[np.uint8], last: dict[int, int]) -> int:
    """Count breaks per PID; a repeated counter is one allowed duplicate, a discontinuity flag excuses a jump."""
    pids = (packets[:, 1].astype(np.int64) & 0x1F) << 8 | packets[:, 2]
    has_payload = packets[:, 3] & 0x10 != 0
    announced = (packets[:, 3] & 0x20 != 0) & (packets[:, 4] > 0) & (packets[:, 5] & 0x80 != 0)
    counters = packets[:, 3] & 0x0F
    found = 0
    for pid in np.unique(pids[has_payload]):
        if pid == 0x1FFF:
            continue
        rows = has_payload & (pids == pid)
        values, excused = counters[rows].astype(np.int64), announced[rows]
        before = np.concatenate(([last.get(int(pid), (int(values[0]) - 1) & 15)], values[:-1]))
        step = (values - before) & 15
        found += int(np.count_nonzero((step != 1) & (step != 0) & ~excused))
        last[int(pid)] = int(values[-1])
    return found
