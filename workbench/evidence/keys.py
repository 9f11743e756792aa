"""Signing keys: a private key with its certificate and the chain above it.

A key comes from a person's PKCS#12 or PEM file, or is made here and says of itself that it is self-signed: in the
certificate's organisation, in the PDF's signature, in the report and in the package. Accepted are RSA from 2048 bits
and ECDSA on P-256, P-384 and P-521. No secret stands in a repr, an error or a log.

>>> key = Key.make_self_signed("Ann Example")
>>> key.name, key.self_signed, key
('Ann Example', True, Key('Ann Example', self-signed))
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from workbench.core.errors import NameTaken, RequestError, WorkError
from workbench.core.timebase import instant_us
from workbench.evidence.certificates import (
    WHAT_FITS,
    certificates_in,
    chain_of,
    digest_for,
    fingerprint_of,
    hash_named,
    is_self_signed,
    name_of,
    outside_validity,
    pem_of,
    readable,
    self_signed_certificate,
)
from workbench.evidence.sign_extra import need

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

DAYS = 5 * 366
MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Key:
    """A private key and its certificates; made by `make_self_signed` or `load`."""

    private: RSAPrivateKey | EllipticCurvePrivateKey
    certificates: tuple[x509.Certificate, ...]
    """The signer's certificate, then the one that issued it, and so on upwards."""
    digest: str = field(init=False)
    """``sha256``, ``sha384`` or ``sha512``: what this key signs."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest_for(self.private.public_key()))
        _may_sign(self.certificate)

    def __repr__(self) -> str:
        return f"Key({self.name!r}, {'self-signed' if self.self_signed else 'issued'})"

    @classmethod
    def make_self_signed(cls, name: str, *, days: int = DAYS, begin: datetime | None = None) -> Self:
        """A new RSA 3072 key for `name`, valid for `days` from `begin` (default: now), vouched for by nobody."""
        need()
        from cryptography.hazmat.primitives.asymmetric import rsa

        if not name.strip() or len(name) > 64 or not name.isprintable():
            raise RequestError("name", "a key is made for a name of 1 to 64 printable characters")
        if not 1 <= days <= 36_600:
            raise RequestError("days", f"{days} is not between 1 and 36600")
        private = rsa.generate_private_key(public_exponent=65537, key_size=3072)
        begin = (begin or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
        certificate = self_signed_certificate(private, name, begin, begin + timedelta(days=days))
        return cls(private=private, certificates=(certificate,))

    @classmethod
    def load(cls, path: Path, password: str | None = None, *, certificates: Path | None = None) -> Self:
        """Read PKCS#12 (.p12, .pfx) or PEM; `certificates` is the PEM file of the certificates if they lie apart.

        Raises RequestError for whatever is no key that can sign, a wrong password and certificates that are not
        the key's included.
        """
        need()
        data = _read(Path(path))
        secret = password.encode() if password else None
        if b"-----BEGIN" in data:
            private, found = _from_pem(data, secret, data if certificates is None else _read(Path(certificates)))
        else:
            private, found = _from_pkcs12(data, secret)
        digest_for(private.public_key())
        return cls(private=private, certificates=chain_of(private, found))

    def save(self, path: Path, password: str | None = None) -> None:
        """Write PKCS#12 that only its owner may read, encrypted where there is a password; never over a file."""
        from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12

        how = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        chain = list(self.certificates[1:]) or None
        data = pkcs12.serialize_key_and_certificates(self.name.encode(), self.private, self.certificate, chain, how)
        _publish(Path(path), data)

    @property
    def certificate(self) -> x509.Certificate:
        """The signer's own."""
        return self.certificates[0]

    @property
    def name(self) -> str:
        """The signer's common name, or the whole subject where there is none."""
        return name_of(self.certificate)

    @property
    def self_signed(self) -> bool:
        """Whether nobody but the key itself vouches for the name."""
        return is_self_signed(self.certificate)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the signer's certificate (DER), hexadecimal."""
        return fingerprint_of(self.certificate)

    @property
    def certificates_pem(self) -> bytes:
        """The signer's certificate, then its chain."""
        return pem_of(self.certificates)

    def valid_at(self, at: datetime) -> None:
        """Raise RequestError where the certificate is not valid at `at`, or `at` has no zone."""
        instant_us(at)
        if why := outside_validity(self.certificate, at):
            advice = "Use a valid certificate, or check this computer's clock."
            raise RequestError("key", f"{self.name}'s {why}", advice)

    def sign(self, data: bytes) -> bytes:
        """RSA PKCS #1 v1.5 or ECDSA over `digest` of `data`: the same key and data give the same bytes.

        For ECDSA that takes RFC 6979, which cryptography has when built with OpenSSL 3.2 or later, as its wheels
        are; elsewhere ECDSA signatures differ each time and hold all the same.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

        digest = hash_named(self.digest)
        if isinstance(self.private, rsa.RSAPrivateKey):
            return self.private.sign(data, padding.PKCS1v15(), digest)
        try:
            return self.private.sign(data, ec.ECDSA(digest, deterministic_signing=True))
        except UnsupportedAlgorithm:
            return self.private.sign(data, ec.ECDSA(digest))


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as exc:
        raise RequestError("key", f"{path.name} cannot be read ({exc.strerror})") from exc
    if len(data) > MOST_BYTES:
        raise RequestError("key", f"{path.name} is larger than any key file")
    return data


def _from_pem(data: bytes, password: bytes | None, certificates: bytes) -> tuple[Any, list[x509.Certificate]]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    encrypted = b"ENCRYPTED" in data
    try:
        private = load_pem_private_key(data, password if encrypted else None)
    except TypeError as exc:
        raise RequestError("password", "the key is encrypted and no password was given") from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        why = "the password is wrong, or the file is damaged" if encrypted else "no private key in it can be read"
        raise RequestError("key", why, WHAT_FITS) from exc
    return private, list(certificates_in(certificates, "key"))


def _from_pkcs12(data: bytes, password: bytes | None) -> tuple[Any, list[x509.Certificate]]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_key_and_certificates
    from cryptography.x509 import InvalidVersion

    try:
        private, own, others = load_key_and_certificates(data, password)
        found = [readable(one) for one in (own, *others) if one is not None]
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidVersion) as exc:
        why = "the password is wrong, or this is no PKCS#12 or PEM file"
        raise RequestError("key", why, "Give the key's password, and a .p12, .pfx or .pem file.") from exc
    if private is None:
        raise RequestError("key", "the file holds no private key")
    return private, found


def _may_sign(certificate: x509.Certificate) -> None:
    """Raise RequestError where the certificate says that its key is for something else than signing."""
    from cryptography import x509

    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not (usage.digital_signature or usage.content_commitment):
        raise RequestError("key", "the certificate's key usage does not allow signatures")


def _publish(path: Path, data: bytes) -> None:
    """Write a file of mode 0600 whole or not at all, never over another."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)
    except FileExistsError as exc:
        raise NameTaken(f"{path.name} exists; a key is never written over a file", "Choose another name.") from exc
    except OSError as exc:
        raise WorkError(f"{path.name} cannot be written ({exc.strerror})") from exc
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
