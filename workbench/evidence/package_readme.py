"""``README.txt`` of a package: its facts in plain text, and the commands that check it.

What a person said is printed on one line and clipped (the whole is in the custody log), so that no text can pass for
a line of this file.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workbench.core.timebase import shown
from workbench.evidence.bag import NO_REPORT, NOBODY, BagInfo, clipped
from workbench.evidence.claims import (
    CLOCK_NOT_CHECKED,
    clock_words,
    completeness,
    completeness_words,
    fidelity_words,
    unsuitable,
)
from workbench.evidence.nouns import CaseState, ExportRecord, SnapshotRecord, SourceRecord
from workbench.evidence.remote import NOT_HASHED, backend, lies_on_vms, limits, remote_of, tls_words

_NOT_STATED = "not stated"


def readme(name: str, info: BagInfo, state: CaseState, results: Mapping[str, dict[str, Any]]) -> bytes:
    """The file; `results` are the records of the exports by their ids."""
    parts = [
        _head(name, info),
        _identity(state),
        _section("Sources (their recordings are NOT in this package)", _sources(state)),
        _section("Exports", _exports(state, results)),
        _section("Snapshots", _snapshots(state)),
        _section("Comments", _comments(state)),
        _CHECK.format(report=info.report if info.report != NO_REPORT else "(no report in this package)"),
        _signed(info),
        _stamped(info.time_stamps),
        _PROVES,
        *([_REMOTE] if any(map(lies_on_vms, state.sources)) else []),
    ]
    return "\n".join(parts).encode()


def _head(name: str, info: BagInfo) -> str:
    report = f"{info.report} ({info.report_status})" if info.report != NO_REPORT else "none"
    rows = {
        "Sealed on": info.date,
        "Sealed with": info.agent,
        "Payload": f"{info.payload_files} files, {info.payload_bytes} bytes",
        "Report": report,
        "Custody log": f"{info.custody_length} entries, the last with the hash {info.custody_head}",
        "Signed by": f"{info.signed_by} ({info.signature_kind})" if info.signed_by != NOBODY else NOBODY,
        "Time stamps": str(info.time_stamps),
    }
    title = f"Package {name}"
    return f"{title}\n{'=' * len(title)}\n\n{_rows(rows)}"


def _rows(rows: Mapping[str, str]) -> str:
    return "".join(f"{label + ':':<16} {value}\n" for label, value in rows.items())


def _section(title: str, lines: Iterable[str]) -> str:
    return f"{title}\n{'-' * len(title)}\n\n" + "".join(f"{line}\n" for line in lines or ["none"])


def _identity(state: CaseState) -> str:
    who = state.identity
    rows = {
        "Case number": who.number,
        "Title": who.title,
        "Examiner": ", ".join(part for part in (who.examiner, who.role, who.organisation) if part),
        "Reviewer": who.reviewer,
        "Requested by": who.requester,
        "Authority": who.authority,
        "Purpose": who.purpose,
        "Question": who.question,
        "Scope": who.scope,
        "Not examined": who.not_examined,
        "Deviations": who.deviations,
    }
    return _section("Case", [f"{label + ':':<16} {clipped(text or _NOT_STATED)}" for label, text in rows.items()])


def _sources(state: CaseState) -> list[str]:
    return [line for source in state.sources for line in _source(source, state)]


def _source(source: SourceRecord, state: CaseState) -> Iterator[str]:
    yield f"{clipped(source.exhibit)}  {clipped(source.name)} (id {clipped(source.id)})"
    if lies_on_vms(source):
        yield f"  {NOT_HASHED}: {clipped(source.archive)}, asked {source.hashed_at}"
    else:
        yield f"  hashed {source.hashed_at} on {clipped(source.hashed_where)}"
    yield f"  {clock_words(state.checks_of(source.id))}"
    for one in source.recordings:
        yield f"  {one.sha256}  {clipped(one.file)}  {one.size} bytes"
        yield from (f"    damaged or missing: {clipped(loss)}" for loss in one.losses)


def _exports(state: CaseState, results: Mapping[str, dict[str, Any]]) -> list[str]:
    return [line for export in state.exports for line in _export(export, results[export.id], state)]


def _export(export: ExportRecord, result: dict[str, Any], state: CaseState) -> Iterator[str]:
    yield f"{export.id}  {clipped(export.exhibit)}  derived from {clipped(export.source)}"
    yield f"  asked for: {clipped(result['plan']['begin'])} … {clipped(result['plan']['end'])}"
    if (remote := remote_of(result)) is not None:
        yield f"  {clipped(backend(remote))}"
        yield f"  TLS: {clipped(tls_words(remote))}"
        yield from (f"  {what}: {clipped(why)}" for what, why in limits(result) if not what.startswith("TLS"))
    yield f"  {clipped(fidelity_words(result))}"
    yield from _wrapped(completeness_words(completeness(result, state.source(export.source))))
    for gap in result["gaps"]:
        yield f"  gap {gap['begin']} … {gap['end']} (witness: {clipped(gap['witness'])})"
    yield from (f"  warning: {clipped(warning)}" for warning in result["warnings"])
    for use in unsuitable(result, state.source(export.source), state.checks_of(export.source)):
        yield f"  unsuitable for {use.use}: {clipped('; '.join(use.why))}"
    for file in (*export.files, export.record):
        yield f"  {file.sha256}  data/{file.path}  {file.size} bytes"


def _wrapped(text: str) -> list[str]:
    """A sentence of ours, which may quote names of files, as lines of the width of this file."""
    return textwrap.wrap(clipped(text, 2000), 118, initial_indent="  ", subsequent_indent="  ", break_long_words=False)


def _snapshots(state: CaseState) -> list[str]:
    shots = [line for shot in state.snapshots for line in _snapshot(shot)]
    drawn = [
        f"{made.id}  marks on a copy of {made.snapshot}\n  {made.picture.sha256}  data/{made.picture.path}"
        for made in state.annotations
    ]
    return shots + drawn


def _snapshot(shot: SnapshotRecord) -> Iterator[str]:
    yield f"{shot.id}  {clipped(shot.exhibit)}  {clipped(shot.caption)}".rstrip()
    yield f"  {shot.picture.sha256}  data/{shot.picture.path}"
    yield f"  from {clipped(shot.file)}, SHA-256 {shot.file_sha256}"
    yield f"  stream {shot.stream}, PTS {shot.pts}, time base {shot.time_base}, picture type {shot.picture_type}"
    corrected = CLOCK_NOT_CHECKED.lower()
    if shot.corrected_us is not None:
        corrected = f"corrected {shown(shot.corrected_us, True)} ± {shot.plus_minus:g} s"
    yield f"  device time {shown(shot.device_us, shot.dated)}, {corrected}"
    if shot.shown_by_export is False:
        yield f"  {shot.export} does not show this frame"
    if shot.unmasked:
        yield f"  masks and crop of {shot.export} NOT applied: {clipped(shot.unmasked)}"


def _comments(state: CaseState) -> list[str]:
    replaced = {comment.replaces for comment in state.comments}
    return [
        f"{said.id}  {said.at}  {clipped(said.author)}{f', on {clipped(said.on)}' if said.on else ''}: "
        f"{clipped(said.text)}{' [replaced]' if said.id in replaced else ''}"
        for said in state.comments
    ]


_CHECK = """\
How to check this package
-------------------------

Each command is run in this folder and is enough by itself for what it says.

  python3 verify.py
      Everything below but the time stamps and the report's own signature, with a finding for each check. Python 3.8
      or newer, nothing else. verify.py lies in the package, so whoever could change the package could change it, too:
      take your own copy of it, or use the other commands.

  sha256sum -c --quiet manifest-sha256.txt && sha256sum -c --quiet tagmanifest-sha256.txt
  sha512sum -c --quiet manifest-sha512.txt && sha512sum -c --quiet tagmanifest-sha512.txt
      Every file is unchanged since sealing, if the tag manifests are. They do not find files that were added.

  bagit.py --validate .
      The same and that no payload file was added (bagit-python, or any other validator of BagIt, RFC 8493).

  sha256sum tagmanifest-sha256.txt
      The seal: compare it with the one that the sealer gave you by another way. If it is the same, every file that the
      commands above accept is as it was when it was sealed.

Report: {report}. Its signature, if it has one, is checked by any PDF reader that knows PAdES, or by pdfsig.
"""

_UNSIGNED = """\
This package is NOT SIGNED. Nothing in it says who made it; only a seal that you got by another way binds it.
"""

_SIGNED = """\
Signature
---------

SHA-256 of the signer's certificate: {signer} ({kind})

{commands}\
      The tag manifests are unchanged since the holder of the key signed them. The certificate is the package's own, so
      whether it can be trusted is NOT checked by this: compare its fingerprint (next command) with the one that the
      signer gave you by another way. Once it has expired, add -no_check_time.

  openssl x509 -in certificates.pem -noout -fingerprint -sha256 -subject -dates
      The certificate that has to be compared.
"""

_VERIFY = """\
  openssl cms -verify -binary -inform DER -in signature/tagmanifest-{kind}.txt.p7s \\
    -content tagmanifest-{kind}.txt -CAfile certificates.pem -purpose any -partial_chain -out /dev/null
"""

_VERIFY_STAMP = """\
  openssl ts -verify -data signature/tagmanifest-sha256.txt.p7s -in signature/time-stamp-{n}.tsr \\
    -CAfile signature/time-stamp-{n}.pem
"""

_STAMPED = """\
      The signature existed at the time that the authority states: openssl ts -reply -text -in … prints it. Trust the
      authority by its certificate from elsewhere; the .pem beside the stamp is what the signer took for it. Once that
      has expired, add -attime with a second in which it was valid.
"""

_PROVES = """\
What this proves, and what not
------------------------------

 * Unchanged since sealing: the files of this package, if the seal or the signer's certificate is known from elsewhere.
 * Derived from: each export and snapshot names its recording by SHA-256, and each frame by its PTS. With the
   recordings at hand, `workbench verify PACKAGE --sources DIR` makes them again and compares; without them this is
   not checked.
 * Unbroken: the custody log is chained by hashes, and its length and last hash are in bag-info.txt, which the seal
   covers; no entry can be changed, moved or cut off behind it.
 * Not checked: what happened before the recordings were hashed (the log says when and where that was), whether the
   recorder's clock was right beyond the clock checks on record, and whether what a person wrote is true.

What stays possible: whoever may rewrite everything can make another package that is consistent in itself, signed by
another key or by none. Only what you hold from elsewhere (the seal, or the signer's fingerprint) tells the two apart.
The holder of the signing key can seal again at any time, and a date in a signature is what the signer's computer said;
a time stamp limits that. A self-signed key is vouched for by nobody but its holder.
"""


def _signed(info: BagInfo) -> str:
    if info.signed_by == NOBODY:
        return _UNSIGNED
    commands = "".join(_VERIFY.format(kind=kind) for kind in ("sha256", "sha512"))
    return _SIGNED.format(signer=info.signed_by, kind=info.signature_kind, commands=commands)


def _stamped(count: int) -> str:
    if not count:
        return "There is no time stamp: nobody but the sealer says when this was sealed.\n"
    commands = "".join(_VERIFY_STAMP.format(n=number) for number in range(1, count + 1))
    return f"Time stamps\n-----------\n\n{commands}{_STAMPED}"


_REMOTE = """\
What came from a VMS
--------------------

 * The recordings stayed on the VMS and were never hashed: that an export shows what the VMS holds is its word.
 * Not checked, even with --sources: how the VMS made a file, and that it is complete. An export that was derived here
   from an original is proven against that original, which lies beside it.
 * Each such export has a flight record: every call that was made for it, with the server's answer.
"""
