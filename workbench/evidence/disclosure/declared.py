"""What a folder declares itself: its custody log where it has one, and the records of its exports.

    declared = read(folder, files)

Only what a record names by its hash counts: a file that was changed since is no declared file. Where there is no log,
nothing says which pictures may be there, and questions about that are *not checked*.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from workbench.evidence import custody
from workbench.evidence.nouns import CaseState
from workbench.evidence.remote import ORIGINAL
from workbench.evidence.state import state_of

_RESULT = "workbench.export-result/1"
_MOST_JSON, _MOST_LOG = 256 << 20, 2 << 30
_TRACK = "Time"
"""What the engine calls the track of time stamps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One file that an export's record names."""

    record: str
    """Path of the record."""
    spec: Mapping[str, Any]
    """The request: `ExportSpec.to_json()`."""
    file: Mapping[str, Any]
    """What the record says of the file."""

    @property
    def drops_sound(self) -> bool:
        """Whether the request asked for no sound; the original that a VMS delivered is as it was recorded."""
        return self.spec.get("audio") == "drop" and self.file.get("kind") != ORIGINAL


@dataclass(slots=True, kw_only=True)
class Declared:
    """What may be handed out."""

    cases: dict[str, CaseState] = field(default_factory=dict)
    """What each custody log says, by the folder it lies in (``""``, or a path that ends in ``/``)."""
    made: dict[str, Made] = field(default_factory=dict)
    """Path → the record that names it."""
    pictures: dict[str, str] = field(default_factory=dict)
    """SHA-256 of RGB pixels → what the picture is."""
    files: dict[str, str] = field(default_factory=dict)
    """SHA-256 of a file that a record names → what it is."""
    words: set[str] = field(default_factory=lambda: {_TRACK})
    """Names and comments that stand in the records anyway."""
    paths: set[str] = field(default_factory=set)
    """Paths of requests to a VMS, by the records of exports and their flights: they lie on no machine of ours."""

    def in_case(self, path: str) -> bool:
        """Whether a custody log speaks for the folder that a file lies in."""
        return any(path.startswith(place) for place in self.cases)

    def is_made(self, path: str, digest: str) -> Made | None:
        """The record of a file, if it names the file as it is."""
        made = self.made.get(path)
        return made if made is not None and made.file.get("sha256") == digest else None


def read(folder: Path, files: Sequence[str]) -> Declared:
    """Read the records among `files`, which are paths relative to `folder`."""
    declared = Declared()
    flights: dict[str, set[str]] = {}
    for path in files:
        if path.rpartition("/")[2] == custody.NAME:
            place = path.removesuffix(custody.NAME)
            declared.cases[place] = state_of(custody.read(_bytes(folder / path, _MOST_LOG))[0])
            _case(declared, declared.cases[place])
        elif path.endswith(".json"):
            _record(declared, path, _json(folder / path), flights)
        elif path.endswith(".vtt"):
            declared.words.update(_camera(_bytes(folder / path, 1 << 16)))
    for path, digests in flights.items():
        data = _bytes(folder / path, _MOST_JSON)
        if hashlib.sha256(data).hexdigest() in digests:
            declared.paths.update(_calls(data))
    return declared


def _bytes(path: Path, most: int) -> bytes:
    """The begin of a file; nothing where it cannot be read, which the file's own findings tell."""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError:
        return b""


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(_bytes(path, _MOST_JSON))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _case(declared: Declared, state: CaseState) -> None:
    words = [*state.identity.to_json().values(), *(r.signer_name for r in state.reports)]
    for source in state.sources:
        words += [source.id, source.name, source.exhibit]
    for shot in state.snapshots:
        label = f"{'context picture' if shot.context else 'snapshot'} {shot.id}"
        declared.pictures.setdefault(shot.rgb_sha256, label)
        declared.files.setdefault(shot.picture.sha256, label)
    for mark in state.annotations:
        declared.files[mark.picture.sha256] = f"annotated copy {mark.id}"
        if mark.rgb_sha256:
            declared.pictures[mark.rgb_sha256] = f"annotated copy {mark.id}"
    for check in state.clock_checks:
        if check.photo is not None:
            declared.files[check.photo.sha256] = f"photo of clock check {check.id}"
    for export in state.exports:
        declared.files.update({f.sha256: f"file of export {export.id}" for f in export.files})
    declared.words.update(word for word in words if word)


def _record(declared: Declared, path: str, data: Mapping[str, Any], flights: dict[str, set[str]]) -> None:
    """An export's record, or the model of a report, whose titles stand in its PDF; `flights` are told digests."""
    if data.get("schema") == _RESULT:
        spec = _dict(_dict(data.get("plan")).get("spec"))
        for file in _dicts(data.get("files")):
            name = (PurePosixPath(path).parent / str(file.get("path"))).as_posix()
            declared.made.setdefault(name, Made(record=path, spec=spec, file=file))
        declared.words.update(str(spec[key]) for key in ("source", "comment") if spec.get(key))
        declared.words.update(str(source.get("file")) for source in _dicts(data.get("sources")))
        _remote(declared, path, _dict(data.get("remote")), flights)
        declared.words.update(_masters(data))
    elif str(data.get("schema", "")).startswith("workbench.report"):
        titles = (data.get("title"), f"Evidence report {data.get('id')}, case {data.get('case_number')}")
        declared.words.update(str(title) for title in titles if title)


def _remote(declared: Declared, path: str, remote: Mapping[str, Any], flights: dict[str, set[str]]) -> None:
    """What an export's record names of a server: its URL, who was logged in there, the path of the request."""
    server = _dict(remote.get("server"))
    declared.words.update(str(server[key]) for key in ("url", "version", "user") if server.get(key))
    if requested := _dict(remote.get("request")).get("path"):
        declared.paths.add(str(requested))
    if flight := _dict(remote.get("flight")):
        name = (PurePosixPath(path).parent / str(flight.get("path"))).as_posix()
        flights.setdefault(name, set()).add(str(flight.get("sha256")))


def _masters(data: Mapping[str, Any]) -> Iterator[str]:
    """What chapters of files that were derived from masters call these: by their number, under the camera's name."""
    files = [*_dicts(data.get("files")), *_dicts(data.get("sidecars"))]
    held = sum(file.get("kind") == ORIGINAL for file in files)
    cameras = {str(file.get("path")).partition("[")[0] for file in files if file.get("kind") == "video"}
    yield from (f"{camera}/{number}.mkv" for camera in cameras for number in range(held))


def _calls(flight: bytes) -> Iterator[str]:
    """The request paths of a flight record, one JSON object a line."""
    for line in flight.splitlines():
        try:
            call = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(call, dict) and isinstance(call.get("path"), str):
            yield call["path"]


def _camera(vtt: bytes) -> Iterator[str]:
    """The camera's name, which stands on top of an export's captions."""
    for line in vtt.decode("utf-8", "replace").splitlines():
        if line.startswith("Camera: "):
            yield line.removeprefix("Camera: ").strip()


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
