"""One export at a VMS, from the request to named files: written down, started, brought home, checked, deleted there.

    exporter = Exporter(client, worker, book, keep=False)
    exporter.run(plan, out, …)           # write down, start, finish
    exporter.resume(id, out, …)          # what another process began

Nothing is published before everything has come, and nothing is deleted at the server before the files have their names.
What is left there where that fails, and who takes it up, is the rule of `remote_ending`. One process works on an export
at a time.
"""

from __future__ import annotations

import shutil
import threading
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from workbench.archives import remote_check, remote_home, remote_plan, remote_server_record
from workbench.archives.base import OnProgress
from workbench.archives.remote_delivered import Delivered
from workbench.archives.remote_ending import Ending
from workbench.archives.remote_fetch import Fetched, Teller, fetch
from workbench.archives.remote_pending import Book, Pending
from workbench.archives.remote_pictures import View
from workbench.archives.remote_record import account
from workbench.archives.remote_start import Order, found, start
from workbench.archives.running import scratch_in
from workbench.core.errors import (
    Cancelled,
    NothingRecorded,
    RemoteError,
    RequestError,
    SourceError,
    WorkbenchError,
    WorkError,
)
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult
from workbench.core.spec import ExportSpec
from workbench.core.timebase import Range, instant, instant_us, iso, parse_time
from workbench.media.worker import Worker
from workbench.vms.client import Client

AROUND = 2_000_000
"""Microseconds on both sides of a range in which its neighbours are looked for."""
MOST_LISTED = 100_000
"""Picture times up to which the VMS's list is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is known of a camera besides its id."""

    camera: str
    """Its display name."""
    zone: str
    """Of the server."""


class Exporter:
    """Exports over one client, whose flight record becomes the export's."""

    def __init__(self, client: Client, worker: Worker, book: Book, *, keep: bool) -> None:
        self._client, self._worker, self._book, self._keep = client, worker, book, keep
        self._version = ""

    def run(
        self,
        plan: ExportPlan,
        out: Path,
        *,
        about: About,
        derived: bool,
        token: str = "",
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> ExportResult:
        """Carry out a plan; `derived` where the server only gives the master, and the files are made here.

        `token` is written down with it, see `remote_pending`.
        """
        if plan.refused:
            first = plan.refused[0]
            raise RequestError(first.field, first.note or "this server cannot do it")
        if cancel is not None and cancel.is_set():
            raise Cancelled("the export was cancelled", "Nothing was sent.")
        pending, order = self._prepared(plan, about, derived=derived, token=token)
        with self._book.held(pending):
            pending = start(self._client, self._book, pending, order)
            return self._finish(pending, out, on_progress=on_progress, cancel=cancel)

    def resume(
        self,
        id_: str,
        out: Path,
        *,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> ExportResult:
        """Bring home what another process began, into the folder `out`; WorkError while that process works on it."""
        with self._book.held(self._book.get(id_)):
            pending = found(self._client, self._book, self._book.get(id_))
            home = remote_home.of(pending)
            if home is not None:
                return remote_home.complete(home, self._client, self._ending(pending))
            return self._finish(pending, out, on_progress=on_progress, cancel=cancel)

    def _prepared(self, plan: ExportPlan, about: About, *, derived: bool, token: str) -> tuple[Pending, Order]:
        """What is written down before anything is asked for, and what is asked for."""
        self._version = self._client.version()
        skew = self._client.skew() or (None, None)
        ours = remote_plan.is_ours(self._version)
        wanted = self._picture(plan) if plan.spec.is_frame and (derived or not ours) else plan.range
        spec, marker = _sent(plan, wanted, derived), uuid.uuid4().hex
        order = Order.of(spec, *_us(spec), marker=marker if ours else "")
        pending = Pending(
            id=marker,
            marker=marker,
            token=token,
            url=self._client.address.url,
            source=spec.source,
            begin=iso(order.begin),
            end=iso(order.end),
            format=spec.format,
            started=iso(instant_us(datetime.now(UTC))),
            camera=about.camera,
            zone=about.zone,
            derived=derived,
            plan=plan.to_data(),
            request=order.call(self._client.address.prefix),
            clock={"server_minus_ours_seconds": skew[0], "uncertainty_seconds": skew[1]},
        )
        return pending, order

    def _ending(self, pending: Pending) -> Ending:
        return Ending(self._client, self._book, pending, keep=self._keep)

    def _finish(
        self, pending: Pending, out: Path, *, on_progress: OnProgress | None, cancel: threading.Event | None
    ) -> ExportResult:
        """Bring a started export home, into the folder `out`."""
        ending = self._ending(pending)
        self._worker.start()  # while the server works, so that what comes finds it warm
        scratch: Path | None = None
        try:
            scratch = scratch_in(out)
            return self._brought(pending, out, scratch, Teller(on_progress), cancel, ending)
        except WorkbenchError as exc:
            exc.advice = f"{exc.advice} {ending.failed(exc)}".strip()
            raise
        except OSError as exc:
            error = WorkError(
                f"{out} cannot be written to: {exc.strerror or exc}", "Make room, or take another folder."
            )
            error.advice += f" {ending.failed(error)}"
            raise error from exc
        except KeyboardInterrupt as exc:
            raise Cancelled("the export was interrupted", ending.failed(exc)) from exc
        finally:
            if scratch is not None:
                shutil.rmtree(scratch, ignore_errors=True)

    def _brought(
        self,
        pending: Pending,
        out: Path,
        scratch: Path,
        tell: Teller,
        cancel: threading.Event | None,
        ending: Ending,
    ) -> ExportResult:
        plan = _plan(pending)
        asked_for = _sent(plan, _range(pending), pending.derived)
        fetched = fetch(self._client, self._worker, pending.id, asked_for.format, scratch, tell, cancel)
        hashes = frozenset(one.got.sha256 for one in fetched.files)
        record = None if fetched.record is None else remote_server_record.read(fetched.record.path.read_bytes(), hashes)
        asked = self._asked(asked_for, fetched, record is not None, cancel)
        delivered = Delivered(
            plan=plan,
            pending=pending,
            fetched=fetched,
            files=remote_check.laid(fetched, record, asked),
            asked=asked,
            record=record,
            version=self._version or self._client.version(),
            user=self._client.user,
            tls=self._client.tls,
            camera=pending.camera,
            zone=pending.zone,
            around=self._around(plan, cancel) if pending.derived else (),
        )
        return account(delivered, out, scratch, self._worker, self._client.flight, ending, tell, cancel)

    def _asked(
        self, spec: ExportSpec, fetched: Fetched, told: bool, cancel: threading.Event | None
    ) -> remote_check.Asked:
        """What was asked, with the VMS's own list of pictures where no record of the server speaks."""
        wanted = Range(*_us(spec))
        shown = sum(one.facts.get("frames_shown") or 0 for one in fetched.files)
        if told or spec.format == "exe":
            return remote_check.Asked(spec=spec, range=wanted, listed=None, why_not="the server's record was taken")
        if shown > MOST_LISTED:
            return remote_check.Asked(spec=spec, range=wanted, listed=None, why_not="too many to ask the VMS for each")
        view = View(self._client, spec.source, spec.archive)
        try:
            if spec.is_frame:
                listed: tuple[int, ...] = (view.shown_at(wanted.begin),)
            else:
                listed = view.instants(wanted, MOST_LISTED + 1, cancel=cancel)
        except (RemoteError, SourceError, NothingRecorded) as exc:
            why = f"the VMS does not list its pictures: {exc.message}"
            return remote_check.Asked(spec=spec, range=wanted, listed=None, why_not=why)
        if not listed or len(listed) > MOST_LISTED:
            why = "the VMS lists no picture there" if not listed else "too many to ask the VMS for each"
            return remote_check.Asked(spec=spec, range=wanted, listed=None, why_not=why)
        return remote_check.Asked(spec=spec, range=wanted, listed=listed)

    def _around(self, plan: ExportPlan, cancel: threading.Event | None) -> tuple[int, ...]:
        """The pictures in and around the range, by the VMS's list; none where it lists too many, or nothing."""
        wanted = Range(plan.range.begin - AROUND, plan.range.end + AROUND)
        try:
            view = View(self._client, plan.spec.source, plan.spec.archive)
            found = view.instants(wanted, MOST_LISTED + 1, cancel=cancel)
        except (RemoteError, SourceError, NothingRecorded):
            return ()
        return found if len(found) <= MOST_LISTED else ()

    def _picture(self, plan: ExportPlan) -> Range:
        """The instant of the very picture wanted: servers differ in which one a time between two means."""
        at = View(self._client, plan.spec.source, plan.spec.archive).shown_at(plan.range.begin)
        return Range(at, at)


def _sent(plan: ExportPlan, wanted: Range, derived: bool) -> ExportSpec:
    """The request as the server gets it: the plan's own, or that for the master."""
    if derived:
        return remote_plan.master(plan.spec, wanted)
    return replace(plan.spec, begin=instant(wanted.begin), end=instant(wanted.end))


def _range(pending: Pending) -> Range:
    """What the server was asked for; of a picture that is made here, its instant."""
    begin, end = parse_time(pending.begin, "begin"), parse_time(pending.end, "end")
    if not isinstance(begin, datetime) or not isinstance(end, datetime):
        raise SourceError(f"what was written down of export {pending.id} is damaged", "Make it again.")
    return Range(instant_us(begin), instant_us(end))


def _plan(pending: Pending) -> ExportPlan:
    try:
        return ExportPlan.from_data(pending.plan)
    except (KeyError, TypeError, ValueError, AttributeError, WorkbenchError) as exc:
        raise SourceError(f"what was written down of export {pending.id} is damaged", "Make it again.") from exc


def _us(spec: ExportSpec) -> tuple[int, int]:
    begin, end = spec.begin, spec.end
    assert isinstance(begin, datetime) and isinstance(end, datetime)
    return instant_us(begin), instant_us(end)
