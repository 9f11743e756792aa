"""The verbs `verify` and `challenge`: everything that can be checked about a package, in one go.

    found = verify("17-2026-P1", "recordings", signer=fingerprint)
    found.exit_code                                 # 0 only where nothing failed

Without sources, a package is compared with itself and with what the verifier knows from elsewhere (`signer`, `seal`);
with them, its claims are performed again. What was not done is a finding too: *not checked*, and why.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.core.errors import SourceError, WorkbenchError, WorkError
from workbench.evidence import custody, disclosure, reperform
from workbench.evidence.case import Case
from workbench.evidence.challenge import Outcome, run
from workbench.evidence.custody import Entry
from workbench.evidence.findings import Finding, Findings, Verdict, said
from workbench.evidence.hashing import open_plain
from workbench.evidence.nouns import CaseState, ReportRecord, VerifiedRecord
from workbench.evidence.state import state_of
from workbench.evidence.unpacking import opened
from workbench.evidence.verify import check_bag
from workbench.evidence.verify_bag import Bag, failed, not_checked
from workbench.evidence.verify_log import LOG

OnProgress = Callable[[str, float], None]
StrPath = str | os.PathLike[str]
MOST_REPORT = 2 * 1024**3
"""Bytes of a report's PDF; a larger one is not read."""
MOST_NAMED = 100
"""Failed findings that a case's log names."""
REPORT = ("report-form", "report-pictures")
FROM_SOURCES = ("sources-hash", "source-facts", "ledger", "masks", "snapshot", "export-again")


def verify(
    package: StrPath,
    sources: StrPath | None = None,
    *,
    signer: str = "",
    seal: str = "",
    again: bool = True,
    on_progress: OnProgress = lambda text, done: None,
) -> Findings:
    """Check a package, a folder or a zip, and with `sources`, the folder of the recordings, its claims.

    `signer` is the SHA-256 of the certificate that the verifier expects, `seal` that of tagmanifest-sha256.txt;
    `again` False leaves out making every export once more. SourceError where a path leads nowhere.
    """
    if sources is not None and not os.path.isdir(sources):  # noqa: PTH112 - answers whatever the name is
        raise SourceError(f"{sources} is no folder", "Name the folder of the recordings.")
    with opened(Path(package)) as (folder, wrong):
        found = wrong if folder is None else tuple(_all(Bag(folder), sources, signer, seal, again, on_progress))
    on_progress("", 1.0)
    return Findings(found)


def challenge(package: StrPath, on_progress: OnProgress = lambda text, done: None) -> Outcome:
    """Tamper with copies of a package in every way of the table; says which verifier caught which, by what finding."""
    return run(Path(package), on_progress)


def record_verified(case: Case, package: StrPath, found: Findings) -> VerifiedRecord:
    """Put the outcome of a verification into a case's log."""
    seal = next((one.found for one in found if one.check == "seal"), "")
    counts = {verdict.value: len(found.of(verdict)) for verdict in Verdict}
    failed = tuple(f"{one.check} {one.file}".strip() for one in found.failed[:MOST_NAMED])
    record = VerifiedRecord(name=Path(package).name, seal=seal, counts=counts, failed=failed)
    case.append("verified", record)
    return record


def _all(
    bag: Bag, sources: StrPath | None, signer: str, seal: str, again: bool, on_progress: OnProgress
) -> Iterator[Finding]:
    yield from check_bag(bag, signer=signer, seal=seal, on_progress=on_progress)
    entries, _ = custody.read(bag.read(LOG) or b"")  # its faults are findings of their own
    state, data = state_of(entries), bag.folder / "data"
    yield from _report(bag, state, entries)
    known = {path.removeprefix("data/"): digests.sha256 for path, digests in bag.digests.items()}
    for one in _tried(("disclosure",), lambda: disclosure.check(data, known)):
        yield replace(one, file=f"data/{one.file}".rstrip("/"))
    if sources is None:
        yield from (not_checked(check, "", "the recordings were not given (--sources)") for check in FROM_SOURCES)
    else:
        folder = Path(sources)
        yield from _tried(
            FROM_SOURCES, lambda: reperform.check(data, state, folder, again=again, on_progress=on_progress)
        )


def _tried(checks: tuple[str, ...], check: Callable[[], Iterable[Finding]]) -> Iterable[Finding]:
    """What a check found; where it could not be made at all, that is what was found."""
    try:
        return check()
    except WorkbenchError as exc:
        return [not_checked(name, "", f"{exc.message}. {exc.advice}".rstrip()) for name in checks]


def _report(bag: Bag, state: CaseState, entries: Sequence[Entry]) -> Iterator[Finding]:
    """The newest report: its seal, its pages against its machine-readable form, and that against log and records."""
    if not state.reports:
        return
    record = state.reports[-1]
    pdf, model = f"data/{record.file.path}", f"data/{record.model.path}"
    size = bag.files.get(pdf, MOST_REPORT + 1)  # only what was found in the package is opened, wherever the log points
    words = bag.read(model)
    if size > MOST_REPORT or words is None:
        yield from (
            not_checked(check, pdf, "it or its machine-readable form is not there, or too large") for check in REPORT
        )
        return
    try:
        if record.signer:
            yield from _seal_of(bag, pdf, record.signer)
        else:
            yield _unsealed(bag, pdf)
        yield from _pages(bag, record, entries, json.loads(words))
    except (OSError, ValueError, RecursionError, WorkbenchError) as exc:
        why = exc.message if isinstance(exc, WorkbenchError) else said(exc, bag.folder)
        yield failed("report-form", pdf, "a report that can be read", why)


def _seal_of(bag: Bag, pdf: str, signer: str) -> Iterator[Finding]:
    """The PAdES seal of a report, by the certificate that the log names; whom to expect is for the verifier to say."""
    from workbench.evidence.sign_extra import need
    from workbench.evidence.signing import check_pdf

    try:
        need()
    except WorkError as exc:
        yield not_checked("report-form", pdf, f"{exc.message}: {exc.advice}")
        return
    # whether to trust the roots that came with the package's time stamps is for people to say
    roots = b"".join(bag.read(f"signature/time-stamp-{n}.pem") or b"" for n in range(1, bag.stamps + 1))
    with open_plain(bag.folder / pdf) as file:
        found = check_pdf(file.read(bag.files[pdf] + 1), signer=signer, authorities=roots)
    for one in found:
        yield replace(one, check="report-form" if one.check == "signer" else one.check, file=pdf)


def _unsealed(bag: Bag, pdf: str) -> Finding:
    """A report that the log knows as unsigned holds no signature of anybody."""
    with open_plain(bag.folder / pdf) as file:
        signed = b"/ByteRange" in file.read(bag.files[pdf] + 1)
    if signed:
        return failed("report-form", pdf, "no seal: the log says that nobody signed it", "a seal")
    return not_checked("report-form", pdf, "the report is not signed")


def _pages(bag: Bag, record: ReportRecord, entries: Sequence[Entry], model: Any) -> Iterator[Finding]:
    """The PDF against its machine-readable form, page by page, and that form against the log."""
    pdf, data = f"data/{record.file.path}", bag.folder / "data"
    if not isinstance(model, dict):
        raise ValueError("its machine-readable form is no JSON object")
    try:
        from workbench.report.check import check_report
        from workbench.report.check_words import check_words
    except (ImportError, WorkError) as exc:
        why = (
            "checking a report's pages needs libraries that are not installed: pip install 'forensic-workbench[report]'"
        )
        yield from (not_checked(check, pdf, f"{why} ({exc})") for check in REPORT)
        return
    yield from check_report(bag.folder / pdf, model, data, file=pdf)
    yield from check_words(data, record, entries, model, file=pdf)
