"""The check itself: every file of a folder, each question to it answered once.

Files are opened by two worker processes that may die of them: one with the codecs (`media.jobs`), one with the walks
of this room (`jobs`). What one dies of is *not checked*, with the reason.
"""

from __future__ import annotations

import getpass
import os
import socket
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from workbench.core.errors import WorkbenchError
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
from workbench.evidence.disclosure.declared import Declared, Made
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


def check(folder: Path, digests: Mapping[str, str] | None = None) -> Findings:
    """What would be handed out with `folder`, file by file.

    `digests` are the SHA-256 of files by path, where the caller has just worked them out; others are hashed here.
    """
    if not folder.is_dir():
        return Findings((unchecked(KIND, "there is no such folder").finding(""),))
    with Worker(jobs=JOBS) as hands, Worker() as codecs:
        hands.start()  # both come up while the records are read
        codecs.start()
        files, odd = _files(folder)
        declared = declarations.read(folder, files)
        room = _Room(folder, declared, hands, codecs, dict(digests or {}))
        room.learn(files)
        found = [finding for path in files for finding in room.answers(path)]
    return Findings((*odd, *found, *pictures.findings(declared)))


def _files(folder: Path) -> tuple[list[str], list[Finding]]:
    """The plain files by path, and a finding for everything else."""
    files: list[str] = []
    odd: list[Finding] = []

    def unread(exc: OSError) -> None:
        place = Path(os.fsdecode(exc.filename or folder)).relative_to(folder).as_posix()
        odd.append(unchecked(KIND, f"a folder that cannot be read: {exc.strerror or exc}").finding(place))

    for place, folders, names in os.walk(folder, onerror=unread):
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

    def __init__(
        self, folder: Path, declared: Declared, hands: Worker, codecs: Worker, digests: dict[str, str]
    ) -> None:
        self.folder, self.declared, self.hands, self.codecs = folder, declared, hands, codecs
        self.names = sorted(_own_names(declared))
        self._digests = digests

    def learn(self, files: list[str]) -> None:
        """Take in the pixels of declared pictures of which only the file's hash is on record."""
        for path in files:
            if path.lower().endswith((".png", ".jpg", ".jpeg")):
                with suppress(WorkbenchError):  # a picture that cannot be read is told when its turn comes
                    if self._unknown(path):
                        reply = self.hands.call("pixels", {"path": str(self.folder / path)})
                        self.declared.pictures.setdefault(reply.data["sha256"], path)

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
            yield from video.answers(contents, reply["samples"], self._made(path), self.declared.words)
        if kind in ("jpeg", "png"):
            yield self._picture(path)

    def _picture(self, path: str) -> Answer:
        """Whether a picture file is one that a record names."""
        digest = self._digest(path)
        if digest in self.declared.files or self._made(path):
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
            "paths": sorted(self.declared.paths),
            "made": path.lower().endswith(".pdf") and self._made(path) is not None,
        }

    def _made(self, path: str) -> Made | None:
        """The export's record that names this file, as it is."""
        return self.declared.is_made(path, self._digest(path)) if path in self.declared.made else None

    def _digest(self, path: str) -> str:
        if path not in self._digests:
            self._digests[path] = sha256(self.folder / path)[0]
        return self._digests[path]

    def _unknown(self, path: str) -> bool:
        """Whether a picture may be shown elsewhere too, and its pixels are not on record yet."""
        label = self.declared.files.get(self._digest(path))
        if label is None:
            return not self.declared.in_case(path)
        return label not in self.declared.pictures.values()


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
