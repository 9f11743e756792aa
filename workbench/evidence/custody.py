"""The custody log as bytes: one line an entry, each bound to the one before by its hash (docs/package-format.md).

    entries, findings = read(path.read_bytes())       # strict: any changed byte is a finding

Pure. The log that grows on the disk is `custody_log.Log`. Rules of reading:

- Nothing behind the first line that does not hold is taken: entries are given up to there.
- Every line that does not hold is a failed finding, ``custody-form`` (not written as it must be) or
  ``custody-chain`` (number, `prev` or `hash` do not fit), which names it.
- `at` is what the machine's clock said. Where that clock was set back, entries stand in the order of their numbers
  with times that go back: the chain proves the order, and `set_back` names the places.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from workbench.core.errors import RequestError
from workbench.evidence.findings import Finding, Verdict

NAME = "custody.jsonl"
START = "0" * 64
"""`prev` of the first entry."""
_MOST_FINDINGS = 100
_HEX = re.compile(r"[0-9a-f]{64}")
_AT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_KEYS = {"n", "prev", "at", "who", "what", "data", "before", "after", "tool", "hash"}
Digest = dict[str, str]
"""``{"file": path, "sha256": hexadecimal}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the log."""

    n: int
    prev: str
    at: str
    who: str
    what: str
    data: dict[str, Any]
    before: tuple[Digest, ...]
    """Files it was made from."""
    after: tuple[Digest, ...]
    """Files it made."""
    tool: dict[str, str]
    hash: str

    def to_json(self) -> dict[str, Any]:
        """The entry as its line holds it."""
        names = ("n", "prev", "at", "who", "what", "data", "tool", "hash")
        same = {name: getattr(self, name) for name in names}
        return {**same, "before": list(self.before), "after": list(self.after)}

    def line(self) -> bytes:
        """The entry's line, with its line feed."""
        return canonical(self.to_json()) + b"\n"


def canonical(data: Any) -> bytes:
    """The one way to write JSON data: ASCII, sorted keys, no blanks. RequestError for what JSON cannot say."""
    try:
        return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")
    except (TypeError, ValueError, RecursionError) as exc:
        raise RequestError("data", f"it cannot be written as JSON ({exc})") from exc


def hash_of(entry: Mapping[str, Any]) -> str:
    """SHA-256 of an entry as its line holds it, without the key ``hash``."""
    return hashlib.sha256(canonical({key: value for key, value in entry.items() if key != "hash"})).hexdigest()


def read(data: bytes) -> tuple[tuple[Entry, ...], tuple[Finding, ...]]:
    """The entries of a log up to the first line that does not hold, and a failed finding for each such line."""
    found = read_lines(data)
    nothing = () if data else (_failed("custody-form", 1, "an entry", "an empty file"),)
    return tuple(found.entries), (*nothing, *found.findings)


def set_back(entries: Sequence[Entry]) -> tuple[int, ...]:
    """Numbers of the entries whose time lies before that of the entry before."""
    return tuple(later.n for entry, later in pairwise(entries) if later.at < entry.at)


@dataclass(slots=True)
class Lines:
    """What was made of some lines."""

    entries: list[Entry]
    findings: list[Finding]
    last: bytes
    """The last line that holds; empty for none."""
    size: int
    """Bytes of all that hold."""
    torn: bytes
    """What stands behind them, where it is no more than a torn last line."""


def read_lines(data: bytes, number: int = 0, prev: str | None = START) -> Lines:
    """Read lines of a log, the first of which has that number and must name `prev`."""
    found = Lines([], [], b"", 0, b"")
    *lines, rest = data.split(b"\n")
    faults = 0
    for line in [*(line + b"\n" for line in lines), *([rest] if rest else [])]:
        entry, why = parse(line)
        fault = _malformed(number, why) if entry is None else _unchained(entry, number, prev)
        found.torn = line if entry is None and not faults else b""
        if fault is not None:
            faults += 1
            found.findings += [fault] if faults <= _MOST_FINDINGS else []
        elif entry is not None and not faults:
            found.entries.append(entry)
            found.last, found.size = line, found.size + len(line)
        number, prev = number + 1, None if entry is None else entry.hash
    if faults > _MOST_FINDINGS:
        found.findings.append(_failed("custody-form", number, "", f"{faults} lines that do not hold", "not all listed"))
    return found


def _malformed(number: int, why: str) -> Finding:
    return _failed("custody-form", number + 1, "an entry as docs/package-format.md says", why)


def _unchained(entry: Entry, number: int, prev: str | None) -> Finding | None:
    """Why an entry does not follow the line before; `prev` is None where that line names no hash."""
    expected = hash_of(entry.to_json())
    if entry.n != number:
        return _failed("custody-chain", number + 1, f"number {number}", f"number {entry.n}")
    if prev is not None and entry.prev != prev:
        note = "A line before it was changed, added or taken away."
        return _failed("custody-chain", number + 1, f"prev {prev}", f"prev {entry.prev}", note)
    if entry.hash != expected:
        note = "The line was changed after it was written."
        return _failed("custody-chain", number + 1, f"hash {expected}", f"hash {entry.hash}", note)
    return None


def _failed(check: str, line: int, expected: str, found: str, note: str = "") -> Finding:
    return Finding(
        check=check,
        verdict=Verdict.FAILED,
        file=NAME,
        place=f"line {line}",
        expected=expected,
        found=found,
        note=note,
    )


def parse(line: bytes) -> tuple[Entry | None, str]:
    """The entry that a line holds, or why it holds none."""
    if not line.endswith(b"\n"):
        return None, "no line feed at its end"
    try:
        data: Any = json.loads(line.decode("ascii"))
        if not isinstance(data, dict) or set(data) != _KEYS:
            return None, "other keys than an entry has"
        if wrong := _wrong(data):
            return None, f"{wrong} is not as it must be"
        if canonical(data) + b"\n" != line:
            return None, "another way of writing the same"
    except (ValueError, RecursionError, RequestError):
        return None, "no JSON in ASCII"
    return Entry(**{**data, "before": tuple(data["before"]), "after": tuple(data["after"])}), ""


def _wrong(data: Mapping[str, Any]) -> str:
    """The first key of an entry whose value has the wrong form; empty where all are right."""
    tool: Any = data["tool"]
    right = {
        "n": type(data["n"]) is int and data["n"] >= 0,
        "at": isinstance(data["at"], str) and _is_instant(data["at"]),
        "who": isinstance(data["who"], str),
        "what": isinstance(data["what"], str),
        "data": isinstance(data["data"], dict),
        "tool": isinstance(tool, dict) and all(isinstance(value, str) for value in tool.values()),
        **{key: isinstance(data[key], str) and bool(_HEX.fullmatch(data[key])) for key in ("prev", "hash")},
        **{key: isinstance(data[key], list) and all(map(_is_digest, data[key])) for key in ("before", "after")},
    }
    return next((key for key, is_right in right.items() if not is_right), "")


def _is_digest(value: Any) -> bool:
    if not isinstance(value, dict) or set(value) != {"file", "sha256"}:
        return False
    return all(isinstance(part, str) for part in value.values()) and bool(_HEX.fullmatch(value["sha256"]))


def _is_instant(text: str) -> bool:
    try:
        return bool(_AT.fullmatch(text)) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
