"""The verbs `verify` and `challenge`: everything that can be checked about a package, in one go.

    found = verify("17-2026-P1", "recordings", signer=fingerprint)
    found.exit_code                                 # 0 only where nothing failed

Without sources, a package is compared with itself and with what the verifier knows from elsewhere (`signer`, `seal`);
with them, its claims are performed again. What was not done is a finding too: *not checked*, and why.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from workbench.core.errors import SourceError, WorkbenchError
from workbench.evidence import custody, disclosure, reperform
from workbench.evidence.case import Case
from workbench.evidence.challenge import Outcome, run
from workbench.evidence.findings import Finding, Findings, Verdict
from workbench.evidence.nouns import CaseState, VerifiedRecord
from workbench.evidence.state import state_of
from workbench.evidence.unpacking import opened
from workbench.evidence.verify import check_folder
from workbench.evidence.verify_bag import TAG_MANIFESTS

OnProgress = Callable[[str, float], None]
StrPath = str | os.PathLike[str]
FROM_SOURCES = ("sources-hash", "ledger", "masks", "snapshot", "export-again")


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
    if sources is not None and not Path(sources).is_dir():
        raise SourceError(f"{sources} is no folder", "Name the folder of the recordings.")
    with opened(Path(package)) as (folder, wrong):
        found = wrong if folder is None else tuple(_all(folder, sources, signer, seal, again, on_progress))
    on_progress("", 1.0)
    return Findings(found)


def challenge(package: StrPath, on_progress: OnProgress = lambda text, done: None) -> Outcome:
    """Tamper with copies of a package in every way of the table; says which verifier caught which, by what finding."""
    return run(Path(package), on_progress)


def record_verified(case: Case, package: StrPath, found: Findings) -> VerifiedRecord:
    """Put the outcome of a verification into a case's log."""
    with opened(Path(package)) as (folder, _):
        path = None if folder is None else folder / TAG_MANIFESTS[0]
        seal = hashlib.sha256(path.read_bytes()).hexdigest() if path is not None and path.is_file() else ""
    counts = {verdict.value: len(found.of(verdict)) for verdict in Verdict}
    failed = tuple(f"{one.check} {one.file}".strip() for one in found.failed[:100])
    record = VerifiedRecord(name=Path(package).name, seal=seal, counts=counts, failed=failed)
    case.append("verified", record)
    return record


def _all(
    folder: Path, sources: StrPath | None, signer: str, seal: str, again: bool, on_progress: OnProgress
) -> Iterator[Finding]:
    yield from check_folder(folder, signer=signer, seal=seal, on_progress=on_progress)
    data = folder / "data"
    state = _state(data)
    yield from _report(data, state)
    yield from disclosure.check(data)
    if sources is None:
        yield from (_not_checked(check, "the recordings were not given (--sources)") for check in FROM_SOURCES)
    else:
        yield from reperform.check(data, state, Path(sources), again=again, on_progress=on_progress)


def _state(data: Path) -> CaseState:
    """What the log in the package adds up to, as far as it holds; its faults are findings of their own."""
    path = data / custody.NAME
    entries, _ = custody.read(path.read_bytes() if path.is_file() and not path.is_symlink() else b"")
    return state_of(entries)


def _report(data: Path, state: CaseState) -> Iterator[Finding]:
    """The newest report: its seal, and every page against the machine-readable report and the pictures."""
    if not state.reports:
        return
    from workbench.evidence.signing import check_pdf
    from workbench.report.check import check_report

    record = state.reports[-1]
    pdf, model = data / record.file.path, data / record.model.path
    try:
        content = pdf.read_bytes()
        if record.signer:
            sealed = check_pdf(content, signer=record.signer, authorities=_authorities(data.parent))
            yield from (replace(one, file=f"data/{record.file.path}") for one in sealed)
        yield from check_report(pdf, _model(model), data)
    except (OSError, ValueError, WorkbenchError) as exc:
        words = exc.message if isinstance(exc, WorkbenchError) else str(exc)
        where = record.file.path
        yield Finding(check="report-form", verdict=Verdict.FAILED, file=where, expected="a report", found=words)


def _authorities(package: Path) -> bytes:
    """The certificates that came with the package's time stamps; whether to trust them is for people to say."""
    return b"".join(path.read_bytes() for path in sorted((package / "signature").glob("time-stamp-*.pem")))


def _model(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_bytes())
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} is no JSON object")
    return found


def _not_checked(check: str, note: str) -> Finding:
    return Finding(check=check, verdict=Verdict.NOT_CHECKED, note=note)
