"""The client of a VMS's HTTP export API: one method a question, nouns of `wire` for answers.

    with Client("http://anna@vms.example:8000/asip-api") as client:
        for camera in client.cameras():
            print(camera.name, client.intervals(camera.id, PAST, FUTURE).intervals)

Everything goes through `Transport` and is on the flight record. Times are microseconds since 1970 UTC, or `Bound`s.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from workbench.core.errors import Cancelled, NothingRecorded, RemoteError, SourceError
from workbench.vms import flight as record
from workbench.vms import paging
from workbench.vms.address import Address
from workbench.vms.credentials import Prompt, find
from workbench.vms.download import Download, Downloaded, OnBytes
from workbench.vms.flight import Flight
from workbench.vms.following import Gone
from workbench.vms.tls import Trust
from workbench.vms.tokens import DENIED, Auth, Doorkeeper, refusal
from workbench.vms.transport import (
    ADVICE,
    BUSY,
    Answer,
    Busy,
    Interrupted,
    Timeouts,
    Transport,
    Unanswered,
    left,
    retry_after,
    wait,
)
from workbench.vms.wire import grpc, listing, location, paths, recorded
from workbench.vms.wire import status as wire_status
from workbench.vms.wire.nouns import Camera, Depth, FrameTimes, HostInfo, Intervals, Status, Storage
from workbench.vms.wire.times import PAST, Time

PAGE = 1000
"""Intervals that are asked for at once; a server may give fewer."""
MOST_PICTURE = 64 * 2**20
SEE_SOURCES = "See `workbench sources`."
NO_LIST = "Check the prefix in {url}: the API may lie behind another one (many servers want /asip-api), or none."
LOOKS = 3
"""Times that an export is looked for whose start nobody answered."""
T = TypeVar("T")


class Unsure(RemoteError):
    """Nobody can tell whether the server began the export that it was asked for."""


class Unlisted(RemoteError):
    """The server does not list exports, now or ever."""


class Client:
    """See the module; safe to use from several threads."""

    def __init__(
        self,
        address: str | Address,
        *,
        user: str | None = None,
        password: str | None = None,
        token: str | None = None,
        prompt: Prompt | None = None,
        auth: Auth = "auto",
        trust: Trust | None = None,
        timeouts: Timeouts | None = None,
        flight: Flight | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        """Prepare a client; nothing is sent yet. RequestError for a wrong address or a missing password.

        `cancel`, once set, ends whatever is asked with Cancelled; `delete` and `sessions(within=…)` are carried out.
        """
        self.address = Address.parse(address) if isinstance(address, str) else address
        credentials = find(self.address, user=user, password=password, token=token, prompt=prompt)
        self.user = credentials.user if credentials else ""
        self.flight = flight or Flight()
        self._transport = Transport(
            self.address,
            credentials=credentials,
            trust=trust or Trust(),
            timeouts=timeouts or Timeouts(),
            flight=self.flight,
            cancel=cancel,
        )
        self._door = Doorkeeper(self._transport, auth)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Give a token back, and let go of all connections."""
        with closing(self._transport):
            self._door.close()

    @property
    def timeouts(self) -> Timeouts:
        """How long it waits."""
        return self._transport.timeouts

    @property
    def tls(self) -> dict[str, Any]:
        """How the server proved who it is: verified, by what, the certificate's SHA-256."""
        if self.address.scheme == "http":
            return {"verified": False, "by": "nothing: plain HTTP", "fingerprint": None}
        trust = self._transport.trust
        verified = trust.verify or trust.fingerprint is not None
        return {"verified": verified, "by": trust.by, "fingerprint": self._transport.fingerprint}

    def version(self) -> str:
        """What the server calls itself; empty where it does not say."""
        answer = self._request("GET", paths.version())
        return listing.read_version(answer.body) if answer.status == 200 else ""

    def hosts(self) -> tuple[str, ...]:
        """Names of the VMS's servers."""
        return self._asked(paths.hosts(), listing.read_hosts, "the list of hosts")

    def host(self, name: str) -> HostInfo:
        """One of them."""
        return self._asked(paths.host(name), listing.read_host, f"host {name}")

    def cameras(self) -> tuple[Camera, ...]:
        """All cameras, page by page."""
        found: dict[str, Camera] = {}
        query: dict[str, str] = {}
        for _ in range(paging.MOST_PAGES):
            what, advice = "the list of cameras", NO_LIST.format(url=self.address.url)
            page = self._asked(paths.cameras(), listing.read_cameras, what, query, advice=advice)
            known = len(found)
            found.update((camera.id, camera) for camera in page.cameras)
            if not page.next_page:
                return tuple(found.values())
            if len(found) == known:
                raise RemoteError("the list of cameras repeats itself and never ends", ADVICE)
            query = {"next_page": page.next_page}
        raise RemoteError("the list of cameras has no end", ADVICE)

    def archives(self, source: str) -> tuple[Storage, ...]:
        """The storages that hold footage of a camera."""
        return self._asked(paths.archives(source), listing.read_archives, f"the archives of {source}")

    def intervals(
        self, source: str, begin: Time, end: Time, *, scale: int = 0, archive: str | None = None
    ) -> Intervals:
        """What is recorded, all pages; `scale` seconds merges smaller gaps, 0 asks for the exact answer.

        ``more`` stays True where the server would not give the rest; ``unknown`` then says where.
        """
        query = {"limit": str(PAGE), "scale": str(scale)}

        def ask(begin: Time, end: Time) -> Intervals:
            path = paths.intervals(source, begin, end)
            return self._asked(path, recorded.read_intervals, f"the intervals of {source}", query, archive)

        return paging.intervals(ask, begin, end)

    def frames(
        self,
        source: str,
        begin: Time,
        end: Time,
        *,
        limit: int,
        newest_first: bool = False,
        archive: str | None = None,
    ) -> FrameTimes:
        """Times of pictures, at most `limit`, ascending; ``more`` is True where there are further ones."""

        def ask(begin: Time, end: Time, most: int) -> FrameTimes:
            path = paths.frames(source, begin, end, newest_first)
            what, query = f"the frames of {source}", {"limit": str(most)}
            return self._asked(path, recorded.read_frames, what, query, archive)

        return paging.frames(ask, begin, end, limit=limit, newest_first=newest_first)

    def depth(self, source: str, archive: str | None = None) -> Depth | None:
        """First and last instant of an archive; None where it is empty."""
        answer = self._request("GET", paths.depth(source), query=_with({}, archive))
        if answer.status in (204, 404):
            return None
        return recorded.read_depth(self._good(answer, f"the depth of {source}").body)

    def calendar(self, source: str, begin: Time, end: Time, *, archive: str | None = None) -> tuple[int, ...]:
        """Days with footage: the first instant of each."""
        path = paths.calendar(source, begin, end)
        return self._asked(path, recorded.read_calendar, f"the calendar of {source}", {}, archive)

    def picture(
        self,
        source: str,
        at: int,
        *,
        threshold_ms: int = 0,
        width: int = 0,
        height: int = 0,
        archive: str | None = None,
    ) -> bytes:
        """The first picture in [at, at + threshold] as JPEG; NothingRecorded where there is none."""
        query = {"threshold": str(threshold_ms)}
        if width or height:
            query |= {"w": str(width), "h": str(height)}
        answer = self._request("GET", paths.media(source, at), query=_with(query, archive), most=MOST_PICTURE)
        if answer.status == 404:
            raise NothingRecorded(f"{source}: the server has no picture there", "Ask for another instant.")
        body = self._good(answer, f"a picture of {source}").body
        if not body.startswith(b"\xff\xd8"):
            raise RemoteError(f"{source}: what came for a picture is no JPEG", ADVICE)
        return body

    def start_export(
        self,
        source: str,
        begin: Time,
        end: Time,
        body: Mapping[str, Any],
        *,
        live: bool = False,
        archive: str | None = None,
        wait_ms: int = 30_000,
    ) -> str:
        """Start an export and give its id; never asks twice for the same.

        A start whose answer is lost or names no id is looked for among the server's exports by ``body["request"]``.
        Raises Unsure where nobody can tell whether it was begun, Interrupted where a cancel left that open; with any
        other error it was not.
        """
        path = paths.export_start("live" if live else "archive", source, begin, end)
        query, marker = _with({"waittimeout": str(wait_ms)}, archive), str(body.get("request", ""))
        try:
            answer = self._request("POST", path, query=query, body=dict(body), idempotent=False)
        except Unanswered as exc:
            return self._looked_for(marker, exc)
        if answer.status in (502, 504):  # a proxy speaks: the server behind it may have begun
            return self._looked_for(marker, refusal(answer, "an export was asked for", self._transport))
        if answer.status == 404:
            raise SourceError(f"the server knows no camera {source}, or no such archive", SEE_SOURCES)
        if answer.status not in (200, 201, 202):
            raise refusal(answer, f"an export of {source} was asked for", self._transport)
        try:
            return location.read(answer.headers.get("location"))
        except RemoteError as exc:
            return self._looked_for(marker, exc)

    def status(
        self,
        id: str,  # noqa: A002 - the API's own name
        *,
        cancel: threading.Event | None = None,
        within: float | None = None,
    ) -> Status:
        """The state of an export; Gone where the server does not know it (any more).

        With `within` seconds the server is asked once, and has so long to answer; Busy where it says 429 or 503.
        """
        limits = {} if within is None else {"tries": 1, "total": within}
        answer = self._request("GET", paths.export_status(id), most=wire_status.MOST_BYTES, cancel=cancel, **limits)
        if answer.status in (404, 410):
            raise Gone(f"the server does not know export {id}", "It was deleted or has expired; make it again.")
        if within is not None and answer.status in BUSY:
            said = refusal(answer, f"the state of export {id} was asked for", self._transport)
            raise Busy(said.message, said.advice, retry_after(answer.headers.get("retry-after")) or 0.0)
        state = wire_status.read(self._good(answer, f"the state of export {id}").body, id)
        known = self._transport.credentials
        return replace(state, error=known.redacted(state.error)) if known and state.error else state

    def download(
        self,
        id: str,  # noqa: A002
        name: str,
        path: Path,
        *,
        on_bytes: OnBytes | None = None,
        cancel: threading.Event | None = None,
    ) -> Downloaded:
        """Fetch the file `name` of an export to `path`: whole, or nothing is left there."""
        return Download(self._transport, self._door, id, name, path, on_bytes=on_bytes, cancel=cancel).run()

    def delete(self, id: str, *, within: float | None = None) -> bool:  # noqa: A002
        """Stop an export and remove it from the server; False where the server did not know it.

        The server has `within` seconds for it, those of the time-outs by default; a cancel is not heard.
        """
        with self._transport.heedless():
            answer = self._request("DELETE", paths.export(id), total=within)
        if answer.status in (404, 410):
            return False
        if answer.status not in (200, 202, 204):
            raise refusal(answer, f"export {id} was to be removed", self._transport)
        return True

    def sessions(self, *, within: float | None = None) -> tuple[tuple[str, str], ...]:
        """Id and marker of each of our exports at the server; Unlisted where it never lists them.

        With `within` seconds the server is asked once, and a cancel is not heard.
        """
        limits = {} if within is None else {"tries": 1, "total": within}
        with nullcontext() if within is None else self._transport.heedless():
            answer = self._request("POST", paths.grpc(), body=grpc.write_call(grpc.LIST_SESSIONS), **limits)
        if answer.status != 200:
            said = refusal(answer, "the list of exports was asked for", self._transport)
            unknown = answer.status in (400, 404, 405, 501)  # it does not know the question
            raise Unlisted(said.message, said.advice) if unknown else said
        return grpc.read_sessions(answer.body)

    def skew(self) -> tuple[float, float] | None:
        """(seconds that the server's clock is ahead of ours, ±); None where it does not tell its time."""
        before = time.time()
        answer = self._request("GET", paths.webserver())
        after = time.time()
        if answer.status == 200:
            try:
                return _skew(listing.read_now(answer.body), before, after, 0.0)
            except RemoteError:
                pass
        date = record.date_us(answer.headers.get("date"))
        return None if date is None else _skew(date, before, after, 0.5)

    def _request(self, method: str, path: str, *, total: float | None = None, **more: Any) -> Answer:
        """One request, let in by whatever way works, all in `total` seconds. Raises NotAllowed where none does."""
        until = None if total is None else time.monotonic() + total
        for _ in range(3):
            headers = self._door.headers(until)
            answer = self._transport.request(method, path, headers=headers, total=left(until), **more)
            if answer.status not in DENIED:
                return answer
            if not self._door.try_harder(headers, until):
                break
        raise refusal(answer, f"{method} {path.split('?')[0]}", self._transport)

    def _good(self, answer: Answer, asked: str, advice: str = "") -> Answer:
        if answer.status == 200:
            return answer
        error = refusal(answer, f"{asked} was asked for", self._transport)
        raise SourceError(error.message, advice or SEE_SOURCES) if answer.status == 404 else error

    def _asked(
        self,
        path: str,
        read: Callable[[bytes], T],
        what: str,
        query: Mapping[str, str] | None = None,
        archive: str | None = None,
        *,
        advice: str = "",
    ) -> T:
        answer = self._request("GET", path, query=_with(query or {}, archive))
        return read(self._good(answer, what, advice).body)

    def _looked_for(self, marker: str, lost: RemoteError) -> str:
        """The id of the export that carries our marker; RemoteError where nobody can tell whether it was started."""
        for _ in range(LOOKS if marker else 0):
            _wait_unsure(self._transport.cancel)
            try:
                found = [id_ for id_, theirs in self.sessions() if theirs == marker]
            except RemoteError:
                break
            if found:
                return found[0]
        raise Unsure(
            f"nobody knows whether the export was started: {lost.message}",
            "It was not asked for twice. If it runs, the server removes it after some hours.",
        ) from lost


def _wait_unsure(cancel: threading.Event | None) -> None:
    """A second's pause while it is open whether an export was begun; Interrupted."""
    try:
        wait(1.0, cancel)
    except Cancelled as exc:
        raise Interrupted(exc.message, exc.advice) from exc


def _with(query: Mapping[str, str], archive: str | None) -> dict[str, str]:
    return {**query, **({} if archive is None else {"archive": archive})}


def _skew(server_us: int, before: float, after: float, more: float) -> tuple[float, float]:
    """From one exchange: the server read its clock somewhere between our two readings."""
    middle, half = (before + after) / 2, (after - before) / 2
    return round(server_us / 1e6 + more - middle, 6), round(half + more, 6)


__all__ = ["PAST", "Client"]
