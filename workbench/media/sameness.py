"""Do two files show the same pictures at the same times? And what are the pixels of a picture file?

difference    two videos (or two jpgs), picture by picture, bit for bit as they decode; sound is not looked at
pixels        SHA-256 of a PNG's pixels: RGB, 8 bit, rows from the top, as `SnapshotRecord.rgb_sha256` has it
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from workbench.core.errors import SourceError
from workbench.media.index import scan_rows
from workbench.media.prove_still import decoded_jpg
from workbench.media.recording import Recording
from workbench.media.snapshot import frame_sha256

Report = Callable[[dict[str, Any]], None]
MOST_PIXELS = 100_000_000


def difference(one: Path, other: Path, report: Report) -> dict[str, Any]:
    """Whether both files show the same; ``place, expected, found`` tell of the first picture that differs."""
    if one.suffix == ".jpg":
        same = all(map(np.array_equal, decoded_jpg(one).planes, decoded_jpg(other).planes))
        return _answer(1, None if same else ("frame 0", "the same samples", "others"))
    pictures = zip_longest(_pictures(one), _pictures(other))
    count = 0
    for count, (a, b) in enumerate(pictures):
        if count % 16 == 0:
            report({"stage": "compare", "file": one.name, "position": count})
        if a is None or b is None:
            return _answer(count, (f"frame {count}", "as many frames", "one file ends here"))
        if a[0] != b[0]:
            return _answer(count, (f"frame {count}", f"shown at {float(a[0]):.6f} s", f"at {float(b[0]):.6f} s"))
        if a[1] != b[1]:
            return _answer(count, (f"frame {count}", "the same samples", "others"))
    return _answer(count + 1, None)


def pixels(job: dict[str, Any], report: Report) -> tuple[dict[str, Any], list[bytes]]:
    """The digest and the size of the picture at ``path``; SourceError where it is no PNG that can be read."""
    path = Path(job["path"])
    try:
        with Image.open(path, formats=("PNG",)) as image:
            if image.width * image.height > MOST_PIXELS:
                raise SourceError(f"{path.name} is larger than {MOST_PIXELS} pixels")
            found = np.asarray(image.convert("RGB"), np.uint8)
            exact = image.mode == "RGB"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as exc:
        raise SourceError(f"{path.name} is no PNG that can be read ({type(exc).__name__})") from exc
    digest = hashlib.sha256(found.tobytes()).hexdigest()
    return {"rgb_sha256": digest, "width": found.shape[1], "height": found.shape[0], "rgb": exact}, []


def _pictures(path: Path) -> Iterator[tuple[Fraction, str]]:
    """Time and digest of each picture that a file shows; an empty digest where none decodes."""
    recording = Recording(path.name, path, scan_rows(path), 0)
    base, expected = recording.index.time_base, 0
    for rank, frame in recording.frames(0, len(recording.shown)):
        for missed in range(expected, rank):
            yield int(recording.pts[missed]) * base, ""
        expected = rank + 1
        yield int(recording.pts[rank]) * base, f"{frame.format.name} {frame_sha256(frame)}"
    for missed in range(expected, len(recording.shown)):
        yield int(recording.pts[missed]) * base, ""


def _answer(frames: int, first: tuple[str, str, str] | None) -> dict[str, Any]:
    place, expected, found = first or ("", "", "")
    return {"equal": first is None, "frames": frames, "place": place, "expected": expected, "found": found}
