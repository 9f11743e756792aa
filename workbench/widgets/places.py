"""Where an archive lies, as plain data without secrets: kept in a session's memory, opened again, written as Python.

place_of(archive)        {"folder": "/mnt/disk/recordings"} or {"url": "http://vms:8000/api", "user": "anna", …}
reopened(place)          the archive there; a password comes from the keyring or a prompt
same(a, b)               whether both name the same footage: the same folder, or the same URL

A case folder may come from anybody, so what it remembers neither decides where a password of this person goes nor turns
the check of certificates off.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workbench.archives.base import Archive
from workbench.archives.local import LocalArchive
from workbench.archives.opening import open_archive
from workbench.archives.remote import RemoteArchive
from workbench.core.errors import RequestError
from workbench.vms.credentials import PASSWORD, TOKEN
from workbench.vms.tls import Trust

Place = dict[str, Any]
PROMPT = "prompt=lambda whose: getpass(f'Password of {whose}: ')"
"""Asked only where neither environment nor keyring has a password."""


def place_of(archive: Archive) -> Place:
    """Where an archive lies and how it is asked; empty for a kind that cannot be opened by a name."""
    if isinstance(archive, LocalArchive):
        return {"folder": str(archive.folder.resolve())}
    if isinstance(archive, RemoteArchive):
        return {"url": archive.url, **_options(archive)}
    return {}


def as_place(value: Any) -> Place:
    """A place as plain data holds it; empty where it names none."""
    if not isinstance(value, Mapping) or not any(isinstance(value.get(key), str) for key in ("folder", "url")):
        return {}
    return dict(value)


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both are the same footage; a place that is not known is taken for any."""
    return not one or not other or _name(one) == _name(other)


def words(place: Mapping[str, Any]) -> str:
    """A place for a person."""
    return str(place.get("url") or place.get("folder") or "an archive without a name")


def reopened(place: Mapping[str, Any], **remote: Any) -> Archive:
    """The archive at a place; RequestError where no place is known or there, or a secret would leave."""
    if isinstance(place.get("url"), str):
        _must_be_named(place["url"], remote)
        return open_archive(place["url"], **{**_arguments(place), **remote})
    folder = place.get("folder")
    if not isinstance(folder, str):
        raise RequestError("archive", "the case does not remember one", "Name it: Workbench(ARCHIVE, case=…).")
    if not Path(folder).exists():
        advice = "Bring it back, or name the archive: Workbench(ARCHIVE, case=…)."
        raise RequestError("archive", f"{folder}, which the case remembers, is not there", advice)
    return open_archive(Path(folder), **remote)


def as_line(archive: Archive) -> tuple[str, set[str], set[str]]:
    """(the call that opens an archive, names of ours it needs, further import lines); RequestError for other kinds."""
    if isinstance(archive, LocalArchive):
        return f"LocalArchive({os.fspath(archive.folder)!r})", {"LocalArchive"}, set()
    if not isinstance(archive, RemoteArchive):
        raise RequestError("archive", "it is of a kind that cannot be written as Python", "Open it yourself.")
    told, names = _options(archive), {"open_archive"}
    trust = told.pop("trust", None)
    given = [f"{key}={value!r}" for key, value in told.items()]
    if trust is not None:
        names.add("Trust")
        given.append(f"trust=Trust({', '.join(f'{key}={value!r}' for key, value in trust.items())})")
    call = f"open_archive({', '.join([repr(archive.url), *given, PROMPT])})"
    return call, names, {"from getpass import getpass"}


def _must_be_named(url: str, remote: Mapping[str, Any]) -> None:
    """RequestError where a secret that is bound to no server would go to one that only a case names."""
    at_hand = [name for name in (PASSWORD, TOKEN) if os.environ.get(name)]
    at_hand += [name for name in ("password", "token") if remote.get(name)]
    if at_hand:
        what = f"the case remembers the server {url}, and {at_hand[0]} would be sent to it"
        raise RequestError("archive", what, f"If it is yours, name it: Workbench({url!r}, case=…).")


def _options(archive: RemoteArchive) -> Place:
    """What differs from the defaults of `RemoteArchive`; never a secret."""
    connection = archive.connection
    told: Place = {}
    if user := connection.user or connection.address.user:
        told["user"] = user
    if connection.auth != "auto":
        told["auth"] = connection.auth
    if archive.derive != "never":
        told["derive"] = archive.derive
    if archive.keep:
        told["keep"] = True
    trust = _trust(connection.trust)
    return {**told, **({"trust": trust} if trust else {})}


def _trust(trust: Trust) -> Place:
    told: dict[str, Any] = {} if trust.ca is None else {"ca": os.fspath(trust.ca)}
    if trust.fingerprint is not None:
        told["fingerprint"] = trust.fingerprint
    return told if trust.verify else {**told, "verify": False}


def _arguments(place: Mapping[str, Any]) -> dict[str, Any]:
    given = {key: place[key] for key in ("user", "auth", "derive", "keep") if key in place}
    trust = place.get("trust")
    pins = {key: trust[key] for key in ("ca", "fingerprint") if key in trust} if isinstance(trust, Mapping) else {}
    return {**given, **({"trust": Trust(**pins)} if pins else {})}


def _name(place: Mapping[str, Any]) -> tuple[Any, Any]:
    return place.get("folder"), place.get("url")
