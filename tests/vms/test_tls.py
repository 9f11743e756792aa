"""Whom the client trusts over TLS: six servers that it must refuse, and the ways to trust one all the same."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.planted import PLAIN
from tests.vms.faulty import Faulty, answer
from workbench.core.errors import RemoteError, RequestError, SourceError
from workbench.vms.client import Client
from workbench.vms.tls import Trust

NOW = datetime.datetime.now(datetime.UTC)
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Pem:
    """A certificate with its key, as objects and as one PEM file."""

    path: Path
    cert: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER form."""
        return hashlib.sha256(self.cert.public_bytes(serialization.Encoding.DER)).hexdigest()


def made(folder: Path, name: str, *, host: str = "localhost", issuer: Pem | None = None, days: int = 2) -> Pem:
    """A certificate for `host`, signed by `issuer` or by itself, that ends in `days` days."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names: list[x509.GeneralName] = [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.cert.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 9 * DAY)
        .not_valid_after(NOW + days * DAY)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=name == "ca", path_length=None), critical=True)
    )
    cert = builder.sign(issuer.key if issuer else key, hashes.SHA256())
    path = folder / f"{name}.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + cert.public_bytes(serialization.Encoding.PEM)
    )
    return Pem(path, cert, key)


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pem]:
    """Certificates of all the servers here."""
    folder = tmp_path_factory.mktemp("pems")
    ca = made(folder, "ca")
    return {
        "ca": ca,
        "good": made(folder, "good", issuer=ca),
        "expired": made(folder, "expired", issuer=ca, days=-1),
        "wrong-host": made(folder, "wrong-host", host="elsewhere.example", issuer=ca),
        "self-signed": made(folder, "self-signed"),
    }


@contextmanager
def serving(pem: Pem, newest: ssl.TLSVersion | None = None) -> Iterator[Faulty]:
    """A server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem.path)
    if newest is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = newest
    with Faulty(lambda asked, wire: wire.send(answer(200, b'["S"]')), context) as server:
        yield server


Trusting = Callable[[dict[str, Pem]], Trust]
REFUSED: dict[str, tuple[str, Trusting]] = {
    "expired": ("expired", lambda pems: Trust(ca=pems["ca"].path)),
    "wrong host": ("wrong-host", lambda pems: Trust(ca=pems["ca"].path)),
    "self-signed": ("self-signed", lambda pems: Trust()),
    "a CA that nobody named": ("good", lambda pems: Trust()),
    "another fingerprint": ("good", lambda pems: Trust(fingerprint=pems["expired"].fingerprint)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_server_that_cannot_prove_itself_is_refused(pems: dict[str, Pem], case: str) -> None:
    """Nothing of a request, so no password either, is sent to a server that is not who it should be; no second try."""
    name, trusting = REFUSED[case]
    with (
        serving(pems[name]) as server,
        Client(server.url, user="anna", password=PLAIN, trust=trusting(pems)) as client,
    ):
        with pytest.raises(RemoteError, match="could not prove who it is"):
            client.hosts()
        assert server.asked == []
        assert len(client.flight.calls) == 1


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated:DeprecationWarning")
def test_an_old_tls_is_refused(pems: dict[str, Pem]) -> None:
    """TLS 1.0 is not spoken, not even with a trusted certificate or with the check switched off."""
    with serving(pems["good"], ssl.TLSVersion.TLSv1) as server:
        for trust in (Trust(ca=pems["ca"].path), Trust(verify=False)):
            with Client(server.url, trust=trust) as client, pytest.raises(RemoteError, match="no safe way"):
                client.hosts()
        assert server.asked == []


TRUSTED: dict[str, tuple[str, Trusting, bool, str]] = {
    "a CA of one's own": ("good", lambda pems: Trust(ca=pems["ca"].path), True, "a CA of one's own"),
    "pinned": ("self-signed", lambda pems: Trust(fingerprint=pems["self-signed"].fingerprint), True, "a pinned"),
    "switched off": ("expired", lambda pems: Trust(verify=False), False, "switched off"),
}


@pytest.mark.parametrize("case", TRUSTED)
def test_how_a_server_was_trusted_is_said(pems: dict[str, Pem], case: str) -> None:
    """A trusted server answers; how it was trusted, and its certificate, are on record; a switched-off check too."""
    name, trusting, verified, by = TRUSTED[case]
    with serving(pems[name]) as server, Client(server.url, trust=trusting(pems)) as client:
        assert client.hosts() == ("S",)
        assert (client.tls["verified"], client.tls["fingerprint"]) == (verified, pems[name].fingerprint)
        assert by in client.tls["by"]
        assert client.flight.calls[0].tls == pems[name].fingerprint


def test_a_trust_that_cannot_be_is_refused(tmp_path: Path) -> None:
    """A fingerprint that is none and a file without a CA are errors before anything is sent."""
    with pytest.raises(RequestError, match="fingerprint"):
        Trust(fingerprint="12:34")
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("empty.pem", "none.pem"):
        with pytest.raises(SourceError, match=name):
            Client("https://localhost:9", trust=Trust(ca=tmp_path / name))


def test_plain_http_is_not_called_verified() -> None:
    """Over plain HTTP nothing proves who answers, and the client says so."""
    with Client("http://127.0.0.1:9") as client:
        assert client.tls == {"verified": False, "by": "nothing: plain HTTP", "fingerprint": None}
