"""Grammar and verbs of the remote side and of batches: acquire, resume, serve, user, batch.

    workbench serve FOLDER --users users.toml            the reference VMS over an archive
    workbench user users.toml anna --rights view,export  someone who may use it
    workbench acquire URL SOURCE BEGIN END --out DIR     a master from a VMS, kept as it came, as a folder to work on
    workbench resume URL ID --out DIR                    an export that was started by a process that is gone
    workbench batch FILE.csv --archive PLACE --out DIR   a row a request

What these verbs do is in `archives.remote`, `server` and `batch`; here words become arguments.
"""

from __future__ import annotations

import argparse
import getpass
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from workbench import cli_place
from workbench import cli_remote_show as show
from workbench.cli_answer import Answer
from workbench.cli_show import Bar
from workbench.core.errors import Cancelled, RequestError, WorkError
from workbench.core.spec import ExportSpec
from workbench.core.timebase import parse_time

Maker = Callable[..., argparse.ArgumentParser]
PASSWORD = "WORKBENCH_VMS_PASSWORD"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SERVED = """\
The server speaks the VMS's HTTP export API over any archive. Without --users it only starts with --no-auth, and then
only on loopback. Stop it with Ctrl-C: exports that run are taken up again when it is started with the same --state.
"""


def add_verbs(verbs: Any, maker: Maker) -> None:
    """Add the verbs of the remote side to the command's subparsers."""
    _acquire(verbs, maker)
    _resume(verbs, maker)
    _serve(verbs, maker)
    _user(verbs, maker)
    _batch(verbs, maker)


def _acquire(verbs: Any, maker: Maker) -> None:
    parser = maker(verbs, "acquire", "fetch a master from a VMS, untouched, as a folder to work on", cli_place.URLS)
    cli_place.add(parser)
    parser.add_argument("source", metavar="SOURCE", help="id of a camera, see `sources`")
    for name in ("begin", "end"):
        parser.add_argument(name, metavar=name.upper())
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder that becomes an archive")


def _resume(verbs: Any, maker: Maker) -> None:
    text = "take up an export of a VMS whose process is gone; without ID, list those that are open"
    parser = maker(verbs, "resume", text, cli_place.URLS)
    cli_place.add(parser)
    parser.add_argument("id", metavar="ID", nargs="?", help="id of the export, as the server gave it")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the finished files")


def _serve(verbs: Any, maker: Maker) -> None:
    parser = maker(verbs, "serve", "serve an archive over the VMS's HTTP export API", SERVED)
    cli_place.add(parser)
    add = parser.add_argument
    add("--host", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (default 127.0.0.1)")
    add("--port", type=int, default=8000, metavar="PORT", help="default 8000; 0 takes a free one")
    add("--prefix", default="", metavar="/P", help="path in front of every address")
    add("--users", type=Path, metavar="FILE", help="who may do what, see `workbench user`")
    add("--no-auth", action="store_true", help="let everybody in; on loopback only")
    add("--auth", choices=("basic", "bearer3"), default="basic", help="bearer3: Basic is good for a token only")
    add("--name", default="WORKBENCH", metavar="HOST", help="the server's name in camera ids")
    add("--state", type=Path, metavar="DIR", help="folder for exports and their records (default: the user's cache)")
    add("--slots", type=int, default=2, metavar="N", help="exports that run at once (default 2)")
    add("--queue", type=int, default=32, metavar="N", help="exports that may wait; beyond, 503 (default 32)")
    add("--keep-hours", type=float, default=10.0, metavar="H", help="hours that an untouched export is kept")
    add("--cut", choices=("exact", "keyframe"), default="exact", help="keyframe: as VMSs do where they copy")
    add("--strict", action="store_true", help="refuse what the API calls wrong instead of putting up with it")
    add("--cert", type=Path, metavar="FILE", help="TLS: certificate chain, PEM")
    add("--key", type=Path, metavar="FILE", help="TLS: its private key, PEM")
    add("--faults", type=Path, metavar="PLAN", help="misbehave on purpose as this TOML file says, for training")


def _user(verbs: Any, maker: Maker) -> None:
    parser = maker(verbs, "user", "add or change someone who may use the server")
    parser.add_argument("file", type=Path, metavar="FILE", help="the users file; made where there is none")
    parser.add_argument("name", metavar="NAME")
    add = parser.add_argument
    add("--rights", default="view", metavar="view,export,live,unmasked", help="what it may do (default view)")
    add("--cameras", default="*", metavar="A,B", help="cameras it may see (default all)")


def _batch(verbs: Any, maker: Maker) -> None:
    columns = f"columns (crop, masks and areas as JSON): {', '.join(f.name for f in fields(ExportSpec))}\n\n"
    parser = maker(verbs, "batch", "carry out many requests, a row each; run again, only what is missing is made",
                   columns + cli_place.URLS)  # fmt: skip
    parser.add_argument("file", type=Path, metavar="FILE.csv", help="the requests")
    cli_place.add(parser, derives=True, flag=True)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder below it for each item")
    parser.add_argument("--at-once", type=int, metavar="N", help="how many at a time (a folder: cores; a VMS: 2)")
    parser.add_argument("--dask", metavar="ADDRESS", help="address of a Dask scheduler whose workers do it")


def acquire(args: argparse.Namespace) -> Answer:
    """``workbench acquire URL SOURCE BEGIN END --out DIR``."""
    begin, end = parse_time(args.begin, "begin"), parse_time(args.end, "end")
    archive, bar = cli_place.remote(args), Bar(sys.stderr)
    try:
        document = archive.acquire(args.source, begin, end, args.out, on_progress=bar).to_json()
    finally:
        bar.clear()
    return Answer(document, show.acquired(document))


def resume(args: argparse.Namespace) -> Answer:
    """``workbench resume URL [ID --out DIR]``."""
    archive, bar = cli_place.remote(args), Bar(sys.stderr)
    if args.id is None:
        document: dict[str, Any] = {"pending": [one.to_json() for one in archive.pending()]}
        return Answer(document, show.pending(document))
    if args.out is None:
        raise RequestError("--out", "name the folder for the finished files")
    try:
        document = archive.resume(args.id, args.out, on_progress=bar).to_json()
    finally:
        bar.clear()
    return Answer(document, show.export(document))


def serve(args: argparse.Namespace) -> Answer:
    """``workbench serve ARCHIVE``: until it is stopped."""
    _check_open(args)
    try:
        from workbench.server import serving
    except ImportError as exc:
        raise WorkError("serving needs starlette and uvicorn", "pip install 'forensic-workbench[server]'") from exc
    place = args.archive_place
    served = serving.serve(
        place if isinstance(place, Path) else lambda: cli_place.remote(args),
        host=args.host,
        port=args.port,
        cert=args.cert,
        key=args.key,
        prefix=args.prefix,
        name=args.name,
        auth="open" if args.no_auth else args.auth,
        users=args.users,
        state=args.state or serving.default_state(place),
        slots=args.slots,
        queue=args.queue,
        keep_hours=args.keep_hours,
        cut=args.cut,
        strict=args.strict,
        faults=args.faults,
        on_ready=show.ready(sys.stderr),
    )
    document = {"served": served, "stopped": True}
    return Answer(document, iter(("stopped",)))


def user(args: argparse.Namespace) -> Answer:
    """``workbench user FILE NAME``."""
    from workbench.server import users

    rights, cameras = _words(args.rights), _words(args.cameras)
    users.add(args.file, args.name, _new_password(args.name), rights, cameras)
    document = {"file": str(args.file), "name": args.name, "rights": list(rights), "cameras": list(cameras)}
    return Answer(document, show.user(document))


def batch(args: argparse.Namespace) -> Answer:
    """``workbench batch FILE.csv --archive ARCHIVE --out DIR``; exit code 130 after Ctrl-C, 5 where an item failed."""
    from workbench.batch import run_batch

    archive, tell = cli_place.opened(args), show.batch_line(sys.stderr)
    with _cluster(args.dask) as executor:
        done = run_batch(args.file, archive, args.out, executor=executor, at_once=args.at_once, on_progress=tell)
    document = done.to_json()
    code = Cancelled.exit_code if done.interrupted else WorkError.exit_code if done.count("failed") else 0
    return Answer(document, show.batch(document), code)


@contextmanager
def _cluster(address: str | None) -> Iterator[Executor | None]:
    if address is None:
        yield None
        return
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as exc:
        raise WorkError("--dask needs dask.distributed", "pip install 'forensic-workbench[dask]'") from exc
    try:
        client = distributed.Client(address, timeout=10)
    except (OSError, ValueError) as exc:
        raise WorkError(f"no Dask scheduler answers at {address}", "Check the address.") from exc
    with client:
        yield client.get_executor()


VERBS: dict[str, Callable[[argparse.Namespace], Answer]] = {
    "acquire": acquire,
    "resume": resume,
    "serve": serve,
    "user": user,
    "batch": batch,
}


def _check_open(args: argparse.Namespace) -> None:
    """Nobody opens an archive to a network by leaving a flag out."""
    if args.users is None and not args.no_auth:
        raise RequestError("--users", "it is missing", "Name a users file (`workbench user` makes one), or --no-auth.")
    if args.users is not None and args.no_auth:
        raise RequestError("--no-auth", "it contradicts --users", "One of the two.")
    if args.no_auth and args.host not in LOOPBACK:
        raise RequestError("--no-auth", f"{args.host} can be reached by others", "Name a users file with --users.")
    if (args.cert is None) != (args.key is None):
        raise RequestError("--key", "TLS needs a certificate and its key", "Name both --cert and --key.")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _new_password(name: str) -> str:
    """From the environment, a terminal (twice), or one line of standard input."""
    if (given := os.environ.get(PASSWORD)) is not None:
        return given
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    word = getpass.getpass(f"password for {name}: ", stream=sys.stderr)
    if getpass.getpass("once more: ", stream=sys.stderr) != word:
        raise RequestError("password", "the two are not the same", "Try again.")
    return word
