"""Checking a package without its sources: every check of docs/package-format.md that the package alone can answer.

    findings = check_package(Path("17-2026-P1"), signer=fingerprint)

This is the second verifier, written from the format's page apart from `verify_alone`. It needs the extra ``[sign]``
for signatures; without it, those are *not checked*. What the report's PDF and the sources can tell is added by
`workbench.verifying`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.unpacking import opened
from workbench.evidence.verify_bag import Bag
from workbench.evidence.verify_log import check_log
from workbench.evidence.verify_manifests import OnProgress, check_digests, check_manifests
from workbench.evidence.verify_seal import check_seal

MOST_FINDINGS = 1000
"""Findings of one check that end alike, but ok; the rest is counted, not listed."""


def check_package(
    package: Path, *, signer: str = "", seal: str = "", on_progress: OnProgress = lambda text, done: None
) -> tuple[Finding, ...]:
    """All findings on a folder or zip. `signer` and `seal` are what the verifier knows from elsewhere."""
    with opened(package) as (folder, wrong):
        return wrong if folder is None else check_folder(folder, signer=signer, seal=seal, on_progress=on_progress)


def check_folder(
    folder: Path, *, signer: str = "", seal: str = "", on_progress: OnProgress = lambda text, done: None
) -> tuple[Finding, ...]:
    """All findings on an unpacked package."""
    return tuple(check_bag(Bag(folder), signer=signer, seal=seal, on_progress=on_progress))


def check_bag(bag: Bag, *, signer: str, seal: str, on_progress: OnProgress) -> Iterator[Finding]:
    """The same of a bag, which then holds what was found out about it."""
    yield from _listed(bag.layout())
    yield from _listed(check_manifests(bag))
    yield from _listed(check_digests(bag, on_progress))
    yield from _listed(check_log(bag))
    yield from _listed(check_seal(bag, signer, seal))


def _listed(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings, but no more than anybody reads."""
    counts: Counter[tuple[str, Verdict]] = Counter()
    for one in findings:
        kind = one.check, one.verdict
        counts[kind] += 1
        if one.verdict is Verdict.OK or counts[kind] <= MOST_FINDINGS:
            yield one
    for (check, verdict), count in counts.items():
        if verdict is not Verdict.OK and count > MOST_FINDINGS:
            yield Finding(check=check, verdict=verdict, note=f"{count - MOST_FINDINGS} more like these are not listed")
