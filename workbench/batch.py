"""Many requests, one archive: a result for each, on any executor, and nothing done twice.

    done = run_batch("requests.csv", archive, "out")             # CSV, DataFrame or a list of ExportSpec
    done.to_frame()                                              # a row an item
    run_batch(specs, archive, "out", executor=client.get_executor())   # a Dask cluster

Local archives are worked on in processes of their own, a VMS from threads (the work is done there), at most `AT_ONCE`
at a time unless told otherwise. What an earlier run finished is checked by its hashes and kept. An executor whose
process dies gets the item again, ours is replaced; an item that fails for a reason of its own is not tried twice.
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench import batch_run
from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.batch_items import Item, State, item_of, kept, requests
from workbench.core.errors import RequestError, SourceError, WorkError
from workbench.core.spec import ExportSpec

AT_ONCE = 2
"""Exports that one VMS is asked for at a time."""
MOST_WAITING = 64
"""Items handed to a foreign executor at a time."""
STATES: tuple[State, ...] = ("done", "kept", "nothing", "failed", "cancelled")
TICK = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgress:
    """How far a batch is."""

    finished: int
    total: int
    item: Item
    """The one that was finished last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult:
    """What became of every request, in the order they were given."""

    folder: str
    items: tuple[Item, ...]

    def count(self, state: State) -> int:
        """Items in a state."""
        return sum(1 for item in self.items if item.state == state)

    def to_json(self) -> dict[str, Any]:
        """The batch as the command line prints it."""
        counts = {state: self.count(state) for state in STATES}
        return {"folder": self.folder, "counts": counts, "items": [item.to_json() for item in self.items]}

    def to_frame(self) -> Any:
        """A DataFrame, a row an item: name, source, begin, end, format, state, frames, bytes, sha256, error."""
        import pandas as pd

        return pd.DataFrame([_row(item) for item in self.items])


OnBatch = Callable[[BatchProgress], None]


def run_batch(
    wanted: Any,
    archive: Archive,
    out: str | os.PathLike[str],
    *,
    executor: Executor | None = None,
    at_once: int | None = None,
    retries: int = 2,
    on_progress: OnBatch | None = None,
    cancel: threading.Event | None = None,
) -> BatchResult:
    """Carry out every request into a folder of its own below `out`; a failed one does not stop the others.

    `wanted` is an iterable of ExportSpec, the path of a CSV file or a DataFrame; `at_once` how many run at a time;
    `retries` how often an item is given again whose process died. Setting `cancel` ends it; finished items stay.
    Raises RequestError for requests that are wrong (nothing is started then).
    """
    if at_once is not None and at_once < 1:
        raise RequestError("at_once", f"{at_once} at a time is none")
    asked = requests(wanted)
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise WorkError(f"{folder} cannot be made: {exc.strerror or exc}", "Choose another folder.") from exc
    batch = _Batch(asked, archive, folder, on_progress, cancel or threading.Event(), retries)
    batch.look()
    if batch.open:
        with _Crew(batch, archive, executor, at_once) as crew:
            batch.run(crew)
    return BatchResult(folder=str(folder), items=tuple(batch.items[name] for name in asked))


class _Crew:
    """Who does the work: an executor, ours or given, and how many items it holds at a time."""

    def __init__(self, batch: _Batch, archive: Archive, executor: Executor | None, at_once: int | None) -> None:
        self._batch, self._archive, self._given = batch, archive, executor
        self._before = set(multiprocessing.active_children())
        local = isinstance(archive, LocalArchive)
        self._in_processes = local and executor is None
        cores = os.cpu_count() or 1
        self.room = at_once or ((MOST_WAITING if executor else cores) if local else AT_ONCE)
        self._executor = executor or self._new()
        # threads share the archive as it is, so that a password stays where it is
        self._opener = None if not local and executor is None else batch_run.opener(archive)

    def __enter__(self) -> _Crew:
        return self

    def __exit__(self, *exc: object) -> None:
        if self._given is None:
            self._executor.shutdown(wait=True, cancel_futures=True)

    def submit(self, name: str, spec: ExportSpec, token: str) -> Future[dict[str, Any]]:
        """Hand an item over. BrokenExecutor where nobody is left to take it."""
        place = self._batch.folder
        if self._opener is None:
            return self._executor.submit(batch_run.make, self._archive, spec, place, name, token, self._batch.cancel)
        job = (self._opener, spec.to_json(), str(place.absolute()), name, token)
        return self._executor.submit(batch_run.carry_out, *job)

    def replace(self) -> bool:
        """After a death: True where there is an executor again."""
        if self._given is not None:
            return not isinstance(self._given, ProcessPoolExecutor | ThreadPoolExecutor)
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = self._new()
        return True

    def stop(self) -> None:
        """End processes of ours at once; what they were at leaves no trace."""
        if self._in_processes:
            for process in set(multiprocessing.active_children()) - self._before:
                process.kill()

    def _new(self) -> Executor:
        if self._in_processes:
            return ProcessPoolExecutor(self.room, mp_context=multiprocessing.get_context("spawn"))
        return ThreadPoolExecutor(self.room, thread_name_prefix="workbench-batch")


class _Batch:
    """The state of one run: what is open, what runs, what is finished."""

    def __init__(
        self,
        asked: dict[str, ExportSpec],
        archive: Archive,
        folder: Path,
        on_progress: OnBatch | None,
        cancel: threading.Event,
        retries: int,
    ) -> None:
        self.asked, self.folder, self.cancel = asked, folder, cancel
        self.items: dict[str, Item] = {}
        self.open = list(asked)
        self._tell, self._retries = on_progress, retries
        self._attempts = dict.fromkeys(asked, 0)
        self._token = secrets.token_hex(4)

    def look(self) -> None:
        """Keep what is finished; clear away what a killed run left of the rest."""
        for name in list(self.open):
            try:
                found = kept(self.folder, name, self.asked[name])
            except SourceError as exc:
                found = self._failed(name, exc.to_json())
            if found is not None:
                self.open.remove(name)
                self._finish(found)
            else:
                self._clear(name)

    def run(self, crew: _Crew) -> None:
        """Give items out and take results in until all are finished."""
        self.open.reverse()
        running: dict[Future[dict[str, Any]], str] = {}
        while (self.open and not self.cancel.is_set()) or running:
            while self.open and len(running) < crew.room and not self.cancel.is_set():
                self._give(crew, running, self.open.pop())
            done, _ = wait(running, timeout=TICK, return_when=FIRST_COMPLETED)
            if self.cancel.is_set():
                for future in running:
                    future.cancel()
                crew.stop()
            dead = False
            for future in done:
                dead = self._take(future, running.pop(future)) or dead
            if dead and not self.cancel.is_set() and not crew.replace():
                self._give_up()
        for name in [name for name in self.asked if name not in self.items]:
            self._clear(name)
            self._finish(Item(name=name, spec=self.asked[name], state="cancelled", attempts=self._attempts[name]))

    def _give(self, crew: _Crew, running: dict[Future[dict[str, Any]], str], name: str) -> None:
        self._attempts[name] += 1
        try:
            future = crew.submit(name, self.asked[name], f"{self._token}-{self._attempts[name]}")
        except (BrokenExecutor, RuntimeError) as exc:
            if self._attempts[name] > self._retries or not crew.replace():
                self._finish(self._died(name, exc))
            else:
                self.open.append(name)
            return
        running[future] = name

    def _take(self, future: Future[dict[str, Any]], name: str) -> bool:
        """Note what became of an item; True where the process that had it is gone."""
        try:
            answer = future.result()
        except CancelledError:
            return False
        except Exception as exc:  # noqa: BLE001 - whatever an executor raises for a worker that died
            self._clear(name)
            if not self.cancel.is_set() and self._attempts[name] <= self._retries:
                self.open.append(name)
            elif not self.cancel.is_set():
                self._finish(self._died(name, exc))
            return isinstance(exc, BrokenExecutor)
        self._clear(name)
        if answer["state"] == "done":
            self._finish(item_of(name, self.asked[name], "done", answer["manifest"], self._attempts[name]))
        elif answer["state"] == "failed":
            self._finish(self._failed(name, answer["error"]))
        else:
            state: State = answer["state"]
            error, tries = answer["error"], self._attempts[name]
            self._finish(Item(name=name, spec=self.asked[name], state=state, error=error, attempts=tries))
        return False

    def _give_up(self) -> None:
        while self.open:
            self._finish(self._died(self.open.pop(), BrokenExecutor("no process is left")))

    def _died(self, name: str, exc: BaseException) -> Item:
        tries = self._attempts[name]
        message = f"the process that had it died, {tries} times ({type(exc).__name__})"
        return self._failed(name, WorkError(message, "Run the batch again; look at the machine's memory.").to_json())

    def _failed(self, name: str, error: dict[str, str]) -> Item:
        return Item(name=name, spec=self.asked[name], state="failed", error=error, attempts=self._attempts[name])

    def _finish(self, item: Item) -> None:
        self.items[item.name] = item
        if self._tell is not None:
            self._tell(BatchProgress(finished=len(self.items), total=len(self.asked), item=item))

    def _clear(self, name: str) -> None:
        for left in self.folder.glob(batch_run.part_pattern(name)):
            shutil.rmtree(left, ignore_errors=True)


def _row(item: Item) -> dict[str, Any]:
    data = item.spec.to_json()
    media = [file for file in item.files if file["frames_shown"] is not None]
    return {
        "name": item.name,
        **{key: data[key] for key in ("source", "begin", "end", "format")},
        "state": item.state,
        "frames": sum(file["frames_shown"] for file in media),
        "bytes": sum(file["size"] for file in media),
        "sha256": " ".join(file["sha256"] for file in media),
        "error": item.error["message"] if item.error else "",
    }
