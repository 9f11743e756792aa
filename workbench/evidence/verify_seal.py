"""The signatures of a package: whole, by the certificate it names, by whom the verifier expects, and when.

`signer` and `seal` compare with what the verifier knows from elsewhere; a package can never prove them by itself, so
they are *not checked* where nobody says what to expect.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from workbench.core.errors import WorkbenchError
from workbench.evidence.certificates import certificates_in, fingerprint_of
from workbench.evidence.findings import Finding
from workbench.evidence.verify_bag import CERTIFICATES, TAG_MANIFESTS, Bag, failed, not_checked, ok

SUMS = "signature/SHA256SUMS"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


def check_seal(bag: Bag, signer: str, seal: str) -> Iterator[Finding]:
    """``signature-files``, ``signature``, ``signer``, ``seal``, ``time-stamp``."""
    yield from _files(bag)
    if bag.signed:
        yield from _signatures(bag)
        yield from _stamps(bag)
    elif bag.info:
        yield not_checked("signature", "", "nobody signed this package: whoever changes it can write all digests anew")
    yield _signer(bag, _plain(signer))
    yield _seal(bag, _plain(seal))


def _plain(digest: str) -> str:
    return re.sub(r"[\s:]", "", digest).lower()


def _expected(bag: Bag) -> list[str]:
    if not bag.signed:
        return []
    stamps = range(1, int(bag.info["Time-Stamps"]) + 1)
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
    if wanted == there and bag.signed:
        yield from _sums(bag, expected)


def _sums(bag: Bag, expected: list[str]) -> Iterator[Finding]:
    digests = {name: hashlib.sha256(bag.read(f"signature/{name}") or b"").hexdigest() for name in expected}
    said = (bag.read(SUMS) or b"").decode("utf-8", "replace")
    lines = {name: digest for digest, _, name in (line.partition("  ") for line in said.split("\n"))}
    changed = [name for name in expected if lines.get(name) != digests[name]]
    for name in changed:
        note = "Either was changed since the package was sealed."
        yield failed("signature-files", f"signature/{name}", lines.get(name, "a line"), digests[name], note)
    if not changed and said != "".join(f"{digests[name]}  {name}\n" for name in expected):
        yield failed("signature-files", SUMS, "one line a file, sorted", "another form")
    elif not changed:
        yield ok("signature-files", SUMS, f"{len(expected)} files")


def _signatures(bag: Bag) -> Iterator[Finding]:
    from workbench.evidence.signing import check_detached

    pem = bag.read(CERTIFICATES) or b""
    for name in TAG_MANIFESTS:
        path = f"signature/{name}.p7s"
        data, signature = bag.read(name), bag.read(path)
        if data is None or signature is None:
            yield failed("signature", path, f"a signature over {name}", "none that can be read")
            continue
        found = check_detached(data, signature, pem)
        yield Finding(check="signature", verdict=found.verdict, file=path, expected=found.expected, found=found.found)
    try:
        fingerprint, kind = _certificate(pem)
    except WorkbenchError as exc:
        yield failed("signature", CERTIFICATES, "certificates", exc.message)
        return
    said = f"{bag.info['Signed-By']}, {bag.info['Signature-Kind']}"
    if said != f"{fingerprint}, {kind}":
        yield failed("signature", "bag-info.txt", f"{fingerprint}, {kind}", said, "It names another certificate.")


def _certificate(pem: bytes) -> tuple[str, str]:
    from workbench.evidence.certificates import is_self_signed, pem_of

    found = certificates_in(pem)
    if pem_of(found) != pem:
        return "another way of writing the same certificates", ""
    return fingerprint_of(found[0]), "self-signed key" if is_self_signed(found[0]) else "given key"


def _stamps(bag: Bag) -> Iterator[Finding]:
    from workbench.evidence import timestamps

    signature = bag.read(f"signature/{TAG_MANIFESTS[0]}.p7s")
    for number in range(1, int(bag.info["Time-Stamps"]) + 1):
        path = f"signature/time-stamp-{number}.tsr"
        stamp, authority = bag.read(path), bag.read(f"signature/time-stamp-{number}.pem")
        if stamp is None or authority is None or signature is None:
            yield failed("time-stamp", path, "a time stamp and its certificates", "none that can be read")
            continue
        found = timestamps.check(stamp, signature, authority)
        yield Finding(check="time-stamp", verdict=found.verdict, file=path, expected=found.expected, found=found.found)


def _signer(bag: Bag, expected: str) -> Finding:
    found = bag.info.get("Signed-By", "")
    if not expected:
        note = "nobody said whose signature to expect; --signer compares the certificate's fingerprint"
        return not_checked("signer", "", f"{note} (here {found})" if found else note)
    if not _FINGERPRINT.fullmatch(expected):
        return failed("signer", "", "64 hexadecimal digits", expected[:100], "That is no fingerprint (SHA-256).")
    return ok("signer", CERTIFICATES, found) if found == expected else failed("signer", CERTIFICATES, expected, found)


def _seal(bag: Bag, expected: str) -> Finding:
    found = hashlib.sha256(bag.read(TAG_MANIFESTS[0]) or b"").hexdigest()
    if not expected:
        return not_checked("seal", "", f"nobody said which seal to expect; --seal compares it (here {found})")
    name = TAG_MANIFESTS[0]
    return ok("seal", name, found) if found == expected else failed("seal", name, expected, found)
