"""A finished file as an HTTP answer: ranges, strong validators, a name that survives any browser (RFC 9110, 6266).

The ETag is the file's SHA-256, so a part that matches it belongs to the same bytes. One range is served (206); several
at once are answered with the whole file, as RFC 9110 allows; a unit other than bytes or a malformed range is ignored.

    status, headers, chunks = response(job_file, request.headers, method=request.method)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from workbench.core.errors import WorkError
from workbench.server.job_store import JobFile

CHUNK = 1024 * 1024
_RANGE = re.compile(r"\s*(\d{0,20})\s*-\s*(\d{0,20})\s*")


def response(
    file: JobFile, headers: Mapping[str, str], *, method: str = "GET"
) -> tuple[int, dict[str, str], Iterable[bytes]]:
    """Status, headers and content for a request; header names are looked up without regard to case."""
    asked = {name.lower(): value for name, value in headers.items()}
    etag = f'"sha256-{file.sha256}"'
    answer = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(file.name),
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
        "X-SHA256": file.sha256,
    }
    if "if-match" in asked and not _lists(asked["if-match"], etag, weak=False):
        return 412, {**answer, "Content-Length": "0"}, ()
    if "if-match" not in asked and "if-none-match" in asked and _lists(asked["if-none-match"], etag, weak=True):
        return 304, answer, ()
    answer["Content-Type"] = file.mime
    wanted = _range(asked, etag, file.size) if method == "GET" else None
    if wanted is not None and wanted[0] > wanted[1]:
        return 416, {**answer, "Content-Range": f"bytes */{file.size}", "Content-Length": "0"}, ()
    first, last = wanted or (0, file.size - 1)
    answer["Content-Length"] = str(last - first + 1)
    if wanted is not None:
        answer["Content-Range"] = f"bytes {first}-{last}/{file.size}"
    content = _chunks(file, first, last + 1) if method == "GET" else ()
    return (200 if wanted is None else 206), answer, content


def disposition(name: str) -> str:
    """The Content-Disposition of a download: an ASCII name for old clients, the true one for all others."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='', errors='replace')}"


def _range(asked: Mapping[str, str], etag: str, size: int) -> tuple[int, int] | None:
    """First and last byte wanted; None for the whole file; first > last for a range that lies outside of it."""
    unit, _, text = asked.get("range", "").partition("=")
    match = _RANGE.fullmatch(text)
    if unit.strip().lower() != "bytes" or match is None or match[1] == match[2] == "":
        return None
    if "if-range" in asked and asked["if-range"].strip() != etag:  # dates and weak tags prove nothing
        return None
    if match[1] == "":
        length = int(match[2])
        return (max(0, size - length), size - 1) if length and size else (1, 0)
    first = int(match[1])
    last = int(match[2]) if match[2] else size - 1
    if match[2] and last < first:
        return None  # malformed, so it is to be ignored
    return (first, min(last, size - 1)) if first < size else (1, 0)


def _lists(value: str, etag: str, *, weak: bool) -> bool:
    tags = [tag.strip() for tag in value.split(",")]
    return "*" in tags or any((tag.removeprefix("W/") if weak else tag) == etag for tag in tags)


def _chunks(file: JobFile, begin: int, end: int) -> Iterator[bytes]:
    """Bytes [begin, end); WorkError where the file ends early, so that nobody takes it for whole."""
    try:
        with open(file.path, "rb", buffering=0) as source:  # noqa: PTH123 - Path.open takes a buffer for sure
            source.seek(begin)
            while begin < end:
                chunk = source.read(min(CHUNK, end - begin))
                if not chunk:
                    raise WorkError(f"{file.name} was deleted while it was sent")
                begin += len(chunk)
                yield chunk
    except OSError as exc:
        raise WorkError(f"{file.name} cannot be read: {exc.strerror or exc}") from exc
