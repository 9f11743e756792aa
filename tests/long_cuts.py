"""Figure 2's judge: how much of a long cut was copied, by a count that does not come from the engine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.engines import Delivered
from tests.ranges import Footage, judge_claims, judge_reading
from tests.readers import packet_hashes, read_codes
from tests.truth import Clip

SHARE = 0.99


def long_clip(frames: int, width: int = 160, height: int = 120, gop: int = 48) -> Clip:
    """A long H.264 recording with B-frames and closed groups."""
    options = (("preset", "superfast"), ("crf", "30"))
    name = f"long-{frames}"
    return Clip(name=name, frames=frames, width=width, height=height, gop=gop, bframes=2, options=options)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found on one long cut."""

    frames: int
    copied: int
    """Coded pictures of the output whose packet stands in the source too."""
    findings: list[str]

    @property
    def share(self) -> float:
        """Copied pictures among all."""
        return self.copied / self.frames if self.frames else 0.0


def judge_long(footage: Footage, source: Path, begin: int, end: int, done: Delivered) -> Verdict:
    """Judge frames and times, and count copied packets with ffmpeg's framemd5 of source and output."""
    output = done.files[0]
    findings = judge_reading(footage, begin, end, read_codes(output, footage.clip.block))
    findings += judge_claims(footage, begin, end, done)
    theirs, ours = Counter(packet_hashes(source)), packet_hashes(output)
    copied = sum((theirs & Counter(ours)).values())
    if copied < SHARE * len(ours):
        findings.append(f"only {copied} of {len(ours)} packets stand in the source")
    if copied != done.ledger["copied"]:
        findings.append(f"the ledger says {done.ledger['copied']} copied, {copied} packets are equal")
    runs = _runs(ours, set(theirs))
    if runs > 3:
        findings.append(f"{runs} runs of packets where head, copied middle and tail were expected")
    return Verdict(len(ours), copied, findings)


def _runs(packets: list[str], known: set[str]) -> int:
    kinds = [digest in known for digest in packets]
    return 1 + sum(a != b for a, b in pairwise(kinds))
