"""`LocalArchive`: a folder of recordings.

A sub-folder is a camera with its files (at any depth) as segments; a recording that lies directly in the folder is a
camera of its own, and so is a single file given instead of a folder. Footage is only ever opened for reading, by a
worker process; what was learnt about a file is cached outside the footage, keyed by path, size and time of change.

    archive = LocalArchive("recordings")
    for source in archive.sources(): print(source.id, source.first)
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from workbench.archives import unchanged
from workbench.archives.base import Description, Frame, OnProgress, Recorded, Seen, Snapshot, check_limit, numbers
from workbench.archives.config import FILE_NAME, ArchiveConfig, read_config
from workbench.archives.dating import date_file
from workbench.archives.laying import Shelf
from workbench.archives.local_overview import overview_of, overviews
from workbench.archives.mask_times import mask_look, shown_still
from workbench.archives.running import Runner
from workbench.archives.stepping import Track, Unit, place_of, step
from workbench.archives.timeline import Piece, TimeLine, place, resolve
from workbench.core.coverage import Coverage, Source
from workbench.core.errors import NothingRecorded, RequestError, SourceError, WorkerDied
from workbench.core.geometry import Area
from workbench.core.overview import Overview
from workbench.core.plan import ExportPlan
from workbench.core.result import ExportResult
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Moment, Range, shown
from workbench.media.worker import Worker

_TOLD = ("stream", "pts", "rank", "picture_type", "frame_sha256", "pixel_format", "rgb_sha256", "width", "height")
"""Facts of a snapshot that the worker tells by the same names."""


def default_cache() -> Path:
    """Where indexes are kept: ``$WORKBENCH_CACHE``, else the user's cache folder."""
    if given := os.environ.get("WORKBENCH_CACHE"):
        return Path(given)
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "forensic-workbench"


class LocalArchive:
    """A folder of recordings; see the module and `archives.base.Archive`."""

    knows_keys = True

    def __init__(
        self,
        folder: str | os.PathLike[str],
        cache: str | os.PathLike[str] | None = None,
        *,
        worker: Worker | None = None,
    ) -> None:
        """Open the folder (or single recording) `folder`; SourceError where there is none. Nothing is read yet.

        `worker` is one that is there already; else the archive starts one of its own when it needs it.
        """
        self.folder = Path(folder)
        if not self.folder.exists():
            raise SourceError(f"{self.folder} does not exist", "Check the path.")
        self.cache = Path(cache) if cache is not None else default_cache()
        self._worker = worker or Worker()
        self.config = read_config(self.folder) if self.folder.is_dir() else ArchiveConfig()
        self._shelf = Shelf(self.folder, self.cache, self.config, self._worker)
        self._shelf.check()

    def close(self) -> None:
        """End the worker process; the archive can be used again and starts a new one."""
        self._worker.close()

    def sources(self) -> tuple[Source, ...]:
        """The cameras, by id; one whose files cannot be read is listed with the reason in its notes."""
        return tuple(self._source(name) for name in self._shelf.names())

    def source(self, source: str) -> Source:
        """One of the cameras; SourceError where it is not there."""
        return self._source(source)

    def describe(self, source: str) -> Description:
        """What every recording of a source says of itself; one that cannot be read is listed with the reason."""
        laid, found = self._shelf.laid(source), self._source(source)
        config = self.folder / FILE_NAME
        if self.folder.is_dir() and read_config(self.folder) != self.config:
            raise SourceError(f"{FILE_NAME} changed since this archive was opened", "Open the archive again.")
        return Description(
            source=found,
            recordings=tuple(self._described(source, path) for path in self._shelf.paths(laid.scan)),
            archive=self.folder.resolve().name,
            config=config if self.folder.is_dir() and config.exists() else None,
        )

    def coverage(self, source: str, within: tuple[Moment | None, Moment | None] | None = None) -> Coverage:
        """Recorded intervals, gaps and overlaps of a source, each with who says so."""
        line = self.line(source)
        return line.coverage(source, self._range(line, within))

    def overview(
        self, source: str, within: tuple[Moment | None, Moment | None] | None = None, *, most: int = 2000
    ) -> Overview:
        """What is recorded of a source, coarsely, after all its files were listed."""
        return overview_of(self, source, within, most)

    def overviews(
        self,
        within: tuple[Moment | None, Moment | None] | None = None,
        *,
        most: int = 2000,
        checked: bool = False,
        sources: Sequence[str] | None = None,
    ) -> tuple[Overview, ...]:
        """All sources, or those named; from their catalogues, where there are any and nothing need be `checked`."""
        return overviews(self, self._shelf, within, most, checked, sources)

    def instants(
        self,
        source: str,
        within: tuple[Moment | None, Moment | None] | None = None,
        *,
        limit: int = 10_000,
        newest_first: bool = False,
    ) -> tuple[int, ...]:
        """When the pictures of a range are shown, by the index; at most `limit` of them, in order."""
        return self._times("instants", source, within, limit, newest_first)

    def keys(
        self, source: str, within: tuple[Moment, Moment], *, limit: int = 1000, newest_first: bool = False
    ) -> tuple[int, ...]:
        """When the key pictures of a range are shown, by the index: those where decoding may begin."""
        return self._times("keys", source, within, limit, newest_first)

    def _times(
        self, verb: str, source: str, within: tuple[Moment | None, Moment | None] | None, limit: int, newest: bool
    ) -> tuple[int, ...]:
        check_limit(limit)
        line = self.line(source)
        return self._instants(verb, line, self._range(line, within), limit, newest)

    def _instants(self, verb: str, line: TimeLine, wanted: Range, limit: int, newest: bool) -> tuple[int, ...]:
        places = [place(piece) for piece in line.within(wanted)]
        job = {"places": places, "from": wanted.begin, "to": wanted.end, "limit": limit, "newest": newest}
        return numbers(self._worker.call(verb, job).blobs[0]) if places else ()

    def step(self, source: str, at: Moment | int, by: int, unit: Unit) -> int | None:
        """The instant of the picture `by` units from the one shown at `at`, by the index (see `stepping`)."""
        line = self.line(source)
        track = Track(
            span=line.whole,
            times=lambda *asked: self._instants("keys" if asked[3] else "instants", line, *asked[:3]),
            recorded=lambda us: line.showing(us) is not None,
            gaps=lambda wanted: (line.coverage(source, wanted).gaps, True),
        )
        return step(track, place_of(at, lambda moment: resolve(moment, line, "at")), by, unit)

    def view(
        self, source: str, at: Moment, masks: tuple[Mask, ...] = (), crop: Area | None = None, *, width: int = 0
    ) -> Seen:
        """The frame shown at `at` as a JPEG for eyes; the worker keeps what it decoded around it."""
        line, piece, when = self._showing(source, at)
        painted = [mask_look(mask, line) for mask in masks]
        look: dict[str, Any] = {"masks": painted, "crop": None if crop is None else crop.corners()}
        reply = self._worker.call("view", {**look, "place": place(piece), "at": when, "width": width})
        told = {"place": place(piece), **reply.data}
        look = {**look, "small": False, "from": when, "to": when + 1}
        return Seen(
            frame=self._frame(source, line, told, look),
            jpeg=reply.blobs[0],
            width=told["width"],
            height=told["height"],
            of=tuple(told["of"]),
            key=told["key"],
            picture_type=told["picture_type"],
        )

    def frame(self, source: str, at: Moment, masks: tuple[Mask, ...] = (), crop: Area | None = None) -> Frame:
        """The frame shown at `at`; NothingRecorded before the first picture, behind the last one or in a gap."""
        line, piece, when = self._showing(source, at)
        return self._frames(source, line, [(piece, when)], masks, crop, within=Range(when, when + 1), small=False)[0]

    def snapshot(self, source: str, at: Moment, masks: tuple[Mask, ...] = (), crop: Area | None = None) -> Snapshot:
        """The frame shown at `at`, from the very bytes whose hash it names."""
        line, piece, when = self._showing(source, at)
        state = unchanged.state_of(piece.path)
        digest = unchanged.sha256(piece.path)
        job = {
            "place": place(piece),
            "at": when,
            "masks": [mask_look(mask, line) for mask in masks],
            "crop": None if crop is None else crop.corners(),
        }
        reply = self._worker.call("snapshot", job)
        unchanged.check_unchanged(piece.path, state)
        told = {key: reply.data[key] for key in _TOLD}
        return Snapshot(
            **told,
            source=source,
            file=piece.name,
            file_sha256=digest,
            time_base=Fraction(reply.data["time_base"]),
            instant=reply.data["us"],
            dated=line.dated,
            png=reply.blobs[0],
            masks=tuple(_bare(masks[i], reply.data["us"], line) for i in reply.data["active"]),
            crop=crop,
            transforms=tuple(reply.data["transforms"]),
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
        """Up to `n` small pictures spread evenly: key frames, or exact frames where key frames are too sparse."""
        if not 1 <= n <= 10_000:
            raise RequestError("n", f"{n} is not a number of pictures from 1 to 10000")
        line = self.line(source)
        wanted = self._range(line, (begin, end))
        span = wanted.end - wanted.begin
        times = [wanted.begin + span * i // n for i in range(n)]
        found = [(piece, t) for t in times if (piece := line.showing(t)) is not None]
        return self._frames(source, line, found, masks, crop, within=wanted, small=True)

    def plan(self, spec: ExportSpec) -> ExportPlan:
        """What carrying out `spec` would do, segment by segment and field by field."""
        return self._runner(spec.source).plan(spec)

    def run(
        self,
        plan: ExportPlan,
        out: Path,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
    ) -> ExportResult:
        """Carry out a plan in the worker process, into the folder `out`."""
        return self._runner(plan.spec.source).run(plan, out, on_progress, cancel)

    def _runner(self, source: str) -> Runner:
        return Runner(source, self.line(source), self.config.source(source), self._worker)

    def line(self, source: str) -> TimeLine:
        """The source's recordings on its time line, indexed where they were not yet."""
        return self._shelf.laid(source).line

    def _showing(self, source: str, at: Moment) -> tuple[TimeLine, Piece, int]:
        """The recording whose picture is shown at `at`, and that instant; NothingRecorded where there is none."""
        line = self.line(source)
        when = resolve(at, line, "at")
        piece = line.showing(when)
        if piece is None:
            raise NothingRecorded(
                f"{source} shows no picture at {shown(when, line.dated)}",
                f"`workbench coverage` lists what {source} holds.",
            )
        return line, piece, when

    def _source(self, source: str) -> Source:
        laid = self._shelf.laid(source)
        line = laid.line
        config = self.config.source(source)
        by = list(dict.fromkeys(piece.dating.by for piece in line.pieces))
        assumed = config.zone is None and any(piece.dating.zone_assumed for piece in line.pieces)
        zone_note = ("no zone is named for its times: UTC is assumed",) if assumed else ()
        return Source(
            id=source,
            name=config.name or source,
            files=tuple(self._shelf.name(path) for path in self._shelf.paths(laid.scan)),
            first=line.first,
            last=line.last,
            dated_by=", ".join(by) if line.dated else "undated",
            zone=config.zone or "UTC",
            zone_assumed=assumed,
            clock_offset=config.clock_offset,
            notes=(*zone_note, *laid.notes),
        )

    def _described(self, source: str, path: Path) -> Recorded:
        unread: list[str] = []
        state = unchanged.state_of(path) if path.is_file() else None
        name, index = self._shelf.name(path), self._shelf.index_path(path)
        head = self._shelf.head(path, unread.append)
        if head is None:
            return Recorded(file=name, path=path, facts={}, losses=tuple(unread), state=state)
        losses = [f"{loss['text']} ({loss['witness']})" for loss in head["losses"]]
        facts: dict[str, Any] = {}
        try:
            facts = self._worker.call("describe", {"path": str(path), "index": str(index)}).data["facts"]
        except (SourceError, WorkerDied) as exc:
            losses.append(exc.message.replace(str(path), name))
        by = date_file(path.name, self.config.source(source), head["facts"]["created"]).by
        return Recorded(file=name, path=path, facts={**facts, "dated_by": by}, losses=tuple(losses), state=state)

    def _range(self, line: TimeLine, within: tuple[Moment | None, Moment | None] | None) -> Range:
        whole = line.whole()
        begin, end = within or (None, None)
        return Range(
            whole.begin if begin is None else resolve(begin, line, "begin"),
            whole.end if end is None else resolve(end, line, "end"),
        )

    def _frames(
        self,
        source: str,
        line: TimeLine,
        wanted: list[tuple[Piece, int]],
        masks: tuple[Mask, ...],
        crop: Area | None,
        *,
        within: Range,
        small: bool,
    ) -> list[Frame]:
        """The pictures shown at the wanted instants, each once; masks cover what is active at a picture's own time."""
        look = {
            "masks": [mask_look(mask, line) for mask in masks],
            "crop": None if crop is None else crop.corners(),
            "small": small,
            "from": within.begin,
            "to": within.end,
        }
        places = [{**place(piece), "at": at} for piece, at in wanted]
        reply = self._worker.call("frames", {**look, "places": places})

        pictures: list[bytes | None] = [*reply.blobs] or [None] * len(reply.data["frames"])
        return [self._frame(source, line, f, look, p) for f, p in zip(reply.data["frames"], pictures, strict=True)]

    def _frame(
        self, source: str, line: TimeLine, found: dict[str, Any], look: dict[str, Any], picture: bytes | None = None
    ) -> Frame:
        """A picture that the worker found; rendered there when somebody asks, where it did not bring `picture`."""

        def render(form: str, quality: int) -> bytes:
            if form == "jpeg" and picture is not None:
                return picture
            job = {**look, "place": found["place"], "rank": found["rank"], "form": form, "quality": quality}
            return self._worker.call("picture", job).blobs[0]

        return Frame(
            source=source,
            file=found["place"]["name"],
            instant=found["us"],
            pts=found["pts"],
            time_base=Fraction(found["time_base"]),
            dated=line.dated,
            render=render,
        )


def _bare(mask: Mask, us: int, line: TimeLine) -> Mask:
    """What a mask is on one frame: its shape there, with neither keys nor a time range."""
    return replace(shown_still(mask, us, line), begin=None, end=None)
