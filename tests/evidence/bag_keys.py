"""Keys and certificates for packages of tests, made once a process with `cryptography`.

``self`` is a self-signed certificate, ``chain`` one issued by an authority; kinds name the key's algorithm, ``tsa`` is
a time-stamp authority.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KINDS = ("ec", "ec384", "ec521", "rsa", "rsa3072", "other", "tsa")
CURVES = {"ec384": ec.SECP384R1(), "ec521": ec.SECP521R1(), "other": ec.BrainpoolP256R1()}


@dataclass(frozen=True)
class KeyFiles:
    """A key on disk: its certificate, those above it (an empty file where self-signed), and the key, all PEM."""

    leaf: Path
    above: Path
    key: Path


@cache
def _place() -> Path:
    place = Path(tempfile.mkdtemp(prefix="bag-keys-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


@cache
def _made(signed: str, kind: str) -> tuple[Any, tuple[x509.Certificate, ...]]:
    """The private key and its certificates, the signer's first."""
    key = _key(kind)
    if signed == "self":
        return key, (_certificate("A. Examiner", key, "A. Examiner", key, authority=False, stamping=False),)
    above = _key("rsa" if kind.startswith("rsa") else "ec")
    root = _certificate("Laboratory CA", above, "Laboratory CA", above, authority=True, stamping=False)
    leaf = _certificate("A. Examiner", key, "Laboratory CA", above, authority=False, stamping=kind == "tsa")
    return key, (leaf, root)


def _key(kind: str) -> Any:
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:] or "2048"))
    return ec.generate_private_key(CURVES.get(kind, ec.SECP256R1()))


def _certificate(name: str, key: Any, issuer: str, by: Any, *, authority: bool, stamping: bool) -> x509.Certificate:
    def named(words: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, words)])

    made = x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(issuer)).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
    made = made.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if stamping:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return made.sign(by, hashes.SHA256())


@cache
def key_files(signed: str, kind: str) -> KeyFiles:
    """The key of that kind, written to a scratch folder of this process."""
    key, certificates = _made(signed, kind)
    pems = [one.public_bytes(Encoding.PEM) for one in certificates]
    files = KeyFiles(*(_place() / f"{signed}-{kind}-{part}.pem" for part in ("leaf", "above", "key")))
    files.leaf.write_bytes(pems[0])
    files.above.write_bytes(b"".join(pems[1:]))
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def certificate_der(signed: str, kind: str) -> bytes:
    """The signer's certificate."""
    return _made(signed, kind)[1][0].public_bytes(Encoding.DER)
