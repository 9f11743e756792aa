"""Findings while they are made in the worker, as plain data: `evidence.findings.Finding` reads them in the parent.

Of one kind of failure in one file the first `MOST` are told one by one, the rest as a number.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

MOST = 5
"""Failures of one kind that are told one by one."""


class Notes:
    """What was found so far."""

    def __init__(self) -> None:
        self._all: list[dict[str, str]] = []
        self._failed: Counter[tuple[str, str, str]] = Counter()
        self._last: dict[tuple[str, str, str], dict[str, str]] = {}

    def fail(self, check: str, file: str, place: str, expected: str, found: str, *, kind: str = "") -> None:
        """Something is not as claimed; failures of one `kind` are counted together."""
        key = (check, file, kind or expected)
        self._failed[key] += 1
        if self._failed[key] <= MOST:
            self._last[key] = self._add(check, "failed", file, place, expected, found, "")
        else:
            self._last[key]["note"] = f"and {self._failed[key] - MOST} more like it"

    def ok(self, check: str, file: str, found: str, expected: str = "", note: str = "") -> None:
        """Something holds."""
        self._add(check, "ok", file, "", expected, found, note)

    def skip(self, check: str, file: str, note: str, place: str = "") -> None:
        """Something was not checked, and why."""
        self._add(check, "not checked", file, place, "", "", note)

    def failed(self, check: str, file: str) -> bool:
        """Whether that check failed for that file."""
        return any(key[:2] == (check, file) for key in self._failed)

    def to_data(self) -> list[dict[str, str]]:
        """All of them, in the order in which they were made."""
        return self._all

    def _add(self, *values: Any) -> dict[str, str]:
        keys = ("check", "verdict", "file", "place", "expected", "found", "note")
        self._all.append(dict(zip(keys, values, strict=True)))
        return self._all[-1]
