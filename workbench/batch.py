"""Many requests, one archive: a result for each, on any executor, and nothing done twice.

    done = run_batch("requests.csv", archive, "out")             # CSV, DataFrame or a list of ExportSpec
    done.to_frame()                                              # a row an item
    run_batch(specs, archive, "out", executor=client.get_executor())   # a Dask cluster

One batch at a time works in a folder. What an earlier run finished is held against its hashes and its archive, and
kept (`batch_kept`). An item that nobody brought to an end, because its process died or its executor gave it up, is
given again, and an executor of ours replaced; one that fails for a reason of its own is not tried twice. Ctrl-C ends a
batch as setting `cancel` does: workers give up within a second or two, exports are deleted at the VMS, and the result
says what was finished until then.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench import batch_run
from workbench.archives.base import Archive
from workbench.batch_crew import AT_ONCE, Crew
from workbench.batch_hold import Interrupts, held
from workbench.batch_items import Item, State, item_of, requests
from workbench.batch_kept import kept, made_from
from workbench.core.errors import Cancelled, RequestError, SourceError, WorkError
from workbench.core.spec import ExportSpec

__all__ = ["AT_ONCE", "BatchProgress", "BatchResult", "run_batch"]

STATES: tuple[State, ...] = ("done", "kept", "nothing", "failed", "cancelled")
TICK = 0.2
KILL_AFTER, LEAVE_AFTER = 3.0, 10.0
"""Seconds after a cancel until processes of ours are ended, and until nobody is waited for any more."""


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
    interrupted: bool = False
    """Whether Ctrl-C (or a signal like it) ended it before all was done."""

    def count(self, state: State) -> int:
        """Items in a state."""
        return sum(1 for item in self.items if item.state == state)

    def to_json(self) -> dict[str, Any]:
        """The batch as the command line prints it."""
        counts = {state: self.count(state) for state in STATES}
        items = [item.to_json() for item in self.items]
        return {"folder": self.folder, "counts": counts, "interrupted": self.interrupted, "items": items}

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

    `wanted` is an iterable of ExportSpec, the path of a CSV file or a DataFrame; `at_once` how many run at a time (of a
    VMS: over all batches of this process); `retries` how often an item is given again that was not ended. Setting
    `cancel` ends it, and so does Ctrl-C, after which `BatchResult.interrupted` is True; finished items stay.
    Raises RequestError for requests that are wrong, WorkError where another batch has the folder (nothing is started).
    """
    if at_once is not None and at_once < 1:
        raise RequestError("at_once", f"{at_once} at a time is none")
    asked, folder = requests(wanted, made_from(archive)), Path(out)
    with held(folder) as mark:
        batch = _Batch(asked, archive, folder, mark, on_progress, cancel or threading.Event(), retries)
        try:
            batch.look()
            with Interrupts() as interrupts:
                batch.run(Crew(archive, executor, at_once, batch.cancel), interrupts)
        except KeyboardInterrupt:
            batch.interrupted = True
        batch.settle()
    items = tuple(batch.items[name] for name in asked)
    return BatchResult(folder=str(folder), items=items, interrupted=batch.interrupted)


class _Batch:
    """The state of one run: what is open, what runs, what is finished."""

    def __init__(
        self,
        asked: dict[str, ExportSpec],
        archive: Archive,
        folder: Path,
        mark: Path,
        on_progress: OnBatch | None,
        cancel: threading.Event,
        retries: int,
    ) -> None:
        self.cancel, self.interrupted = cancel, False
        self.items: dict[str, Item] = {}
        self._asked, self._archive, self._folder, self._mark = asked, archive, folder, mark
        self._tell, self._retries = on_progress, retries
        self._open = list(asked)
        self._running: dict[Future[dict[str, Any]], str] = {}
        self._attempts = dict.fromkeys(asked, 0)

    def look(self) -> None:
        """Keep what is finished; clear away what a killed run left of the rest."""
        for name in self._asked:
            if self.cancel.is_set():
                return
            try:
                found = kept(self._folder, name, self._asked[name], self._archive)
            except SourceError as exc:
                found = self._failed(name, exc.to_json())
            if found is None:
                self._clear(name)
                continue
            self._open.remove(name)
            self._finish(found)

    def run(self, crew: Crew, interrupts: Interrupts) -> None:
        """Give items out and take results in until all are finished, or it is cancelled."""
        self._open.reverse()
        try:
            while (self._open or self._running) and not self._stopped(interrupts):
                self._hand_out(crew)
                self._take_in(crew)
        except BaseException:
            self._tell = None  # it may be what failed, and would fail again
            raise
        finally:
            self._drain(crew)

    def settle(self) -> None:
        """Say of what has no result that it was cancelled."""
        for name in self._asked:
            if name not in self.items:
                self._clear(name)
                self._finish(Item(name=name, spec=self._asked[name], state="cancelled", attempts=self._attempts[name]))

    def _stopped(self, interrupts: Interrupts) -> bool:
        if interrupts.seen:
            self.interrupted = True
            self.cancel.set()
        return self.cancel.is_set()

    def _drain(self, crew: Crew) -> None:
        """Make workers give up and take in what they still say; nothing to do where all is finished."""
        cut_short = bool(self._running)
        if cut_short:
            self.cancel.set()
            self._unmark()
            crew.recall(list(self._running))
            began = time.monotonic()
            while self._running and time.monotonic() < began + LEAVE_AFTER:
                self._take_in(crew)
                if time.monotonic() > began + KILL_AFTER:
                    crew.kill()
            for future in self._running:
                future.cancel()
            self._running.clear()
        crew.close(wait=not cut_short)

    def _unmark(self) -> None:
        with contextlib.suppress(OSError):
            self._mark.unlink()

    def _hand_out(self, crew: Crew) -> None:
        while self._open and len(self._running) < crew.room:
            name = self._open.pop()
            self._attempts[name] += 1
            try:
                future = crew.submit(self._task(name))
            except (BrokenExecutor, RuntimeError) as exc:
                if self._attempts[name] > self._retries or not crew.replace():
                    self._finish(self._unended(name, exc))
                else:
                    self._open.append(name)
                continue
            if future is None:
                self._attempts[name] -= 1
                self._open.append(name)
                return
            self._running[future] = name

    def _task(self, name: str) -> batch_run.Task:
        return batch_run.Task(
            folder=str(self._folder.absolute()),
            name=name,
            spec=self._asked[name].to_json(),
            token=f"{secrets.token_hex(4)}-{self._attempts[name]}",
            mark=str(self._mark.absolute()),
        )

    def _take_in(self, crew: Crew) -> None:
        """Wait a moment for results, and note them."""
        if not self._running:
            self.cancel.wait(TICK)
            return
        done, _ = wait(self._running, timeout=TICK, return_when=FIRST_COMPLETED)
        dead = False
        for future in done:
            dead = self._take(future, self._running.pop(future)) or dead
        if dead and not self.cancel.is_set() and not crew.replace():
            while self._open:
                self._finish(self._unended(self._open.pop(), BrokenExecutor("no process is left")))

    def _take(self, future: Future[dict[str, Any]], name: str) -> bool:
        """Note what became of an item; True where the process that had it is gone."""
        try:
            answer = future.result()
        except BaseException as exc:  # noqa: BLE001 - a worker that died or was ended, an executor that gave it up
            self._again(name, exc)
            return isinstance(exc, BrokenExecutor)
        state: State = answer["state"]
        if state == "done":
            self._clear(name)
            self._finish(item_of(name, self._asked[name], state, answer["manifest"], self._attempts[name]))
        elif state == "cancelled":
            self._again(name, Cancelled("it gave up by itself"))
        else:
            self._clear(name)
            error, tries = answer["error"], self._attempts[name]
            self._finish(Item(name=name, spec=self._asked[name], state=state, error=error, attempts=tries))
        return False

    def _again(self, name: str, exc: BaseException) -> None:
        """An item that its worker did not bring to an end."""
        self._clear(name)
        if self.cancel.is_set():
            return
        if self._attempts[name] <= self._retries:
            self._open.append(name)
        else:
            self._finish(self._unended(name, exc))

    def _unended(self, name: str, exc: BaseException) -> Item:
        died, said = isinstance(exc, BrokenExecutor), " ".join(str(exc).split())[:200]
        what = "the process that had it died" if died else "it was not brought to an end"
        message = f"{what}, {self._attempts[name]} times ({type(exc).__name__}{said and ': '}{said})"
        advice = "look at the machine's memory" if died else "look at the worker that had it"
        return self._failed(name, WorkError(message, f"Run the batch again; {advice}.").to_json())

    def _failed(self, name: str, error: dict[str, str]) -> Item:
        return Item(name=name, spec=self._asked[name], state="failed", error=error, attempts=self._attempts[name])

    def _finish(self, item: Item) -> None:
        self.items[item.name] = item
        if self._tell is not None:
            self._tell(BatchProgress(finished=len(self.items), total=len(self._asked), item=item))

    def _clear(self, name: str) -> None:
        """Remove what attempts left; nobody but this run works in the folder."""
        for left in self._folder.glob(batch_run.part_pattern(name)):
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
