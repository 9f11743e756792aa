"""What is asked of a certificate: its name and fingerprint, who issued it, when it is valid; and making one.

Nothing here trusts anybody: whether a name is true is for the person who holds the fingerprint to say.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workbench.core.errors import RequestError

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

DIGESTS = ("sha256", "sha384", "sha512")
WHAT_FITS = "Use RSA (2048 bits or more) or ECDSA on P-256, P-384 or P-521."
LABEL = "Self-signed (identity not checked)"
"""The organisation in certificates made here."""
_CURVES = {"secp256r1": "sha256", "secp384r1": "sha384", "secp521r1": "sha512"}


def hash_named(name: str) -> Any:
    """cryptography's object for ``sha256``, ``sha384`` or ``sha512``."""
    from cryptography.hazmat.primitives import hashes

    return getattr(hashes, name.upper())()


def digest_for(public: Any) -> str:
    """The digest that a key signs, by its public half; RequestError for a kind of key that is not accepted."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(public, rsa.RSAPublicKey):
        if 2048 <= public.key_size <= 16384:
            return "sha256"
        raise RequestError("key", f"RSA with {public.key_size} bits is not accepted", WHAT_FITS)
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in _CURVES:
        return _CURVES[public.curve.name]
    raise RequestError("key", "this kind of key is not accepted", WHAT_FITS)


def pem_of(certificates: Iterable[x509.Certificate]) -> bytes:
    """Certificates as PEM, in order."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def der_of(certificates: Iterable[x509.Certificate]) -> tuple[bytes, ...]:
    """Each certificate in DER, in order."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return tuple(one.public_bytes(Encoding.DER) for one in certificates)


def name_of(certificate: x509.Certificate) -> str:
    """Common name of the subject, or all of it; what does not print is shown as ``?``."""
    from cryptography.x509.oid import NameOID

    named = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return printable(str(named[0].value) if named else certificate.subject.rfc4514_string()) or "(no name)"


def printable(text: str) -> str:
    """Words of strangers, fit for one line of a message: at most 200 characters, ``?`` for what does not print."""
    return "".join(c if c.isprintable() else "?" for c in text[:200])


def fingerprint_of(certificate: x509.Certificate) -> str:
    """SHA-256 of the certificate in DER, hexadecimal."""
    from cryptography.hazmat.primitives.hashes import SHA256

    return certificate.fingerprint(SHA256()).hex()


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether the certificate's own key signed it."""
    return issued(certificate, certificate)


def issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether `issuer`'s key signed `certificate` under `issuer`'s name."""
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
        return False
    return True


def key_id(certificate: x509.Certificate) -> bytes | None:
    """What the certificate calls its key, where it says so."""
    from cryptography import x509

    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return None


def issuer_key_id(certificate: x509.Certificate) -> bytes:
    """What the certificate calls its issuer's key; empty, and so nobody's, where it says nothing."""
    from cryptography import x509

    try:
        named = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    except (x509.ExtensionNotFound, ValueError):
        return b""
    return named or b""


def outside_validity(certificate: x509.Certificate, at: datetime) -> str:
    """Why the certificate is not valid at `at`, in words; empty where it is."""
    if at.astimezone(UTC).replace(microsecond=0) < certificate.not_valid_before_utc:
        return f"certificate is not valid before {certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}"
    if at > certificate.not_valid_after_utc:
        return f"certificate expired at {certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"
    return ""


def readable(certificate: x509.Certificate) -> x509.Certificate:
    """`certificate`, once every part that is asked of one here was read; ValueError where one cannot be."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    odd = (x509.DuplicateExtension, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm, TypeError)
    try:
        _ = (certificate.subject, certificate.issuer, certificate.public_key(), certificate.extensions)
        _ = (name_of(certificate), certificate.not_valid_before_utc, certificate.not_valid_after_utc)
    except odd as exc:
        raise ValueError(f"a certificate cannot be read ({exc})") from exc
    return certificate


def certificate_of(der: bytes) -> x509.Certificate:
    """A certificate from DER; ValueError where it cannot be read."""
    from cryptography import x509

    try:
        with warnings.catch_warnings(action="ignore"):  # of odd serial numbers: not for the person at the screen
            return readable(x509.load_der_x509_certificate(der))
    except x509.InvalidVersion as exc:
        raise ValueError(f"a certificate cannot be read ({exc})") from exc


def certificates_in(pem: bytes, what: str = "certificates") -> tuple[x509.Certificate, ...]:
    """The certificates of a PEM file in its order; RequestError naming `what` where there is none or it is broken."""
    from cryptography import x509

    try:
        with warnings.catch_warnings(action="ignore"):
            return tuple(readable(one) for one in x509.load_pem_x509_certificates(pem))
    except (ValueError, x509.InvalidVersion) as exc:
        raise RequestError(what, "holds no certificate in PEM that can be read") from exc


def chain_of(private: Any, found: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """`found` in order: the key's own certificate, its issuer, that one's issuer …; every one has its place."""
    left = list(dict.fromkeys(found))
    chain = [next((one for one in left if one.public_key() == private.public_key()), None)]
    if chain[0] is None:
        raise RequestError("key", "none of the certificates belongs to the private key")
    path = [chain[0]]
    left.remove(path[0])
    while above := next((one for one in left if issued(one, path[-1])), None):
        path.append(above)
        left.remove(above)
    if left:
        names = ", ".join(name_of(one) for one in left)
        raise RequestError(
            "key", f"these certificates are not in the key's chain: {names}", "Take them out of the file."
        )
    return tuple(path)


def self_signed_certificate(private: RSAPrivateKey, name: str, begin: datetime, end: datetime) -> x509.Certificate:
    """A certificate for signing documents that PDF readers and OpenSSL accept, except for trust."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, LABEL), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    public = private.public_key()
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only"), False
    )
    # Document signing (RFC 9336) is what the key is for; OpenSSL and older readers ask for e-mail protection.
    purposes = x509.ExtendedKeyUsage(
        [x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"), ExtendedKeyUsageOID.EMAIL_PROTECTION]
    )
    builder = x509.CertificateBuilder(subject, subject, public, x509.random_serial_number(), begin, end)
    for extension, critical in (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.KeyUsage(digital_signature=True, content_commitment=True, decipher_only=False, **usage), True),
        (purposes, False),
        (x509.SubjectKeyIdentifier.from_public_key(public), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False),
    ):
        builder = builder.add_extension(extension, critical)
    return builder.sign(private, hash_named("sha256"))
