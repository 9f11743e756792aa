"""What the disclosure check lets its worker process do: hostile files are opened there and nowhere else.

look      one file → the answers to all questions about it       pixels    digest of a picture's pixels
"""

from __future__ import annotations

import hashlib
import mmap
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from workbench.core.errors import SourceError
from workbench.evidence.disclosure import avi, jpeg, matroska, mp4, notebook, pdf, png, text
from workbench.evidence.disclosure.answers import Answer

Report = Callable[[dict[str, Any]], None]
Reply = tuple[dict[str, Any], list[bytes]]
MOST_IN_MEMORY = 1 << 30
_WALKS = {"mp4": mp4.look, "matroska": matroska.look, "avi": avi.look}
_PICTURES = {"jpeg": jpeg.answers, "png": png.answers}


def look(job: dict[str, Any], report: Report) -> Reply:
    """The file at ``path``, of that ``kind``; ``words``, ``names`` and ``paths`` (of requests) are lists, ``pictures``,
    ``files`` and ``made`` as in `pdf.Expected`. Answers with ``answers`` and, for MP4, ``samples``.
    """
    path, kind = Path(job["path"]), job["kind"]
    report({"stage": "disclosure", "file": path.name})
    with path.open("rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    samples: dict[int, int] = {}
    if kind in _WALKS:
        found = _WALKS[kind](memoryview(data))
        samples, told = found.samples, list(found.answers(set(job["words"])))
    elif kind in _PICTURES:
        told = list(_PICTURES[kind](memoryview(data), set(job["words"])))
    elif kind == "pdf":
        told = list(pdf.answers(_whole(data, path), _expected(job)))
    else:
        told = list(_texts(data, job))
    return {"answers": [answer.to_json() for answer in told], "samples": {str(k): n for k, n in samples.items()}}, []


def pixels(job: dict[str, Any], report: Report) -> Reply:
    """SHA-256 of the RGB pixels of the picture at ``path``; SourceError where it is none."""
    path = Path(job["path"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a picture that claims to be huge is none
        try:
            with Image.open(path) as picture:
                return {"sha256": hashlib.sha256(picture.convert("RGB").tobytes()).hexdigest()}, []
        except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as exc:
            raise SourceError(f"{path.name} is no picture that can be read", "Look at it by hand.") from exc


def _texts(data: mmap.mmap, job: dict[str, Any]) -> Iterator[Answer]:
    yield from text.answers(data, job["names"], text.requests(job.get("paths", ())))
    found = notebook.is_notebook(data[:]) if len(data) <= MOST_IN_MEMORY else None
    if found is not None:
        yield from notebook.answers(found)


def _expected(job: dict[str, Any]) -> pdf.Expected:
    return pdf.Expected(
        pictures=job["pictures"],
        files=job["files"],
        words=set(job["words"]),
        names=job["names"],
        paths=text.requests(job.get("paths", ())),
        made=job["made"],
    )


def _whole(data: mmap.mmap, path: Path) -> bytes:
    if len(data) > MOST_IN_MEMORY:
        raise SourceError(f"{path.name} is larger than {MOST_IN_MEMORY >> 20} MiB", "Look at it by hand.")
    return data[:]


VERBS = {"look": look, "pixels": pixels}
