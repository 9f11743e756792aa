"""Verdicts are values: every check says what was expected, what was found, and whether it was made at all.

*Not checked* is a result of its own and never counts as ok; nothing is concluded from a check that did not run.

>>> found = Findings((Finding(check="payload-hash", verdict=Verdict.OK, file="data/a.mp4"),))
>>> found.exit_code
0
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

SCHEMA = "workbench.findings/1"
MOST_SHOWN = 200
"""Characters of what was expected, what was found, and where; what hostile files hold may be endless."""
MOST_WORDS = 2000
"""Characters of a note."""


class Verdict(StrEnum):
    """How one check ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check on one thing."""

    check: str
    """What was checked: a short name of the package format's table (docs/package-format.md), e.g. ``payload-hash``."""
    verdict: Verdict
    file: str = ""
    """Path in the package, with ``/``; empty where the check is about the whole package."""
    place: str = ""
    """Where in the file: ``line 3``, ``page 7``, ``entry 12``, ``frame 153, PTS 157696``."""
    expected: str = ""
    found: str = ""
    note: str = ""
    """In words: why it was not checked, or what the difference means and what to do."""

    def __post_init__(self) -> None:
        for name in ("place", "expected", "found", "note"):
            text, most = getattr(self, name), MOST_WORDS if name == "note" else MOST_SHOWN
            if len(text) > most:
                object.__setattr__(self, name, f"{text[:most]}… ({len(text)} characters)")

    def to_json(self) -> dict[str, str]:
        """The finding as the command line prints it."""
        return {
            "check": self.check,
            "verdict": self.verdict.value,
            "file": self.file,
            "place": self.place,
            "expected": self.expected,
            "found": self.found,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Findings:
    """All findings of one verification, in the order of the checks."""

    all: tuple[Finding, ...]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.all)

    def of(self, verdict: Verdict) -> tuple[Finding, ...]:
        """The findings that ended so."""
        return tuple(f for f in self.all if f.verdict is verdict)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """What did not hold."""
        return self.of(Verdict.FAILED)

    @property
    def exit_code(self) -> int:
        """0 only where something was checked and nothing failed; else 1."""
        return 0 if self.of(Verdict.OK) and not self.failed else 1

    def to_json(self) -> dict[str, Any]:
        """What ``workbench verify --json`` prints."""
        counts = {verdict.value: len(self.of(verdict)) for verdict in Verdict}
        return {"schema": SCHEMA, "counts": counts, "findings": [f.to_json() for f in self.all]}


def said(problem: object, place: Path) -> str:
    """What a library said of a file or folder, without the folders of this machine in which that lies."""
    kind = f"{type(problem).__name__}: " if isinstance(problem, Exception) else ""
    told = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    names = {str(place), str(place.absolute()), os.path.realpath(place)} if place.name else set[str]()
    for name in sorted(names, key=len, reverse=True):
        told = told.replace(name, place.name)
    return f"{kind}{told}"
