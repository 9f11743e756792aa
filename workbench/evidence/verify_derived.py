"""Files of a package that say again what others of it say: do they say the same? Part of ``custody-files``.

sources.json, case.jsonld, E1.spec.json, …   made once more from log and records, and compared byte for byte
record of an export                          names the files that the log names, with the same sizes and digests
bag-info.txt, README.txt, verify.py          see `verify_told`

What was made by another version may be written in another way; then the first of the two is not checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workbench.evidence.custody import Entry
from workbench.evidence.findings import Finding
from workbench.evidence.nouns import CaseState, ExportRecord
from workbench.evidence.package_derived import AGENT, UNREADABLE, derived
from workbench.evidence.remote import FLIGHT, lies_on_vms
from workbench.evidence.verify_bag import Bag, failed, not_checked, ok
from workbench.evidence.verify_told import check_entries, check_info, check_texts

CHECK = "custody-files"
MADE = re.compile(r"data/exports/E[0-9]+\.(spec|plan|ledger)\.json")
_ALWAYS = ("data/sources.json", "data/case.jsonld")
_TEXTS = ("README.txt", "verify.py")
_MOST_ENTRIES = 50_000
"""Entries of a log from which case.jsonld is made again: each takes some kilobytes of memory."""
_SHOWN = 60
"""Bytes of a difference that are shown."""


def check_derived(bag: Bag, entries: Sequence[Entry], state: CaseState, holds: bool) -> Iterator[Finding]:
    """What the records say of files, and whether the derived files are those that log and records give.

    `holds` says whether the log holds together; nothing is derived from one that does not.
    """
    results: dict[str, dict[str, Any]] = {}
    for export in state.exports:
        result = _result(bag, export)
        if result is None:
            note = "nothing is compared with this record: it cannot be read, or is not the one that the log names"
            yield not_checked(CHECK, f"data/{export.record.path}", note)
        else:
            results[export.id] = result
            yield from _files(export, result)
            yield from _from_where(export, result, state)
            yield from _came(export, result)
    yield from check_entries(entries)
    yield from check_info(bag, state, entries)
    there = [path for path in bag.files if MADE.fullmatch(path)]
    if why := _not_again(bag, len(entries), holds and len(results) == len(state.exports)):
        yield from (not_checked(CHECK, path, why) for path in (*there, *_ALWAYS, *_TEXTS))
        return
    try:
        made = {f"data/{path}": data for path, data in derived(entries, results).items()}
    except UNREADABLE as exc:
        note = f"log or records are not of the form that this version writes ({type(exc).__name__}: {exc})"
        yield from (not_checked(CHECK, path, note) for path in (*there, *_ALWAYS))
        return
    for path in sorted({*there, *made}):
        yield _same(bag, path, made.get(path))
    yield from check_texts(bag, state, results)


def _not_again(bag: Bag, entries: int, whole: bool) -> str:
    """Why nothing can be made again, or empty."""
    agent = bag.info.get("Bag-Software-Agent", "")
    if agent != AGENT:
        return f"written by {agent or 'an unknown program'}; this is {AGENT}, which may write it in another way"
    if entries > _MOST_ENTRIES:
        return f"the log has {entries} entries; up to {_MOST_ENTRIES} are told once more"
    return "" if whole else "the log or a record of an export does not hold"


def _result(bag: Bag, export: ExportRecord) -> dict[str, Any] | None:
    """The record of an export as JSON, None where it is no object or not the file that the log names."""
    path = f"data/{export.record.path}"
    try:
        if bag.digests[path].sha256 != export.record.sha256:
            return None
        found = json.loads(bag.read(path) or b"")
    except KeyError:
        return None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _files(export: ExportRecord, result: Mapping[str, Any]) -> Iterator[Finding]:
    """The record's own words on its files, against the log's."""
    path = f"data/{export.record.path}"
    folder = export.record.path.rpartition("/")[0]
    try:
        listed = (*result["files"], *result["sidecars"])
        told = {(f"{folder}/{one['path']}", one["sha256"], one["size"]) for one in listed}
    except (LookupError, TypeError) as exc:
        yield not_checked(CHECK, path, f"the record does not list files as this version does ({exc!r})")
        return
    logged = {(file.path, file.sha256, file.size) for file in export.files}
    for name, digest, size in sorted(map(_words, told ^ logged)):
        by = "the record, not by the log" if (name, digest, size) in set(map(_words, told)) else "the log alone"
        yield failed(CHECK, path, "the same files in record and log", f"{name}, {size} bytes, {digest}: named by {by}")
    if told == logged:
        yield ok(CHECK, path, "names the files that the log names")


def _from_where(export: ExportRecord, result: Mapping[str, Any], state: CaseState) -> Iterator[Finding]:
    """An export was made from where its source lies: none of a folder passes for a VMS's, which nobody can do again."""
    source, path = state.source(export.source), f"data/{export.record.path}"
    if source is None:
        return
    try:
        remote = result.get("remote")
        came = None if remote is None else str(remote["server"]["url"]).rstrip("/")
    except (LookupError, TypeError, AttributeError) as exc:
        yield not_checked(CHECK, path, f"the record does not name its server as this version does ({exc!r})")
        return
    wanted = source.archive.rstrip("/") if lies_on_vms(source) else None
    if came != wanted:
        expected, found = (f"made from {place or 'recordings in a folder'}" for place in (wanted, came))
        yield failed(CHECK, path, expected, found, f"where {source.id} lies, by the log")


def _came(export: ExportRecord, result: Mapping[str, Any]) -> Iterator[Finding]:
    """What a record says came from a VMS, and the calls made for it, lies among the export's files."""
    if result.get("remote") is None:
        return
    path = f"data/{export.record.path}"
    try:
        told = {(str(one["saved_as"]), one["sha256"]) for one in result["remote"]["files"]}
        flight = (str(result["remote"]["flight"]["path"]), result["remote"]["flight"]["sha256"])
    except (LookupError, TypeError) as exc:
        yield not_checked(CHECK, path, f"the record does not say what came as this version does ({exc!r})")
        return
    held = {(file.path.rpartition("/")[2], file.sha256) for file in export.files}
    flights = {(file.path.rpartition("/")[2], file.sha256) for file in export.files if file.kind == FLIGHT}
    lacking = sorted((told - held) | ({flight} - flights), key=str)
    for name, digest in lacking:
        yield failed(CHECK, path, f"{name}, {digest}, which came from the VMS", "no such file of the export")
    if not lacking:
        yield ok(CHECK, path, "what came from the VMS, and the record of the calls, are files of the export")


def _words(file: tuple[Any, Any, Any]) -> tuple[str, str, str]:
    name, digest, size = file
    return str(name), str(digest), str(size)


def _same(bag: Bag, path: str, made: bytes | None) -> Finding:
    found = bag.read(path)
    if made is None:
        return failed(CHECK, path, "an export of that id in the log", "none")
    if found is None:
        return failed(CHECK, path, "a file", "none that can be read")
    if found == made:
        return ok(CHECK, path, "what log and records give")
    at = next((n for n, (a, b) in enumerate(zip(found, made, strict=False)) if a != b), min(len(found), len(made)))
    line = made.count(b"\n", 0, at) + 1
    expected, seen = (data[max(0, at - _SHOWN // 2) : at + _SHOWN].decode("utf-8", "replace") for data in (made, found))
    return failed(CHECK, path, expected, seen, "Log and records give something else.", f"line {line}")
