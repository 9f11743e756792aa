"""The one form of CMS signature that is written and accepted here (docs/package-format.md, "CMS"; PAdES in PDF).

SignedData with one signer and no content, DER. Signed are contentType, messageDigest, signingCertificateV2 (SHA-256)
and, outside PDF, signingTime; time stamps over the signature may stand beside it, unsigned. CMS leaves a good deal
around the signed attributes unprotected (versions, algorithm names, certificates), so reading is strict: what was
read is written again, and a CMS that differs from that by one byte is refused.

    read(der)            → Cms          or Malformed
    Cms.to_der()         → der          the very same bytes
    faults(cms, digest)  → what does not hold, in words; nothing where all does
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workbench.core.errors import RequestError
from workbench.evidence.certificates import (
    DIGESTS,
    certificate_of,
    der_of,
    digest_for,
    hash_named,
    is_self_signed,
    name_of,
    outside_validity,
    printable,
)
from workbench.evidence.keys import Key

if TYPE_CHECKING:
    from cryptography import x509

MOST_BYTES = 1024 * 1024
STAMP = "signature_time_stamp_token"
_SIGNED = {"content_type", "message_digest", "signing_certificate_v2"}


class Malformed(ValueError):
    """The bytes are no CMS of this form; the message says why. Never leaves this room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cms:
    """A signature and what stands around it."""

    certificates: tuple[bytes, ...]
    """In DER; the signer's first."""
    digest_name: str
    """``sha256``, ``sha384`` or ``sha512``."""
    attributes: bytes
    """The signed attributes as they are signed: DER of a SET OF."""
    signature: bytes
    said: Mapping[str, Any]
    """The values of the signed attributes, by asn1crypto's names."""
    stamps: tuple[bytes, ...] = ()
    """RFC 3161 tokens (DER of ContentInfo) over `signature`."""

    @property
    def signer(self) -> x509.Certificate:
        """The signer's certificate."""
        return certificate_of(self.certificates[0])

    @property
    def at(self) -> datetime | None:
        """The signer's own word on when it was signed, None where it says nothing."""
        at: datetime | None = self.said.get("signing_time")
        return at

    @property
    def words(self) -> str:
        """Who signed, whether anybody vouches for the name, and when by the signer's own word."""
        who = name_of(self.signer) + (", self-signed key" if is_self_signed(self.signer) else "")
        return who + (f", by its own clock at {self.at:%Y-%m-%dT%H:%M:%SZ}" if self.at else "")

    def to_der(self) -> bytes:
        """Write it."""
        from asn1crypto import algos, x509

        cms = _asn1()
        oid = algos.DigestAlgorithmId(self.digest_name).dump()
        digest = cms.DigestAlgorithm.load(bytes((0x30, len(oid))) + oid)  # no parameters, as RFC 5754 wants
        held = [x509.Certificate.load(one) for one in self.certificates]
        signer = {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number", {"issuer": held[0].issuer, "serial_number": held[0].serial_number}
            ),
            "digest_algorithm": digest,
            "signed_attrs": cms.CMSAttributes.load(self.attributes),
            "signature_algorithm": {"algorithm": _algorithm(held[0], self.digest_name)},
            "signature": self.signature,
        }
        if self.stamps:
            tokens = [cms.ContentInfo.load(one) for one in self.stamps]
            signer["unsigned_attrs"] = [{"type": STAMP, "values": [token]} for token in tokens]
        content = cms.SignedData(
            {
                "version": "v1",
                "digest_algorithms": [digest],
                "encap_content_info": {"content_type": "data"},
                "certificates": held,
                "signer_infos": [signer],
            }
        )
        return bytes(cms.ContentInfo({"content_type": "signed_data", "content": content}).dump())


def sign(key: Key, digest: bytes, at: datetime | None, pinned: int = 1) -> Cms:
    """Sign `digest`, made by `key.digest`; `pinned` is how many of the certificates the signature names."""
    cms = _asn1()
    held = der_of(key.certificates)
    named = [{"cert_hash": hashlib.sha256(one).digest()} for one in held[:pinned]]
    said = {"content_type": "data", "message_digest": digest, "signing_certificate_v2": {"certs": named}}
    if at is not None:
        said["signing_time"] = _time(at)
    attributes = cms.CMSAttributes([{"type": name, "values": [value]} for name, value in said.items()])
    der = bytes(attributes.dump())
    return Cms(
        certificates=held, digest_name=key.digest, attributes=der, signature=key.sign(der), said=_said(attributes)
    )


def read(der: bytes) -> Cms:
    """Read a CMS; raises Malformed for whatever `Cms.to_der` would not have written."""
    if len(der) > MOST_BYTES:
        raise Malformed(f"{len(der)} bytes are too many for a signature")
    try:
        found = _parse(der)
        for one in found.certificates:
            certificate_of(one)
        same = found.to_der() == der
    except Exception as exc:  # whatever asn1crypto meets on its way through hostile bytes
        raise Malformed(f"it cannot be read as CMS ({printable(str(exc))})") from exc
    if not same:
        raise Malformed("it is not written in the one form of docs/package-format.md")
    return found


def _parse(der: bytes) -> Cms:
    content = _asn1().ContentInfo.load(der, strict=True)["content"]
    (signer,) = content["signer_infos"]
    if signer["sid"].name != "issuer_and_serial_number":
        raise Malformed("it does not name its signer by issuer and serial number")
    sid = signer["sid"].chosen
    held = [one.chosen for one in content["certificates"]]
    ours = [one.issuer == sid["issuer"] and one.serial_number == sid["serial_number"].native for one in held]
    own = held.pop(ours.index(True))
    digest_name = signer["digest_algorithm"]["algorithm"].native
    if digest_name not in DIGESTS:
        raise Malformed(f"the digest {digest_name} is not accepted")
    attributes, unsigned = signer["signed_attrs"].untag(), signer["unsigned_attrs"]
    return Cms(
        certificates=(own.dump(), *(one.dump() for one in held)),
        digest_name=digest_name,
        attributes=attributes.dump(),
        signature=signer["signature"].native,
        said=_said(attributes),
        stamps=tuple(one["values"][0].dump() for one in unsigned or ()),
    )


def faults(cms: Cms, digest: bytes) -> list[str]:
    """What does not hold of a signature over data with this digest (by `cms.digest_name`), in words."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

    found = _faults_said(cms, digest)
    public, how = cms.signer.public_key(), hash_named(cms.digest_name)
    try:
        digest_for(public)
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(cms.signature, cms.attributes, ec.ECDSA(how))
        elif isinstance(public, rsa.RSAPublicKey):
            public.verify(cms.signature, cms.attributes, padding.PKCS1v15(), how)
    except InvalidSignature:
        found.append("the signature is not by the key of its certificate")
    except RequestError as exc:
        found.append(exc.message)
    if cms.at and (why := outside_validity(cms.signer, cms.at)):
        found.append(f"the signer's {why}, and it says it was signed at {cms.at:%Y-%m-%dT%H:%M:%SZ}")
    return found


def _said(attributes: Any) -> dict[str, Any]:
    """Every signed attribute with its value; raises Malformed where one is given twice or has not one value."""
    values = {one["type"].native: one["values"].native for one in attributes}
    if len(values) != len(attributes) or any(len(several) != 1 for several in values.values()):
        raise Malformed("a signed attribute is there twice")
    if {*values} - {"signing_time"} != _SIGNED:
        raise Malformed(f"other attributes are signed than should be: {', '.join(sorted(values))}")
    return {name: only for name, (only,) in values.items()}


def _faults_said(cms: Cms, digest: bytes) -> list[str]:
    """What is wrong with the signed attributes."""
    found = []
    if cms.said["content_type"] != "data":
        found.append("it is not over data")
    if cms.said["message_digest"] != digest:
        found.append("the data are not those that were signed")
    named = cms.said["signing_certificate_v2"]["certs"]
    digests = [one["cert_hash"] for one in named if one["hash_algorithm"]["algorithm"] == "sha256"]
    held = [hashlib.sha256(one).digest() for one in cms.certificates]
    if len(digests) != len(named) or digests[:1] != held[:1] or not {*digests} <= {*held}:
        found.append("the signature names other certificates than it holds")
    return found


def _asn1() -> Any:
    """asn1crypto's CMS, which knows the attributes of signing certificates once its tsp is loaded."""
    import asn1crypto.tsp  # noqa: F401  it adds them
    from asn1crypto import cms

    return cms


def _algorithm(certificate: Any, digest_name: str) -> str:
    """asn1crypto's name of the signature algorithm: rsaEncryption, as OpenSSL writes it, or ecdsa-with-SHA…"""
    return "rsassa_pkcs1v15" if certificate.public_key.algorithm == "rsa" else f"{digest_name}_ecdsa"


def _time(at: datetime) -> Any:
    """Whole seconds in UTC, in the form that RFC 5652 wants: two digits of the year up to 2049."""
    from asn1crypto import cms, core

    at = at.astimezone(UTC).replace(microsecond=0)
    return cms.Time({"utc_time": core.UTCTime(at)} if at.year < 2050 else {"general_time": core.GeneralizedTime(at)})
