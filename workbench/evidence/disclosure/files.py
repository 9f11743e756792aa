"""The check itself: every file of a folder, each question to it answered once.

Files are opened by two worker processes that may die of them: one with the codecs (`media.jobs`), one with the walks
of this room (`jobs`). What one dies of is *not checked*, with the reason.
"""

from __future__ import annotations

import getpass
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.core.errors import SourceError, WorkbenchError
from workbench.evidence.disclosure import declared as declarations
from workbench.evidence.disclosure import pictures, video
from workbench.evidence.disclosure.answers import (
    CROP,
    EMBEDDED,
    KIND,
    Answer,
    leak,
    ok,
    settled,
    unchecked,
)  # fmt: skip
from workbench.evidence.disclosure.declared import Declared
from workbench.evidence.disclosure.kinds import VIDEO, fits, kind_of
from workbench.evidence.findings import Finding, Findings, Verdict
from workbench.evidence.hashing import sha256
from workbench.media.worker import Worker

JOBS = "workbench.evidence.disclosure.jobs"
_ORDINARY = {
    "root", "user", "admin", "administrator", "ubuntu", "debian", "runner", "vagrant", "docker", "jovyan", "nobody",
    "guest", "test", "default", "localhost", "localdomain", "home", "desktop", "laptop", "server", "workbench",
}  # fmt: skip
"""Names that many machines and users have: they name nobody."""
_SIDE = {"thumbs.db", ".ds_store", "desktop.ini"}


def check(folder: Path) -> Findings:
    """What would be handed out with `folder`, file by file; SourceError where there is no folder."""
    files, odd = _files(folder)
    declared = declarations.read(folder, files)
    with Worker(jobs=JOBS) as hands, Worker() as codecs:
        room = _Room(folder, declared, hands, codecs)
        room.learn(files)
        found = [finding for path in files for finding in room.answers(path)]
    return Findings((*odd, *found, *pictures.findings(declared)))


def _files(folder: Path) -> tuple[list[str], list[Finding]]:
    """The plain files by path, and a finding for everything else."""
    if not folder.is_dir():
        raise SourceError(f"{folder.name} is no folder", "Give the folder that will be handed out.")
    files, odd = [], []
    for place, folders, names in os.walk(folder):
        for name in sorted((*names, *(f for f in folders if (Path(place) / f).is_symlink()))):
            path = Path(place) / name
            told = path.relative_to(folder).as_posix()
            if not stat.S_ISREG(path.lstat().st_mode):
                odd.append(leak(KIND, "a link or a special file", expected="plain files").finding(told))
            elif name.lower() in _SIDE:
                side = leak(EMBEDDED, "a side file of a file manager", note="It may hold thumbnails and names.")
                odd.append(side.finding(told))
            else:
                files.append(told)
    return sorted(files), odd


class _Room:
    """One run of the check."""

    def __init__(self, folder: Path, declared: Declared, hands: Worker, codecs: Worker) -> None:
        self.folder, self.declared, self.hands, self.codecs = folder, declared, hands, codecs
        self.names = sorted(_own_names(declared))
        self._digests: dict[str, str] = {}

    def learn(self, files: list[str]) -> None:
        """Take in the pixels of declared pictures of which only the file's hash is on record."""
        known = set(self.declared.pictures.values())
        named = [p for p in declarations.photographs(self.declared, self.folder, files) if not self._known(p, known)]
        if not named:
            return
        job = {"paths": [str(self.folder / path) for path in named]}
        digests = self.hands.call("pixels", job).data["digests"]
        self.declared.pictures.update({d: path for d, path in zip(digests, named, strict=True) if d is not None})

    def answers(self, path: str) -> Iterator[Finding]:
        """All findings about one file."""
        whole = self.folder / path
        try:
            with whole.open("rb") as file:
                head = file.read(4096)
            told = list(self._questions(path, kind_of(head))) if head else [ok(KIND, "it is empty")]
        except OSError as exc:
            told = [unchecked(KIND, f"it cannot be read: {exc.strerror or exc}")]
        except WorkbenchError as exc:
            told = [unchecked(KIND, exc.message.replace(str(whole), path))]
        yield from (answer.finding(path) for answer in _together(told))

    def _questions(self, path: str, kind: str) -> Iterator[Answer]:
        if not kind:
            yield unchecked(KIND, "it is of a kind that is not read here")
            return
        if not fits(kind, path):
            yield leak(KIND, f"it is {kind}", expected="what its name says")
        elif kind == "zip":
            yield unchecked(KIND, "archives are not opened; check what it holds before packing it")
            return
        if kind in ("mp4", "matroska", "avi", "jpeg", "png", "pdf", "text"):
            job = {"path": str(self.folder / path), "kind": kind, **self._expected(path)}
            reply = self.hands.call("look", job).data
            yield from map(Answer.from_json, reply["answers"])
        else:
            reply = {"samples": {}}
            yield unchecked(EMBEDDED, "the bytes of this container are not walked")
        if kind in VIDEO:
            contents = self.codecs.call("contents", {"path": str((self.folder / path).absolute())}).data
            made = self.declared.is_made(path, self._digest(path))
            yield from video.answers(contents, reply["samples"], made, self.declared.words)
        if kind in ("jpeg", "png"):
            yield self._picture(path)

    def _picture(self, path: str) -> Answer:
        """Whether a picture file is one that a record names."""
        digest = self._digest(path)
        if digest in self.declared.files or self.declared.is_made(path, digest):
            return ok(CROP, self.declared.files.get(digest, "made by an export"))
        if not self.declared.in_case(path):
            return unchecked(CROP, "there is no custody log that says what this picture may show")
        return leak(CROP, "a picture that no record names", expected="pictures of the custody log")

    def _expected(self, path: str) -> dict[str, Any]:
        return {
            "pictures": self.declared.pictures,
            "files": self.declared.files,
            "words": sorted(self.declared.words),
            "names": self.names,
            "made": path.lower().endswith(".pdf") and self.declared.is_made(path, self._digest(path)) is not None,
        }

    def _digest(self, path: str) -> str:
        if path not in self._digests:
            self._digests[path] = sha256(self.folder / path)[0]
        return self._digests[path]

    def _known(self, path: str, known: set[str]) -> bool:
        return self.declared.files.get(self._digest(path), "") in known


def _own_names(declared: Declared) -> Iterator[str]:
    """This machine's name and its user's, unless the records name them anyway or nobody is named by them."""
    told = " ".join(declared.words).lower()
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = ""
    for name in {socket.gethostname().split(".")[0], user}:
        if len(name) >= 4 and name.lower() not in _ORDINARY and name.lower() not in told:
            yield name


def _together(answers: list[Answer]) -> Iterator[Answer]:
    """One answer a question: a leak before *not checked* before ok; leaks of two witnesses are named together."""
    for question in dict.fromkeys(answer.question for answer in answers):
        same = [a for a in answers if a.question == question]
        failed = [a for a in same if a.verdict is Verdict.FAILED]
        rest = [a for a in same if a.verdict is Verdict.NOT_CHECKED] or same
        if len(failed) > 1:
            found = settled(question, (a.found for a in failed), expected=failed[0].expected)
            yield Answer(**{**found.to_json(), "verdict": Verdict.FAILED, "note": failed[0].note})
        else:
            yield (failed or rest)[0]
