"""What is inside an RFC 3161 token, and whether it holds: over these bytes, by a certificate under an expected root.

pyHanko judges signature and chain, at the token's own time and without asking anybody. CMS protects only the signed
attributes of a token, so what stands around them is held to what the RFCs say and to the certificates' signatures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from workbench.core.errors import RequestError
from workbench.evidence.certificates import (
    DIGESTS,
    certificate_of,
    certificates_in,
    der_of,
    is_self_signed,
    issued,
    issuer_key_id,
    key_id,
    name_of,
    printable,
)
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.sign_extra import finished, offline

if TYPE_CHECKING:
    from cryptography import x509

_NONE = (b"", b"\x05\x00")
"""Parameters of an algorithm: absent, or NULL."""


class Unusable(ValueError):
    """The bytes are no time stamp that can be checked; the message says why. Never leaves `evidence`."""


def check_token(token: bytes, data: bytes, certificates_pem: bytes = b"") -> Finding:
    """Whether a token (ContentInfo, DER) is over `data` and leads up to a root of `certificates_pem`.

    *Not checked* where no root is given: the token then holds in itself, and whose it is nobody says.
    """
    try:
        info = info_of(token)
        status = _status(token, data, certificates_pem)
    except (Unusable, RequestError) as exc:
        return failed(str(exc))
    whose = name_of(certificate_of(status.signing_cert.dump()))
    found = f"{info['gen_time'].native:%Y-%m-%dT%H:%M:%SZ} by the clock of {whose}"
    if not (status.intact and status.valid):
        return failed("the time stamp is over other data" if status.valid else "the token's signature does not hold")
    if not certificates_pem:
        note = "the token holds in itself; whose it is was not checked: no root was given"
        return Finding(check="time-stamp", verdict=Verdict.NOT_CHECKED, found=found, note=note)
    if not status.trusted:
        return failed(f"the token does not lead up to the expected root ({status.trust_problem_indic})", found)
    note = "revocation not checked"
    return Finding(check="time-stamp", verdict=Verdict.OK, expected="over the signature", found=found, note=note)


def failed(why: str, note: str = "") -> Finding:
    """The finding of a time stamp that does not hold."""
    expected = "a time stamp over the signature"
    return Finding(check="time-stamp", verdict=Verdict.FAILED, expected=expected, found=why, note=note)


def info_of(token: bytes) -> Any:
    """The TSTInfo of a token."""
    from asn1crypto import cms, tsp

    try:
        info = cms.ContentInfo.load(token, strict=True)["content"]["encap_content_info"]["content"].parsed
        _ = info.native  # asn1crypto reads when asked: a broken field shows here
    except Exception as exc:  # whatever asn1crypto meets on its way through hostile bytes
        raise Unusable("the token cannot be read") from exc
    if not isinstance(info, tsp.TSTInfo):
        raise Unusable("the token holds no time")
    return info


def _status(token: bytes, data: bytes, certificates_pem: bytes) -> Any:
    """pyHanko's judgement of a token over `data` at the token's own time."""
    from asn1crypto import cms
    from asn1crypto import x509 as asn1
    from pyhanko.sign.validation.generic_cms import get_signing_cert_attr, validate_tst_signed_data
    from pyhanko.sign.validation.status import TimestampSignatureStatus

    given = certificates_in(certificates_pem, "time-stamp") if certificates_pem else ()
    roots = [asn1.Certificate.load(der) for der in der_of(one for one in given if is_self_signed(one))]
    others = [asn1.Certificate.load(der) for der in der_of(one for one in given if not is_self_signed(one))]
    at = info_of(token)["gen_time"].native
    context = offline(trust_roots=roots, other_certs=others, moment=at)
    signed = cms.ContentInfo.load(token)["content"]
    try:
        _check_frame(signed)
        _check_chain([one.dump() for one in signed["certificates"]], given)
        if get_signing_cert_attr(signed["signer_infos"][0]["signed_attrs"]) is None:
            raise Unusable("it does not name its signer's certificate")
        said = finished(validate_tst_signed_data(signed, context, lambda name: _digest(name, data)))
        return TimestampSignatureStatus(**said)
    except Exception as exc:
        raise Unusable(f"the token cannot be checked: {printable(str(exc))}") from exc


def _check_frame(signed: Any) -> None:
    """Raise where what stands unprotected around a token's signature is not as RFC 3161 and RFC 5652 want it."""
    (signer,) = signed["signer_infos"]
    digests = [one.dump() for one in signed["digest_algorithms"]]
    if (signed["version"].native, signer["version"].native) != ("v3", "v1"):
        raise Unusable("its versions are wrong")
    if digests != [signer["digest_algorithm"].dump()]:
        raise Unusable("its digests contradict each other")
    if signed["crls"] or signer["unsigned_attrs"]:
        raise Unusable("it holds more than a token should")
    for algorithm in (signer["digest_algorithm"], signer["signature_algorithm"]):
        if algorithm["algorithm"].native != "rsassa_pss" and algorithm["parameters"].dump() not in _NONE:
            raise Unusable("its algorithms have parameters")


def _check_chain(embedded: Sequence[bytes], given: Sequence[x509.Certificate]) -> None:
    """Raise where a certificate in the token is not signed by the one that it names as its issuer, if that is there."""
    held = [certificate_of(one) for one in embedded]
    pool = [*held, *given]
    for one, der in zip(held, embedded, strict=True):
        above = [other for other in pool if other.subject == one.issuer or key_id(other) == issuer_key_id(one)]
        whole = der.endswith(b"\0" + one.signature)  # the 0 counts unused bits, which no signature has
        if not whole or (above and not any(issued(other, one) for other in above)):
            raise Unusable(f"its certificate of {name_of(one)} is damaged")


def _digest(name: str, data: bytes) -> bytes:
    """The imprint that the token should hold; nothing that fits where its digest is not accepted."""
    return hashlib.new(name, data).digest() if name in DIGESTS else b""
