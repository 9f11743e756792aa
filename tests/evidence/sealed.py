"""A real sealed package for tests of verifiers: exports, snapshots, a signed report, signatures, a time stamp.

`sealed` makes one a process; tests work on twins of it (hard links, `Twin.write` puts another file in place).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.evidence import whole_cases
from tests.evidence.authority import Authority as Stamps
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.keys import Key
from workbench.evidence.package import seal
from workbench.evidence.timestamps import Authority
from workbench.evidence.twin import Twin
from workbench.report.making import make_report


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A package and what its maker noted down about it."""

    package: Path
    case: Path
    footage: Path
    signer: str
    seal: str

    def twin(self, folder: Path) -> Twin:
        """A copy to tamper with."""
        return Twin.of(self.package, folder)


@cache
def sealed() -> Sealed:
    """The package of this process."""
    place = Path(mkdtemp(prefix="sealed-"))
    case = whole_cases.whole(place / "case")
    shutil.copytree(whole_cases._made("Hall").parent / "footage", place / "footage")
    key = Key.make_self_signed("A. Berg", begin=datetime.now(UTC) - timedelta(days=9))
    with Stamps(name="Sealed") as authority:
        stamps = [Authority(url=authority.url, ca_pem=authority.ca_pem)]
        make_report(case, final=True, key=key, stamps=stamps)
        record = seal(case, place / "out", key=key, stamps=stamps)
    return Sealed(
        package=place / "out" / record.name,
        case=place / "case",
        footage=place / "footage",
        signer=key.fingerprint,
        seal=record.seal,
    )


def failed(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    """Check and file of what failed."""
    return [(one.check, one.file) for one in findings if one.verdict is Verdict.FAILED]
