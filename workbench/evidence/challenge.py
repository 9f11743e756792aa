"""Tampered twins of a package, and which verifier catches which: the verifiers' own test, on anybody's package.

    outcome = run(Path("17-2026-P1"))
    outcome.exit_code           # 0 only where both verifiers caught every twin, and passed the untouched one

The package is only read; twins live in a scratch folder. Both verifiers are told the seal and the signer of the
untouched package, as somebody is who noted them down: without that, nobody can tell a package that was rewritten
whole, and signed by another key, from one that is right.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from workbench.core.errors import WorkError
from workbench.evidence import verify_alone
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.tampers import PLAIN, REWRITTEN, Way
from workbench.evidence.twin import Absent, Twin
from workbench.evidence.unpacking import opened
from workbench.evidence.verify import check_folder
from workbench.evidence.verify_bag import TAG_MANIFESTS, Bag

OnProgress = Callable[[str, float], None]
UNTOUCHED = "untouched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """One twin and what was said of it."""

    name: str
    verify: str
    """The failed findings of `workbench verify`, in short; empty where it found nothing."""
    alone: str
    """The same of ``verify.py``."""

    @property
    def by_both(self) -> bool:
        """Whether both verifiers found something."""
        return bool(self.verify and self.alone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of all twins."""

    untouched: Caught
    """The package itself: both must find nothing, else nothing more is done."""
    tampers: tuple[Caught, ...]
    absent: tuple[str, ...]
    """Ways for which this package offers no hold."""

    @property
    def exit_code(self) -> int:
        """0 where every tampered twin was caught by both, and the untouched one by neither."""
        right = all(t.by_both for t in self.tampers) and not (self.untouched.verify or self.untouched.alone)
        return 0 if right and self.tampers else 1

    def to_json(self) -> dict[str, Any]:
        """What ``workbench challenge --json`` prints."""
        return {**asdict(self), "caught": sum(t.by_both for t in self.tampers)}


def run(package: Path, on_progress: OnProgress = lambda text, done: None) -> Outcome:
    """Tamper with twins of `package` in every way of the table; only with one that holds before."""
    with tempfile.TemporaryDirectory(prefix="workbench-challenge-") as scratch, opened(package) as (folder, wrong):
        if folder is None:
            return Outcome(untouched=Caught(name=UNTOUCHED, verify=wrong[0].check, alone=""), tampers=(), absent=())
        judge = _Judge(folder)
        untouched = judge.of(UNTOUCHED, folder)
        if untouched.verify or untouched.alone:
            return Outcome(untouched=untouched, tampers=(), absent=())
        first = Path(scratch) / "package"
        try:
            shutil.copytree(folder, first, symlinks=True)
            return _outcome(judge, untouched, first, on_progress)
        except OSError as exc:
            message = f"twins of {package} cannot be made: {exc.strerror or exc}"
            raise WorkError(message, "Make room for a copy of it; TMPDIR names the folder that is used.") from exc


def _outcome(judge: _Judge, untouched: Caught, package: Path, on_progress: OnProgress) -> Outcome:
    ways = {**PLAIN, **{f"all digests rewritten: {name}": way for name, way in REWRITTEN.items()}}
    caught, absent = [], []
    for number, (name, way) in enumerate(ways.items()):
        on_progress(name, number / len(ways))
        place = package.parent / f"twin-{number}" / "package"
        place.parent.mkdir()
        found = _tampered(judge, name, way, package, place)
        shutil.rmtree(place.parent)
        if found is None:
            absent.append(name)
        else:
            caught.append(found)
    on_progress("", 1.0)
    return Outcome(untouched=untouched, tampers=tuple(caught), absent=tuple(absent))


def _tampered(judge: _Judge, name: str, way: Way, package: Path, place: Path) -> Caught | None:
    twin = Twin.of(package, place)
    try:
        way(twin)
    except Absent:
        return None
    return judge.of(name, place)


class _Judge:
    """Both verifiers, told what the untouched package's seal and signer are."""

    def __init__(self, package: Path) -> None:
        bag = Bag(package)
        self.seal = hashlib.sha256(bag.read(TAG_MANIFESTS[0]) or b"").hexdigest()
        self.signer = bag.info.get("Signed-By", "") if bag.signed else ""

    def of(self, name: str, folder: Path) -> Caught:
        """What both say of a folder."""
        found = check_folder(folder, signer=self.signer, seal=self.seal)
        alone = verify_alone.check(folder, signer=self.signer, seal=self.seal)
        return Caught(name=name, verify=_short(_failed(found)), alone=_short(_failed_alone(alone)))


def _failed(findings: tuple[Finding, ...]) -> Iterator[str]:
    return (f.check for f in findings if f.verdict is Verdict.FAILED)


def _failed_alone(findings: list[dict[str, str]]) -> Iterator[str]:
    return (f["check"] for f in findings if f["verdict"] == Verdict.FAILED.value)


def _short(checks: Iterator[str]) -> str:
    return ", ".join(dict.fromkeys(checks))
