"""What a package tells people beside its log: bag-info.txt, README.txt, verify.py, and the digests of each entry.

All of it can be had from the log and the records; here it is had once more and compared, so that nobody can print
other facts over a log that holds. Findings are part of ``custody-files``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from workbench.evidence.bag import NOBODY, BagInfo, clipped, one_line
from workbench.evidence.custody import Entry
from workbench.evidence.findings import Finding
from workbench.evidence.nouns import CaseState
from workbench.evidence.package_readme import readme
from workbench.evidence.verify_bag import Bag, failed, not_checked, ok

CHECK = "custody-files"
LOG = "data/custody.jsonl"


def check_entries(entries: Sequence[Entry]) -> Iterator[Finding]:
    """The digests before and after each entry are of files that the log's records know by then."""
    known: set[tuple[str, str]] = set()
    strange = 0
    for entry in entries:
        known.update(_named(entry.data))
        for side, digests in (("before", entry.before), ("after", entry.after)):
            for one in digests:
                if (one["file"], one["sha256"]) not in known:
                    strange += 1
                    found = f"{side}: {one['file'][:200]}, sha-256 {one['sha256']}"
                    yield failed(CHECK, LOG, "a file that a record names", found, place=f"line {entry.n + 1}")
    if entries and not strange:
        yield ok(CHECK, LOG, "the digests of all entries are of files that its records name")


def _named(value: Any) -> Iterator[tuple[str, str]]:
    """Each path with its SHA-256, wherever they stand in an entry's data."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            digest, path = one.get("sha256"), one.get("path", one.get("file"))
            if isinstance(digest, str) and isinstance(path, str):
                yield path, digest
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one


def check_info(bag: Bag, state: CaseState, entries: Sequence[Entry]) -> Iterator[Finding]:
    """bag-info.txt names the case as the log does, and is not older than the log."""
    number = one_line(state.identity.number)
    if bag.info and bag.info["External-Identifier"] != number:
        yield failed(CHECK, "bag-info.txt", f"External-Identifier: {number}", bag.info["External-Identifier"])
    if bag.info and entries and bag.info["Bagging-Date"] < entries[-1].at[:10]:
        note = f"sealed on {bag.info['Bagging-Date']}, before the log's last entry: a clock was set, or a date invented"
        yield not_checked(CHECK, "bag-info.txt", note)


def check_texts(bag: Bag, state: CaseState, results: Mapping[str, dict[str, Any]]) -> Iterator[Finding]:
    """README.txt and the description say what log and records give; verify.py is the one that this version ships."""
    title = clipped(state.identity.title or f"Evidence of case {state.identity.number}")
    if bag.info and bag.info["External-Description"] != title:
        yield failed(CHECK, "bag-info.txt", f"External-Description: {title}", bag.info["External-Description"])
    if not bag.info or readme_of(bag, state, results) != bag.read("README.txt"):
        yield failed(CHECK, "README.txt", "the text that log and records give", "another text")
    else:
        yield ok(CHECK, "README.txt", "what log and records give")
    ours = files("workbench.evidence").joinpath("verify_alone.py").read_bytes()
    if bag.read("verify.py") == ours:
        yield ok(CHECK, "verify.py", "the one that this version ships")
    else:
        yield not_checked(CHECK, "verify.py", "it is not the one that this installation ships: do not rely on its word")


def readme_of(bag: Bag, state: CaseState, results: Mapping[str, dict[str, Any]]) -> bytes:
    """README.txt as log, records and bag-info.txt give it, under the name that stands in its first line."""
    found = bag.read("README.txt") or b""
    name = found.split(b"\n", 1)[0].decode("utf-8", "replace").removeprefix("Package ")
    return readme(name, _info(bag), state, results)


def _info(bag: Bag) -> BagInfo:
    info = bag.info
    total, _, count = info["Payload-Oxum"].partition(".")
    return BagInfo(
        date=info["Bagging-Date"],
        agent=info["Bag-Software-Agent"],
        identifier=info["External-Identifier"],
        description=info["External-Description"],
        payload_bytes=int(total),
        payload_files=int(count),
        custody_length=int(info["Custody-Length"]),
        custody_head=info["Custody-Head"],
        report=info["Report"],
        report_status=info["Report-Status"],
        signed_by=info["Signed-By"] or NOBODY,
        signature_kind=info["Signature-Kind"],
        time_stamps=int(info["Time-Stamps"]),
    )
