"""Whom to trust: the system's certificates, a CA of one's own, one pinned certificate, or (said everywhere) nobody.

    Trust()                       the system's CAs; host name checked
    Trust(ca="vms-ca.pem")        that CA only
    Trust(fingerprint="9f:86…")   the one certificate with this SHA-256, whatever it says
    Trust(verify=False)           no check; result and report carry the mark

A certificate is checked while the connection is made, before a byte of a request is sent.
"""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from workbench.core.errors import RequestError, SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """How a server proves who it is."""

    ca: str | PathLike[str] | None = None
    """PEM file of CAs to trust instead of the system's."""
    fingerprint: str | None = None
    """SHA-256 of the server's certificate (DER), in hexadecimal, colons allowed."""
    verify: bool = True
    """False checks nothing; a mark stays in result and report."""

    def __post_init__(self) -> None:
        if self.fingerprint is not None:
            plain = re.sub(r"^sha-?256[:=]", "", self.fingerprint.strip().lower()).replace(":", "")
            if not re.fullmatch(r"[0-9a-f]{64}", plain):
                raise RequestError("fingerprint", "it is not a SHA-256 in hexadecimal", "64 digits, colons allowed.")
            object.__setattr__(self, "fingerprint", plain)

    @property
    def by(self) -> str:
        """What a TLS server is trusted by, in words."""
        if self.fingerprint is not None:
            return "a pinned fingerprint"
        if not self.verify:
            return "nothing: the check was switched off"
        return "the system's CAs" if self.ca is None else "a CA of one's own"


class Context(ssl.SSLContext):
    """An SSL context that remembers the certificate it saw and holds it against a pinned one."""

    pinned: str | None = None
    seen: str | None = None

    def wrap_socket(self, sock: socket.socket, *args: Any, **kwargs: Any) -> ssl.SSLSocket:
        """Make the connection; ssl.SSLCertVerificationError where the certificate is not the pinned one."""
        wrapped = super().wrap_socket(sock, *args, **kwargs)
        try:
            self.seen = hashlib.sha256(wrapped.getpeercert(binary_form=True) or b"").hexdigest()
            if self.pinned is not None and self.seen != self.pinned:
                raise ssl.SSLCertVerificationError(f"the certificate is {self.seen}, not the pinned one")
        except BaseException:
            wrapped.close()
            raise
        return wrapped


def context(trust: Trust) -> Context:
    """The SSL context of a trust: TLS 1.2 or newer. SourceError for a CA file that cannot be used."""
    made = Context(ssl.PROTOCOL_TLS_CLIENT)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust.fingerprint is not None or not trust.verify:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
        made.pinned = trust.fingerprint
        return made
    try:
        if trust.ca is not None:
            made.load_verify_locations(cafile=str(trust.ca))
        else:
            made.load_default_certs()
            if not made.cert_store_stats()["x509_ca"] and not _has_folder():
                import certifi

                made.load_verify_locations(cafile=certifi.where())
    except (OSError, ssl.SSLError) as exc:
        name = Path(trust.ca).name if trust.ca is not None else "the system's certificates"
        raise SourceError(f"{name}: no CA certificate can be read from it", "Name a PEM file.") from exc
    return made


def _has_folder() -> bool:
    """Whether OpenSSL finds CAs one by one in a folder, which it does not count beforehand."""
    folder = ssl.get_default_verify_paths().capath or ""
    return bool(folder) and Path(folder).is_dir() and any(Path(folder).iterdir())
