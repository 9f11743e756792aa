"""What somebody may ask for, and which masks stay on whatever he asks. In doubt: no.

The users file is read again when it changed; while it cannot be read, nobody is let in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from pathlib import Path

from workbench.core.errors import NotAllowed, RequestError, WorkbenchError
from workbench.core.spec import Mask
from workbench.server.users import EVERY, User, UsersFile, read

ANYONE = User(name="", rights=frozenset({"view", "export", "live"}), cameras=(EVERY,))
"""Who asks an open server: sees all cameras, lifts no mask."""


class Policy:
    """Users, rights and forced masks, as the file says now."""

    def __init__(self, path: Path | None = None) -> None:
        """Rules of a users file; without one there are no users and no masks. Raises what `users.read` raises."""
        self._path = path
        self._lock = threading.Lock()
        self._state: tuple[int, ...] = ()
        self._known: Callable[[], Collection[str]] | None = None
        self._file: UsersFile | None = UsersFile()
        if path is not None:
            self._file, self._state = read(path), _state(path)

    def user(self, name: str) -> User | None:
        """Somebody by name; NotAllowed while the users file is unusable."""
        return self._rules().users.get(name)

    @property
    def usable(self) -> bool:
        """False while the users file cannot be used, so that nobody is let in."""
        try:
            self._rules()
        except NotAllowed:
            return False
        return True

    def forced(self, user: User, source: str) -> tuple[Mask, ...]:
        """The masks that must be on every picture of a camera that this user gets."""
        rules = self._rules()
        if user.may("unmasked"):
            return ()
        return (*rules.masks.get(EVERY, ()), *rules.masks.get(source, ()))

    def watch(self, known: Callable[[], Collection[str]]) -> None:
        """From now on every camera with forced masks must be one of `known()`: a misspelt name would force nothing.

        RequestError where that is not so now; later, rules that break it let nobody in.
        """
        self._known = known
        if self._file is not None:
            _check_names(self._file, known)

    def _rules(self) -> UsersFile:
        with self._lock:
            if self._path is not None and (state := _state(self._path)) != self._state:
                self._state = state
                try:
                    self._file = read(self._path)
                    _check_names(self._file, self._known)
                except WorkbenchError:
                    self._file = None
            if self._file is None:
                raise NotAllowed("the server's users file cannot be used", "Its administrator has to mend it.")
            return self._file


def check(user: User, *rights: str) -> None:
    """NotAllowed unless the user has all the rights."""
    for right in rights:
        if not user.may(right):
            raise NotAllowed(f"the right {right!r} is wanted for this", "Ask the server's administrator.")


def check_camera(user: User, source: str) -> None:
    """NotAllowed unless the user may see the camera."""
    if not user.sees(source):
        raise NotAllowed("this camera is not among yours", "`/camera/list` names those that are.")


def _check_names(rules: UsersFile, known: Callable[[], Collection[str]] | None) -> None:
    named = set(rules.masks) - {EVERY}
    if known is None or not named:
        return
    if unknown := sorted(named.difference(known())):
        raise RequestError(f"cameras.{unknown[0]}", "the archive holds no such camera", "See `workbench sources`.")


def _state(path: Path) -> tuple[int, ...]:
    try:
        info = path.stat()
    except OSError:
        return (-1,)
    return info.st_size, info.st_mtime_ns, info.st_ino
