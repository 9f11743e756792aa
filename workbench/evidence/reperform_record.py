"""An export's record, read as a claim: every field that is used is there, of its type and within bounds, or it is none.

told = read(path)          # SourceError in words for anything else
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.core.errors import RequestError, SourceError
from workbench.core.result import FATES, SCHEMA, Ledger
from workbench.core.spec import ExportSpec
from workbench.core.timebase import SECOND, Offset, instant_us, parse_time
from workbench.evidence.export_form import wrong_remote
from workbench.evidence.hashing import open_plain

MOST_RECORD = 128 << 20
"""Bytes of a record; one with more is not read."""
_OFFSET = re.compile(r"([+-])(\d{1,12})\.(\d{6})", re.ASCII)
_ALWAYS = frozenset(Ledger().to_json())
"""Fates that every ledger counts; `delivered` stands only where a VMS made the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a record claims."""

    spec: ExportSpec
    begin: int
    """Microseconds on the source's time line, like all times here."""
    end: int
    dated: bool
    claims: list[dict[str, Any]]
    """Entries of the ledger, as the worker's verb ``prove`` takes them."""
    ledger: dict[str, int]
    outputs: list[dict[str, Any]]
    """Files with pictures: name, sha256, size, first, last, shown, contained."""
    beside: list[dict[str, Any]]
    """Files without: name, sha256, size."""
    sources: dict[str, str | None]
    """SHA-256 of each recording that was read."""
    versions: dict[str, str]
    data: dict[str, Any]
    """The whole record."""


def read(path: Path) -> Told:
    """Read a record; SourceError where it is none."""
    data = load(path)
    if wrong := wrong_remote(data):
        raise SourceError(f"it is no record of an export: {wrong}")
    try:
        plan = _typed(data["plan"], dict)
        begin, dated = _time(plan["begin"])
        end, _ = _time(plan["end"])
        return Told(
            spec=ExportSpec.from_json(plan["spec"]),
            begin=begin,
            end=max(begin, end),
            dated=dated,
            claims=[_claim(entry) for entry in _typed(data["entries"], list)],
            ledger=_ledger(_typed(data["ledger"], dict)),
            outputs=[_output(file, undated=data.get("remote") is not None) for file in _typed(data["files"], list)],
            beside=[_file(file) for file in _typed(data["sidecars"], list)],
            sources={_typed(s["file"], str): s["sha256"] for s in _typed(data["sources"], list)},
            versions={_typed(k, str): _typed(v, str) for k, v in _typed(data["versions"], dict).items()},
            data=data,
        )
    except RequestError as exc:
        raise SourceError(f"it is no record of an export: {exc.message}") from exc
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as exc:
        raise SourceError(f"it is no record of an export ({type(exc).__name__}: {exc})") from exc


def load(path: Path) -> dict[str, Any]:
    """A record as JSON; SourceError where it is none or too large."""
    try:
        with open_plain(path) as file:
            if os.fstat(file.fileno()).st_size > MOST_RECORD:
                raise SourceError(f"it is larger than {MOST_RECORD} bytes")
            text = file.read()
    except OSError as exc:
        raise SourceError(f"it cannot be read: {exc.strerror or exc}") from exc
    try:
        data: Any = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise SourceError("it is no JSON") from exc
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise SourceError(f"it is no {SCHEMA}")
    return data


def _ledger(numbers: dict[str, Any]) -> dict[str, int]:
    fates = sorted(_ALWAYS | (numbers.keys() & {"delivered"}))
    return {fate: _count(numbers[fate]) for fate in fates}


def _claim(entry: Any) -> dict[str, Any]:
    first, last = _time(entry["first"])[0], _time(entry["last"])[0]
    if entry["fate"] not in FATES:
        raise ValueError(f"{entry['fate']!r} is no fate")
    return {
        "file": _typed(entry["file"], str),
        "fate": entry["fate"],
        "frames": _count(entry["frames"]),
        "first": first,
        "last": last,
        "first_pts": _pts(entry["first_pts"]),
        "last_pts": _pts(entry["last_pts"]),
        "proof": _typed(entry["proof"], str),
    }


def _output(file: Any, *, undated: bool) -> dict[str, Any]:
    """A file with pictures; `undated` where nobody may have said when a VMS's pictures were taken."""
    counts = {"shown": _count(file["frames_shown"]), "contained": _count(file["frames_contained"])}
    times = {key: None if undated and file[key] is None else _time(file[key])[0] for key in ("first", "last")}
    return {**_file(file), **counts, **times}


def _file(file: Any) -> dict[str, Any]:
    return {"name": _typed(file["path"], str), "sha256": _typed(file["sha256"], str), "size": _count(file["size"])}


def _time(text: Any) -> tuple[int, bool]:
    """Microseconds of a written instant, and whether it is one of a dated source."""
    if match := _OFFSET.fullmatch(_typed(text, str)):
        us = int(match[2]) * SECOND + int(match[3])
        return (-us if match[1] == "-" else us), False
    moment = parse_time(text)
    if isinstance(moment, Offset):
        raise ValueError(f"{text!r} is not as records write times")
    return instant_us(moment), True


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError(f"{value!r} is no number of things")
    return value


def _pts(value: Any) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**62):
        raise ValueError(f"{value!r} is no PTS")
    return value


def _typed(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise ValueError(f"{str(value)[:40]!r} is no {kind.__name__}")
    return value
