"""The seal inside a report's PDF: PAdES (ETSI EN 319 142), baseline B-B, with time stamps B-T.

The seal is an incremental update: the report's bytes stay as they were and the update is appended. It certifies the
document and allows no change after it (DocMDP 1). Its field is invisible and keeps PDF/A-3b, the metadata are left
alone. What ``/ByteRange`` does not cover is the signature itself, in capital hexadecimal filled up with zeros; it is
read as strictly as `cms` reads, so that no byte of the file can change unnoticed (of a time stamp: none that matters).

`check_pdf` judges twice: by `cms`, and by pyHanko, which also says whether the seal covers the whole file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from workbench.core.errors import RequestError, WorkError
from workbench.evidence import cms
from workbench.evidence.certificates import fingerprint_of, printable
from workbench.evidence.findings import Finding, Findings, Verdict
from workbench.evidence.keys import Key
from workbench.evidence.sign_extra import finished, need, offline
from workbench.evidence.stamp_token import check_token
from workbench.evidence.timestamps import Authority, token_of

if TYPE_CHECKING:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

FIELD = "MachineSeal"
MOST_SIGNATURE = 32_767
"""Bytes of the signature with its time stamps: PDF/A lets no string be longer."""
STAMP_ROOM = 16 * 1024
"""Bytes kept free for a time stamp, which is made when the file is already laid out; real ones take 3 to 8 KiB."""
_TRACES = (b"/ByteRange", b"/ETSI.CAdES.detached", b"/DocMDP", b"/SigFlags", b"/Adobe.PPKLite")
_MOST_TRACES = 2
"""A title may happen to hold some; a seal of which one byte was changed holds at least four."""
_GAP = re.compile(rb"<((?:[0-9A-F]{2})+)>")


class _Broken(ValueError):
    """The seal of a PDF does not hold; the message says why."""


def sign_pdf(
    data: bytes, key: Key, *, reason: str, at: datetime, location: str = "", stamps: Sequence[Authority] = ()
) -> bytes:
    """`data` with the seal of `key`, and a time stamp over it by each of `stamps`.

    Without time stamps, the same input gives the same bytes. Raises RequestError for a certificate not valid at `at`
    and for a PDF that is sealed already, WorkError for one that cannot be read and for an authority that fails.
    """
    need()
    key.valid_at(at)
    pinned = len(key.certificates)
    own = len(cms.sign(key, bytes(64), None, pinned).to_der()) + 64
    room = min(own + len(stamps) * STAMP_ROOM, MOST_SIGNATURE)
    try:
        laid = None if _seal_of(data) is not None else _laid_out(data, key, reason, location, at, room)
    except Exception as exc:
        raise WorkError(f"the PDF cannot be sealed: {printable(str(exc) or type(exc).__name__)}") from exc
    if laid is None:
        raise RequestError("pdf", "this PDF is signed already", "Seal the file as it was before.")
    prepared, output, embedding = laid
    signed = cms.sign(key, prepared.document_digest, None, pinned)
    tokens = tuple(token_of(authority.stamp(signed.signature)) for authority in stamps)
    der = replace(signed, stamps=tokens).to_der()
    if len(der) > room:
        why = f"the certificates and time stamps ({len(der)} bytes) are more than a PDF's signature holds ({room})"
        raise WorkError(why, "Name fewer authorities, or leave out certificates of the chain.")
    embedding.send(der)
    return bytes(output.getvalue())


def _laid_out(data: bytes, key: Key, reason: str, location: str, at: datetime, room: int) -> tuple[Any, Any, Any]:
    """The file with everything but the signature: its digest, its bytes, and the generator that takes the CMS."""
    from pyhanko.sign.fields import MDPPerm, SigFieldSpec, SigSeedSubFilter
    from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
    from pyhanko.sign.signers.pdf_byterange import SignatureObject

    placeholder = SignatureObject(
        timestamp=at.astimezone(UTC).replace(microsecond=0),
        subfilter=SigSeedSubFilter.PADES,
        name=f"{key.name} (self-signed key)" if key.self_signed else key.name,
        reason=reason,
        location=location or None,
        bytes_reserved=2 * room,
    )
    certify = SigMDPSetup(md_algorithm=key.digest, certify=True, docmdp_perms=MDPPerm.NO_CHANGES)
    embedding = PdfCMSEmbedder(SigFieldSpec(FIELD)).write_cms(FIELD, _writer(data))
    next(embedding)
    embedding.send(SigObjSetup(sig_placeholder=placeholder, mdp_setup=certify))
    prepared, output = embedding.send(SigIOSetup(md_algorithm=key.digest, output=BytesIO()))
    return prepared, output, embedding


def _writer(data: bytes) -> IncrementalPdfFileWriter:
    """A writer that appends what it is told to and nothing else: no clock and no chance is in its bytes."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    class Writer(IncrementalPdfFileWriter):
        @classmethod
        def _handle_id(cls, prev: Any) -> generic.ArrayObject:
            changing = generic.ByteStringObject(hashlib.sha256(data).digest()[:16])
            return generic.ArrayObject([prev.trailer["/ID"][0] if "/ID" in prev.trailer else changing, changing])

        def _update_meta(self) -> None:
            """Leave XMP and Info alone: they are the report's, and PDF/A wants them to agree."""

    return Writer(BytesIO(data))


def check_pdf(data: bytes, *, signer: str = "", authorities: bytes = b"") -> Findings:
    """What can be said of a PDF's seal: ``report-form``, ``signer``, and ``time-stamp`` for each stamp it holds.

    `signer` is the fingerprint of the certificate to expect, `authorities` the roots of time stamps in PEM; what is
    not given is *not checked*. A PDF without any seal is *not checked* too, unless a signer is expected.
    """
    need()
    try:
        signed = _judged(data)
    except _Broken as exc:
        return Findings((_form(Verdict.FAILED, str(exc)),))
    if signed is None:
        verdict = Verdict.FAILED if signer else Verdict.NOT_CHECKED
        return Findings((_form(verdict, "the PDF is not signed"),))
    form = _form(Verdict.OK, f"intact, covers the whole file; {signed.words}")
    stamps = (check_token(token, signed.signature, authorities) for token in signed.stamps)
    return Findings((form, _signer(fingerprint_of(signed.signer), signer), *stamps))


def _form(verdict: Verdict, found: str) -> Finding:
    expected = "a seal that is intact and covers the whole file"
    return Finding(check="report-form", verdict=verdict, place="seal", expected=expected, found=found)


def _signer(found: str, expected: str) -> Finding:
    if not expected:
        note = "nobody said whose seal to expect: compare the fingerprint with one that you have from elsewhere"
        return Finding(check="signer", verdict=Verdict.NOT_CHECKED, place="seal", found=found, note=note)
    verdict = Verdict.OK if found == expected.strip().lower().replace(":", "") else Verdict.FAILED
    return Finding(check="signer", verdict=verdict, place="seal", expected=expected, found=found)


def _judged(data: bytes) -> cms.Cms | None:
    """The seal, once both judges found that it holds; None where there is none. Raises _Broken."""
    seal = _seal_of(data)
    if seal is None:
        if sum(trace in data for trace in _TRACES) > _MOST_TRACES:
            raise _Broken("there are traces of a seal, but none can be read")
        return None
    start, end = _gap(data, seal)
    try:
        signed = cms.read(_contents(data[start:end]))
    except cms.Malformed as exc:
        raise _Broken(f"the signature is damaged: {exc}") from exc
    digest = hashlib.new(signed.digest_name, data[:start])
    digest.update(data[end:])
    wrong = cms.faults(signed, digest.digest())
    if len(signed.said["signing_certificate_v2"]["certs"]) != len(signed.certificates):
        wrong.append("the signature does not name all certificates that it holds")
    if wrong:
        raise _Broken("; ".join(wrong))
    _second_opinion(seal)
    return signed


def _seal_of(data: bytes) -> Any:
    """pyHanko's view of the only signature of a PDF, None where there is none."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    try:
        seals = PdfFileReader(BytesIO(data)).embedded_signatures
    except Exception as exc:
        raise _Broken(f"the PDF cannot be read: {printable(str(exc) or type(exc).__name__)}") from exc
    if len(seals) > 1:
        raise _Broken(f"the PDF holds {len(seals)} signatures where one is expected")
    return seals[0] if seals else None


def _gap(data: bytes, seal: Any) -> tuple[int, int]:
    """Where the signature lies in the file; everything before and after must be what it covers."""
    covered = [int(number) for number in seal.byte_range]
    if len(covered) != 4 or covered[0] != 0 or not 0 < covered[1] < covered[2] <= len(data):
        raise _Broken("the seal covers something else than the whole file")
    if (left := len(data) - covered[2] - covered[3]) != 0:
        why = f"{left} bytes at the end of the file are not covered" if left > 0 else f"the file is {-left} bytes short"
        raise _Broken(f"the seal covers something else than the whole file: {why}")
    return covered[1], covered[2]


def _contents(gap: bytes) -> bytes:
    """The CMS in the hole of the byte range: one hexadecimal string, capitals, filled up with zeros."""
    written = _GAP.fullmatch(gap)
    if written is None:
        raise _Broken("what stands in the place of the signature is not one hexadecimal string")
    value = bytes.fromhex(written[1].decode())
    if value[:2] != b"\x30\x82":
        raise _Broken("what stands in the place of the signature is no CMS")
    length = 4 + int.from_bytes(value[2:4], "big")
    if any(value[length:]):
        raise _Broken("something stands behind the signature")
    return value[:length]


def _second_opinion(seal: Any) -> None:
    """Raise _Broken where pyHanko does not find the seal intact, whole and final."""
    from pyhanko.sign.fields import MDPPerm
    from pyhanko.sign.validation import async_validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    try:
        status = finished(async_validate_pdf_signature(seal, offline(trust_roots=[])))
        certified = seal.docmdp_level is MDPPerm.NO_CHANGES
        covers = status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    except Exception as exc:
        raise _Broken(f"the seal cannot be checked: {printable(str(exc) or type(exc).__name__)}") from exc
    if not (status.intact and status.valid and covers and status.docmdp_ok):
        raise _Broken(f"pyHanko finds the seal not intact ({status.summary()})")
    if not certified:
        raise _Broken("the seal does not forbid later changes")
