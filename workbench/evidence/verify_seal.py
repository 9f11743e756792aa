"""The signatures of a package: whole, by the certificate it names, by whom the verifier expects, and when.

`signer` and `seal` compare with what the verifier knows from elsewhere; a package can never prove them by itself, so
they are *not checked* where nobody says what to expect.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from workbench.core.errors import WorkbenchError, WorkError
from workbench.evidence.findings import Finding, Verdict
from workbench.evidence.sign_extra import need
from workbench.evidence.verify_bag import CERTIFICATES, TAG_MANIFESTS, Bag, failed, not_checked, ok

SUMS = "signature/SHA256SUMS"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def check_seal(bag: Bag, signer: str, seal: str) -> Iterator[Finding]:
    """``signature-files``, ``signature``, ``signer``, ``seal``, ``time-stamp``."""
    yield from _files(bag)
    if bag.signed and (lacking := _lacking()):
        yield not_checked("signature", "", lacking)
        yield not_checked("time-stamp", "", lacking)
    elif bag.signed:
        yield from _signatures(bag)
        yield from _stamps(bag)
    else:
        yield not_checked("signature", "", "nobody signed this package: whoever changes it can write all digests anew")
    yield _signer(bag, _plain(signer))
    yield _seal(bag, _plain(seal))


def _lacking() -> str:
    """What is not installed here, and the way out; empty where signatures can be checked."""
    try:
        need()
    except WorkError as exc:
        return f"{exc.message}: {exc.advice}"
    return ""


def _plain(digest: str) -> str:
    return re.sub(r"[\s:]", "", digest).lower()


def _expected(bag: Bag) -> list[str]:
    if not bag.signed:
        return []
    stamps = range(1, bag.stamps + 1)
    named = [f"time-stamp-{n}.{kind}" for n in stamps for kind in ("pem", "tsr")]
    return sorted([*named, *(f"{name}.p7s" for name in TAG_MANIFESTS)])


def _files(bag: Bag) -> Iterator[Finding]:
    """The folder holds just what bag-info.txt says, and each file has the digest that SHA256SUMS says."""
    expected = _expected(bag)
    wanted = {f"signature/{name}" for name in expected} | ({SUMS} if bag.signed else set())
    there = {path for path in bag.files if path.startswith("signature/")}
    for path in sorted(wanted - there):
        yield failed("signature-files", path, "a file: bag-info.txt says so", "none", "A signature was taken away.")
    for path in sorted(there - wanted):
        yield failed("signature-files", path, "no such file: bag-info.txt says so", "a file")
    if bag.signed and SUMS in there:
        whole = wanted == there
        yield from _sums(bag, [name for name in expected if f"signature/{name}" in there], whole)


def _sums(bag: Bag, names: list[str], whole: bool) -> Iterator[Finding]:
    """SHA256SUMS against the files; which of the two was changed, it cannot say, so it names both."""
    digests = {name: hashlib.sha256(bag.read(f"signature/{name}") or b"").hexdigest() for name in names}
    said = (bag.read(SUMS) or b"").decode("utf-8", "replace")
    lines = {name: digest for digest, _, name in (line.partition("  ") for line in said.split("\n"))}
    wrong = [name for name in names if lines.get(name) != digests[name]]
    for name in wrong:
        note = f"{name} or SHA256SUMS was changed since the package was sealed."
        for path in (f"signature/{name}", SUMS):
            yield failed("signature-files", path, lines.get(name, "a line"), digests[name], note)
    if not wrong and whole and said != "".join(f"{digests[name]}  {name}\n" for name in names):
        yield failed("signature-files", SUMS, "one line a file, sorted", "another form")
    elif not wrong and whole:
        yield ok("signature-files", SUMS, f"{len(names)} files")


def _signatures(bag: Bag) -> Iterator[Finding]:
    from workbench.evidence.signing import check_detached

    pem = bag.read(CERTIFICATES) or b""
    for name in TAG_MANIFESTS:
        path = f"signature/{name}.p7s"
        data, signature = bag.read(name), bag.read(path)
        if data is None or signature is None:
            yield failed("signature", path, f"a signature over {name}", "none that can be read")
            continue
        yield replace(check_detached(data, signature, pem), file=path)
    yield from _certificates(bag, pem)


def _certificates(bag: Bag, pem: bytes) -> Iterator[Finding]:
    """certificates.pem is written in the one way, is what bag-info.txt says, and each was issued by the next."""
    from workbench.evidence.certificates import certificates_in, fingerprint_of, is_self_signed, issued, pem_of

    try:
        found = certificates_in(pem)
    except WorkbenchError as exc:
        yield failed("signature", CERTIFICATES, "certificates", exc.message)
        return
    if pem_of(found) != pem:
        yield failed("signature", CERTIFICATES, "certificates in plain PEM", "the same, written in another way")
    fingerprint = fingerprint_of(found[0])
    said = f"{bag.info['Signed-By']}, {bag.info['Signature-Kind']}" if bag.info else "nothing that can be read"
    expected = f"{fingerprint}, {'self-signed key' if is_self_signed(found[0]) else 'given key'}"
    if said != expected:
        yield failed("signature", "bag-info.txt", expected, said, "It names another certificate.")
    for number, (one, above) in enumerate(pairwise(found), 1):
        if not issued(above, one):
            yield failed("signature", CERTIFICATES, "issued by the next", "not so", place=f"certificate {number}")


def _stamps(bag: Bag) -> Iterator[Finding]:
    from workbench.evidence import timestamps

    signature = bag.read(f"signature/{TAG_MANIFESTS[0]}.p7s")
    for number in range(1, bag.stamps + 1):
        path, root = f"signature/time-stamp-{number}.tsr", f"signature/time-stamp-{number}.pem"
        stamp, authority = bag.read(path), bag.read(root)
        if stamp is None or authority is None or signature is None:
            yield failed("time-stamp", path, "a time stamp, its certificates, a signature", "not all can be read")
            continue
        found = timestamps.check(stamp, signature, authority)
        note = f"{found.note}; the root is the one in {root}, so make sure that you know it".lstrip("; ")
        yield replace(found, file=path, note=note if found.verdict is Verdict.OK else found.note)


def _signer(bag: Bag, expected: str) -> Finding:
    found = bag.info.get("Signed-By", "")
    if not expected:
        note = "nobody said whose signature to expect; --signer compares the certificate's fingerprint"
        return replace(not_checked("signer", "", note), found=found)
    if not _FINGERPRINT.fullmatch(expected):
        return failed("signer", "", "64 hexadecimal digits", expected[:100], "That is no fingerprint (SHA-256).")
    return ok("signer", CERTIFICATES, found) if found == expected else failed("signer", CERTIFICATES, expected, found)


def _seal(bag: Bag, expected: str) -> Finding:
    name, data = TAG_MANIFESTS[0], bag.read(TAG_MANIFESTS[0])
    found = "" if data is None else hashlib.sha256(data).hexdigest()
    if not expected:
        return replace(not_checked("seal", "", "nobody said which seal to expect; --seal compares it"), found=found)
    return ok("seal", name, found) if found == expected else failed("seal", name, expected, found)
