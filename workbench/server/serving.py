"""Running a server: until it is stopped (`serve`), or beside other work in the same process (`Background`).

    serve("recordings", port=8000, users=Path("users.toml"), on_ready=print)

    with Background("recordings") as server:          a free port on loopback, everybody may ask
        print(server.url)                             http://127.0.0.1:40123

Exports and camera numbers are kept in the state folder and found again at the next start; one server at a time holds
it. `Background` forgets its own unless it is given one.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal

from workbench.archives import public
from workbench.archives.base import Archive
from workbench.archives.local import default_cache
from workbench.archives.opening import open_archive
from workbench.core.errors import RequestError, WorkError
from workbench.server import app, limits, private
from workbench.server import faults as faulty
from workbench.server.audit import Audit
from workbench.server.auth import Authentication
from workbench.server.call import Service
from workbench.server.camera_numbers import CameraNumbers
from workbench.server.config import AuthMode, ServerConfig
from workbench.server.connections import Uvicorn, bound, configured
from workbench.server.desk import Desk
from workbench.server.health import Health
from workbench.server.hiding import Hiding
from workbench.server.jobs import Jobs
from workbench.server.listing import Listing
from workbench.server.live import LiveClock
from workbench.server.logs import LOGGER
from workbench.server.policy import Policy
from workbench.server.tokens import Tokens

START_SECONDS = 30
LOOPBACK = ("localhost", "127.0.0.1", "::1")
Place = str | Path | Callable[[], Archive]
"""A folder, a URL, or what opens an archive."""


def serve(
    archive: Place,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    cert: Path | None = None,
    key: Path | None = None,
    state: Path | None = None,
    on_ready: Callable[[str], None] | None = None,
    **setup: Any,
) -> str:
    """Serve an archive until SIGINT or SIGTERM; its URL. `setup` as in `Server`; log lines go to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    try:
        with Server(archive, state or default_state(archive), host=host, port=port, cert=cert, key=key, **setup) as it:
            it.run(on_ready)
            return it.url
    finally:
        LOGGER.removeHandler(handler)


def default_state(archive: Place) -> Path:
    """Where a server of this archive keeps what it must not forget, in the user's cache."""
    named = os.path.realpath(archive) if not callable(archive) and "://" not in str(archive) else repr(archive)
    return default_cache() / "server" / hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()[:16]


class Server:
    """A server that listens, with all it holds; `close` lets go of it."""

    def __init__(
        self,
        archive: Place,
        state: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        cert: Path | None = None,
        key: Path | None = None,
        prefix: str = "",
        name: str = "WORKBENCH",
        auth: AuthMode | None = None,
        users: Path | None = None,
        slots: int = 2,
        queue: int = 32,
        keep_hours: float = 10.0,
        cut: Literal["exact", "keyframe"] = "exact",
        strict: bool = False,
        faults: Path | None = None,
    ) -> None:
        """Bind the port and take up what the state folder holds; WorkError or RequestError where that cannot be."""
        limits.check(slots=slots, queue=queue, keep_hours=keep_hours)
        mode = _mode(auth, users, host)
        self._held = contextlib.ExitStack()
        try:
            self._socket = self._held.enter_context(bound(host, port))
            factory = archive if callable(archive) else partial(open_archive, archive)
            opened = factory()
            self._held.callback(opened.close)
            hide = _hiding(opened, state)
            config = ServerConfig(
                host=name, prefix=prefix, auth=mode, strict=strict, cut=cut, hide=hide, answers_to=LOOPBACK,
            )  # fmt: skip
            _made(state)
            jobs = Jobs(state, factory, slots=slots, queue=queue, keep_hours=keep_hours, hide=hide)
            self._held.callback(jobs.close)
            self.service = self._service(config, opened, Policy(users), jobs, state)
            self._server = Uvicorn(configured(self._application(faults), cert, key))
        except BaseException:
            self._held.close()
            raise
        at = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if cert else 'http'}://{at}:{self._socket.getsockname()[1]}{config.prefix}"
        public.served(self.url)

    def _service(self, config: ServerConfig, archive: Archive, policy: Policy, jobs: Jobs, state: Path) -> Service:
        numbers = CameraNumbers(state / "cameras.sqlite")
        numbers.numbers(source.id for source in archive.sources())
        policy.watch(lambda: {source.id for source in archive.sources()})
        desk, tokens = Desk(config.most_waiting), Tokens()
        return Service(
            config=config,
            archive=archive,
            desk=desk,
            listing=Listing(archive, numbers, config),
            policy=policy,
            tokens=tokens,
            auth=Authentication(config.auth, policy, tokens, desk),
            audit=Audit(state / "audit.sqlite"),
            jobs=jobs,
            live=LiveClock(_began(state / "live-began")),
            health=Health(archive, state, jobs, policy),
            began=time.monotonic(),
        )

    def _application(self, plan: Path | None) -> Any:
        built = app.build(self.service)
        return built if plan is None else faulty.Faulty(built, faulty.Plan.read(plan))

    def run(self, on_ready: Callable[[str], None] | None = None) -> None:
        """Answer until stopped; `on_ready` hears the URL once the port is listened to."""
        self._server.on_ready = (lambda: on_ready(self.url)) if on_ready is not None else None
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Make `run` return soon; from any thread."""
        self._server.should_exit = True

    def close(self) -> None:
        """Let go of jobs, archive and port; exports that ran are taken up at the next start."""
        self._held.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


class Background:
    """A server in a thread of this process, for tests, notebooks and the demo."""

    def __init__(self, archive: Place, *, state: Path | None = None, **setup: Any) -> None:
        """Nothing runs before ``with``; `setup` as in `Server`. Without `state`, one that is forgotten."""
        self._archive, self._state, self._setup = archive, state, setup
        self._held = contextlib.ExitStack()
        self.url = ""
        """Where it listens; empty before it does."""

    def start(self) -> Background:
        """Serve from now on; itself, its `url` known."""
        with contextlib.ExitStack() as held:
            state = self._state
            if state is None:
                state = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="workbench-server-")))
            server = held.enter_context(Server(self._archive, state, **self._setup))
            ready = threading.Event()
            thread = threading.Thread(
                target=server.run, args=(lambda _: ready.set(),), name="workbench-server", daemon=True
            )
            thread.start()
            held.callback(thread.join)
            held.callback(server.stop)
            if not ready.wait(START_SECONDS):
                raise WorkError(f"the server did not start within {START_SECONDS} seconds")
            self.server, self.url, self._held = server, server.url, held.pop_all()
        return self

    def stop(self) -> None:
        """Serve no more; a second call does nothing."""
        self._held.close()

    def __enter__(self) -> Background:
        return self.start()

    def __exit__(self, *raised: object) -> None:
        self.stop()


def _mode(auth: AuthMode | None, users: Path | None, host: str) -> AuthMode:
    """How users are known: by the file where there is one; openly on loopback only. RequestError otherwise."""
    mode = auth or ("open" if users is None else "basic")
    if mode != "open" and users is None:
        raise RequestError("users", "it is missing", "Name a users file, or serve openly on loopback.")
    if mode == "open" and host not in LOOPBACK:
        raise RequestError("users", f"{host} can be reached by others, so users are wanted", "Name a users file.")
    return mode


def _hiding(archive: Archive, state: Path) -> Hiding:
    """What clients must not hear of: the folders here, and the VMS behind this server where there is one."""
    local, url = getattr(archive, "folder", None), getattr(archive, "url", None)
    found = [spelt for place in (local, state) if place for spelt in (os.path.realpath(place), str(place))]
    places = dict.fromkeys(place for place in found if Path(place).is_absolute() and Path(place).parent != Path(place))
    return Hiding(places=tuple(places), urls=() if url is None else (url,))


def _made(folder: Path) -> None:
    """Make the state folder where there is none, for its owner's eyes only: it holds footage (see `private`)."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=private.FOLDER)
    except OSError as exc:
        reason = exc.strerror or exc
        raise WorkError(f"the state folder cannot be made ({reason})", "Name another one with --state.") from exc


def _began(path: Path) -> int:
    """When recordings began to play as live: the first time this state folder was served."""
    try:
        if not path.exists():
            path.write_text(str(time.time_ns() // 1000), encoding="ascii")
        private.file(path)
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as exc:
        raise WorkError(f"{path.name} in the state folder cannot be used ({exc})", "Remove it.") from exc
