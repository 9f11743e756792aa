"""The custody log as bytes: what holds, and that nothing can be changed in it unnoticed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from workbench.core.errors import RequestError
from workbench.evidence.custody import START, canonical, hash_of, parse, read, set_back
from workbench.evidence.custody_log import Log
from workbench.evidence.findings import Finding, Verdict

WORDS = "Fräulein \x00\x1b[31m \u202e \ud800 \U0001f600 \r\n"
"""Nothing of this may hurt a line."""


def small(folder: Path, entries: int = 5) -> bytes:
    """The bytes of a log of a few entries."""
    log = Log.create(folder / "custody.jsonl", "case-created", {"number": "17/2026"}, who=WORDS)
    for n in range(1, entries):
        after = [{"file": f"snapshots/S{n}.png", "sha256": "ab" * 32}]
        log.append(
            "comment-written", {"id": f"C{n}", "text": WORDS, "x": [1.5, None, True]}, who="A. Berg", after=after
        )
    return log.path.read_bytes()


def places(findings: tuple[Finding, ...]) -> set[str]:
    """Where findings are, all of them failed ones of the two checks."""
    assert all(f.verdict is Verdict.FAILED and f.check in ("custody-form", "custody-chain") for f in findings)
    return {f.place for f in findings}


def test_a_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Every entry, hostile text and all, and not one finding."""
    data = small(tmp_path)
    entries, findings = read(data)
    assert findings == () and [e.n for e in entries] == [0, 1, 2, 3, 4]
    assert entries[0].prev == START and entries[0].who == WORDS and entries[3].data["text"] == WORDS
    assert b"".join(e.line() for e in entries) == data


def test_the_hash_is_that_of_the_line_without_it(tmp_path: Path) -> None:
    """As docs/package-format.md says, worked out here with the standard library alone."""
    import hashlib

    prev = "0" * 64
    for line in small(tmp_path).decode("ascii").splitlines():
        entry = json.loads(line)
        assert entry["prev"] == prev
        prev = entry.pop("hash")
        again = json.dumps(entry, sort_keys=True, separators=(",", ":"))
        assert hashlib.sha256(again.encode()).hexdigest() == prev


def test_every_changed_byte_is_found_and_named(tmp_path: Path) -> None:
    """Each byte of the log, changed in three ways: the findings name its line, entries end before it."""
    data = small(tmp_path)
    missed = []
    for at in range(len(data)):
        line = data.count(b"\n", 0, at)
        for mask in (0x01, 0x20, 0x80):
            entries, findings = read(data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :])
            if f"line {line + 1}" not in places(findings) or len(entries) != line:
                missed.append((at, mask))
    assert missed == []


def test_every_truncation_is_found(tmp_path: Path) -> None:
    """Unless it ends behind a line; that is what the pinned head is for."""
    data = small(tmp_path, 3)
    silent = [at for at in range(len(data)) if not read(data[:at])[1]]
    assert silent == [at + 1 for at, byte in enumerate(data[:-1]) if byte == 10]


@pytest.mark.parametrize(
    ("order", "place"),
    [([0, 2, 3, 4], "line 2"), ([0, 1, 1, 2, 3, 4], "line 3"), ([1, 0, 2, 3, 4], "line 1"), ([1, 2, 3, 4], "line 1")],
    ids=["removed", "doubled", "exchanged", "beheaded"],
)
def test_lines_are_bound_in_their_order(order: list[int], place: str, tmp_path: Path) -> None:
    """A line taken away, doubled or moved is found where it happens."""
    lines = small(tmp_path).splitlines(keepends=True)
    assert place in places(read(b"".join(lines[n] for n in order))[1])


def test_a_forged_entry_breaks_the_chain_behind_it(tmp_path: Path) -> None:
    """Even if its own hash is worked out anew."""
    lines = small(tmp_path).splitlines(keepends=True)
    forged = {**json.loads(lines[2]), "who": "somebody else"}
    lines[2] = canonical({**forged, "hash": hash_of(forged)}) + b"\n"
    assert places(read(b"".join(lines))[1]) == {"line 4"}


ENTRY = {
    "n": 0,
    "prev": START,
    "at": "2026-03-01T10:00:00.000000Z",
    "who": "A",
    "what": "x",
    "data": {},
    "before": [],
    "after": [],
    "tool": {},
}
WRONG = {
    "n is text": {"n": "0"},
    "n is true": {"n": True},
    "n is negative": {"n": -1},
    "prev is short": {"prev": "0"},
    "no such day": {"at": "2026-02-30T10:00:00.000000Z"},
    "no microseconds": {"at": "2026-03-01T10:00:00Z"},
    "other digits": {"at": "2026-03-01T10:00:00.00000٣Z"},
    "who is nobody": {"who": None},
    "data is a list": {"data": []},
    "tool holds a number": {"tool": {"python": 3}},
    "after has no hash": {"after": [{"file": "a"}]},
    "after has more": {"after": [{"file": "a", "sha256": "ab" * 32, "size": 1}]},
    "one key more": {"more": 1},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_an_entry_of_another_form_is_none(wrong: dict[str, object]) -> None:
    """Types, dates and digests are held to the format, though the hash be right."""
    good, bad = ENTRY, {**ENTRY, **wrong}
    assert parse(canonical({**good, "hash": hash_of(good)}) + b"\n")[0] is not None
    assert parse(canonical({**bad, "hash": hash_of(bad)}) + b"\n")[0] is None


@pytest.mark.parametrize(
    "line",
    [b"\n", b"[]\n", b"{}\n", b'"' + b"[" * 100_000 + b"\n", b"[" * 100_000 + b"\n", b"9" * 10_000 + b"\n", b"\xff\n"],
    ids=["empty", "list", "object", "open text", "deep", "huge number", "not ASCII"],
)
def test_nonsense_is_a_finding_and_nothing_else(line: bytes) -> None:
    """No traceback, whatever stands there."""
    assert places(read(line)[1]) == {"line 1"}


@pytest.mark.parametrize("spelling", [(b'":1,', b'": 1,'), (b'"n":1', b'"n":1.0'), (b"\\u00e4", b"\\u00E4")])
def test_another_spelling_of_the_same_is_found(spelling: tuple[bytes, bytes], tmp_path: Path) -> None:
    """The same JSON in other bytes does not pass."""
    data = small(tmp_path)
    assert spelling[0] in data
    assert read(data.replace(*spelling))[1]


def test_doubled_keys_are_found(tmp_path: Path) -> None:
    """A parser that takes the last of two keys must not be misled."""
    data = small(tmp_path).replace(b'"who":', b'"who":"somebody else","who":', 1)
    assert places(read(data)[1]) == {"line 1"}


def test_a_million_bad_lines_are_counted_not_listed() -> None:
    """Findings stay readable."""
    findings = read(b"x\n" * 100_000)[1]
    assert len(findings) == 101 and findings[-1].found == "100000 lines that do not hold"


def test_what_json_cannot_say_is_refused() -> None:
    """Never a line that nobody can read again."""
    for value in (float("nan"), float("inf"), {1, 2}, b"bytes", Path("x")):
        with pytest.raises(RequestError):
            canonical({"x": value})


def test_a_clock_that_was_set_back_is_told(tmp_path: Path) -> None:
    """The entry keeps the clock's time, and is named."""
    times = [datetime(2026, 3, 1, 10, tzinfo=UTC) + timedelta(minutes=m) for m in (0, 5, 3, 4)]
    path = tmp_path / "custody.jsonl"
    Log.create(path, "case-created", {}, who="A")
    for when in times:
        Log(path, now=lambda when=when: when).append("x", {}, who="A")
    entries, findings = read(path.read_bytes())
    assert findings == () and set_back(entries[1:]) == (3,)
