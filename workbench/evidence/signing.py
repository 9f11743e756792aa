"""Signatures of a case: detached ones over a package's tag manifests, and the seal inside a report's PDF.

    sign_detached(data, key, at)                   → CMS in DER, as docs/package-format.md says
    check_detached(data, cms, certificates_pem)    → Finding ``signature``
    sign_pdf(data, key, reason=…, at=…, stamps=…)  → the PDF with a PAdES seal     (signing_pdf.py)
    check_pdf(data, signer=…)                      → Findings ``report-form``, …   (signing_pdf.py)

A signature says that the holder of a key signed exactly these bytes. It does not say who that is: that is what the
certificate's fingerprint is for, held by the verifier from elsewhere. With RSA, and with ECDSA as `Key.sign` does
it, the same key, data and time give the same bytes; a time stamp never does (nonce, the authority's clock).

OpenSSL checks a detached signature without any of this code (exit code 0, *CMS Verification successful*), by
certificates.pem alone, which is what its fingerprint from elsewhere is compared with:

    openssl cms -verify -binary -inform DER -in signature/tagmanifest-sha256.txt.p7s \\
        -content tagmanifest-sha256.txt -nointern -certfile certificates.pem -noverify -out /dev/null

In place of ``-noverify`` may stand ``-CAfile AUTHORITY.pem -purpose any``; for a self-signed key or a chain without
its root ``-CAfile certificates.pem -purpose any -partial_chain``, and ``-no_check_time`` once that has expired.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from workbench.core.errors import RequestError
from workbench.evidence import cms
from workbench.evidence.certificates import certificates_in, der_of, fingerprint_of
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.keys import Key
from workbench.evidence.sign_extra import need
from workbench.evidence.signing_pdf import check_pdf, sign_pdf

__all__ = ["check_detached", "check_pdf", "sign_detached", "sign_pdf"]


def sign_detached(data: bytes, key: Key, at: datetime) -> bytes:
    """CMS in DER over `data`, which it does not hold; RequestError where the certificate is not valid at `at`."""
    need()
    key.valid_at(at)
    return cms.sign(key, hashlib.new(key.digest, data).digest(), at).to_der()


def check_detached(data: bytes, signature: bytes, certificates_pem: bytes) -> Finding:
    """Whether `signature` is by the first certificate of `certificates_pem`, over `data`, and holds just those."""
    need()
    try:
        expected = certificates_in(certificates_pem)
        signed = cms.read(signature)
    except (RequestError, cms.Malformed) as exc:
        return Finding(check="signature", verdict=Verdict.FAILED, expected="a signature", found=str(exc))
    wrong = cms.faults(signed, hashlib.new(signed.digest_name, data).digest())
    held = der_of(expected)
    if signed.certificates[0] != held[0] or sorted(signed.certificates) != sorted(held):
        wrong.append("it holds other certificates than certificates.pem")
    if signed.at is None:
        wrong.append("it does not say when it was signed")
    if signed.stamps:
        wrong.append("it holds time stamps, which belong beside it")
    return Finding(
        check="signature",
        verdict=Verdict.FAILED if wrong else Verdict.OK,
        expected=f"signed by {fingerprint_of(expected[0])}",
        found="; ".join(wrong) or f"signed by {fingerprint_of(signed.signer)} ({signed.words})",
    )
