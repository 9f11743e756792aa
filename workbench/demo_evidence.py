"""The second half of `workbench demo`: a case, its signed report, a sealed package, and its verification.

The matter is made up, the recordings are real. The key is self-signed, used once and thrown away; the report and the
package say so. `verify` performs the package's claims again from the recordings, and the package's own `verify.py`
checks it with nothing but Python's standard library.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench import cli_evidence_show as show
from workbench.core.errors import WorkError
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Offset

if TYPE_CHECKING:
    from workbench.archives.local import LocalArchive
    from workbench.evidence.case import Case
    from workbench.evidence.keys import Key

Report = Callable[[str], None]
Document = dict[str, Any]

IDENTITY = {
    "number": "17/2026",
    "title": "Demonstration: a person at the entrance",
    "examiner": "A. Berg",
    "role": "video analyst",
    "organisation": "Demonstration laboratory",
    "requester": "Demonstration prosecutor",
    "authority": "none: a demonstration",
    "purpose": "to show what a report and a package hold",
    "question": "Who passes the entrance between 10:00:22 and 10:01:37 UTC, and at what times?",
    "scope": "the cameras «entrance» and «corridor», the stretches that are listed",
    "not_examined": "the other cameras of the archive, and all sound",
}
SHOT = 44_000_000
"""Microseconds after the first picture of «entrance» at which the snapshots are taken; the mask covers them."""


def run(archive: LocalArchive, exports: tuple[ExportSpec, ...], out: Path, report: Report) -> Document:
    """Keep a case of `exports`, report on it, seal it, verify it; what ``demo --json`` adds to its document."""
    from workbench.evidence.keys import Key

    began = time.monotonic()
    case, key = _case(out / "case"), Key.make_self_signed("Demonstration key")
    report("")
    report(f"10. a case: {case.folder}")
    fill(case, archive, exports)
    for line in show.log({"entries": [entry.to_json() for entry in case.entries]}):
        report(f"   {line}")
    made = _report(case, key, report)
    package = _seal(case, key, out, report)
    found = _verify(package, archive.folder, key, report)
    alone = _verify_alone(package, report)
    report(f"   took       {time.monotonic() - began:.1f} s")
    return {"case": str(case.folder), "report": str(made), "package": str(package), "verified": found, **alone}


def _case(folder: Path) -> Case:
    from workbench.evidence.case import Case

    return Case.create(folder, **IDENTITY)


def fill(case: Case, archive: LocalArchive, exports: tuple[ExportSpec, ...]) -> None:
    """Put sources, clock checks, exports, snapshots, marks and comments on record."""
    case.add_source(archive, exports[0].source)
    _check_clock(case, exports[0].source)
    done = [case.export(spec, archive) for spec in exports]
    first = done[0]
    taken = [
        case.snapshot(archive, first.source, Offset(SHOT + step), export=first.id, caption=words)
        for step, words in ((0, "A person at the entrance; the head is covered"), (2_500_000, "The same person, later"))
    ]
    whole = case.context(archive, first.id, Offset(SHOT))
    case.caption(whole.id, "Where the mask lies in the whole frame")
    box = {"kind": "box", "from": [0.46, 0.0], "to": [0.68, 0.93], "color": "#ffd000"}
    arrow = {"kind": "arrow", "from": [0.28, 0.56], "to": [0.45, 0.5], "color": "#ffd000"}
    case.annotate(taken[0].id, (box, arrow, {"kind": "text", "at": [0.13, 0.53], "text": "Person 1"}))
    wrong = case.comment("Person 1 stands to the left of the pillar, facing the camera.", on=taken[0].id)
    case.comment("Person 1 stands to the left of the pillar.", on=taken[0].id, replaces=wrong.id)
    case.comment("Дело 17/2026: the mask was agreed with the requester. Μάσκα.", on=first.id)


def _check_clock(case: Case, source: str) -> None:
    """Two made-up comparisons: the recorder is 1.2 s slow on the first day, 1.4 s ten days later."""
    for day, offset in ((datetime(2026, 2, 27, 9, tzinfo=UTC), 1.2), (datetime(2026, 3, 9, 9, tzinfo=UTC), 1.4)):
        case.clock_check(
            source,
            device=day,
            reference=day + timedelta(seconds=offset),
            what="GPS receiver (made up for the demonstration)",
            by="A. Berg",
            uncertainty=0.5,
        )


def _report(case: Case, key: Key, report: Report) -> Path:
    from workbench.report.making import make_report

    report("")
    report("11. the evidence report: PDF/A-3b, signed")
    made = make_report(case, final=True, key=key)
    path = case.path(made.file)
    _tell(report, show.report({**made.to_json(), "path": str(path)}))
    return path


def _seal(case: Case, key: Key, out: Path, report: Report) -> Path:
    from workbench.evidence.package import seal

    report("")
    report("12. the sealed package: a BagIt bag that anyone can check")
    record = seal(case, out / "package", key=key)
    path = out / "package" / record.name
    _tell(report, show.package({**record.to_json(), "path": str(path)}))
    return path


def _verify(package: Path, sources: Path, key: Key, report: Report) -> Document:
    from workbench.verifying import verify

    report("")
    report("13. its claims, performed again from the recordings")
    found = verify(package, sources, signer=key.fingerprint, on_progress=show.Line(sys.stderr))
    _tell(report, show.findings(found.to_json()))
    if found.exit_code:
        raise WorkError("the demo's own package does not verify", "Report this.")
    return dict(found.to_json()["counts"])


def _verify_alone(package: Path, report: Report) -> Document:
    report("")
    report(f"14. the same package, checked by its own verify.py: python3 {package / 'verify.py'}")
    done = subprocess.run([sys.executable, "-I", "verify.py"], cwd=package, capture_output=True, text=True)
    _tell(report, iter(done.stdout.splitlines()))
    if done.returncode:
        raise WorkError("the package's own verify.py found something", "Report this.")
    return {"verify_alone": done.returncode}


def _tell(report: Report, lines: Iterator[str]) -> None:
    for line in lines:
        report(f"   {line}")
