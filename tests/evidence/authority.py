"""A time-stamp authority on loopback: its own root, its own stamping certificate, real RFC 3161 answers.

    with Authority() as tsa:
        timestamps.Authority(url=tsa.url, ca_pem=tsa.ca_pem).stamp(data)

Answers are made by pyHanko's small authority, or by `openssl ts -reply` where a test asks for that one; a test may
put its own `answer` in between: request bytes → response bytes, or an HTTP status.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=20_000)
Answer = Callable[[bytes], bytes | int]


def certificate(
    name: str, private: Any, issuer: str, by: Any, *, ca: bool = False, stamping: bool = False
) -> x509.Certificate:
    """A certificate for `private`, signed by `by` under the name `issuer`."""

    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    usage = dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement"), False)
    usage |= dict.fromkeys(("encipher_only", "decipher_only"), False)
    serial = x509.random_serial_number()
    builder = x509.CertificateBuilder(named(issuer), named(name), private.public_key(), serial, BEGIN, END)
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    keys_for = x509.KeyUsage(
        digital_signature=not ca, content_commitment=not ca, key_cert_sign=ca, crl_sign=ca, **usage
    )
    builder = builder.add_extension(keys_for, critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    if stamping:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(by, SHA256())


def private_pem(private: Any) -> bytes:
    """A private key as OpenSSL reads it."""
    return bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@cache
def _made(name: str) -> tuple[x509.Certificate, x509.Certificate, Any]:
    """Root, stamping certificate and its key; made once a name and process."""
    root_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    own_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    root = certificate(f"{name} root", root_key, f"{name} root", root_key, ca=True)
    own = certificate(f"{name} stamps", own_key, f"{name} root", root_key, stamping=True)
    return root, own, own_key


class Authority:
    """The server; its root in `ca_pem`, its address in `url`, the number of requests it saw in `asked`."""

    def __init__(
        self,
        folder: Path | None = None,
        *,
        name: str = "Test",
        at: datetime | None = None,
        answer: Answer | None = None,
    ) -> None:
        """`folder` is only for `openssl_answer`; `at` stops the authority's clock."""
        self.folder, self.at, self.asked = folder, at, 0
        self.root, self.own, self.private = _made(name)
        self.ca_pem = self.root.public_bytes(Encoding.PEM)
        self.answer = answer or self.pyhanko_answer
        self.headers: list[dict[str, str]] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Where it answers, or did; known once it was entered."""
        return f"http://127.0.0.1:{self.port}/tsa"

    def __enter__(self) -> Self:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.port = self.server.server_port
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def pyhanko_answer(self, request: bytes) -> bytes:
        """A granted response."""
        own = asn1_x509.Certificate.load(self.own.public_bytes(Encoding.DER))
        root = asn1_x509.Certificate.load(self.root.public_bytes(Encoding.DER))
        der = self.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        now = (self.at or datetime.now(UTC)).replace(microsecond=0)
        stamper = DummyTimeStamper(own, keys.PrivateKeyInfo.load(der), [root], fixed_dt=now)
        return bytes(stamper.request_tsa_response(tsp.TimeStampReq.load(request)).dump())

    def openssl_answer(self, request: bytes) -> bytes:
        """The same by OpenSSL, in `folder`."""
        assert self.folder is not None
        (self.folder / "own.pem").write_bytes(self.own.public_bytes(Encoding.PEM))
        (self.folder / "own.key").write_bytes(private_pem(self.private))
        (self.folder / "ca.pem").write_bytes(self.ca_pem)
        (self.folder / "serial").write_text("01\n")
        (self.folder / "q.tsq").write_bytes(request)
        (self.folder / "tsa.cnf").write_text(_OPENSSL)
        command = ["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "q.tsq", "-out", "r.tsr"]
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        return (self.folder / "r.tsr").read_bytes()


_OPENSSL = """
[tsa]
default_tsa = own
[own]
serial = serial
signer_cert = own.pem
signer_key = own.key
certs = ca.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""


def _handler(authority: Authority) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            authority.asked += 1
            authority.headers.append(dict(self.headers))
            answer = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = (200, answer) if isinstance(answer, bytes) else (answer, b"")
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", authority.url)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
