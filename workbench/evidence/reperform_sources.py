"""The recordings behind a package: found among what a person has, checked, and laid out as the records name them.

    sources = Sources(folder, scratch)
    view = sources.view(record)            # a folder of links to unchanged recordings, with their archive.toml
    sources.findings                       # sources-hash, one for each file

A recording is looked for at its own path first, then by size and SHA-256 anywhere below the folder. Only files that
are what the record says get into a view, so whatever is done there is done with the right recordings and no others.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.core.errors import SourceError
from workbench.evidence.case_sources import NO_PLAIN_FILE
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.hashing import Digests, digests
from workbench.evidence.nouns import SourceRecord
from workbench.evidence.remote import NOT_HASHED, lies_on_vms

MOST_FILES = 1_000_000
_EFFECT = (
    "without it nothing says anew when its recordings begin, in which zone their names are written or what the source "
    "is called: instants are taken from the records, and are not checked"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One source as far as it is there and unchanged."""

    source: SourceRecord
    folder: Path
    """A folder with the recordings at the paths of the record."""
    paths: dict[str, Path]
    """By the recording's path in its archive."""
    lacking: str
    """What is not as it was when the source joined, in words; empty where all of it is."""


class Sources:
    """See the module."""

    def __init__(self, folder: Path, scratch: Path, tell: Callable[[str, float], None]) -> None:
        self._folder, self._scratch, self._tell = folder, scratch, tell
        self._views: dict[str, View] = {}
        self._digests: dict[Path, Digests] = {}
        self._sizes: dict[int, list[Path]] | None = None
        self.findings: list[Finding] = []
        """One for each recording and archive.toml that was looked for."""

    def views(self) -> tuple[View, ...]:
        """All views that were made."""
        return tuple(self._views.values())

    def view(self, source: SourceRecord) -> View:
        """The source's view, made at the first call."""
        key = json.dumps(source.to_json(), sort_keys=True)
        if key not in self._views:
            self._views[key] = self._laid(source, self._scratch / f"view{len(self._views)}")
        return self._views[key]

    def _laid(self, source: SourceRecord, folder: Path) -> View:
        folder.mkdir()
        wanted = [(r.file, r.size, r.sha256, r.sha512) for r in source.recordings]
        if source.config is not None:
            wanted.append((source.config.path, source.config.size, source.config.sha256, ""))
        paths: dict[str, Path] = {}
        for number, one in enumerate(wanted):
            self._tell(f"hashing {one[0]}", number / len(wanted))
            found = self._found(source, *one)
            if found is not None and _linked(found, folder / one[0]):
                paths[one[0]] = folder / one[0]
        lacking = [name for name, *_ in wanted if name not in paths]
        said = f"{', '.join(lacking[:3])}{' …' if len(lacking) > 3 else ''}: see sources-hash" if lacking else ""
        if source.config is not None:
            paths.pop(source.config.path, None)
        if lies_on_vms(source) and not said:
            said = f"{NOT_HASHED} ({source.archive})"
            self._say(source, "", Verdict.NOT_CHECKED, "", "", said)
        return View(source=source, folder=folder, paths=paths, lacking=said)

    def _found(self, source: SourceRecord, name: str, size: int, sha256: str, sha512: str) -> Path | None:
        """Where an unchanged file is; says what was found."""
        at = self._folder / name if _is_inside(name) else None
        if at is not None and self._is(at, size, sha256, sha512):
            self._say(source, name, Verdict.OK, sha256, sha256)
            return at
        for other in self._of_size(size):
            if other != at and self._is(other, size, sha256, sha512):
                where = other.relative_to(self._folder).as_posix()
                self._say(source, name, Verdict.OK, sha256, sha256, f"found as {where}")
                return other
        if at is not None and at.is_file():
            found = self._digest(at)
            said = f"{found.sha256}, {found.size} bytes" if found is not None else "a file that cannot be read"
            self._say(source, name, Verdict.FAILED, f"{sha256}, {size} bytes", said, "it changed since it was added")
        else:
            effect = f"; {_EFFECT}" if source.config is not None and name == source.config.path else ""
            self._say(source, name, Verdict.NOT_CHECKED, sha256, "", f"it is not among the sources{effect}")
        return None

    def _say(
        self, source: SourceRecord, name: str, verdict: Verdict, expected: str, found: str, note: str = ""
    ) -> None:
        finding = Finding(
            check="sources-hash",
            verdict=verdict,
            file=name,
            place=f"source {source.id}",
            expected=expected,
            found=found,
            note=note,
        )
        if finding not in self.findings:
            self.findings.append(finding)

    def _is(self, path: Path, size: int, sha256: str, sha512: str) -> bool:
        try:
            if not path.is_file() or path.stat().st_size != size:
                return False
        except (OSError, ValueError):
            return False
        found = self._digest(path)
        return found is not None and found.sha256 == sha256 and sha512 in ("", found.sha512)

    def _digest(self, path: Path) -> Digests | None:
        if path not in self._digests:
            try:
                self._digests[path] = digests(path)
            except SourceError:
                return None
        return self._digests[path]

    def _of_size(self, size: int) -> list[Path]:
        if self._sizes is None:
            self._sizes = {}
            for path in _walked(self._folder):
                try:
                    self._sizes.setdefault(path.stat().st_size, []).append(path)
                except OSError:
                    continue
        return self._sizes.get(size, [])


def is_partly_laid(source: SourceRecord) -> bool:
    """Whether the source had files that could not be hashed, which no view can hold."""
    return any(note.endswith(NO_PLAIN_FILE) for note in source.notes)


def witnessed(gaps: Any, *, partly: bool) -> Any:
    """Gaps as JSON, for comparing; of a source that is laid in part without what a file that cannot be read adds."""
    if not partly or not isinstance(gaps, list | tuple) or not all(isinstance(gap, dict) for gap in gaps):
        return gaps
    return [{**gap, "witness": str(gap.get("witness")).split(";")[0]} for gap in gaps]


def _walked(folder: Path) -> Iterator[Path]:
    count = 0
    for place, _, names in os.walk(folder):
        for name in sorted(names):
            count += 1
            if count > MOST_FILES:
                return
            yield Path(place) / name


def _is_inside(name: str) -> bool:
    """Whether a path of a record stays below the folder it is joined to."""
    parts = name.split("/")
    return "\0" not in name and not any(part in ("", ".", "..") or Path(part).anchor for part in parts)


def _linked(found: Path, place: Path) -> bool:
    """Link a file into a view: by name, else by hard link, else as a copy where a system knows neither."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            place.symlink_to(found.absolute())
        except OSError:
            if place.is_symlink() or place.exists():
                return False
            try:
                os.link(found, place)
            except OSError:
                shutil.copyfile(found, place)
    except (OSError, ValueError):
        return False
    return True
