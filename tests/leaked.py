"""Figure 3's judge: where a secret stands in any byte of a folder, in any of the spellings that a program gives it.

    found_in(folder, {"password": "gr\u00fcn 5%"})   →   ["out/log.txt: password (base64)"]

Every file is read as it lies there, and what it holds: members of zip files, streams and text of PDFs. Names count
too. A spelling is searched, not guessed: plain, UTF-16, percent-encoded, JSON, HTML, hexadecimal and base64 at each of
its three alignments, so that ``Basic dXNlcjpwYXNz…`` is found by the password alone.
"""

from __future__ import annotations

import base64
import html
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import quote, quote_plus

SHORTEST = 6
"""Bytes; a shorter spelling would be found by chance."""


def found_in(folder: Path, secrets: Mapping[str, str]) -> list[str]:
    """Each file below `folder` that gives a secret away, and in which spelling."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        found += [f"name of {name}: {what}" for what in given_away(name.encode("utf-8", "surrogateescape"), secrets)]
        if path.is_file() and not path.is_symlink():
            for place, data in contents(path.read_bytes()):
                found += [f"{name}{place}: {what}" for what in given_away(data, secrets)]
    return found


def given_away(data: bytes, secrets: Mapping[str, str]) -> list[str]:
    """Names of the secrets that stand in `data`, each with the spelling."""
    return [f"{name} ({how})" for name, value in secrets.items() for how, form in spellings(value) if form in data]


@cache
def spellings(secret: str) -> tuple[tuple[str, bytes], ...]:
    """(what it is called, the bytes) of every way to write a secret."""
    plain = secret.encode()
    texts = {
        "plain": secret,
        "quoted": quote(secret, safe=""),
        "quoted, slashes kept": quote(secret),
        "quoted, plus": quote_plus(secret),
        "quoted, small": re.sub("%..", lambda hit: hit[0].lower(), quote(secret, safe="")),
        "quoted twice": quote(quote(secret, safe=""), safe=""),
        "json": json.dumps(secret)[1:-1],
        "json in json": json.dumps(json.dumps(secret)[1:-1])[1:-1],
        "html": html.escape(secret),
        "repr of bytes": repr(plain)[2:-1],
        "hex": plain.hex(),
    }
    forms = {how: text.encode() for how, text in texts.items()}
    forms |= {code: secret.encode(code) for code in ("utf-16-le", "utf-16-be")}
    forms |= {f"base64 at {shift}": part for shift, part in enumerate(_base64(plain))}
    forms |= {f"base64url at {shift}": part.translate(_URL) for shift, part in enumerate(_base64(plain))}
    seen: dict[bytes, str] = {}
    for how, form in forms.items():
        if len(form) >= SHORTEST:
            seen.setdefault(form, how)
    return tuple((how, form) for form, how in seen.items())


_URL = bytes.maketrans(b"+/", b"-_")


def _base64(plain: bytes) -> Iterator[bytes]:
    """The characters that only the secret decides, wherever in a triple of bytes it begins."""
    for shift in range(3):
        code = base64.b64encode(bytes(shift) + plain)
        whole = (shift + len(plain)) * 8 // 6
        yield code[-(-shift * 8 // 6) : whole]


def contents(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(where, bytes) of a file: itself, and what is packed in it."""
    yield "", data
    if data.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(data)) as box:
            for name in box.namelist():
                yield from ((f"!{name}{place}", part) for place, part in contents(box.read(name)))
    if data.startswith(b"%PDF-"):
        yield from _of_pdf(data)


def _of_pdf(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Every object, every stream unpacked, attachments in them, and the text as it is shown, without its spaces."""
    import pikepdf  # here, so that every run of the tests can have the spellings at once
    import pypdf

    with pikepdf.open(io.BytesIO(data)) as pdf:
        for number, thing in enumerate(pdf.objects):
            yield f"!object {number}", thing.unparse()
            if isinstance(thing, pikepdf.Stream) and "DCTDecode" not in str(thing.get("/Filter")):
                yield f"!stream {number}", thing.read_bytes()
    for number, page in enumerate(pypdf.PdfReader(io.BytesIO(data)).pages, 1):
        text = page.extract_text()
        yield f"!page {number}", text.encode("utf-8", "replace")
        yield f"!page {number}, lines joined", "".join(text.splitlines()).encode("utf-8", "replace")
