"""Bringing a started export home: waited for, downloaded, measured; its states told as our errors.

    fetched = fetch(client, worker, id, format, scratch, told, cancel)
    fetched.files[0].facts["frames_shown"]

Files lie in the scratch folder under numbers; `saved_as` is the harmless form of the name that the server gives.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.archives import public
from workbench.archives.base import OnProgress, numbers
from workbench.archives.dating import date_file
from workbench.core.errors import NothingRecorded, RemoteError, SourceError, WorkerDied
from workbench.core.result import Progress
from workbench.media.worker import Worker
from workbench.vms import following
from workbench.vms.client import Client
from workbench.vms.download import Downloaded
from workbench.vms.following import Failed
from workbench.vms.wire import names, status
from workbench.vms.wire.nouns import Status

MADE, CAME = 0.7, 0.9
"""Fractions of the whole work at which the server is done, and at which all files have come."""
MOST_SIDECAR = 256 * 2**20
MOST_SIDECARS = 1000
SIDECARS = (".vtt", ".json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """One file that came from the server, and what it was measured to hold."""

    name: str
    """As the download takes it."""
    friendly: str
    """As the server shows it to people; empty where it does not."""
    saved_as: str
    path: Path
    got: Downloaded
    facts: dict[str, Any] = field(default_factory=dict)
    """`media.received`; empty for sidecars."""
    times: tuple[int, ...] = ()
    """Instants of its pictures, counted from the first one."""
    unread: str = ""
    """Why it could not be measured; empty where it was."""

    @property
    def named(self) -> tuple[int | None, int | None]:
        """First and last instant that its name claims, as VMSs write them."""
        if "[" not in self.name:
            return None, None
        found = date_file(self.name)
        if found.by != "file name":
            return None, None
        return found.start_us, found.end_us if found.end_us is not None else found.start_us


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An export that came home."""

    status: Status
    files: tuple[Came, ...]
    captions: tuple[Came, ...]
    record: Came | None
    """The server's own record, where it keeps one."""
    notes: tuple[str, ...]


class Teller:
    """Progress over all stages, never falling."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on, self._best = on_progress, 0.0

    def __call__(self, stage: str, fraction: float, frames: int = 0) -> None:
        """Say how far the work is."""
        self._best = max(self._best, min(1.0, fraction))
        if self._on is not None:
            self._on(Progress(frames=frames, fraction=self._best, seconds_left=None, stage=stage))


def fetch(
    client: Client, worker: Worker, id_: str, form: str, place: Path, tell: Teller, cancel: threading.Event | None
) -> Fetched:
    """Wait for an export, then fetch and measure its files.

    Raises Gone, Failed and NothingRecorded, which are for good; RemoteError, WorkError; Cancelled.
    """
    state = following.follow(client, id_, on_status=lambda now: tell("export", MADE * now.progress), cancel=cancel)
    _must_be_complete(state)
    if len(set(state.files)) < len(state.files):
        raise Failed("the server names one file twice", "Nothing was kept here. Ask who runs it.")
    files = _files(client, id_, state, place, tell, cancel)
    public.made(one.got.sha256 for one in files)
    sidecars, notes = _sidecars(client, id_, state, files, place, cancel)
    captions = tuple(one for one in sidecars if one.name.endswith(".vtt"))
    record = next((one for one in sidecars if one.name.endswith(".json")), None)
    decode = record is None
    measured = []
    for number, one in enumerate(files):
        tell("measure", CAME + (1 - CAME) * 0.9 * number / len(files))
        measured.append(measure(worker, one, form, decode=decode, cancel=cancel))
    return Fetched(status=state, files=tuple(measured), captions=captions, record=record, notes=tuple(notes))


def _must_be_complete(state: Status) -> None:
    if state.complete:
        return
    said = f": {state.error}" if state.error else ""
    if state.state == 6:
        raise NothingRecorded(f"the server has no data to export{said}", "See what `workbench coverage` lists.")
    words = "it says «complete», and that it did not succeed" if state.state == 2 else status.LABELS[state.state]
    advice = "The words behind the colon are the server's. Nothing was kept here."
    raise Failed(f"the export failed at the server: {words}{said}", advice)


def _files(
    client: Client, id_: str, state: Status, place: Path, tell: Teller, cancel: threading.Event | None
) -> list[Came]:
    found: list[Came] = []
    count = len(state.files)
    for number, name in enumerate(state.files):

        def moved(held: int, total: int | None, number: int = number) -> None:
            part = held / total if total else 0.0
            tell("export", MADE + (CAME - MADE) * (number + part) / count)

        friendly = state.friendly[number] if state.friendly else ""
        path = place / f"came{number}"
        got = client.download(id_, name, path, on_bytes=moved, cancel=cancel)
        saved_as = names.harmless(friendly or name, {one.saved_as for one in found})
        found.append(Came(name=name, friendly=friendly, saved_as=saved_as, path=path, got=got))
    return found


def _sidecars(
    client: Client, id_: str, state: Status, files: list[Came], place: Path, cancel: threading.Event | None
) -> tuple[list[Came], list[str]]:
    """Time texts and the record, where the server is one of ours; one that does not come is told, and that is all.

    A sidecar is called as its file with an ending of ours behind it; any other name is a stranger's, and not fetched.
    """
    known = {f"{one.name}{end}": f"{one.saved_as}{end}" for one in files for end in SIDECARS}
    found: list[Came] = []
    notes: list[str] = []
    for number, name in enumerate(dict.fromkeys(state.sidecars[:MOST_SIDECARS])):
        path = place / f"side{number}"
        if name not in known:
            notes.append(f"{names.harmless(name)} was offered beside the files, and not fetched: it belongs to none")
            continue
        try:
            got = client.download(id_, name, path, on_bytes=_capped, cancel=cancel)
        except RemoteError as exc:
            path.unlink(missing_ok=True)
            notes.append(f"{known[name]} did not come: {exc.message}")
            continue
        found.append(Came(name=name, friendly="", saved_as=known[name], path=path, got=got))
    return found, notes


def _capped(held: int, total: int | None) -> None:
    if max(held, total or 0) > MOST_SIDECAR:
        raise RemoteError(f"what should lie beside a file has more than {MOST_SIDECAR} bytes")


def measure(worker: Worker, one: Came, form: str, *, decode: bool, cancel: threading.Event | None) -> Came:
    """The file with what the worker found in it; one that no reader survives is told as unread."""
    job = {"path": str(one.path), "form": form, "decode": decode}
    try:
        reply = worker.call("received", job, cancel=cancel)
    except (SourceError, WorkerDied) as exc:
        said = exc.message.replace(str(one.path), one.saved_as)
        return Came(**_same(one), unread=said)
    return Came(**_same(one), facts=reply.data, times=numbers(reply.blobs[0]))


def _same(one: Came) -> dict[str, Any]:
    return {key: getattr(one, key) for key in ("name", "friendly", "saved_as", "path", "got")}
