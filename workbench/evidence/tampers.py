"""Ways to tamper with a package, each a short function on a twin of it.

`PLAIN` are those of somebody who changes a package and leaves the rest as it is; `REWRITTEN` those of somebody who then
rewrites every digest, the log's chain included, and lacks only the signer's key. A way that a package offers no
hold for (no snapshots, nobody signed) raises `Absent`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from workbench.evidence.twin import SUMS, Absent, Twin
from workbench.evidence.verify_bag import CERTIFICATES
from workbench.evidence.verify_log import LOG

Way = Callable[[Twin], None]
P7S = "signature/tagmanifest-sha256.txt.p7s"
P7S_512 = "signature/tagmanifest-sha512.txt.p7s"


def flip(at: int = -1) -> Callable[[bytes], bytes]:
    """One bit of the byte at a place, from the middle where it is -1."""

    def change(data: bytes) -> bytes:
        place = len(data) // 2 if at < 0 else min(at, len(data) - 1)
        return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :] if data else data

    return change


def replaced(old: str, new: str) -> Callable[[bytes], bytes]:
    """The first occurrence of a word by another."""
    return lambda data: data.replace(old.encode(), new.encode(), 1)


def _changed(below: str, suffix: str, how: Callable[[bytes], bytes]) -> Way:
    return lambda twin: twin.change(twin.one(below, suffix), how)


def _export(how: Callable[[bytes], bytes]) -> Way:
    return lambda twin: twin.change(twin.export(), how)


def _file(path: str, how: Callable[[bytes], bytes]) -> Way:
    return lambda twin: twin.change(path, how)


def _gone(path: str) -> Way:
    return lambda twin: twin.remove(twin.has(path))


def _added(path: str, data: bytes = b"added\n") -> Way:
    return lambda twin: twin.write(path, data)


def _info(label: str, value: str) -> Way:
    return lambda twin: twin.info(label, value)


def _lines(how: Callable[[list[bytes]], list[bytes]]) -> Way:
    return lambda twin: twin.change(LOG, lambda data: b"".join(how(data.splitlines(keepends=True))))


def _swap_files(twin: Twin) -> None:
    first, second = twin.one("data/exports"), twin.one("data/exports", number=1)
    one, other = twin.read(first), twin.read(second)
    twin.write(first, other)
    twin.write(second, one)


def _rename(twin: Twin) -> None:
    path = twin.export()
    twin.write(f"{path}x", twin.read(path))
    twin.remove(path)


def _link(twin: Twin) -> None:
    path = twin.export()
    twin.write("../moved", twin.read(path))
    twin.remove(path)
    try:
        (twin.folder / path).symlink_to(twin.folder.parent / "moved")
    except OSError as exc:
        raise Absent("links") from exc


def _other_snapshot(twin: Twin) -> None:
    twin.write(twin.one("data/snapshots", ".png"), twin.read(twin.one("data/snapshots", ".png", 1)))


def _empty_folder(twin: Twin) -> None:
    (twin.folder / "data" / "empty").mkdir()


def _rehash_one(twin: Twin) -> None:
    """Change an entry and give it the right hash: the entry behind it no longer fits."""
    from workbench.evidence import custody

    entries = twin.entries()
    entry = entries[len(entries) // 2]
    entry["who"] = "somebody else"
    entry["hash"] = custody.hash_of(entry)
    twin.write(LOG, b"".join(custody.canonical(one) + b"\n" for one in entries))


def _swap_signatures(twin: Twin) -> None:
    one, other = twin.read(P7S), twin.read(P7S_512)
    twin.write(P7S, other)
    twin.write(P7S_512, one)
    twin.sums()


def _without_signature(twin: Twin) -> None:
    twin.remove(twin.has(P7S))
    twin.sums()


def _changed_signature(twin: Twin) -> None:
    twin.change(P7S, flip())
    twin.sums()


def _other_certificate(twin: Twin) -> None:
    from workbench.evidence.keys import Key

    twin.has(CERTIFICATES)
    twin.write(CERTIFICATES, Key.make_self_signed("Somebody else").certificates_pem)


def _shuffled(data: bytes) -> bytes:
    return b"".join(reversed(data.splitlines(keepends=True)))


PLAIN: dict[str, Way] = {
    "export: one bit changed": _export(flip()),
    "export: first byte changed": _export(flip(0)),
    "export: last byte cut off": _export(lambda data: data[:-1]),
    "export: cut to nothing": _export(lambda data: b""),
    "export: one byte more": _export(lambda data: data + b"\0"),
    "export: taken away": lambda twin: twin.remove(twin.export()),
    "export: renamed": _rename,
    "export: a link in its place": _link,
    "exports: two swapped": _swap_files,
    "record: a count in the ledger": _changed("data/exports", ".json", replaced('"copied"', '"Copied"')),
    "snapshot: one bit changed": _changed("data/snapshots", ".png", flip()),
    "snapshot: another in its place": _other_snapshot,
    "snapshot: taken away": lambda twin: twin.remove(twin.one("data/snapshots")),
    "report: one bit changed": _changed("data/reports", ".pdf", flip()),
    "report: taken away": lambda twin: twin.remove(twin.one("data/reports", ".pdf")),
    "report: bytes behind its end": _changed("data/reports", ".pdf", lambda data: data + b"%%EOF\n"),
    "report: its machine-readable form": _changed("data/reports", ".json", lambda data: data + b" "),
    "sources.json: a digest": _file("data/sources.json", replaced('"sha256": "', '"sha256": "0')),
    "case.jsonld: a word": _file("data/case.jsonld", replaced("uco", "uc0")),
    "added: a file among the exports": _added("data/exports/E1/extra.mp4"),
    "added: a file in the payload": _added("data/extra.txt"),
    "added: a file beside the payload": _added("extra.txt"),
    "added: a hidden file": _added("data/.hidden"),
    "added: a file in signature/": _added("signature/extra"),
    "added: an empty folder": _empty_folder,
    "custody: last entry cut off": _lines(lambda lines: lines[:-1]),
    "custody: first entry cut off": _lines(lambda lines: lines[1:]),
    "custody: an entry taken out": _lines(lambda lines: lines[:1] + lines[2:]),
    "custody: two entries swapped": _lines(lambda lines: [lines[0], lines[2], lines[1], *lines[3:]]),
    "custody: an entry twice": _lines(lambda lines: [*lines, lines[-1]]),
    "custody: a word changed": _file(LOG, replaced('"who":"', '"who":"X')),
    "custody: an entry changed, and hashed again": _rehash_one,
    "custody: the last line feed cut off": _file(LOG, lambda data: data[:-1]),
    "custody: a blank more": _file(LOG, replaced('","', '", "')),
    "custody: cut to nothing": _file(LOG, lambda data: b""),
    "custody: taken away": _gone(LOG),
    "manifest: a line taken out": _file("manifest-sha256.txt", lambda data: data[data.index(b"\n") + 1 :]),
    "manifest: a digit changed": _file("manifest-sha512.txt", flip(3)),
    "manifest: capital letters": _file("manifest-sha256.txt", lambda data: data[:64].upper() + data[64:]),
    "manifest: lines in another order": _file("manifest-sha256.txt", _shuffled),
    "manifest: another line end": _file("manifest-sha512.txt", lambda data: data.replace(b"\n", b"\r\n")),
    "manifest: taken away": _gone("manifest-sha512.txt"),
    "tag manifest: a digit changed": _file("tagmanifest-sha256.txt", flip(3)),
    "tag manifest: taken away": _gone("tagmanifest-sha512.txt"),
    "bagit.txt: another version": _file("bagit.txt", replaced("1.0", "0.9")),
    "bag-info: length of the log": _info("Custody-Length", "1"),
    "bag-info: state of the report": _info("Report-Status", "none"),
    "bag-info: nobody signed": _info("Signed-By", "nobody"),
    "bag-info: taken away": _gone("bag-info.txt"),
    "README.txt: a word": _file("README.txt", flip()),
    "verify.py: a byte": _file("verify.py", lambda data: data + b"\n"),
    "verify.py: taken away": _gone("verify.py"),
    "certificate: another one": _other_certificate,
    "signature: one taken away": _without_signature,
    "signature: the folder taken away": lambda twin: twin.remove("signature" if twin.has(P7S) else ""),
    "signature: one bit changed": _changed_signature,
    "signature: the two swapped": _swap_signatures,
    "signature: its sums taken away": _gone(SUMS),
    "time stamp: taken away": _gone("signature/time-stamp-1.tsr"),
    "time stamp: one bit changed": _file("signature/time-stamp-1.tsr", flip()),
}


def _then_rewritten(way: Way) -> Way:
    def both(twin: Twin) -> None:
        way(twin)
        twin.reseal()

    return both


def _told(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Way:
    """Another story in the log, its chain and all digests written anew."""

    def way(twin: Twin) -> None:
        entries = twin.entries()
        changed = change(json.loads(json.dumps(entries)))
        if changed == entries:
            raise Absent(LOG)
        twin.rechain(changed)
        twin.reseal()

    return way


def _in_kind(kind: str, key: str, change: Callable[[Any], Any]) -> Way:
    def story(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        for entry in entries:
            if entry["what"] == kind and key in entry["data"]:
                entry["data"][key] = change(entry["data"][key])
                break
        return entries

    return _told(story)


def _forged_export(twin: Twin) -> None:
    """An export exchanged together with what the log and its record say of it."""
    import hashlib

    path = twin.export()
    old, size = hashlib.sha256(twin.read(path)).hexdigest(), len(twin.read(path))
    twin.change(path, flip())
    new = hashlib.sha256(twin.read(path)).hexdigest()
    log = twin.read(LOG).replace(old.encode(), new.encode())
    twin.rechain([json.loads(line) for line in log.splitlines()])
    assert len(twin.read(path)) == size
    twin.reseal()


def _unsigned(twin: Twin) -> None:
    twin.unsign()
    twin.reseal()


def _signed_anew(twin: Twin) -> None:
    from workbench.evidence.keys import Key

    twin.has(CERTIFICATES)
    for path in twin.paths("signature"):
        if "time-stamp" in path:
            twin.remove(path)
    twin.info("Bagging-Date", "2000-01-01")
    if b"Time-Stamps: 0\n" not in twin.read("bag-info.txt"):
        twin.info("Time-Stamps", "0")
    twin.reseal(Key.make_self_signed("Somebody else"))


REWRITTEN: dict[str, Way] = {
    "export changed": _then_rewritten(PLAIN["export: one bit changed"]),
    "export taken away": _then_rewritten(PLAIN["export: taken away"]),
    "snapshot exchanged": _then_rewritten(_other_snapshot),
    "report changed": _then_rewritten(PLAIN["report: one bit changed"]),
    "README.txt changed": _then_rewritten(PLAIN["README.txt: a word"]),
    "verify.py changed": _then_rewritten(PLAIN["verify.py: a byte"]),
    "file added": _then_rewritten(_added("data/extra.txt")),
    "log cut by its last entry": _told(lambda entries: entries[:-1]),
    "log without one entry": _told(lambda entries: [entries[0], *entries[2:]]),
    "another examiner": _in_kind("case-created", "examiner", lambda name: f"{name} X"),
    "another comment": _in_kind("comment-written", "text", lambda text: f"not: {text}"),
    "another caption": _in_kind("snapshot-taken", "caption", lambda text: f"not: {text}"),
    "another PTS of a snapshot": _in_kind("snapshot-taken", "pts", lambda pts: pts + 1),
    "another clock check": _in_kind("clock-checked", "device_us", lambda us: us + 60_000_000),
    "export, log and record forged": _forged_export,
    "signature taken away": _unsigned,
    "signed anew by another key": _signed_anew,
}
