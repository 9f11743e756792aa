"""A clip with a canary under the mask, and the judge that looks for it in every picture of every byte of a folder.

The canary is a block of saturated magenta on grey-green footage: it survives scaling, JPEG and 4:2:0, and nothing
else that the workbench draws has its colour. `seen(path)` opens whatever can hold a picture: videos, PNG, JPEG, PDF,
zip, and texts and notebooks with base64 in them; each within the other.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pypdf
from numpy.typing import NDArray
from PIL import Image

RATE = 25
BOX = (0.25, 0.25, 0.5, 0.5)
"""Where the canary is: left, top, right, bottom."""
MASK = ((0.2, 0.2), (0.55, 0.2), (0.55, 0.55), (0.2, 0.55))
"""A polygon that covers it."""
MANY = 12
"""Pixels of the canary's colour that make a hit."""
VIDEO = (".mp4", ".mkv", ".avi", ".mov", ".ts", ".webm")
_BASE64 = re.compile(rb"(?:[A-Za-z0-9+/]{4}|\\n){64,}[A-Za-z0-9+/]{0,3}={0,2}")


def clip(path: Path, frames: int = 50) -> Path:
    """Two seconds of a moving gradient with the canary in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    height, width = 240, 320
    rows, columns = np.mgrid[0:height, 0:width]
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"g": "25", "preset": "ultrafast", "crf": "18"}
        for n in range(frames):
            picture = np.zeros((height, width, 3), np.uint8)
            picture[..., 1] = (columns + rows + 3 * n) % 160 + 40
            picture[..., 0] = picture[..., 2] = 90
            left, top, right, bottom = (int(v * s) for v, s in zip(BOX, (width, height) * 2, strict=True))
            picture[top:bottom, left:right] = (255, 0, 255)
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)
    return path


def seen_in(folder: Path) -> tuple[list[str], int]:
    """(where the canary is seen below a folder, how many pictures were looked at)."""
    hits, count = [], 0
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            for place, picture in pictures(path.name, path.read_bytes()):
                count += 1
                if shows(picture):
                    hits.append(f"{path.relative_to(folder)}{place}")
    return hits, count


def shows(picture: NDArray[np.uint8]) -> bool:
    """Whether a picture has the canary's colour anywhere: red and blue high, green far below both."""
    red, green, blue = (picture[..., n].astype(int) for n in range(3))
    return int(((red > 170) & (blue > 170) & (green < 100)).sum()) >= MANY


def pictures(name: str, data: bytes, depth: int = 0) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Every picture that can be found in some bytes, with the place where it was found."""
    if depth > 4:
        return
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as pack:
            for member in pack.namelist():
                for place, picture in pictures(member, pack.read(member), depth + 1):
                    yield f"/{member}{place}", picture
        return
    if name.lower().endswith(VIDEO):
        yield from _frames(data)
    elif data.startswith(b"%PDF"):
        yield from _pages(data, depth)
    else:
        yield from _loose(data)
        yield from _encoded(data, depth)


def _frames(data: bytes) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    with av.open(io.BytesIO(data)) as container:
        for n, frame in enumerate(container.decode(video=0)):
            yield f" frame {n}", frame.to_ndarray(format="rgb24")


def _pages(data: bytes, depth: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    reader = pypdf.PdfReader(io.BytesIO(data))
    for n, page in enumerate(reader.pages):
        for image in page.images:
            yield f" page {n} {image.name}", np.asarray(image.image.convert("RGB"))
    for name, (attached, *_) in reader.attachments.items():
        for place, picture in pictures(name, attached, depth + 1):
            yield f" attachment {name}{place}", picture


def _loose(data: bytes) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """JPEG and PNG wherever they begin."""
    for sign in (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"):
        at = data.find(sign)
        while at >= 0:
            try:
                with Image.open(io.BytesIO(data[at:])) as image:
                    yield f" at {at}", np.asarray(image.convert("RGB"))
            except (OSError, SyntaxError, ValueError):
                pass
            at = data.find(sign, at + 1)


def _encoded(data: bytes, depth: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    for found in _BASE64.finditer(data):
        text = found[0].replace(rb"\n", b"")
        try:
            held = base64.b64decode(text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4))
        except ValueError:
            continue
        for place, picture in pictures("", held, depth + 1):
            yield f" base64 at {found.start()}{place}", picture
