"""What a walk through a video container finds, and what that says. The walks are `mp4`, `matroska` and `avi`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from workbench.evidence.disclosure.answers import (
    BEHIND,
    EMBEDDED,
    HIDDEN,
    STRAY,
    Answer,
    settled,
    unchecked,
)
from workbench.evidence.disclosure.words import Tag, judged

_STEP = 1 << 20


class Damaged(Exception):
    """The container does not add up at a place."""


@dataclass(slots=True)
class Container:
    """What was found; each list holds words for a person."""

    samples: dict[int, int] = field(default_factory=dict)
    """MP4: track id → samples that its tables list."""
    stray: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    embedded: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    tags: list[Tag] = field(default_factory=list)
    unread: str = ""
    """Why not all of it could be read; empty where it was."""

    def answers(self, declared: Collection[str]) -> Iterator[Answer]:
        """One answer a question; what was not read to its end proves no absence."""
        for question, leaks in (
            (STRAY, self.stray),
            (EMBEDDED, self.embedded),
            (BEHIND, self.behind),
            (HIDDEN, self.hidden),
        ):
            yield self._sure(settled(question, leaks))
        for answer in judged(self.tags, declared):
            yield self._sure(answer)

    def _sure(self, answer: Answer) -> Answer:
        return answer if answer.found or not self.unread else unchecked(answer.question, self.unread)


def not_zero(data: memoryview, begin: int, end: int) -> int:
    """How many of the bytes [begin, end) are not zero; padding is zero, anything else is something."""
    return sum(
        min(end, at + _STEP) - at - bytes(data[at : min(end, at + _STEP)]).count(0) for at in range(begin, end, _STEP)
    )
