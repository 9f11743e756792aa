"""ARCHIVE on the command line: a folder of recordings, or the URL of a VMS. Its grammar, and how it is opened.

    http[s]://[user@]host[:port][/prefix]     password: WORKBENCH_VMS_PASSWORD, the keyring, or asked for

A URL is opened with what --derive, --keep, --ca, --fingerprint and --no-tls-check say; a folder takes none of them.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workbench.core.errors import RequestError

if TYPE_CHECKING:
    from workbench.archives.base import Archive
    from workbench.archives.remote import RemoteArchive

URLS = """\
ARCHIVE may be the URL of a VMS: http[s]://[user@]host[:port][/prefix]. Its password comes from WORKBENCH_VMS_PASSWORD
(or a token from WORKBENCH_VMS_TOKEN), from the keyring (service workbench:ORIGIN), or is asked for; never from the URL.
"""
_OPEN: list[Archive] = []
"""Archives that this command opened."""


def place(text: str) -> Path | str:
    """An archive as it was written: a path, or a URL."""
    return text if "://" in text else Path(text)


def add(parser: argparse.ArgumentParser, *, derives: bool = False, flag: bool = False, optional: bool = False) -> None:
    """Let a verb take an archive, as a word (that may be `optional`) or as ``--archive``.

    `derives` where it makes exports.
    """
    words: dict[str, Any] = {"type": place, "metavar": "ARCHIVE", "help": "folder of recordings, or URL of a VMS"}
    if flag:
        parser.add_argument("--archive", dest="archive_place", required=True, **words)
    else:
        parser.add_argument("archive_place", nargs="?" if optional else None, **words)
    connection(parser)
    if derives:
        parser.add_argument(
            "--derive",
            choices=("never", "beyond", "always"),
            help="URL: what the API cannot say is refused (default), or the master is fetched and the rest done here",
        )
        parser.add_argument("--keep", action="store_true", help="URL: leave the finished export on the server")


def connection(parser: argparse.ArgumentParser) -> None:
    """The flags that say whom to trust."""
    parser.add_argument("--ca", type=Path, metavar="FILE", help="URL: certificates to trust instead of the system's")
    parser.add_argument("--fingerprint", metavar="SHA256", help="URL: trust this one certificate")
    parser.add_argument(
        "--no-tls-check", action="store_true", help="URL: trust any certificate; result and report say so"
    )


def opened(args: argparse.Namespace) -> Archive:
    """The archive that the words name; it is closed by `close_all`."""
    from workbench.archives.local import LocalArchive

    if is_remote(args):
        return remote(args)
    given = [name for name in ("ca", "fingerprint", "no_tls_check", "derive", "keep") if getattr(args, name, None)]
    if given:
        flag = "--" + given[0].replace("_", "-")
        raise RequestError(flag, "it is for the URL of a VMS; a folder takes none", "Leave it out.")
    archive = LocalArchive(args.archive_place)
    _OPEN.append(archive)
    return archive


def remote(args: argparse.Namespace) -> RemoteArchive:
    """The VMS that the words name; RequestError where they name a folder."""
    if not is_remote(args):
        raise RequestError("ARCHIVE", f"{args.archive_place} is no URL", "Write http://user@host:8000/prefix.")
    from workbench.archives.remote import RemoteArchive
    from workbench.vms.tls import Trust

    options: dict[str, Any] = {}
    if getattr(args, "derive", None):
        options["derive"] = args.derive
    if getattr(args, "keep", False):
        options["keep"] = True
    trust = Trust(ca=args.ca, fingerprint=args.fingerprint, verify=not args.no_tls_check)
    archive = RemoteArchive(args.archive_place, trust=trust, prompt=_ask if sys.stdin.isatty() else None, **options)
    _OPEN.append(archive)
    return archive


def is_remote(args: argparse.Namespace) -> bool:
    """True where the archive is a URL."""
    return isinstance(args.archive_place, str)


def close_all() -> None:
    """End the processes and connections of every archive that was opened here."""
    while _OPEN:
        _OPEN.pop().close()


def _ask(whose: str) -> str:
    return getpass.getpass(f"password for {whose}: ", stream=sys.stderr)
