"""`seal`: a case becomes a package that anyone can check without us (docs/package-format.md).

    record = seal(case, "out", key=key)      # out/17-2026-P1/, whole, or nothing at all
    record.seal                              # to be handed over by another way than the package

Order: the case is checked against its log → the log is read once, and everything sealed is what it says at that
moment → payload is copied, hashed and compared while copied → tag files, signature, time stamps → one rename gives the
name → the case's log says that it was sealed. A process that dies before the last step leaves a package that is whole
and valid but of which its case does not know; the next one takes the next number.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.core.errors import RequestError, WorkbenchError, WorkError
from workbench.evidence import bag, bag_store
from workbench.evidence.bag_store import FolderStore, Laid, Store, ZipStore, lay_bytes, lay_copy
from workbench.evidence.case import Case
from workbench.evidence.nouns import PackageRecord
from workbench.evidence.package_content import Content
from workbench.evidence.package_derived import AGENT, UNREADABLE
from workbench.evidence.package_readme import readme
from workbench.evidence.signing import sign_detached

if TYPE_CHECKING:
    from workbench.evidence.keys import Key
    from workbench.evidence.timestamps import Authority

VERIFIER = "verify_alone.py"
KINDS = ("sha256", "sha512")


def seal(
    case: Case,
    out: str | os.PathLike[str],
    *,
    key: Key | None = None,
    stamps: Sequence[Authority] = (),
    as_zip: bool = False,
    at: datetime | None = None,
) -> PackageRecord:
    """Seal the case into a new package in the folder `out`, and log it.

    `at` is the date of sealing (default: now); the same case, key (RSA) and `at` give the same bytes, but for time
    stamps. Raises WorkError where a file is not what the log says or the disk refuses, NameTaken, RequestError.
    """
    at = _instant(at)
    if stamps and key is None:
        raise RequestError("stamps", "time stamps are made over the signature, and nothing is signed", "Give a key.")
    if key:
        key.valid_at(at)
    _unchanged(case)
    name, number = _free_name(case, Path(out))
    content, tags = _prepared(case, name, key, len(stamps), at)
    with bag_store.workspace(Path(out)) as scratch:
        store = ZipStore(scratch / name, name, at) if as_zip else FolderStore(scratch / name)
        with closing(store):
            over = _lay(store, content, tags)
            if key:
                _sign(store, over, key, at, stamps)
        bag_store.publish(store.part, Path(out) / (f"{name}.zip" if as_zip else name))
    record = PackageRecord(
        id=number,
        name=name,
        seal=hashlib.sha256(over["tagmanifest-sha256.txt"]).hexdigest(),
        log_length=content.state.length,
        log_head=content.state.head,
        signer=key.fingerprint if key else "",
        self_signed=bool(key and key.self_signed),
        time_stamps=tuple(stamp.url for stamp in stamps),
    )
    return _log(case, record)


def _log(case: Case, record: PackageRecord) -> PackageRecord:
    """Say in the case's log that it was sealed; what was logged."""
    try:
        with case.turn() as write:
            if any(record.id == known.id for known in case.state.packages):  # another process sealed meanwhile
                record = replace(record, id=case.next_id("P"))
            write("package-sealed", record)
    except WorkbenchError as exc:
        message = f"{record.name} is sealed and valid (seal {record.seal}), but its log cannot say so: {exc.message}"
        raise WorkError(message, f"{exc.advice} Then seal again; the next package gets the next number.") from exc
    return record


def _instant(at: datetime | None) -> datetime:
    if at is None:
        return datetime.now(UTC)
    if at.tzinfo is None:
        raise RequestError("at", "a date of sealing needs its zone", "Write datetime(…, tzinfo=UTC).")
    return at.astimezone(UTC)


def _unchanged(case: Case) -> None:
    """Raise WorkError unless every file of the case is what its log says, and the log holds."""
    failed = case.check().failed
    if failed:
        named = "; ".join(
            f"{one.file or 'custody.jsonl'}: {one.note or f'{one.found} instead of {one.expected}'}"
            for one in failed[:5]
        )
        more = f", and {len(failed) - 5} more" if len(failed) > 5 else ""
        message = f"The case is not what its custody log says, so nothing was sealed: {named}{more}"
        raise WorkError(message, "Put the recorded files back; what was exported anew belongs into a new export.")
    case.refresh()


def _free_name(case: Case, out: Path) -> tuple[str, str]:
    """The package's name and id: the first number that neither the case nor the folder knows."""
    number = int(case.next_id("P").removeprefix("P"))
    while True:
        name = bag.package_name(case.state.identity.number, f"P{number}")
        if not any(os.path.lexists(out / f"{name}{suffix}") for suffix in ("", ".zip")):
            return name, f"P{number}"
        number += 1


def _prepared(case: Case, name: str, key: Key | None, stamps: int, at: datetime) -> tuple[Content, dict[str, bytes]]:
    """What will be laid out: the payload, and the tag files but the manifests."""
    try:
        content = Content(case)
        info = _info(content, key, stamps, at)
        text = readme(name, info, content.state, content.results)
    except UNREADABLE as exc:
        message = f"a record of the case is not of the form that this version writes ({exc!r})"
        raise WorkError(message, "Seal with the version that wrote it; the log names it.") from exc
    bag.refuse_names(content.paths())
    verifier = files("workbench.evidence").joinpath(VERIFIER).read_bytes()
    tags = {"bagit.txt": bag.DECLARATION, "bag-info.txt": info.to_bytes(), "README.txt": text, "verify.py": verifier}
    return content, tags | ({"certificates.pem": key.certificates_pem} if key else {})


def _info(content: Content, key: Key | None, stamps: int, at: datetime) -> bag.BagInfo:
    state, report = content.state, content.report
    info = bag.BagInfo(
        date=f"{at:%Y-%m-%d}",
        agent=AGENT,
        identifier=state.identity.number,
        description=state.identity.title or f"Evidence of case {state.identity.number}",
        payload_bytes=content.size,
        payload_files=len(content.paths()),
        custody_length=state.length,
        custody_head=state.head,
        time_stamps=stamps,
    )
    if report:
        info = replace(info, report=f"data/{report.file.path}", report_status="FINAL" if report.final else "DRAFT")
    if key:
        kind = "self-signed key" if key.self_signed else "given key"
        info = replace(info, signed_by=key.fingerprint, signature_kind=kind)
    return info


def _lay(store: Store, content: Content, tags: dict[str, bytes]) -> dict[str, bytes]:
    """Lay out payload, tag files and manifests; the tag manifests by name."""
    payload = {}
    for file in sorted(content.files(), key=lambda file: file.path):
        path = f"data/{file.path}"
        payload[path] = lay_copy(store, path, content.case.path(file), file.sha256, file.size)
    payload |= {f"data/{path}": lay_bytes(store, f"data/{path}", data) for path, data in content.made.items()}
    tags = tags | {f"manifest-{kind}.txt": _manifest(payload, kind) for kind in KINDS}
    laid = {path: lay_bytes(store, path, tags[path]) for path in sorted(tags)}
    over = {f"tagmanifest-{kind}.txt": _manifest(laid, kind) for kind in KINDS}
    for path, data in over.items():
        lay_bytes(store, path, data)
    return over


def _sign(store: Store, over: dict[str, bytes], key: Key, at: datetime, stamps: Sequence[Authority]) -> None:
    """Sign both tag manifests; the time stamps are over the signature of the first."""
    made = {f"{path}.p7s": sign_detached(data, key, at) for path, data in over.items()}
    for number, authority in enumerate(stamps, 1):
        made[f"time-stamp-{number}.tsr"] = authority.stamp(made["tagmanifest-sha256.txt.p7s"])
        made[f"time-stamp-{number}.pem"] = authority.ca_pem
    laid = {path: lay_bytes(store, f"signature/{path}", made[path]) for path in sorted(made)}
    lay_bytes(store, "signature/SHA256SUMS", _manifest(laid, "sha256"))


def _manifest(laid: dict[str, Laid], kind: str) -> bytes:
    return bag.manifest({path: getattr(one, kind) for path, one in laid.items()})
