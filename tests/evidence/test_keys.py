"""Signing keys: made, saved, loaded from PKCS#12 and PEM, refused."""

from __future__ import annotations

import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from tests.evidence.authority import certificate, private_pem
from workbench.core.errors import NameTaken, RequestError
from workbench.evidence.keys import Key

SECRET = "correct horse battery"
KINDS = {
    "RSA 2048": lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
}
REFUSED = {
    "RSA 1024": lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@cache
def self_signed() -> Key:
    """One key for all tests that only need any; valid from 2026 on."""
    return Key.make_self_signed("Ann Example", begin=datetime(2026, 1, 1, tzinfo=UTC))


@cache
def chained(kind: str) -> tuple[Any, tuple[Any, Any, Any]]:
    """A private key with the certificates of signer, intermediate and root."""
    own, middle, root = KINDS[kind](), KINDS["P-256"](), KINDS["P-256"]()
    return own, (
        certificate("Ann Example", own, "Middle", middle),
        certificate("Middle", middle, "Root", root, ca=True),
        certificate("Root", root, "Root", root, ca=True),
    )


def chained_key(kind: str = "P-256") -> Key:
    """The same as a Key."""
    private, certificates = chained(kind)
    return Key(private=private, certificates=certificates)


def pem(*certificates: Any) -> bytes:
    """Certificates in PEM."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def test_a_made_key_says_that_it_is_self_signed() -> None:
    """The label stands in the certificate itself, so that every program that shows it shows the label."""
    key = self_signed()
    assert key.self_signed
    assert key.name == "Ann Example"
    assert "Self-signed (identity not checked)" in key.certificate.subject.rfc4514_string()
    assert key.private.key_size == 3072
    assert key.certificates_pem.count(b"BEGIN CERTIFICATE") == 1


@pytest.mark.parametrize("name", ["", "  ", "a" * 65, "Ann\nExample", "Ann\u202eExample"])
def test_a_key_needs_a_name_that_prints(name: str) -> None:
    """Control characters and direction overrides never get into a certificate."""
    with pytest.raises(RequestError, match="name"):
        Key.make_self_signed(name)


def test_a_saved_key_loads_and_opens_in_openssl(tmp_path: Path) -> None:
    """PKCS#12, encrypted, readable by its owner only, and OpenSSL reads it with the password."""
    path = tmp_path / "ann.p12"
    self_signed().save(path, SECRET)
    assert path.stat().st_mode & 0o777 == 0o600
    again = Key.load(path, SECRET)
    assert (again.fingerprint, again.name, again.self_signed) == (self_signed().fingerprint, "Ann Example", True)
    assert [one.name for one in tmp_path.iterdir()] == ["ann.p12"]
    if shutil.which("openssl") is None:
        pytest.skip("OpenSSL, for a second opinion, is not installed")
    command = ["openssl", "pkcs12", "-in", path, "-passin", f"pass:{SECRET}", "-nokeys"]
    assert "CN = Ann Example" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_key_is_never_written_over_a_file(tmp_path: Path) -> None:
    """The file that stands there keeps its bytes."""
    path = tmp_path / "ann.p12"
    path.write_bytes(b"mine")
    with pytest.raises(NameTaken):
        self_signed().save(path, SECRET)
    assert path.read_bytes() == b"mine"
    assert [one.name for one in tmp_path.iterdir()] == ["ann.p12"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["pkcs12", "one pem", "two pem", "encrypted pem"])
def test_keys_load_with_their_chain_in_order(tmp_path: Path, kind: str, form: str) -> None:
    """Signer first, then its issuer, whatever the order in the file."""
    private, (own, middle, root) = chained(kind)
    path, apart = tmp_path / "key", tmp_path / "certificates.pem"
    apart.write_bytes(pem(root, own, middle))
    locked = BestAvailableEncryption(SECRET.encode())
    path.write_bytes(
        {
            "pkcs12": lambda: serialize_key_and_certificates(b"ann", private, own, [root, middle], locked),
            "one pem": lambda: apart.read_bytes() + private_pem(private),
            "two pem": lambda: private_pem(private),
            "encrypted pem": lambda: (
                private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked) + pem(middle, root, own)
            ),
        }[form]()
    )
    key = Key.load(path, SECRET, certificates=apart if form == "two pem" else None)
    assert key.certificates == (own, middle, root)
    assert key.certificates_pem == pem(own, middle, root)
    assert not key.self_signed


@pytest.mark.parametrize("kind", REFUSED)
def test_other_kinds_of_key_are_refused(tmp_path: Path, kind: str) -> None:
    """What the package format does not name is not signed with."""
    private = REFUSED[kind]()
    path = tmp_path / "key.pem"
    path.write_bytes(private_pem(private))
    by = KINDS["P-256"]()
    apart = tmp_path / "certificates.pem"
    apart.write_bytes(pem(certificate("Ann", private, "Root", by)))
    with pytest.raises(RequestError, match="not accepted"):
        Key.load(path, certificates=apart)


def test_a_key_for_something_else_is_refused() -> None:
    """A certificate whose key usage is to sign certificates does not sign documents."""
    private = KINDS["P-256"]()
    with pytest.raises(RequestError, match="key usage"):
        Key(private=private, certificates=(certificate("Root", private, "Root", private, ca=True),))


def test_wrong_files_are_refused_without_the_password(tmp_path: Path) -> None:
    """Each message says what is wrong, and none holds the password."""
    private, (own, middle, root) = chained("P-256")
    stranger = certificate("Stranger", KINDS["P-256"](), "Root", KINDS["P-256"]())
    encrypted = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(SECRET.encode()))
    p12 = serialize_key_and_certificates(b"", private, own, None, BestAvailableEncryption(SECRET.encode()))
    wrong = {
        b"": "wrong, or this is no",
        p12[:-9]: "wrong, or this is no",
        p12: "wrong, or this is no",
        encrypted + pem(own): "password is wrong",
        pem(own): "no private key",
        private_pem(private): "no certificate",
        private_pem(private) + pem(middle, root): "none of the certificates",
        private_pem(private) + pem(own, stranger): "not in the key's chain: Stranger",
        private_pem(private) + pem(own)[:-60]: "no certificate",
        b"0" * 2_000_000: "larger",
    }
    for number, (data, why) in enumerate(wrong.items()):
        path = tmp_path / str(number)
        path.write_bytes(data)
        with pytest.raises(RequestError, match=why) as caught:
            Key.load(path, "not the secret")
        assert "not the secret" not in f"{caught.value}{caught.value.__cause__}{caught.value.advice}"
    with pytest.raises(RequestError, match="cannot be read"):
        Key.load(tmp_path / "nowhere")
    with pytest.raises(RequestError, match="no password was given"):
        Key.load(tmp_path / "3")


def test_validity_is_said_in_words() -> None:
    """Before and after its time a key refuses, and says which."""
    key = Key.make_self_signed("Ann", days=1, begin=datetime(2026, 3, 1, tzinfo=UTC))
    key.valid_at(datetime(2026, 3, 1, 0, 0, 0, 1, tzinfo=UTC))
    with pytest.raises(RequestError, match="not valid before 2026-03-01"):
        key.valid_at(datetime(2026, 2, 28, tzinfo=UTC))
    with pytest.raises(RequestError, match="expired at 2026-03-02"):
        key.valid_at(datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=1))
    with pytest.raises(RequestError, match="no time zone"):
        key.valid_at(datetime(2026, 3, 1))  # noqa: DTZ001


def test_no_secret_is_shown() -> None:
    """The repr holds a name, and nothing of the key."""
    assert repr(self_signed()) == "Key('Ann Example', self-signed)"
    assert repr(chained_key()) == "Key('Ann Example', issued)"


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_key_and_data_sign_the_same(kind: str) -> None:
    """RSA PKCS #1 v1.5 by its nature, ECDSA by RFC 6979."""
    key = chained_key(kind)
    assert key.sign(b"data") == key.sign(b"data") != key.sign(b"other")


def test_without_the_extra_the_way_out_is_named(tmp_path: Path) -> None:
    """Where the libraries are missing, everything imports and signing says what to install."""
    code = (
        "import sys, importlib.util as u\n"
        "found = u.find_spec\n"
        "missing = {'asn1crypto', 'cryptography', 'pyhanko'}\n"
        "u.find_spec = lambda name, *a: None if name in missing else found(name, *a)\n"
        "from workbench.evidence import keys, signing, timestamps\n"
        "from workbench.core.errors import WorkError\n"
        "assert not missing & set(sys.modules)\n"
        "try: keys.Key.make_self_signed('Ann')\n"
        "except WorkError as exc: print(exc.advice)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "pip install 'forensic-workbench[sign]'"


def test_an_unencrypted_key_file_is_possible(tmp_path: Path) -> None:
    """Without a password the file's mode is all that guards it; that is the person's choice."""
    self_signed().save(tmp_path / "open.p12")
    assert Key.load(tmp_path / "open.p12").fingerprint == self_signed().fingerprint
