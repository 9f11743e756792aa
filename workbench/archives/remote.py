"""`RemoteArchive`: a VMS over its HTTP export API, answering as a folder of recordings does.

    archive = RemoteArchive("http://anna@vms.example:8000/asip-api")
    archive.run(archive.plan(spec), Path("out"))

Its time line is UTC. What the API cannot say is refused in the plan, or done here on a master, as `derive` says:
``never`` (the VMS does all), ``beyond`` (a request that the API cannot say is met here), ``always``. Secrets live as
long as the object: it crosses to other processes without them, and finds them there by environment or keyring.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from workbench.archives import public, remote_cameras, remote_plan
from workbench.archives.base import Description, Frame, OnProgress, Seen, Snapshot, check_limit
from workbench.archives.local import default_cache
from workbench.archives.overview import check_most, coarse, named, overview, told
from workbench.archives.remote_acquire import Acquired, acquire
from workbench.archives.remote_connection import Connection, Prompt
from workbench.archives.remote_export import About, Exporter
from workbench.archives.remote_pending import Book, Pending
from workbench.archives.remote_pictures import LOOK_BACK, THUMBNAIL_WIDTH, Finish, TimedMask, View, jpeg_size
from workbench.archives.remote_plan import Derive
from workbench.archives.stepping import Track, Unit, place_of, step
from workbench.core.coverage import Coverage, Gap, Source
from workbench.core.errors import NothingRecorded, RequestError, SourceError
from workbench.core.geometry import Area
from workbench.core.overview import Overview
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Moment, Offset, Range, instant
from workbench.media.worker import Worker
from workbench.vms.tls import Trust
from workbench.vms.tokens import Auth
from workbench.vms.transport import Timeouts
from workbench.vms.wire.nouns import Camera

MICROSECONDS = Fraction(1, 1_000_000)
_NO_KEYS = "the VMS does not tell which pictures are key pictures"


class RemoteArchive:
    """See the module and `archives.base.Archive`."""

    knows_keys = False

    def __init__(
        self,
        url: str,
        *,
        user: str | None = None,
        password: str | None = None,
        token: str | None = None,
        prompt: Prompt | None = None,
        auth: Auth = "auto",
        trust: Trust | None = None,
        timeouts: Timeouts | None = None,
        derive: Derive = "never",
        keep: bool = False,
        cache: str | os.PathLike[str] | None = None,
    ) -> None:
        """Prepare an archive at `url`; nothing is sent yet. RequestError for a wrong URL or option.

        `keep` leaves finished exports on the server; `cache` is where started ones are written down.
        """
        if derive not in ("never", "beyond", "always"):
            raise RequestError("derive", f"{derive!r} is none of never, beyond, always")
        self.connection = Connection(
            url, user=user, password=password, token=token, prompt=prompt, auth=auth, trust=trust, timeouts=timeouts
        )
        public.must_run_here(self.connection.address.url)
        self.derive: Derive = derive
        self.keep = keep
        self.cache = Path(cache) if cache is not None else default_cache()
        self._worker = Worker()

    @property
    def url(self) -> str:
        """The server's URL, without the user."""
        return self.connection.address.url

    def __repr__(self) -> str:
        return f"RemoteArchive({self.url!r})"

    def __getstate__(self) -> dict[str, Any]:
        """Everything but secrets, connections and processes."""
        return {name: getattr(self, name) for name in ("connection", "derive", "keep", "cache")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self._worker = Worker()

    def close(self) -> None:
        """Let go of connections and the worker process; the archive can be used again."""
        self.connection.close()
        self._worker.close()

    def sources(self) -> tuple[Source, ...]:
        """The cameras that the server lists, by id."""
        zone = self.connection.zone()
        listed = sorted(self.connection.client.cameras(), key=lambda camera: camera.id)
        return tuple(remote_cameras.source_of(self.connection.client, camera, zone) for camera in listed)

    def source(self, source: str) -> Source:
        """One of the cameras, by id, number, name or both (see `remote_cameras`)."""
        return remote_cameras.source_of(self.connection.client, self._camera(source), self.connection.zone())

    def describe(self, source: str) -> Description:
        """The camera; its recordings lie on the VMS, so there are none to describe."""
        return Description(source=self.source(source), recordings=(), archive=self.url, config=None)

    def coverage(self, source: str, within: tuple[Moment | None, Moment | None] | None = None) -> Coverage:
        """What is recorded by the VMS's intervals, and what is missing."""
        return self._coverage(self._camera(source), within)

    def _coverage(self, camera: Camera, within: tuple[Moment | None, Moment | None] | None) -> Coverage:
        try:
            wanted = self._range(camera, within)
        except NothingRecorded as exc:
            return Coverage(
                source=camera.id, dated=True, range=Range(0, 0), intervals=(), gaps=(), notes=(exc.message,)
            )
        return View(self.connection.client, camera.id).coverage(wanted)

    def overview(
        self, source: str, within: tuple[Moment | None, Moment | None] | None = None, *, most: int = 2000
    ) -> Overview:
        """What the VMS lists as recorded, coarsely."""
        return named(overview(self, source, within, most=most), self.source(source))

    def overviews(
        self,
        within: tuple[Moment | None, Moment | None] | None = None,
        *,
        most: int = 2000,
        checked: bool = False,
        sources: Sequence[str] | None = None,
    ) -> tuple[Overview, ...]:
        """The same of all cameras, or of those named by one question each; nothing is answered from what was known."""
        check_most(most)
        if sources is not None:
            cameras = self.connection.client.cameras()
            return tuple(told(name, partial(self._named, cameras, name, within, most)) for name in sources)
        found = ((source, overview(self, source.id, within, most=most)) for source in self.sources())
        return tuple(named(one, source) for source, one in found)

    def instants(
        self,
        source: str,
        within: tuple[Moment | None, Moment | None] | None = None,
        *,
        limit: int = 10_000,
        newest_first: bool = False,
    ) -> tuple[int, ...]:
        """When the pictures of a range are shown, by the VMS's list; at most `limit` of them, in order."""
        check_limit(limit)
        camera = self._camera(source)
        try:
            wanted = self._range(camera, within)
        except NothingRecorded:
            return ()
        return View(self.connection.client, camera.id).instants(wanted, limit, newest_first)

    def frame(self, source: str, at: Moment, masks: tuple[Mask, ...] = (), crop: Area | None = None) -> Frame:
        """The frame shown at `at`, as the VMS codes it; masks and crop are laid on here."""
        camera = self._camera(source)
        view, finish = View(self.connection.client, camera.id), self._finish(camera, masks, crop)
        when = self._at(camera, at, "at")
        return self._frame(view, finish, view.shown_at(when), when)

    def view(
        self, source: str, at: Moment, masks: tuple[Mask, ...] = (), crop: Area | None = None, *, width: int = 0
    ) -> Seen:
        """The frame shown at `at`, as the VMS codes it and in its size: the server scales, not we."""
        found = self.frame(source, at, masks, crop)
        jpeg = found.jpeg(2)
        size = jpeg_size(jpeg)
        return Seen(frame=found, jpeg=jpeg, width=size[0], height=size[1], of=size, key=None, picture_type="?")

    def step(self, source: str, at: Moment | int, by: int, unit: Unit) -> int | None:
        """The instant of the picture `by` units from the one shown at `at`, by the VMS's lists (see `stepping`)."""
        if unit == "key":
            raise RequestError("unit", _NO_KEYS, "Step by pictures or by seconds.")
        camera = self._camera(source)
        view = View(self.connection.client, camera.id)

        def gaps(wanted: Range) -> tuple[tuple[Gap, ...], bool]:
            found = view.coverage(wanted)
            return found.gaps, not found.notes

        track = Track(
            span=lambda: self._span(camera),
            times=lambda *asked: view.instants(*asked[:3]),
            recorded=lambda us: bool(view.coverage(Range(us, us + 1)).intervals),
            gaps=gaps,
        )
        return step(track, place_of(at, lambda moment: self._at(camera, moment, "at")), by, unit)

    def keys(
        self, source: str, within: tuple[Moment, Moment], *, limit: int = 1000, newest_first: bool = False
    ) -> tuple[int, ...]:
        """Refused: the API does not tell which pictures are key pictures."""
        raise SourceError(_NO_KEYS, "Step by pictures or by seconds.")

    def snapshot(self, source: str, at: Moment, masks: tuple[Mask, ...] = (), crop: Area | None = None) -> Snapshot:
        """Refused: a snapshot names the hash of its recording, and no recording of a VMS is here."""
        raise SourceError(
            "a snapshot names the hash of its recording, and the recordings lie on the VMS",
            "Fetch the stretch with `workbench acquire`; the folder that it makes gives snapshots.",
        )

    def thumbnails(
        self,
        source: str,
        begin: Moment | None,
        end: Moment | None,
        n: int,
        masks: tuple[Mask, ...] = (),
        crop: Area | None = None,
    ) -> list[Frame]:
        """Up to `n` small pictures spread evenly, each the one shown at its instant; none for gaps."""
        if not 1 <= n <= 10_000:
            raise RequestError("n", f"{n} is not a number of pictures from 1 to 10000")
        camera = self._camera(source)
        wanted = self._range(camera, (begin, end))
        view, finish = View(self.connection.client, camera.id), self._finish(camera, masks, crop)
        around = view.coverage(Range(wanted.begin - LOOK_BACK, max(wanted.end, wanted.begin + 1)))
        found: dict[int, Frame] = {}
        for number in range(n):
            when = wanted.begin + (wanted.end - wanted.begin) * number // n
            try:
                us = view.shown_at(when, around)
                if us not in found:
                    found[us] = self._frame(view, finish, us, when, small=True)
            except NothingRecorded:
                continue
        return [found[us] for us in sorted(found)]

    def plan(self, spec: ExportSpec) -> ExportPlan:
        """What the server can do with a request; nothing is started. See `remote_plan`."""
        client, camera = self.connection.client, self._camera(spec.source)
        derived = remote_plan.derives(spec, self.derive)
        spec = replace(spec, source=camera.id, archive=remote_cameras.storage_of(camera, spec.archive))
        wanted = remote_cameras.within(client, camera, (spec.begin, spec.end), spec.archive)
        if wanted.begin == wanted.end and not spec.is_frame and spec.format != "exe":
            raise RequestError("end", f"{spec.format} needs a stretch of time", "Set end after begin.")
        coverage, comment = View(client, camera.id, spec.archive).coverage(wanted), camera.comment
        notes = [*([f"the VMS says: {comment}"] if comment else []), *remote_plan.key_notes(spec, derived=derived)]
        spec = replace(spec, masks=tuple(self._timed(camera, mask).dated() for mask in spec.masks))
        return remote_plan.planned(
            spec,
            wanted,
            coverage,
            ours=remote_plan.is_ours(self.connection.version()),
            derived=derived,
            verified=bool(client.tls["verified"]),
            notes=notes,
        )

    def run(
        self,
        plan: ExportPlan,
        out: Path,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
        *,
        token: str = "",
    ) -> ExportResult:
        """Carry out a plan at the server and bring the files home, into the folder `out`.

        `token` is kept with the export until it is home, so that `pending(token=…)` finds it after a crash.
        """
        return self._run(plan, out, remote_plan.derives(plan.spec, self.derive), on_progress, cancel, token=token)

    def resume(
        self,
        id: str,  # noqa: A002 - the API's own name
        out: Path,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> ExportResult:
        """Bring an export home that was started from here, by a process that is gone.

        WorkError while that process is at it; Gone where the server does not know the export (any more).
        """
        book = Book(self.cache)
        pending = book.get(id)
        if pending.url != self.url:
            advice = "Name the server as it was named then; another name of the same one does not count."
            raise SourceError(f"export {id} runs at {pending.url}, not at {self.url}", advice)
        client = self.connection.new(cancel)
        try:
            exporter = Exporter(client, self._worker, book, keep=self.keep)
            return exporter.resume(id, out, on_progress=on_progress, cancel=cancel)
        finally:
            client.close()

    def pending(self, token: str | None = None) -> tuple[Pending, ...]:
        """Exports that were asked for at this URL and not brought home, the oldest first; with `token` those of that.

        Those that a process works on at this moment name it (`Pending.process`); `resume` refuses them.
        """
        return Book(self.cache).all(self.url, token)

    def acquire(
        self,
        source: str,
        begin: Moment,
        end: Moment,
        out: Path,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> Acquired:
        """Fetch the master of a stretch, untouched, and make `out` an archive of it."""
        camera = self._camera(source)
        wanted = remote_cameras.within(self.connection.client, camera, (begin, end), None)
        plain = ExportSpec(source=camera.id, begin=instant(wanted.begin), end=instant(wanted.end), format="mkv")
        plan = self.plan(remote_plan.master(plain, wanted))

        def export(folder: Path) -> ExportResult:
            return self._run(plan, folder, False, on_progress, cancel)

        return acquire(Path(out), camera.name or camera.id, self.connection.zone(), export)

    def _run(
        self,
        plan: ExportPlan,
        out: Path,
        derived: bool,
        on_progress: OnProgress | None,
        cancel: threading.Event | None,
        *,
        token: str = "",
    ) -> ExportResult:
        about = About(camera=self._camera(plan.spec.source).name or plan.spec.source, zone=self.connection.zone())
        client = self.connection.new(cancel)
        try:
            exporter = Exporter(client, self._worker, Book(self.cache), keep=self.keep)
            return exporter.run(
                plan, Path(out), about=about, derived=derived, token=token, on_progress=on_progress, cancel=cancel
            )
        finally:
            client.close()

    def _named(
        self, cameras: Sequence[Camera], name: str, within: tuple[Moment | None, Moment | None] | None, most: int
    ) -> Overview:
        camera = remote_cameras.find(cameras, name)
        return replace(coarse(self._coverage(camera, within), most), name=camera.name or camera.id)

    def _camera(self, source: str) -> Camera:
        return remote_cameras.find(self.connection.client.cameras(), source)

    def _range(self, camera: Camera, within: tuple[Moment | None, Moment | None] | None) -> Range:
        return remote_cameras.within(self.connection.client, camera, within or (None, None), None)

    def _span(self, camera: Camera) -> Range:
        """From first to last instant of a camera's archive, empty where nothing is recorded."""
        try:
            return remote_cameras.span(self.connection.client, camera)
        except NothingRecorded:
            return Range(0, 0)

    def _at(self, camera: Camera, moment: Moment, field: str) -> int:
        first = remote_cameras.span(self.connection.client, camera).begin if isinstance(moment, Offset) else 0
        return remote_cameras.at(moment, first, field)

    def _finish(self, camera: Camera, masks: tuple[Mask, ...], crop: Area | None) -> Finish:
        return Finish(self._worker, [self._timed(camera, mask) for mask in masks], crop)

    def _timed(self, camera: Camera, mask: Mask) -> TimedMask:
        begin = None if mask.begin is None else self._at(camera, mask.begin, "masks.begin")
        end = None if mask.end is None else self._at(camera, mask.end, "masks.end")
        if begin is not None and end is not None and begin >= end:
            raise RequestError("masks.end", "the mask's time range is empty", "Set its end behind its begin.")
        return TimedMask(mask, begin, end, tuple(self._at(camera, key.at, "masks.keys") for key in mask.keys))

    def _frame(self, view: View, finish: Finish, us: int, when: int, *, small: bool = False) -> Frame:
        """The picture of an instant, fetched; masked pictures come whole, so that nothing bleeds from under a mask."""
        until = max(when + 1, view.until(us)) if finish.timed else when + 1
        jpeg = view.picture(us, THUMBNAIL_WIDTH if small and finish.plain else 0)
        render = finish.renderer(jpeg, us, until)
        if small:
            thumbnail = render("small", 0)
            whole = render

            def render(form: str, quality: int) -> bytes:
                return thumbnail if form == "jpeg" else whole(form, quality)

        return Frame(source=view.camera, file="", instant=us, pts=us, time_base=MICROSECONDS, dated=True, render=render)
