"""One exact frame as jpg or pdf, against the picture rebuilt from its recording.

A jpg is decoded by the decoder of our own encoder and compared like a frame of a video. A page holds its picture
without loss, so its samples must be equal, every one; the page's text is not looked at.
"""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from PIL import Image

from workbench.core.errors import SourceError
from workbench.core.spec import ExportSpec
from workbench.media import likeness, still
from workbench.media.account import Pictures
from workbench.media.likeness import Picture
from workbench.media.notes import Notes
from workbench.media.rebuilt import Rebuilder, Rebuilt

MOST_BYTES = 1 << 28
_IMAGE = re.compile(rb"<<(?:(?!>>).){0,400}?/Subtype\s*/Image.{0,400}?>>\s*stream\r?\n", re.DOTALL)


def prove_still(job: dict[str, Any], pictures: Pictures, rebuilder: Rebuilder, notes: Notes) -> None:
    """Put into the notes what is to be said about the one file of a jpg or pdf export."""
    if len(pictures) != 1 or len(job["outputs"]) != 1:
        told = f"{len(pictures)} frames, {len(job['outputs'])} files"
        notes.fail("ledger", "", "", "one frame in one file", told)
        return
    told, recording, rank = job["outputs"][0], pictures.recordings[0], int(pictures.rank[0])
    if (told["shown"], told["contained"], told["first"], told["last"]) != (1, 1, *[int(pictures.us[0])] * 2):
        notes.fail("ledger", told["name"], "", "one frame, at the ledger's instant", "another number or instant")
    frame = next((f for _, f in recording.frames(rank, rank + 1, threads="SLICE")), None)
    if frame is None:
        notes.fail(
            "ledger", told["name"], pictures.place(0), "a frame that decodes", "no decoder makes a picture of it"
        )
        return
    until = max(int(job["begin"]) + 1, recording.until(rank))
    rebuilt, changed = rebuilder.still(recording, rank, frame, until)
    try:
        if rebuilder.spec.format == "jpg":
            _jpg(told, rebuilt, rebuilder.spec, notes, pictures.place(0))
        else:
            pixels = still.rgb(changed, recording.index.rotation)
            _page(told, hashlib.sha256(pixels.tobytes()).digest(), pixels.shape, notes, pictures.place(0))
            if rebuilt.region is not None and not notes.failed("ledger", told["name"]):
                notes.ok("masks", told["name"], "the page's picture equals the masked one")
    except SourceError as exc:
        notes.fail("ledger", told["name"], "", "a picture that can be read", exc.message)


def decoded_jpg(path: Path) -> Picture:
    """The samples of a JPEG file; SourceError where it is none that FFmpeg decodes."""
    data = _read(path)
    decoder = av.CodecContext.create("mjpeg", "r")
    assert isinstance(decoder, VideoCodecContext)
    try:
        with Image.open(path) as image:
            if image.format != "JPEG" or image.width * image.height > 100_000_000:
                raise SourceError(f"{path.name} is no JPEG of a size that is taken")
        frames = [*decoder.decode(av.Packet(data)), *decoder.decode(None)]
    except (FFmpegError, OSError, ValueError, Image.DecompressionBombError) as exc:
        raise SourceError(f"{path.name} does not decode ({type(exc).__name__})") from exc
    if len(frames) != 1:
        raise SourceError(f"{path.name} holds {len(frames)} pictures")
    return Picture.of(frames[0])


def _jpg(told: dict[str, Any], rebuilt: Rebuilt, spec: ExportSpec, notes: Notes, place: str) -> None:
    quality, styles = spec.video_quality, {mask.style for mask in spec.masks}
    name, found = told["name"], decoded_jpg(Path(told["path"]))
    if found.shape != rebuilt.picture.shape:
        notes.fail("ledger", name, place, rebuilt.picture.shape, found.shape)
        return
    seen = likeness.compare(rebuilt.picture, found)
    least, most = likeness.PSNR_LEAST[quality], likeness.SQUARE_MOST[quality]
    said = f"PSNR {seen.psnr:.1f} dB, means of squares differ by {seen.square:.1f} or less"
    wanted = f"PSNR {least:g} dB or more, means of squares within {most:g}"
    covered = rebuilt.covers(seen.at)
    if seen.psnr < least or (seen.square > most and not covered):
        notes.fail("ledger", name, place, wanted, said)
    else:
        notes.ok("ledger", name, said, wanted)
    if rebuilt.region is None or rebuilt.beneath is None:
        return
    luma, colour = likeness.shows(rebuilt.picture, found, rebuilt.beneath, rebuilt.region)
    through = f"in a square of {likeness.SIDE}×{likeness.SIDE} samples {luma} show what lies beneath (colour: {colour})"
    limits = likeness.shows_within(quality, styles)
    if luma > limits[0] or colour > limits[1] or (seen.square > most and covered):
        notes.fail("masks", name, place, f"at most {limits[0]} (colour: {limits[1]}); {wanted}", f"{through}; {said}")
    else:
        notes.ok("masks", name, through, f"at most {limits[0]} (colour: {limits[1]})")


def _page(told: dict[str, Any], digest: bytes, shape: tuple[int, ...], notes: Notes, place: str) -> None:
    found = _page_pixels(Path(told["path"]), shape[1] * shape[0] * 3)
    if len(found) == shape[1] * shape[0] * 3 and hashlib.sha256(found).digest() == digest:
        notes.ok("ledger", told["name"], "the page's picture has the pixels of the rebuilt one; its text: not checked")
    else:
        notes.fail("ledger", told["name"], place, "the pixels of the rebuilt picture", "others in the page's picture")


def _page_pixels(path: Path, most: int) -> bytes:
    """The samples of the one picture of a page that `page.write_page` wrote; SourceError for any other file."""
    data = _read(path)
    found = [match.end() for match in _IMAGE.finditer(data)]
    if not data.startswith(b"%PDF-") or len(found) != 1 or data.count(b"/ObjStm"):
        raise SourceError(f"{path.name} is no page with one picture as this program writes it")
    coded = data[found[0] : data.find(b"endstream", found[0])].strip()
    try:
        if coded.endswith(b"~>"):
            coded = base64.a85decode(coded.removeprefix(b"<~")[:-2])
        return zlib.decompressobj().decompress(coded, most + 1)
    except (ValueError, zlib.error) as exc:
        raise SourceError(f"the picture in {path.name} cannot be unpacked") from exc


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as exc:
        raise SourceError(f"{path.name}: {exc.strerror or exc}") from exc
    if len(data) > MOST_BYTES:
        raise SourceError(f"{path.name} is larger than {MOST_BYTES} bytes")
    return data
