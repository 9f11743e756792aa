"""Signatures over manifests and seals in PDFs: OpenSSL, pdfsig, qpdf and pikepdf agree, and every change is found."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import matplotlib
import pikepdf
import pikepdf.pdfa
import pytest
from asn1crypto import cms as asn1
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from tests.evidence.authority import Authority as Tsa
from tests.evidence.test_keys import chained_key, self_signed
from workbench.core.errors import RequestError, WorkError
from workbench.evidence import cms
from workbench.evidence.certificates import pem_of
from workbench.evidence.findings import Findings, Verdict
from workbench.evidence.keys import Key
from workbench.evidence.signing import check_detached, check_pdf, sign_detached, sign_pdf
from workbench.evidence.timestamps import Authority

DATA = b"0123  data/a.mp4\n"
AT = datetime(2026, 3, 1, 10, 0, 0, 123456, tzinfo=UTC)
CHAINS = ("RSA 2048", "P-256", "P-384", "P-521")
KEYS = ("self-signed", *CHAINS)


def a_key(kind: str) -> Key:
    """One of KEYS."""
    return self_signed() if kind == "self-signed" else chained_key(kind)


def tool(name: str) -> pytest.MarkDecorator:
    """Skip where a second opinion is not installed."""
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")


def run(*command: object) -> subprocess.CompletedProcess[str]:
    """A tool's answer."""
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


def flipped(data: bytes, place: int, bits: int = 1) -> bytes:
    """`data` with one byte changed."""
    return data[:place] + bytes([data[place] ^ bits]) + data[place + 1 :]


@cache
def small_pdf() -> bytes:
    """Two pages of PDF/A-3b."""
    pdfmetrics.registerFont(TTFont("plain", Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"))
    drawn, made = BytesIO(), BytesIO()
    canvas = Canvas(drawn, invariant=True, initialFontName="plain")
    for number in (1, 2):
        canvas.drawString(72, 700, f"Page {number}: Привет")
        canvas.showPage()
    canvas.save()
    with pikepdf.open(drawn) as pdf:
        for page in pdf.pages:
            del page.obj["/Trans"]
        pikepdf.pdfa.save(pdf, made, "3b")
    return made.getvalue()


@cache
def sealed(kind: str = "self-signed") -> bytes:
    """The same, sealed."""
    return sign_pdf(small_pdf(), a_key(kind), reason="Machine seal of report R1 – Прод", at=AT)


def verdicts(findings: Findings) -> list[tuple[str, str]]:
    """Check and verdict of each."""
    return [(one.check, one.verdict.value) for one in findings]


@pytest.mark.parametrize("kind", KEYS)
def test_a_detached_signature_holds(kind: str) -> None:
    """It names signer, fingerprint and the signer's own clock, and says when nobody vouches for the name."""
    key = a_key(kind)
    finding = check_detached(DATA, sign_detached(DATA, key, AT), key.certificates_pem)
    assert (finding.check, finding.verdict) == ("signature", Verdict.OK)
    assert key.fingerprint in finding.found
    assert "by its own clock at 2026-03-01T10:00:00Z" in finding.found
    assert ("self-signed key" in finding.found) == (kind == "self-signed")


@tool("openssl")
@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize(
    "trust",
    [
        "-nointern -certfile certificates.pem -noverify",
        "-CAfile certificates.pem -purpose any -partial_chain -no_check_time",
        "-CAfile certificates.pem -purpose any -partial_chain -no_check_time -cades",
    ],
)
def test_openssl_verifies_a_detached_signature(tmp_path: Path, kind: str, trust: str) -> None:
    """The commands of the module's docstring, on every kind of key; other data fail."""
    key = a_key(kind)
    for name, data in {
        "data": DATA,
        "other": DATA + b"\n",
        "s.p7s": sign_detached(DATA, key, AT),
        "certificates.pem": key.certificates_pem,
    }.items():
        (tmp_path / name).write_bytes(data)
    command = f"openssl cms -verify -binary -inform DER -in s.p7s {trust} -out out -content".split()
    for content, code in (("data", 0), ("other", 4)):
        done = subprocess.run([*command, content], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr


@tool("openssl")
@pytest.mark.parametrize("kind", KEYS)
def test_a_signature_by_openssl_holds(tmp_path: Path, kind: str) -> None:
    """The form is not ours alone: what OpenSSL writes by the format's page is accepted."""
    key = a_key(kind)
    key.save(tmp_path / "key.p12")
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "own.pem").write_bytes(pem_of(key.certificates[:1]))
    (tmp_path / "above.pem").write_bytes(pem_of(key.certificates[1:]))
    private = run("openssl", "pkcs12", "-in", tmp_path / "key.p12", "-passin", "pass:", "-nodes", "-nocerts")
    (tmp_path / "own.key").write_text(private.stdout)
    how = "openssl cms -sign -cades -nosmimecap -binary -outform DER -in data -out s.p7s -signer own.pem -inkey own.key"
    more = "-certfile above.pem" if len(key.certificates) > 1 else ""
    subprocess.run(f"{how} -md sha256 {more}".split(), cwd=tmp_path, check=True, capture_output=True)
    finding = check_detached(DATA, (tmp_path / "s.p7s").read_bytes(), key.certificates_pem)
    assert finding.verdict is Verdict.OK, finding.found


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["self-signed", "P-256"])
def test_every_changed_byte_of_a_signature_is_found(kind: str) -> None:
    """Certificates, versions, algorithm names and lengths included: what CMS leaves open, the form closes."""
    key = a_key(kind)
    signature, pem = sign_detached(DATA, key, AT), key.certificates_pem
    wrong = (flipped(signature, place, (1, 0x80, 0xFF)[place % 3]) for place in range(len(signature)))
    assert [one for one in wrong if check_detached(DATA, one, pem).verdict is not Verdict.FAILED] == []


def test_other_data_signers_and_certificates_are_found() -> None:
    """Each with its own words."""
    key, other = chained_key("P-256"), self_signed()
    signature = sign_detached(DATA, key, AT)
    for data, made, pem, why in (
        (DATA + b"\n", signature, key.certificates_pem, "the data are not those that were signed"),
        (DATA, signature, other.certificates_pem, "other certificates"),
        (DATA, signature, pem_of(key.certificates[:2]), "other certificates"),
        (DATA, signature, b"", "no certificate"),
        (DATA, b"", key.certificates_pem, "cannot be read as CMS"),
        (DATA, signature + b"\0", key.certificates_pem, "cannot be read as CMS"),
        (DATA, b"\x30\x80" * 9_000, key.certificates_pem, "cannot be read as CMS"),
        (DATA, bytes(2_000_000), key.certificates_pem, "too many"),
        (DATA, _twice(signature), key.certificates_pem, "cannot be read as CMS"),
        (DATA, cms.sign(key, cms.read(signature).said["message_digest"], None).to_der(), key.certificates_pem, "when"),
    ):
        finding = check_detached(data, made, pem)
        assert (finding.verdict, why in finding.found) == (Verdict.FAILED, True), finding.found


def _twice(signature: bytes) -> bytes:
    """The same signature with its signer twice."""
    info = asn1.ContentInfo.load(signature)
    info["content"]["signer_infos"].append(info["content"]["signer_infos"][0].copy())
    return bytes(info.dump(force=True))


def test_an_odd_certificate_is_quiet(capfd: Any) -> None:
    """A serial number below zero fails the check and prints no warning of a library."""
    signature = sign_detached(DATA, self_signed(), AT)
    serial = asn1.ContentInfo.load(signature)["content"]["certificates"][0].chosen.serial_number
    place = signature.index(serial.to_bytes((serial.bit_length() + 8) // 8, "big"))
    with warnings.catch_warnings(action="default"):
        assert check_detached(DATA, flipped(signature, place, 0x80), self_signed().certificates_pem).verdict == "failed"
    assert capfd.readouterr() == ("", "")


def test_a_key_that_expired_signs_nothing() -> None:
    """Neither a manifest nor a report; and a signature dated outside its certificate's time does not hold."""
    late = datetime(2040, 1, 1, tzinfo=UTC)
    with pytest.raises(RequestError, match="expired"):
        sign_detached(DATA, self_signed(), late)
    with pytest.raises(RequestError, match="expired"):
        sign_pdf(small_pdf(), self_signed(), reason="seal", at=late)
    key = self_signed()
    digest = cms.read(sign_detached(DATA, key, AT)).said["message_digest"]
    finding = check_detached(DATA, cms.sign(key, digest, late).to_der(), key.certificates_pem)
    assert "expired" in finding.found and finding.verdict is Verdict.FAILED


@pytest.mark.parametrize("kind", KEYS)
def test_the_same_input_gives_the_same_bytes(kind: str) -> None:
    """Detached and in a PDF: RSA by its nature, ECDSA by RFC 6979; the PDF's id and dates come from the input."""
    key = a_key(kind)
    assert sign_detached(DATA, key, AT) == sign_detached(DATA, key, AT)
    assert sealed(kind) == sign_pdf(small_pdf(), key, reason="Machine seal of report R1 – Прод", at=AT)


@pytest.mark.parametrize("kind", KEYS)
def test_a_seal_is_appended_and_holds(kind: str) -> None:
    """The report's bytes stay; the finding says who sealed; whose key that is, is not checked unless asked."""
    assert sealed(kind).startswith(small_pdf())
    form, signer = check_pdf(sealed(kind))
    assert (form.check, form.verdict) == ("report-form", Verdict.OK)
    assert form.found.startswith("intact, covers the whole file; Ann Example")
    assert ("self-signed key" in form.found) == (kind == "self-signed")
    assert (signer.check, signer.verdict) == ("signer", Verdict.NOT_CHECKED)
    fingerprint = a_key(kind).fingerprint
    assert verdicts(check_pdf(sealed(kind), signer=fingerprint))[1] == ("signer", "ok")
    assert verdicts(check_pdf(sealed(kind), signer="00" * 32))[1] == ("signer", "failed")


@tool("pdfsig")
@pytest.mark.parametrize("kind", KEYS)
def test_pdfsig_finds_the_signature_valid(tmp_path: Path, kind: str) -> None:
    """Poppler's own reader of signatures agrees, and that the whole document is signed."""
    (tmp_path / "r.pdf").write_bytes(sealed(kind))
    said = run("pdfsig", tmp_path / "r.pdf").stdout
    assert "Signature is Valid." in said and "Total document signed" in said
    assert "ETSI.CAdES.detached" in said
    (tmp_path / "r.pdf").write_bytes(flipped(sealed(kind), 2_000))
    assert "Signature is Valid." not in run("pdfsig", tmp_path / "r.pdf").stdout


def test_a_sealed_report_breaks_no_rule_of_pdfa(tmp_path: Path) -> None:
    """No rule fails; pikepdf does not know signatures, so these two keys of the catalogue it says it left unchecked.

    What ISO 19005-3 asks of them is checked here: no appearances to be made (6.4.1), a widget that prints and has no
    action (6.3, 6.4.1), a whole byte range (6.4.3), and only /DocMDP as permission, without digests (6.1.12).
    """
    (tmp_path / "r.pdf").write_bytes(sealed())
    findings = pikepdf.pdfa.validate_written(str(tmp_path / "r.pdf"), "3b").findings
    assert {one.kind for one in findings} == {"unsupported"}
    assert sorted(one.where.split()[-1] for one in findings) == ["/AcroForm", "/Perms"]
    with pikepdf.open(tmp_path / "r.pdf") as pdf:
        form, (field,) = pdf.Root.AcroForm, pdf.Root.AcroForm.Fields
        assert set(form.keys()) == {"/Fields", "/SigFlags"}
        assert (int(field.F) & 0b110111, list(field.Rect)) == (4, [0, 0, 0, 0])
        assert not {"/A", "/AA"} & set(field.keys())
        assert list(pdf.Root.Perms.keys()) == ["/DocMDP"]
        (reference,) = field.V.Reference
        assert not {key for key in set(reference.keys()) if "Digest" in key or key == "/Data"}
        assert reference.TransformParams.P == 1


@tool("qpdf")
def test_qpdf_finds_nothing_wrong(tmp_path: Path) -> None:
    """Structure and streams of the sealed file are sound."""
    (tmp_path / "r.pdf").write_bytes(sealed())
    done = run("qpdf", "--check", tmp_path / "r.pdf")
    assert done.returncode == 0 and "No syntax or stream encoding errors" in done.stdout


def _places() -> list[int]:
    """Every 7th byte of what sealing appended, its keys whole, and 300 bytes of the report."""
    data, begin = sealed(), len(small_pdf())
    keys = [
        data.index(word, begin) + n for word in (b"/ByteRange", b"/Contents", b"/DocMDP", b"%%EOF") for n in range(5)
    ]
    return [*range(begin, len(data), 7), *keys, len(data) - 1, *Random(7).sample(range(begin), 300)]


def test_every_changed_byte_of_a_sealed_report_is_found() -> None:
    """In the report, in what was appended, and in the signature, which the signature itself does not cover."""
    wrong = [place for place in _places() if not check_pdf(flipped(sealed(), place, 0x20)).failed]
    assert wrong == []


def test_cut_grown_and_updated_reports_are_found() -> None:
    """Each way of changing the file around an intact signature."""
    data, end = sealed(), len(sealed())
    grown = BytesIO()
    with pikepdf.open(BytesIO(data)) as pdf:
        pdf.save(grown)
    twice = data + data[len(small_pdf()) :]
    for changed in (
        data[:-1],
        data[: end // 2],
        data + b"\n",
        data + b"%%EOF\n",
        twice,
        grown.getvalue(),
        b"\n" + data,
    ):
        (form,) = check_pdf(changed)
        assert form.verdict is Verdict.FAILED
    lower = data.replace(cms_hex(data), cms_hex(data).lower())
    assert lower != data and check_pdf(lower).failed


def cms_hex(data: bytes) -> bytes:
    """The signature as it is written in the file."""
    return data[data.rindex(b"/Contents <") + 11 : data.index(b">", data.rindex(b"/Contents <"))]


def test_a_report_without_a_seal_is_not_checked() -> None:
    """Never ok; failed where a signer is expected, and where the file is no PDF."""
    assert verdicts(check_pdf(small_pdf())) == [("report-form", "not checked")]
    assert verdicts(check_pdf(small_pdf(), signer="00" * 32)) == [("report-form", "failed")]
    for junk in (b"", b"%PDF-1.7\n", b"\0" * 9_000, small_pdf()[:-300]):
        assert verdicts(check_pdf(junk)) == [("report-form", "failed")]


def test_what_cannot_be_sealed_is_refused() -> None:
    """A second seal would break the first; what is no PDF gets none."""
    with pytest.raises(RequestError, match="signed already"):
        sign_pdf(sealed(), self_signed(), reason="again", at=AT)
    with pytest.raises(WorkError, match="cannot be sealed"):
        sign_pdf(b"no pdf", self_signed(), reason="seal", at=AT)


def stamped(names: Sequence[str]) -> tuple[bytes, bytes]:
    """A sealed report with a stamp by each of these authorities, and their roots."""
    tsas = [Tsa(name=name) for name in names]
    for tsa in tsas:
        tsa.__enter__()
    try:
        asked = [Authority(tsa.url, ca_pem=tsa.ca_pem) for tsa in tsas]
        return sign_pdf(small_pdf(), self_signed(), reason="seal", at=AT, stamps=asked), b"".join(
            a.ca_pem for a in asked
        )
    finally:
        for tsa in tsas:
            tsa.__exit__(None, None, None)


@pytest.mark.parametrize("names", [["One"], ["One", "Two", "Three"]], ids=["one", "three"])
def test_time_stamps_stand_in_the_seal(tmp_path: Path, names: list[str]) -> None:
    """Each has its own finding; without a root it is not checked; no rule of PDF/A is broken, and pdfsig agrees."""
    data, roots = stamped(names)
    known = check_pdf(data, authorities=roots)
    assert verdicts(known)[2:] == [("time-stamp", "ok")] * len(names)
    assert {one.found.split()[-2] for one in list(known)[2:]} == {*names}
    assert verdicts(check_pdf(data))[2:] == [("time-stamp", "not checked")] * len(names)
    assert verdicts(check_pdf(data, authorities=Tsa(name="Other").ca_pem))[2:] == [("time-stamp", "failed")] * len(
        names
    )
    (tmp_path / "r.pdf").write_bytes(data)
    findings = pikepdf.pdfa.validate_written(str(tmp_path / "r.pdf"), "3b").findings
    assert {one.kind for one in findings} == {"unsupported"}
    if shutil.which("pdfsig"):
        assert "Signature is Valid." in run("pdfsig", tmp_path / "r.pdf").stdout


def test_changed_bytes_of_a_stamp_in_a_report_are_found() -> None:
    """Every 53rd digit of the signature with its stamp, against the known root."""
    data, roots = stamped(["One"])
    begin = data.index(cms_hex(data))
    places = range(begin, begin + len(cms_hex(data).rstrip(b"0")), 53)
    assert [place for place in places if not check_pdf(flipped(data, place), authorities=roots).failed] == []


def test_one_failing_authority_stops_the_sealing() -> None:
    """Nothing is left out silently: the error names the one that failed."""
    with Tsa(name="One") as good, Tsa(name="Two", answer=lambda _: 503) as bad:
        asked = [Authority(tsa.url, ca_pem=tsa.ca_pem) for tsa in (good, bad)]
        with pytest.raises(WorkError, match="HTTP status 503") as caught:
            sign_pdf(small_pdf(), self_signed(), reason="seal", at=AT, stamps=asked)
    assert bad.url in caught.value.message


def test_stamps_that_do_not_fit_are_an_error() -> None:
    """PDF/A lets no string be longer than 32,767 bytes: sixteen stamps do not go into one seal."""
    with pytest.raises(WorkError, match="more than a PDF's signature holds"):
        stamped(["One"] * 16)


def test_checking_works_inside_an_event_loop_and_says_nothing(caplog: Any, capfd: Any) -> None:
    """A notebook has a running loop; pyHanko's log lines stay where nobody set up logging."""

    async def notebook() -> Findings:
        return check_pdf(flipped(sealed(), len(small_pdf()) // 2))

    with ThreadPoolExecutor(1) as pool:  # a browser's fixture may keep a loop in this thread
        assert pool.submit(asyncio.run, notebook()).result().failed
    assert capfd.readouterr() == ("", "")
