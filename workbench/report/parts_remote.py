"""Part 6, where a VMS had a part in an export: server, TLS, clock, request, what came, delivered against asked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from workbench.evidence.claims import count
from workbench.evidence.nouns import ExportRecord
from workbench.evidence.remote import is_secure, remote_of, tls_words
from workbench.report.model import Block, Facts, Notice
from workbench.report.wording import NOT_CHECKED, NOT_STATED, cut, known, listing, size

_TOLD = ("expected", "found", "note")
NO_TLS = (
    "{id}: nothing vouches that the server was the right one, nor that its answers came unchanged (TLS: {tls}). The "
    "digests of its files say what came, not what was sent."
)


def remote_export(result: Mapping[str, Any], export: ExportRecord, where: str) -> Iterator[Block]:
    """What the record of an export says of the VMS; nothing for a local one."""
    remote = remote_of(result)
    if remote is None:
        return
    if not is_secure(remote):
        yield Notice(text=NO_TLS.format(id=export.id, tls=tls_words(remote)), large=False)
    yield Facts(title=f"Server of {export.id}", rows=tuple(_server(remote)))
    yield Facts(title=f"Request of {export.id}", rows=tuple(_request(remote, where)))
    yield from _delivered(remote, export, where)
    yield from _files(remote, export, where)


def _server(remote: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    server, clock, flight = remote["server"], remote["clock"], remote["flight"]
    yield "URL", server["url"]
    yield "Version, by its own word", known(server["version"])
    yield "User", known(server["user"]) if server["user"] else "nobody: no credentials were given"
    yield "TLS", tls_words(remote)
    yield "Fingerprint of its certificate (SHA-256)", known(server["tls"]["fingerprint"])
    yield "Its clock against the examiner's", _clock(clock)
    calls = f"{count(flight['calls'], 'call')}, {count(flight['retries'], 'retry', 'retries')}"
    yield "Flight record", f"{flight['path']}: {calls}, SHA-256 {flight['sha256']}"


def _clock(clock: Mapping[str, Any]) -> str:
    seconds, plus_minus = clock["server_minus_ours_seconds"], clock["uncertainty_seconds"]
    if seconds is None:
        return NOT_CHECKED
    within = f"± {plus_minus:g} s" if plus_minus is not None else f"uncertainty {NOT_STATED}"
    return f"{seconds:+g} s, {within}; of two computers' clocks, no check of the recorder's"


def _request(remote: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    asked, export = remote["request"], remote["export"]
    yield "Request", f"{asked['method']} {asked['path']}"
    yield "Query", _json(asked["query"], where)
    yield "Body", _json(asked["body"], where)
    yield "Id at the server", known(export["id"])
    yield "Began and ended at the server", f"{known(export['began'])}\n{known(export['ended'])}"
    yield (
        "State at its end",
        f"{known(export['state'])}, in the words of its API; succeeded: {known(export['succeeded'])}",
    )
    yield "Deleted there afterwards", f"{known(export['deleted'])}{'; it was to be kept' if export['kept'] else ''}"
    yield "Made", remote["made"] or NOT_STATED
    yield "Frames counted by", remote["ledger_by"] or "nobody but the files that came"


def _json(value: Any, where: str) -> str:
    return "none" if value in (None, "", {}, []) else cut(json.dumps(value, ensure_ascii=False, sort_keys=True), where)


def _delivered(remote: Mapping[str, Any], export: ExportRecord, where: str) -> Iterator[Block]:
    rows = [
        (row["check"], row["verdict"], *("" if row[key] is None else known(row[key]) for key in _TOLD))
        for row in remote["delivered"]
    ]
    head, widths = ("Check", "Verdict", "Asked", "Delivered", "Note"), (0.18, 0.12, 0.24, 0.24, 0.22)
    yield from listing(head, rows, where=where, title=f"Delivered against asked, {export.id}", widths=widths)


def _files(remote: Mapping[str, Any], export: ExportRecord, where: str) -> Iterator[Block]:
    rows = [
        (
            file["name"],
            file["saved_as"],
            size(file["size"]),
            f"SHA-256 {file['sha256']}\n{_by_server(file)}",
            f"{count(file['breaks'], 'break')}, {size(file['refetched'])} twice",
        )
        for file in remote["files"]
    ]
    head, widths = ("Name at the server", "Saved as", "Size", "Digests", "On its way"), (0.22, 0.2, 0.13, 0.31, 0.14)
    yield from listing(head, rows, where=where, title=f"What came, {export.id}", widths=widths, code=(3,))


def _by_server(file: Mapping[str, Any]) -> str:
    """What the server says of a file's digest."""
    told = file["server_sha256"]
    if not told:
        return "the server gave no digest"
    return "the server gave the same" if told == file["sha256"] else f"THE SERVER GAVE {told}"
