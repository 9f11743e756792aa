"""The pure Python signatures of verify.py agree with `cryptography` and OpenSSL, and take nothing but the one form."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evidence import bags
from workbench.evidence import verify_alone as alone
from workbench.evidence.verify_alone import EC, RSA, UnknownError, UnsoundError

DIGESTS = ("sha256", "sha384", "sha512")
KEYS = {
    "RSA 2048": rsa.generate_private_key(65537, 2048),
    "RSA 3072, exponent 3": rsa.generate_private_key(3, 3072),
    "RSA 2049": rsa.generate_private_key(65537, 2049),
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
}


def public(key: Any) -> bytes:
    """The content of the key's SubjectPublicKeyInfo."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return alone.inside(der, alone.SEQUENCE)


def sign(key: Any, digest: str, data: bytes) -> bytes:
    """A signature by `cryptography`."""
    how = getattr(hashes, digest.upper())()
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), how)
    return bytes(key.sign(data, ec.ECDSA(how)))


def holds(key: Any, digest: str, data: bytes, signature: bytes) -> bool:
    """Whether verify.py takes it."""
    try:
        alone.verify(public(key), RSA if isinstance(key, rsa.RSAPrivateKey) else EC, digest, data, signature)
    except UnsoundError:
        return False
    return True


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_signatures_of_cryptography_hold_and_changed_ones_do_not(key: Any, digest: str) -> None:
    """Every key with every digest; another message, another digest, a changed signature do not hold."""
    signature = sign(key, digest, b"message")
    assert holds(key, digest, b"message", signature)
    assert not holds(key, digest, b"Message", signature)
    assert not holds(key, DIGESTS[DIGESTS.index(digest) - 1], b"message", signature)
    for place in range(0, len(signature), 17):
        assert not holds(
            key, digest, b"message", signature[:place] + bytes([signature[place] ^ 4]) + signature[place + 1 :]
        )
    assert not holds(key, digest, b"message", b"\0" + signature)
    assert not holds(key, digest, b"message", signature + b"\0")


@pytest.mark.parametrize("name", ["P-256", "P-384", "P-521"])
def test_ecdsa_takes_no_numbers_out_of_range(name: str) -> None:
    """r and s lie between 1 and the order − 1, and the key lies on the curve."""
    key = KEYS[name]
    prime, base = next(curve for curve in alone.CURVES.values() if curve[0].bit_length() == key.curve.key_size)
    order = int(base[: len(base) // 3], 16)
    r, s = decode_dss_signature(sign(key, "sha256", b"message"))
    assert holds(key, "sha256", b"message", encode_dss_signature(r, order - s))
    for wrong in ((0, s), (r, 0), (0, 0), (r + order, s), (r, s + order), (order, s), (r, order), (prime, s), (1, 1)):
        assert not holds(key, "sha256", b"message", encode_dss_signature(*wrong))
    spki = public(key)
    with pytest.raises(UnsoundError):
        alone.verify(spki[:-1] + bytes([spki[-1] ^ 1]), EC, "sha256", b"message", encode_dss_signature(r, s))


def test_rsa_takes_no_loose_padding_and_no_short_key() -> None:
    """The whole block is compared, so bytes behind the digest do not pass; keys below 2048 bits do not either."""
    key = KEYS["RSA 3072, exponent 3"]
    digest = hashlib.sha256(b"message").digest()
    info = bytes.fromhex("3031300d060960864801650304020105000420") + digest
    forged = b"\0\1" + b"\xff" * 8 + b"\0" + info
    forged += b"\0" * (384 - len(forged))
    root = _cube_root(int.from_bytes(forged, "big")) + 1
    assert (root**3).to_bytes(384, "big").startswith(forged[:70])
    assert not holds(key, "sha256", b"message", root.to_bytes(384, "big"))
    weak = rsa.generate_private_key(65537, 1024)
    assert not holds(weak, "sha256", b"message", sign(weak, "sha256", b"message"))


def _cube_root(number: int) -> int:
    low, high = 0, 1 << (number.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


@pytest.fixture(scope="module", params=["rsa", "ec384"])
def package(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed package."""
    return bags.build(tmp_path_factory.mktemp("cms") / "p", signed="chain", stamps=1, key=request.param)


@pytest.mark.slow
def test_each_byte_of_a_signature_counts(package: Path) -> None:
    """No byte of the CMS can be changed, though most are not covered by the signature itself."""
    data = (package / "tagmanifest-sha256.txt").read_bytes()
    cms = (package / "signature/tagmanifest-sha256.txt.p7s").read_bytes()
    chain = alone.read_certificates((package / "certificates.pem").read_bytes())
    assert alone.read_cms(cms, data, chain).startswith("signed at 2")
    missed = []
    for place in range(0, len(cms), 1 if len(chain[0].signature) > 200 else 3):
        for bit in (1, 0x0A, 0x80):
            changed = cms[:place] + bytes([cms[place] ^ bit]) + cms[place + 1 :]
            try:
                alone.read_cms(changed, data, chain)
                missed.append((place, bit))
            except (UnsoundError, UnknownError, ValueError, IndexError):
                continue
    # rsaEncryption and sha256WithRSAEncryption say the same, so that change is none (SHA256SUMS finds it all the same)
    assert len(missed) <= 1 and all(bit == 0x0A for _, bit in missed)
    assert alone.read_cms(cms, data, chain)
    with pytest.raises(UnsoundError, match="changed"):
        alone.read_cms(cms, data + b"x", chain)
    with pytest.raises(UnsoundError):
        alone.read_cms(cms + b"\0", data, chain)
    with pytest.raises(UnsoundError, match=r"another signer|other certificates"):
        alone.read_cms(cms, data, chain[:1])


def test_a_chain_is_checked_link_by_link(package: Path, tmp_path: Path) -> None:
    """A certificate that the next one did not issue is found, by name and by signature."""
    leaf, root = alone.read_certificates((package / "certificates.pem").read_bytes())
    other = bags.build(tmp_path / "other", signed="chain", key="ec")
    _, stranger = alone.read_certificates((other / "certificates.pem").read_bytes())
    assert alone.issued(leaf, root) and "self-signed" in alone.issued(root, root)
    with pytest.raises(UnsoundError, match="issuer"):
        alone.issued(leaf, leaf)
    changed = leaf._replace(signed=leaf.signed[:-1] + bytes([leaf.signed[-1] ^ 1]))
    with pytest.raises(UnsoundError, match="not by this key"):
        alone.issued(changed, root)
    if stranger != root:
        with pytest.raises((UnsoundError, UnknownError)):
            alone.issued(leaf, stranger)


def test_a_signature_outside_the_certificate_s_time_does_not_hold(package: Path) -> None:
    """The signer says when it was signed; the certificate must have been valid then."""
    data = (package / "tagmanifest-sha256.txt").read_bytes()
    cms = (package / "signature/tagmanifest-sha256.txt.p7s").read_bytes()
    chain = alone.read_certificates((package / "certificates.pem").read_bytes())
    old = [chain[0]._replace(valid=("20200101000000Z", "20210101000000Z")), chain[1]]
    with pytest.raises(UnsoundError, match="valid from"):
        alone.read_cms(cms, data, old)


WRONG_DER = {
    "indefinite length": "3080020101 0000",
    "long form of a short length": "30810302 0101",
    "length with a leading zero": "3082000302 0101",
    "cut off": "3005020101",
    "bytes behind": "300302010100",
    "high tag": "1f8101 00",
    "nothing": "",
    "one byte": "30",
}


@pytest.mark.parametrize("der", WRONG_DER.values(), ids=WRONG_DER)
def test_der_is_taken_in_its_one_form_only(der: str) -> None:
    """BER that is no DER is refused."""
    assert alone.inside(bytes.fromhex("3003020101"), 0x30, 0x02) == b"\1"
    with pytest.raises(UnsoundError):
        alone.inside(bytes.fromhex(der), 0x30, 0x02)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_bytes_end_in_anything_but_an_exception(data: st.DataObject) -> None:
    """Readers of signatures end on random and on half-right bytes; `Checks` turns what they raise into findings."""
    seed = data.draw(st.sampled_from([b"", b"0\x82\x01\x00", bytes.fromhex("3009060760864801650304")]))
    junk = seed + data.draw(st.binary(max_size=200))
    for read in (alone.read_stamp, alone.read_certificate, lambda der: alone.read_cms(der, b"", [])):
        with pytest.raises((UnsoundError, UnknownError, ValueError, IndexError)):
            read(junk)
