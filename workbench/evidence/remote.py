"""Exports that a VMS made: what their records say, as words and as objections. Pure.

A VMS keeps its recordings. So nothing of them is hashed, what it did with them is its word, and no check here may say
more than that; what came over the wire is hashed and measured like anything else.

    lies_on_vms(source)             its archive is a URL
    remote_of(result)               the part of an export's record that a VMS made, None where none did
    objections(result, "decoder")   what speaks against completeness, and what nobody knows, by witness
    limits(result)                  rows for limitations: TLS that was not verified, checks that failed, …
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workbench.evidence.findings import Verdict
from workbench.evidence.nouns import SourceRecord

Result = Mapping[str, Any]

ORIGINAL, FLIGHT, SERVER_RECORD = "original", "flight", "server-record"
"""Kinds of files that only an export from a VMS has."""
INTERVALS = "VMS intervals"
"""The witness of coverage that a VMS is."""
SERVER_SAYS = "the server's record"
"""`ledger_by` of a ledger that is the server's own word."""
NOT_HASHED = "its recordings lie on the VMS, so none of them was hashed"
ADVICE_FOOTAGE = "Fetch the stretch first: `workbench acquire` makes an archive of it whose recording is hashed."
_COUNTED = (SERVER_SAYS, "the VMS's frame list")


def lies_on_vms(source: SourceRecord | None) -> bool:
    """Whether a source's recordings lie on a VMS: its archive is a URL, which no folder's name can be."""
    return source is not None and is_url(source.archive)


def is_url(archive: str) -> bool:
    """Whether what an archive calls itself is a server's URL."""
    return "://" in archive


def server_url(remote: Mapping[str, Any]) -> str:
    """The server's URL in the one form that compares."""
    return str(remote["server"]["url"]).rstrip("/")


def remote_of(result: Result) -> Mapping[str, Any] | None:
    """What a record says of the server that made its files or delivered their master; None for a local export."""
    found: Mapping[str, Any] | None = result.get("remote")
    return found


def originals(result: Result) -> dict[str, str]:
    """The masters among an export's own files: SHA-256 by name."""
    listed = (*result["files"], *result["sidecars"])
    return {file["path"]: file["sha256"] for file in listed if file["kind"] == ORIGINAL}


def derived_here(result: Result) -> bool:
    """Whether its files were made here, on a master that the VMS delivered."""
    return remote_of(result) is not None and bool(result["sources"])


def made_by_vms(result: Result) -> bool:
    """Whether its files are as the VMS made them."""
    return remote_of(result) is not None and not derived_here(result)


def backend(remote: Mapping[str, Any]) -> str:
    """The server in one line: URL and version."""
    version = remote["server"]["version"]
    return f"VMS over HTTP: {remote['server']['url']}, {version if version else 'version not told'}"


def tls_words(remote: Mapping[str, Any]) -> str:
    """Who vouches that the server was the right one, in words."""
    tls = remote["server"]["tls"]
    if not str(remote["server"]["url"]).lower().startswith("https:"):
        return "none: plain HTTP, neither hidden nor protected on its way"
    return f"verified: {tls['by']}" if tls["verified"] else f"NOT VERIFIED: {tls['by']}"


def is_secure(remote: Mapping[str, Any]) -> bool:
    """Whether somebody vouches for the server that answered."""
    return tls_words(remote).startswith("verified")


def counted_by(result: Result) -> str:
    """By whose word frames of a VMS are counted, as the end of a sentence; empty where we counted them ourselves."""
    remote = remote_of(result)
    if remote is None or not made_by_vms(result):
        return ""
    by = remote["ledger_by"]
    return f", by {by}: not checked" if by else ", as what came shows; how many it holds of the range, nobody says"


def objections(result: Result, check: str) -> tuple[list[str], list[str]]:
    """What a VMS's part in an export means for a witness of completeness: what speaks against, what nobody knows."""
    remote = remote_of(result)
    if remote is None:
        return [], []
    if check == "file times":
        return [], ["only the VMS's list of intervals says that nothing is missing"]
    if check != "ledger":
        return [], ["the recordings lie on the VMS: nobody looked into them"]
    told = remote["delivered"]
    against = [_row(row) for row in told if row["verdict"] == Verdict.FAILED.value]
    unsure = [_row(row) for row in told if row["verdict"] == Verdict.NOT_CHECKED.value]
    if remote["ledger_by"] not in _COUNTED:
        unsure.append("nobody says how many frames the VMS holds of the range")
    elif remote["ledger_by"] == SERVER_SAYS:
        unsure.append("the server's record says so; nobody here could look")
    return against, unsure


def limits(result: Result) -> Iterator[tuple[str, str]]:
    """What a VMS's part in an export leaves open, as rows of what and why."""
    remote = remote_of(result)
    if remote is None:
        return
    did = "delivered the master of it" if derived_here(result) else "made it"
    yield "recordings: not checked", f"{server_url(remote)} {did}; {NOT_HASHED}, and what it did there is its word"
    if not is_secure(remote):
        yield "TLS: not checked", tls_words(remote)
    for row in remote["delivered"]:
        if row["verdict"] != Verdict.OK.value:
            yield f"delivered against asked, {row['verdict']}", _row(row)
    if not remote["export"]["deleted"]:
        yield "the export may lie on the server still", "it was to be kept, or nobody confirmed that it was deleted"
    hides = result["plan"]["spec"]["masks"] or result["plan"]["spec"]["crop"]
    for name in originals(result) if hides else ():
        yield "the original shows everything", f"{name} is the master without masks and crop, and lies beside the rest"


def _row(row: Mapping[str, Any]) -> str:
    found, expected, note = ("" if row[key] is None else str(row[key]) for key in ("found", "expected", "note"))
    told = f"{row['check']}: {found}" if found else str(row["check"])
    told += f" instead of {expected}" if expected and expected != found else ""
    return f"{told} ({note})" if note else told
