"""The manifests of a package, and the digests of its files (docs/package-format.md).

Which file is to blame: where both digests of a file are wrong, the file was changed; where one of two is, the manifest
that says it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from workbench.core.errors import SourceError
from workbench.evidence import hashing
from workbench.evidence.findings import Finding
from workbench.evidence.verify_bag import (
    ALGORITHMS,
    CERTIFICATES,
    TAG_FILES,
    TAG_MANIFESTS,
    Bag,
    as_bytes,
    failed,
    ok,
)

OnProgress = Callable[[str, float], None]
_DIGITS = {"sha256": 64, "sha512": 128}
_KINDS = {kind: tuple(f"{kind}-{algorithm}.txt" for algorithm in ALGORITHMS) for kind in ("manifest", "tagmanifest")}


def check_manifests(bag: Bag) -> Iterator[Finding]:
    """``manifest-form``, ``file-missing``, ``file-added``: manifests name exactly what is there, and agree."""
    for kind, names in _KINDS.items():
        wrong = {name: list(_form(bag, name, algorithm)) for name, algorithm in zip(names, ALGORITHMS, strict=True)}
        listed = {name: bag.listed[name].keys() for name in names if name in bag.listed}
        payload = {path for paths in listed.values() for path in paths if _is_payload(path)}
        right = payload if kind == "manifest" else _tags(bag)
        for name, paths in listed.items():
            for path in sorted(right ^ paths, key=as_bytes):
                expected, found = ("no line", "a line") if path in paths else ("a line", "none")
                wrong[name].append(failed("manifest-form", name, expected, found, place=path))
            yield from wrong[name] or [ok("manifest-form", name, f"{len(paths)} files")]
        yield from (one for name in names if name not in listed for one in wrong[name])
    yield from _missing_and_added(bag)


def check_digests(bag: Bag, on_progress: OnProgress = lambda text, done: None) -> Iterator[Finding]:
    """``payload-hash``, ``tag-hash``, ``payload-size``: every file has the digests that the manifests say."""
    whole, done = sum(bag.files.values()) or 1, 0
    for path, size in bag.files.items():
        on_progress(path, done / whole)
        done += size
        check, kind = ("payload-hash", "manifest") if _is_payload(path) else ("tag-hash", "tagmanifest")
        wanted = {name: bag.listed.get(name, {}).get(path) for name in _KINDS[kind]}
        if any(wanted.values()):
            yield from _digests(bag, check, path, wanted)
    sizes = [size for path, size in bag.files.items() if _is_payload(path)]
    oxum, said = f"{sum(sizes)}.{len(sizes)}", bag.info.get("Payload-Oxum", "nothing that can be read")
    yield ok("payload-size", found=oxum) if oxum == said else failed("payload-size", "", said, oxum)


def _is_payload(path: str) -> bool:
    return path.startswith("data/")


def _tags(bag: Bag) -> set[str]:
    return {*TAG_FILES, *([CERTIFICATES] if bag.signed else [])}


def _form(bag: Bag, name: str, algorithm: str) -> Iterator[Finding]:
    """What is wrong with the way in which a manifest is written; what it says is kept in the bag."""
    data = bag.read(name)
    if data is None:
        yield failed("manifest-form", name, "a manifest", "none that can be read")
        return
    found = bag.listed[name] = {}
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n")[:-1], 1):
        digest, path = line[: _DIGITS[algorithm]], line[_DIGITS[algorithm] :]
        if re.fullmatch(rf"[0-9a-f]{{{_DIGITS[algorithm]}}}", digest) and path.startswith("  "):
            found[_unescaped(path[2:])] = digest
        else:
            yield failed("manifest-form", name, "digest, two blanks, path", line[:200], place=f"line {number}")
    written = "".join(f"{found[path]}  {_escaped(path)}\n" for path in sorted(found, key=as_bytes))
    if as_bytes(written) != data:
        yield failed("manifest-form", name, "one line a file, sorted, each once", "another form")


def _missing_and_added(bag: Bag) -> Iterator[Finding]:
    """Every file that any manifest lists is there, and every file that is there is listed by one."""
    wanted = {path for listed in bag.listed.values() for path in listed} | _tags(bag) | {*TAG_MANIFESTS}
    there = {path for path in bag.files if not path.startswith("signature/")}  # those are listed by SHA256SUMS
    for path in sorted(wanted - bag.files.keys(), key=as_bytes):
        yield failed("file-missing", path, "a file", "none")
    for path in sorted(there - wanted, key=as_bytes):
        yield failed("file-added", path, "a line in the manifests", "none")
    if wanted <= bag.files.keys():
        yield ok("file-missing", found=f"{len(wanted)} files")
    if there <= wanted:
        yield ok("file-added", found=f"{len(there)} files")


def _digests(bag: Bag, check: str, path: str, wanted: dict[str, str | None]) -> Iterator[Finding]:
    try:
        found = bag.digests[path] = hashing.digests(bag.folder / path)
    except SourceError as exc:
        yield failed(check, path, "a file that can be read", exc.message)
        return
    said = [(name, wanted[name], digest) for name, digest in zip(wanted, found[:2], strict=True) if wanted[name]]
    wrong = [(name, expected or "", digest) for name, expected, digest in said if expected != digest]
    if wrong and len(wrong) == len(said):
        name, expected, digest = wrong[0]
        yield failed(check, path, expected, digest, f"The file is not the one that {name} lists.")
    elif wrong:
        name, expected, digest = wrong[0]
        yield failed(check, name, digest, expected, f"The digest of {path} is wrong in this manifest alone.", path)
    else:
        yield ok(check, path, found.sha256)


def _escaped(path: str) -> str:
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _unescaped(path: str) -> str:
    return path.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
