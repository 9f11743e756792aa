"""Who asks: Basic, Bearer or ``?auth_token=``, against the users file.

Nothing here says what somebody may do; that is `policy`. Checking a password takes a tenth of a second on purpose, so
that a password that was right is remembered (as a keyed digest) until the users file holds another one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from starlette.requests import Request

from workbench.core.errors import NotAllowed
from workbench.server import users
from workbench.server.config import AuthMode
from workbench.server.desk import Desk
from workbench.server.policy import ANYONE, Policy
from workbench.server.tokens import Tokens
from workbench.server.users import User

MOST_REMEMBERED = 1_000
MOST_HEADER = 8_192
CHALLENGE = 'Basic realm="workbench", charset="UTF-8"'
_NOBODY = "scrypt$32768$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
"""A hash that nothing matches: an unknown name takes as long as a wrong password."""


class Unknown(NotAllowed):
    """Nobody knows who asks: 401."""


class Authentication:
    """Finds out who asks."""

    def __init__(self, mode: AuthMode, policy: Policy, tokens: Tokens, desk: Desk) -> None:
        """`mode` as in `ServerConfig.auth`."""
        self.mode, self._policy, self._tokens, self._desk = mode, policy, tokens, desk
        self._key = secrets.token_bytes(32)
        self._remembered: dict[bytes, None] = {}

    async def who(self, request: Request, *, token_only: bool = False) -> User:
        """The user behind a request; Unknown where it names none or a wrong one. `token_only` takes no password."""
        if self.mode == "open":
            return ANYONE
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if len(given) > MOST_HEADER:
            raise Unknown("the credentials are too long")
        if scheme.lower() == "basic":
            if token_only:
                raise Unknown("a token is wanted here", "Ask /grpc for one and send it as Bearer.")
            return await self.check(*_basic(given))
        token = given.strip() if scheme.lower() == "bearer" else request.query_params.get("auth_token", "")
        if not token:
            raise Unknown("this server wants to know who asks", "Send a user name and password, or a token.")
        return self.by_token(token)

    def by_token(self, token: str) -> User:
        """The user of a token; Unknown where it is over or none."""
        name = self._tokens.user(token)
        user = self._policy.user(name) if name is not None else None
        if user is None:
            raise Unknown("the token is unknown or over", "Ask /grpc for a new one.")
        return user

    async def check(self, name: str, password: str) -> User:
        """The user of a name and password; Unknown where they are wrong."""
        user = self._policy.user(name)
        stored = user.password if user is not None else _NOBODY
        mark = hmac.digest(self._key, repr((name, password, stored)).encode(), hashlib.sha256)
        if mark not in self._remembered:
            right = await self._desk.costly(users.matches, password, stored)
            if user is None or not right:
                raise Unknown("user name or password is wrong")
            while len(self._remembered) >= MOST_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]
            self._remembered[mark] = None
        if user is None:
            raise Unknown("user name or password is wrong")
        return user


def _basic(given: str) -> tuple[str, str]:
    """User and password of a Basic header."""
    try:
        data = base64.b64decode(given.strip(), validate=True)
        name, colon, password = data.decode("utf-8").partition(":")
    except (binascii.Error, ValueError) as exc:
        raise Unknown("the Basic credentials cannot be read") from exc
    if not colon:
        raise Unknown("the Basic credentials cannot be read")
    return name, password
