"""The JSON gateway ``POST /grpc``: tokens, and the sessions by which an export is found whose answer was lost.

A call is ``{"method": "axxonsoft.bl.….Method", "data": {…}}``. Methods that stream may answer as multipart or as an
event stream; only the plain JSON that our server sends is read here, anything else is a RemoteError.

>>> write_call(RENEW)
{'method': 'axxonsoft.bl.auth.AuthenticationService.RenewSession', 'data': {}}
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workbench.core.errors import NotAllowed, RequestError
from workbench.vms.wire import document
from workbench.vms.wire.document import Fields, one_line, remote
from workbench.vms.wire.location import is_id
from workbench.vms.wire.nouns import Token
from workbench.vms.wire.times import write

_AUTH = "axxonsoft.bl.auth.AuthenticationService."
AUTHENTICATE = _AUTH + "AuthenticateEx"
AUTHENTICATE_2 = _AUTH + "AuthenticateEx2"
RENEW = _AUTH + "RenewSession"
CLOSE = _AUTH + "CloseSession"
LIST_SESSIONS = "axxonsoft.bl.mmexport.ExportService.ListSessions"
LIST_NODES = "axxonsoft.bl.domain.DomainService.ListNodes"
LIST_CAMERAS = "axxonsoft.bl.domain.DomainService.ListCameras"
LIST_ARCHIVES = "axxonsoft.bl.domain.DomainService.ListArchives"
GET_VERSION = "axxonsoft.bl.domain.DomainService.GetVersion"
OK = "AUTHENTICATE_CODE_OK"
GENERAL_ERROR = "AUTHENTICATE_CODE_GENERAL_ERROR"
WRONG_CREDENTIALS = "AUTHENTICATE_CODE_WRONG_CREDENTIALS"
CODES = {
    OK: "accepted",
    GENERAL_ERROR: "a general error",
    WRONG_CREDENTIALS: "user name or password is wrong",
    "AUTHENTICATE_CODE_USER_LOCKED": "the user is locked",
    "AUTHENTICATE_CODE_IP_BLOCKED": "this address is blocked",
    "AUTHENTICATE_CODE_ALREADY_LOGGED": "the user is logged in already",
    "AUTHENTICATE_CODE_PASSWORD_INVALID": "the password is no longer valid",
    "AUTHENTICATE_CODE_SECOND_FACTOR_AUTH_NEEDED": "a second factor is needed",
}
"""Code of an answer → what it says."""
MOST_BYTES = 2**20
MOST_SESSIONS = 10_000


def write_call(method: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """The body of a call."""
    return {"method": method, "data": data or {}}


def read_call(data: bytes) -> tuple[str, dict[str, Any]]:
    """Method and data of a call; RequestError naming what is wrong with it."""
    call = document.request(data, "body", most=MOST_BYTES)
    method, inner = call.get("method"), call.get("data", {})
    if not isinstance(method, str) or not 0 < len(method) <= 300:
        raise RequestError("method", "a method's full name is wanted")
    if not isinstance(inner, dict):
        raise RequestError("data", "a JSON object is wanted")
    return method, inner


def write_credentials(user: str, password: str) -> dict[str, str]:
    """The data of an authentication."""
    return {"user_name": user, "password": password}


def read_credentials(data: dict[str, Any]) -> tuple[str, str]:
    """User and password of an authentication; a RequestError never repeats what was sent."""
    user, password = data.get("user_name"), data.get("password")
    for field, value in (("user_name", user), ("password", password)):
        if not isinstance(value, str) or len(value) > 1000 or not document.storable(value):
            raise RequestError(field, "a text of at most 1000 characters is wanted")
    return str(user), str(password)


def write_token(token: Token | None, code: str = OK) -> dict[str, Any]:
    """The answer of an authentication or renewal; without a token, the code says why."""
    return {
        "token_name": "auth_token" if token else "",
        "token_value": token.value if token else "",
        "expires_at": write(token.expires_us, 0) if token and token.expires_us is not None else "",
        "is_unrestricted": False,
        "user_id": token.user_id if token else "",
        "roles_ids": [],
        "error_code": code,
    }


def read_token(data: bytes) -> Token:
    """The token in an answer; NotAllowed with the server's reason where it gave none."""
    fields = Fields(remote(data, "authentication", most=MOST_BYTES), "authentication")
    code = fields.text("error_code", OK, 200)
    if code != OK:
        why = CODES.get(code, one_line(code, 80))
        raise NotAllowed(f"the server gave no token: {why}", "Check user name and password.")
    value = fields.text("token_value", None, 16_384)
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise fields.bad("token_value", "is no token")
    expires = fields.time("expires_at") if fields.text("expires_at") else None
    return Token(value=value, expires_us=expires, user_id=fields.text("user_id", most=1000))


def write_closed() -> dict[str, str]:
    """The answer of `CLOSE`."""
    return {"error_code": "OK"}


def write_sessions(sessions: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The answer of `LIST_SESSIONS`: id and marker of each export of the one who asks (`request` is our key)."""
    return {"sessions": [{"session_id": id_, "request": marker} for id_, marker in sessions]}


def read_sessions(data: bytes) -> tuple[tuple[str, str], ...]:
    """Id and marker of each export; the marker is empty where a server knows none."""
    fields = Fields(remote(data, "sessions"), "sessions")
    found = []
    for entry in fields.objects("sessions", required=False, most=MOST_SESSIONS):
        id_ = entry.text("session_id", None, 128)
        if not is_id(id_):
            raise entry.bad("session_id", "is no id")
        found.append((id_, entry.text("request", most=128)))
    return tuple(found)
