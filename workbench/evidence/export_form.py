"""The form of an export's record: what everything that is built upon one may rely on.

    record = of_form(json.loads(data), "exports/E1/….json")      # WorkError naming the record and the key
    plan = plan_of_form(logged.plan, "plan PL1 of the log")

A case may hold exports that were made elsewhere, or damaged before they were hashed; the log's digest says nothing of
that. Checked are the keys that are there, their types and bounds, that times are of one kind and can be written, and
the request by its own reader. Keys of a newer version are let be.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from workbench.core.errors import RequestError, WorkError
from workbench.core.result import FATES, SCHEMA, Ledger
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset, parse_time
from workbench.evidence.findings import Verdict

_ADVICE = "It is damaged, or was not written by this program; make the export again, into the case."
_SHOWN = 200
"""Characters of a complaint that are printed."""


class Kind(NamedTuple):
    """A single value: what it is, and whether a value is one."""

    words: str
    holds: Callable[[Any], bool]


ANY = "*"
"""As the key of a form: whatever keys there are."""
NONE = Kind("null", lambda value: value is None)
TEXT = Kind("a text", lambda value: isinstance(value, str))
COUNT = Kind("a number of things", lambda value: type(value) is int and 0 <= value < 2**53)
PTS = Kind("a PTS", lambda value: type(value) is int and abs(value) < 2**63)
LENGTH = Kind("a length in seconds", lambda value: type(value) in (int, float) and 0 <= value < 1e12)
SETTING = Kind("a setting", lambda value: type(value) in (str, bool) or _is_number(value))
FATE = Kind("a fate", lambda value: isinstance(value, str) and value in FATES)
YES_OR_NO = Kind("true or false", lambda value: type(value) is bool)
NUMBER = Kind("a number", lambda value: type(value) in (int, float) and _is_number(value))
VALUE = Kind("a single value", lambda value: value is None or type(value) in (str, bool) or _is_number(value))
VERDICT = Kind("a verdict", lambda value: isinstance(value, str) and value in {one.value for one in Verdict})
PLAIN = Kind("JSON of a request", lambda value: _is_plain(value))
NO_USER = Kind("a URL without a user", lambda value: isinstance(value, str) and "://" in value and "@" not in value)
INSTANT = Kind("an instant", lambda value: _is_time(value, dated=True))
OFFSET = Kind("a time from the first frame", lambda value: _is_time(value, dated=False))

_FILE = {"path": TEXT, "kind": TEXT, "sha256": TEXT, "size": COUNT}
_MOST_REQUEST = 1 << 20
_REMOTE: dict[str, Any] = {
    "server": {
        "url": NO_USER,
        **dict.fromkeys(("version", "user"), VALUE),
        "tls": {"verified": YES_OR_NO, "by": TEXT, "fingerprint": (NONE, TEXT)},
    },
    "clock": dict.fromkeys(("server_minus_ours_seconds", "uncertainty_seconds"), (NONE, NUMBER)),
    "request": {"method": TEXT, "path": TEXT, "query": PLAIN, "body": PLAIN},
    "export": {"id": TEXT, **dict.fromkeys(("began", "ended", "state", "succeeded", "deleted", "kept"), VALUE)},
    "files": [
        {
            **dict.fromkeys(("name", "saved_as", "sha256"), TEXT),
            **dict.fromkeys(("friendly", "etag", "server_sha256"), VALUE),
            **dict.fromkeys(("size", "breaks", "refetched"), COUNT),
        }
    ],
    "delivered": [{"check": TEXT, "verdict": VERDICT, **dict.fromkeys(("expected", "found", "note"), VALUE)}],
    "ledger_by": TEXT,
    "made": TEXT,
    "flight": {"path": TEXT, "sha256": TEXT, "calls": COUNT, "retries": COUNT},
}
"""What a record says of the server, where a VMS had a part in the export."""


def of_form(record: Any, name: str) -> dict[str, Any]:
    """The record of an export called `name`, as it is; WorkError where it is none."""
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise WorkError(f"{name} is no record of an export", f"This version reads {SCHEMA} only.")
    form = _form(_kind_of_time(record.get("plan")))
    wrong = _wrong(record, form, "") or _wrong_spec(record["plan"]["spec"], "plan.spec")
    if (
        wrong := wrong
        or wrong_remote(record)
        or _wrong(record["ledger"].get("delivered", 0), COUNT, "ledger.delivered")
    ):
        raise WorkError(f"{name} is no record of an export: {wrong[:_SHOWN]}", _ADVICE)
    return record


def wrong_remote(record: dict[str, Any]) -> str:
    """What a record says of a server in another form than ours, and where; empty where there is nothing of that."""
    return "" if record.get("remote") is None else _wrong(record["remote"], _REMOTE, "remote")


def plan_of_form(plan: Any, name: str) -> dict[str, Any]:
    """The plan called `name`, as it is; WorkError where it is none."""
    form = _form(_kind_of_time(plan))["plan"]
    if wrong := _wrong(plan, form, "") or _wrong_spec(plan["spec"], "spec"):
        raise WorkError(f"{name} is no plan of an export: {wrong[:_SHOWN]}", _ADVICE)
    return dict(plan)


def _kind_of_time(plan: Any) -> Kind:
    begin = plan.get("begin") if isinstance(plan, dict) else None
    return OFFSET if isinstance(begin, str) and begin.startswith(("+", "-")) else INSTANT


def _form(time: Kind) -> dict[str, Any]:
    """A kind is a value of it, a list is one of such, a dict an object with at least these keys, a tuple either."""
    gap = {"begin": time, "end": time, "witness": TEXT}
    made: dict[str, Any] = {**_FILE, "frames_shown": COUNT, "frames_contained": COUNT, "checks": [TEXT]}
    made |= {"first": (NONE, time), "last": (NONE, time), "audio_seconds": (NONE, LENGTH)}
    run: dict[str, Any] = {"file": TEXT, "fate": FATE, "first": time, "last": time, "frames": COUNT}
    run |= {"first_pts": (NONE, PTS), "last_pts": (NONE, PTS), "reason": TEXT, "proof": TEXT}
    segment = {"file": TEXT, "mode": TEXT, "begin": time, "last": time, "first_pts": PTS, "last_pts": PTS}
    segment |= {"frames": COUNT, "codec": TEXT, "reason": TEXT}
    plan: dict[str, Any] = {"spec": {}, "begin": time, "end": time, "segments": [segment], "gaps": [gap]}
    plan |= {"fields": [dict.fromkeys(("field", "how", "note"), TEXT)], "codecs": [TEXT], "audio": TEXT}
    plan |= {"warnings": [TEXT], "frames": dict.fromkeys(("copy", "encode", "extra"), COUNT)}
    return {
        "files": [made],
        "sidecars": [_FILE],
        "ledger": dict.fromkeys(Ledger().to_json(), COUNT),
        "entries": [run],
        "sources": [{"file": TEXT, "sha256": (NONE, TEXT), "size": COUNT}],
        "gaps": [gap],
        "encoder": {ANY: {ANY: (SETTING, {ANY: SETTING})}},
        "versions": {ANY: TEXT},
        "warnings": [TEXT],
        "plan": plan,
    }


def _wrong(value: Any, form: Any, place: str) -> str:
    """What is not as the form says, and where; empty where all is."""
    if isinstance(form, Kind):
        return "" if form.holds(value) else f"{place} is not {form.words}"
    if isinstance(form, tuple):
        found = [_wrong(value, one, place) for one in form]
        return "" if "" in found else found[-1]
    if not isinstance(value, type(form)):
        return f"{place or 'it'} is not {'a list' if isinstance(form, list) else 'an object'}"
    if missing := [key for key in form if isinstance(form, dict) and key != ANY and key not in value]:
        return f"{_at(place, missing[0])} is missing"
    return next((wrong for part in _parts(value, form, place) if (wrong := _wrong(*part))), "")


def _parts(value: Any, form: Any, place: str) -> Iterator[tuple[Any, Any, str]]:
    """The parts of a list or an object of which the form says something: value, form and place of each."""
    if isinstance(form, list):
        yield from ((one, form[0], f"{place}[{number}]") for number, one in enumerate(value))
        return
    for key in value if ANY in form else form:
        yield value[key], form.get(key, form.get(ANY)), _at(place, key)


def _at(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _wrong_spec(spec: Any, place: str) -> str:
    """Why the request is none that was carried out: those are written whole, and in one way."""
    try:
        read = ExportSpec.from_json(spec)
    except RequestError as exc:
        return f"{place}: {exc.message}"
    whole = json.loads(json.dumps(read.to_json()))
    apart = sorted(key for key in whole.keys() | spec.keys() if key not in spec or whole.get(key) != spec[key])
    return f"{place}.{apart[0]} is missing, or is not as records write it" if apart else ""


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 2**63 and math.isfinite(value)


def _is_plain(value: Any) -> bool:
    """Whether a value is JSON of a size that a request may have."""
    try:
        return len(json.dumps(value)) <= _MOST_REQUEST
    except (TypeError, ValueError, RecursionError):
        return False


def _is_time(value: Any, *, dated: bool) -> bool:
    """Whether it is a time as records write it: an instant, or seconds with their sign."""
    try:
        text = "+" + value[1:] if not dated and value.startswith("-") else value
        return isinstance(parse_time(text), Offset) is not dated
    except (AttributeError, TypeError, RequestError):
        return False
