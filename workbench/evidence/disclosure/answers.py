"""One answer of the disclosure check: a question put to one file, how it ended, and what was found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from workbench.evidence.findings import Finding, Verdict

CHECK = "disclosure"
HIDDEN = "hidden pictures"
STRAY = "bytes that nothing refers to"
EMBEDDED = "embedded pictures and files"
TRACKS = "tracks"
SOUND = "sound"
PLACES = "words that name places"
PEOPLE = "words that name people and devices"
INSIDE = "words inside coded pictures"
BEHIND = "bytes before or behind the content"
CROP = "pictures outside crop or mask"
MACHINE = "paths and names of a machine"
OUTPUTS = "notebook outputs"
STATE = "notebook widget state"
KIND = "kind of file"
"""The questions, in words; a finding's `place`."""
MOST_NAMED = 5
"""Things of one kind that are named before it says how many more there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How one question to one file ended."""

    question: str
    verdict: Verdict
    expected: str = ""
    found: str = ""
    note: str = ""

    def finding(self, file: str) -> Finding:
        """The answer as a finding about `file`; the question is its place."""
        return Finding(
            check=CHECK,
            verdict=self.verdict,
            file=file,
            place=self.question,
            expected=self.expected,
            found=self.found,
            note=self.note,
        )

    def to_json(self) -> dict[str, Any]:
        """For the way from a worker process."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Answer:
        """Read what `to_json` wrote."""
        return cls(**{**data, "verdict": Verdict(data["verdict"])})


def ok(question: str, note: str = "") -> Answer:
    """Nothing is disclosed there but what is declared."""
    return Answer(question=question, verdict=Verdict.OK, note=note)


def leak(question: str, found: str, *, expected: str = "nothing", note: str = "") -> Answer:
    """Something would be handed out that nothing declares."""
    return Answer(question=question, verdict=Verdict.FAILED, expected=expected, found=found, note=note)


def unchecked(question: str, note: str) -> Answer:
    """The question has no answer; `note` says why."""
    return Answer(question=question, verdict=Verdict.NOT_CHECKED, note=note)


def settled(question: str, leaks: Iterable[str], *, expected: str = "nothing", note: str = "") -> Answer:
    """Ok where there are no leaks, else one answer that names them."""
    named = list(dict.fromkeys(leaks))
    if not named:
        return ok(question)
    return leak(question, listed(named), expected=expected, note=note)


def listed(things: list[str]) -> str:
    """The first few by name, and how many more."""
    more = len(things) - MOST_NAMED
    return "; ".join(things[:MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
