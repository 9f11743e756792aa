"""RFC 3161 time stamps: asked of the authorities a person names, and of nobody else; checked before they are kept.

A time stamp says that an authority saw these bytes no later than a time by its own clock. It says nothing on what
they show. OpenSSL checks one without any of this code (exit code 0, *Verification: OK*; once the authority's
certificates have expired, with ``-attime`` and a second in which they were valid):

    openssl ts -verify -data signature/tagmanifest-sha256.txt.p7s \\
        -in signature/time-stamp-1.tsr -CAfile signature/time-stamp-1.pem

    authority = Authority("https://stamps.example/tsa", ca_pem=root)
    tsr = authority.stamp(signature)                 TimeStampResp, DER
    check(tsr, signature, authority.ca_pem)          Finding ``time-stamp``
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import KW_ONLY, dataclass, field
from typing import ClassVar
from urllib.parse import urlsplit

from workbench.core.errors import RequestError, WorkError
from workbench.evidence.certificates import certificates_in, is_self_signed, pem_of, printable
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.sign_extra import need
from workbench.evidence.stamp_http import ADVICE, post
from workbench.evidence.stamp_token import Unusable, check_token, failed, info_of

_APART = "Give a user name and password apart from it."
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Authority:
    """A time-stamp authority and the root that its stamps are checked against."""

    url: str
    """Its address; it names the authority in records, so it must not hold a secret."""
    _: KW_ONLY
    ca_pem: bytes = field(repr=False)
    """Its root certificate in PEM, then intermediate ones if its stamps do not hold them. Nothing else that stands in
    there, such as a private key, is kept: these bytes go into packages."""
    timeout: float = 20.0
    """Seconds for one stamp as a whole."""
    username: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        need()
        try:
            parts = urlsplit(self.url)
            host = parts.hostname
        except ValueError as exc:
            raise RequestError("time-stamp", "the authority's address cannot be read") from exc
        if parts.scheme not in {"http", "https"} or not host:
            raise RequestError("time-stamp", "the authority's address does not begin with http:// or https://")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise RequestError("time-stamp", "the address, which is printed, holds more than host and path", _APART)
        if self.password and parts.scheme == "http" and host not in _LOOPBACK:
            raise RequestError("time-stamp", "a password is not sent without encryption", "Use https.")
        if not 0 < self.timeout <= 600:
            raise RequestError("time-stamp", f"a time-out of {self.timeout} s is not between 0 and 600")
        held = certificates_in(self.ca_pem, "time-stamp")
        if not is_self_signed(held[0]):
            raise RequestError("time-stamp", "the first certificate is no root", "Put the authority's root first.")
        object.__setattr__(self, "ca_pem", pem_of(held))

    def stamp(self, data: bytes) -> bytes:
        """A time stamp over `data`: the whole TimeStampResp, DER, checked; WorkError naming the authority if not."""
        from asn1crypto import tsp

        nonce = secrets.randbits(63) + 1
        imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": hashlib.sha256(data).digest()}
        asked = tsp.TimeStampReq({"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True})
        answer = post(self.url, asked.dump(), timeout=self.timeout, username=self.username, password=self.password)
        finding = check(answer, data, self.ca_pem)
        if finding.verdict is not Verdict.OK:
            raise WorkError(f"time-stamp authority {self.url}: {finding.found}", ADVICE)
        if info_of(token_of(answer))["nonce"].native != nonce:
            raise WorkError(f"time-stamp authority {self.url}: the stamp answers another request", ADVICE)
        return answer


def token_of(tsr: bytes) -> bytes:
    """The token inside a TimeStampResp that `check` found ok (ContentInfo, DER)."""
    from asn1crypto import tsp

    return bytes(tsp.TimeStampResp.load(tsr)["time_stamp_token"].dump())


def check(tsr: bytes, data: bytes, certificates_pem: bytes) -> Finding:
    """Whether the TimeStampResp `tsr` is over `data` and its token leads up to a root of `certificates_pem`.

    Everything is judged at the stamp's own time; revocation is not looked up.
    """
    need()
    try:
        return check_token(_granted(tsr), data, certificates_pem)
    except Unusable as exc:
        return failed(str(exc))


def _granted(tsr: bytes) -> bytes:
    """The token of a response that grants one."""
    from asn1crypto import cms, core, tsp

    class Response(core.Sequence):  # type: ignore[misc]
        """TimeStampResp as RFC 3161 has it: a refusal holds no token, on which asn1crypto's own insists."""

        _fields: ClassVar = [
            ("status", tsp.PKIStatusInfo),
            ("time_stamp_token", cms.ContentInfo, {"optional": True}),
        ]

    try:
        response = Response.load(tsr, strict=True)
        status = response["status"]["status"].native
        said = printable(" ".join(response["status"]["status_string"].native or ()))
        token = bytes(response["time_stamp_token"].dump())
    except Exception as exc:  # whatever asn1crypto meets on its way through hostile bytes
        raise Unusable("the answer is no time-stamp response") from exc
    if status != "granted":
        raise Unusable(f"the request was refused ({status}{': ' if said else ''}{said})")
    return token
