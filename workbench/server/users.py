"""The users file: who may do what, and which masks nobody can lift. TOML, passwords hashed with scrypt.

    [users.anna]
    password = "scrypt$32768$8$1$…$…"        written by `workbench user`
    rights = ["view", "export"]               view · export · live · unmasked
    cameras = ["*"]                           ids of the archive's sources, or all

    [cameras."entrance"]                      "*" for every camera
    masks = [[[0.2, 0.2], [0.3, 0.7], [0.5, 0.5]]]

Unknown keys are an error: a rule that is misspelt must not be a rule that is not there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import re
import secrets
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.core.errors import RequestError, SourceError, WorkError
from workbench.core.spec import Mask

RIGHTS = ("view", "export", "live", "unmasked")
EVERY = "*"
COST = (2**15, 8, 1)
"""scrypt's n, r, p: 32 MiB and about a tenth of a second a password."""
_NAME = re.compile(r"[\w.@-]{1,64}")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ADVICE = "The users file is described in `workbench.server.users`."


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who is known, and what he or she may do."""

    name: str
    rights: frozenset[str] = frozenset()
    cameras: tuple[str, ...] = ()
    """Ids of sources, or ``*``."""
    password: str = field(default="", repr=False)
    """The hash, never the password."""

    def may(self, right: str) -> bool:
        """Whether the right was given."""
        return right in self.rights

    def sees(self, source: str) -> bool:
        """Whether a camera may be asked for at all."""
        return EVERY in self.cameras or source in self.cameras


@dataclass(frozen=True, slots=True, kw_only=True)
class UsersFile:
    """What one users file says."""

    users: Mapping[str, User] = field(default_factory=dict)
    masks: Mapping[str, tuple[Mask, ...]] = field(default_factory=dict)
    """Forced masks by source id; ``*`` for every camera."""


def hashed(password: str) -> str:
    """A password as the file keeps it."""
    salt = secrets.token_bytes(16)
    n, r, p = COST
    parts = (base64.b64encode(data).decode() for data in (salt, _scrypt(password, salt, n, r, p)))
    return "$".join(("scrypt", str(n), str(r), str(p), *parts))


def matches(password: str, stored: str) -> bool:
    """Whether a password is the one that was hashed; takes its time on purpose."""
    n, r, p, salt, digest = _taken_apart(stored)
    return hmac.compare_digest(_scrypt(password, salt, n, r, p), digest)


def read(path: Path) -> UsersFile:
    """The users file; SourceError where it cannot be read, RequestError naming what in it is wrong."""
    text = _text(path)
    if text is None:
        raise SourceError(f"{path.name} cannot be read (there is no such file)", "Name a users file.")
    return parsed(text, path.name)


def parsed(text: str, name: str = "users file") -> UsersFile:
    """What the text of a users file says."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise RequestError(name, f"it is not TOML ({exc})", _ADVICE) from exc
    _only(data, {"users", "cameras"}, name)
    users = {str(n): _user(str(n), entry) for n, entry in _table(data.get("users", {}), "users").items()}
    cameras = _table(data.get("cameras", {}), "cameras")
    return UsersFile(users=users, masks={str(n): _masks(str(n), entry) for n, entry in cameras.items()})


def add(path: Path, name: str, password: str, rights: Iterable[str], cameras: Iterable[str]) -> None:
    """Write a user into the file, in place of one of the same name; all else in it stays as it was, comments too.

    File and folder are made where there are none. RequestError for a user that cannot be, SourceError or WorkError for
    a file that cannot be read or written.
    """
    if not _NAME.fullmatch(name):
        raise RequestError("name", f"{name!r} cannot be a user's name", "Letters, digits and . _ @ -, at most 64.")
    if not password:
        raise RequestError("password", "it is empty")
    wanted = _user(name, {"password": hashed(password), "rights": list(rights), "cameras": list(cameras)})
    old = _text(path) or ""
    before = parsed(old, path.name)
    text = _without(old, name)
    text += ("\n" if text.strip() else "") + _written(wanted)
    if parsed(text, path.name) != UsersFile(users={**before.users, name: wanted}, masks=before.masks):
        raise WorkError(f"{path.name} cannot be changed without changing more", "Edit it by hand.")
    _replace(path, text)


def _text(path: Path) -> str | None:
    """What stands in the file; None where there is none, SourceError where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as exc:
        raise SourceError(f"{path.name} cannot be read ({_reason(exc)})", "Name a users file.") from exc


def _user(name: str, entry: Any) -> User:
    where = f"users.{name}"
    data = _table(entry, where)
    _only(data, {"password", "rights", "cameras"}, where)
    rights, cameras = (_texts(data.get(key, []), f"{where}.{key}") for key in ("rights", "cameras"))
    for right in rights:
        if right not in RIGHTS:
            raise RequestError(f"{where}.rights", f"{right!r} is none of {', '.join(RIGHTS)}")
    password = data.get("password")
    if not isinstance(password, str):
        raise RequestError(f"{where}.password", "a hashed password is wanted", "`workbench user` writes one.")
    _taken_apart(password, f"{where}.password")
    return User(name=name, rights=frozenset(rights), cameras=cameras, password=password)


def _masks(name: str, entry: Any) -> tuple[Mask, ...]:
    where = f"cameras.{name}"
    data = _table(entry, where)
    _only(data, {"masks"}, where)
    polygons = data.get("masks", [])
    if not isinstance(polygons, list) or not all(isinstance(points, list) for points in polygons):
        raise RequestError(f"{where}.masks", "a list of polygons is wanted", "[[[0.2, 0.2], [0.3, 0.7], [0.5, 0.5]]]")
    return tuple(Mask(points=tuple(points), reason="forced by the server") for points in polygons)


def _taken_apart(stored: str, where: str = "password") -> tuple[int, int, int, bytes, bytes]:
    """n, r, p, salt, digest of a stored password."""
    try:
        kind, n, r, p, salt, digest = stored.split("$")
        numbers = int(n), int(r), int(p)
        parts = base64.b64decode(salt, validate=True), base64.b64decode(digest, validate=True)
    except (ValueError, binascii.Error) as exc:
        raise RequestError(where, "it is not a hashed password", "`workbench user` writes one.") from exc
    bounds = (2**10 <= numbers[0] <= 2**18, 1 <= numbers[1] <= 16, 1 <= numbers[2] <= 4)
    sound = kind == "scrypt" and numbers[0] & (numbers[0] - 1) == 0 and all(bounds)
    if not sound or len(parts[0]) < 8 or len(parts[1]) != 32:
        raise RequestError(where, "it is not a hashed password", "`workbench user` writes one.")
    return *numbers, *parts


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    secret = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(secret, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r + 2**20, dklen=32)


def _without(text: str, name: str) -> str:
    """The text without the table of a user: from its header to the next one."""
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            inside = _heads(line) == {"users": {name: {}}}
        if not inside:
            kept.append(line)
    return "".join(kept)


def _heads(line: str) -> Any:
    """What a table header alone says; None for a line that is none."""
    try:
        return tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return None


def _written(user: User) -> str:
    key = user.name if _BARE.fullmatch(user.name) else json.dumps(user.name, ensure_ascii=False)
    rights = [right for right in RIGHTS if user.may(right)]
    lines = {"password": user.password, "rights": rights, "cameras": list(user.cameras)}
    body = "".join(f"{k} = {json.dumps(value, ensure_ascii=False)}\n" for k, value in lines.items())
    return f"[users.{key}]\n{body}"


def _replace(path: Path, text: str) -> None:
    """Put the new text in the old one's place, readable for its owner only."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            Path(scratch).replace(path)
        finally:
            Path(scratch).unlink(missing_ok=True)
    except OSError as exc:
        advice = "Name a file in a folder that you may write into."
        raise WorkError(f"{path} cannot be written ({_reason(exc)})", advice) from exc


def _reason(exc: Exception) -> str:
    return str(getattr(exc, "strerror", None) or exc)


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise RequestError(where, "a table is wanted", _ADVICE)
    return value


def _texts(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RequestError(where, "a list of texts is wanted", _ADVICE)
    return tuple(value)


def _only(data: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in data:
        if key not in known:
            raise RequestError(f"{where}.{key}", "no such key", _ADVICE)
