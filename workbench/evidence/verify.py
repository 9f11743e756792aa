"""Checking a package without its sources: every check of docs/package-format.md that the package alone can answer.

    findings = check_package(Path("17-2026-P1"), signer=fingerprint)

This is the second verifier, written from the format's page apart from `verify_alone`. It needs the extra ``[sign]``
for signed packages. What the report's PDF and the sources can tell is added by `workbench.verifying`.
"""

from __future__ import annotations

from pathlib import Path

from workbench.evidence.findings import Finding
from workbench.evidence.unpacking import opened
from workbench.evidence.verify_bag import Bag, OnProgress
from workbench.evidence.verify_log import check_log
from workbench.evidence.verify_seal import check_seal


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
    bag = Bag(folder)
    return (
        *bag.layout(),
        *bag.manifests(),
        *bag.digests(on_progress),
        *check_log(bag),
        *check_seal(bag, signer, seal),
    )
