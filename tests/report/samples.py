"""A report made by hand that holds every kind of block, many scripts and texts that mean harm; its pictures with it."""

from __future__ import annotations

import hashlib
import math
import struct
import zlib
from pathlib import Path

from workbench.report.model import (
    Facts,
    Lane,
    Mark,
    Notice,
    Outline,
    Paragraph,
    Picture,
    Report,
    Section,
    SignatureBlock,
    Span,
    Table,
    Timeline,
)

HEAD = hashlib.sha256(b"head of the log").hexdigest()
START = 1_772_359_200_000_000
HOSTILE = "<b>bold</b> &amp; <para/> \x1b[31mred \u202eevil\u202c \x00 {{x}} %s \\n"
SCRIPTS = "Кириллица Ελληνικά עברית 日本語 Łódź ﬁ ∑ 😀"


def png(width: int, height: int, seed: int = 0) -> bytes:
    """A PNG with a scene that nobody mistakes for another: sky, road, a car whose place `seed` decides."""
    rows, car = [], 10 + seed * 37 % max(width - 60, 1)
    for y in range(height):
        row = bytearray()
        for x in range(width):
            shade = 120 + int(60 * math.sin((x + seed * 11) / 23) * math.cos(y / 31))
            inside = car < x < car + width // 8 and height * 0.55 < y < height * 0.68
            row += bytes((200, 40, 40 + seed % 100)) if inside else bytes((shade // 2, shade, 255 - y * 200 // height))
        rows.append(b"\0" + row)
    return png_of(width, height, b"".join(rows))


def png_of(width: int, height: int, rows: bytes) -> bytes:
    """A PNG file of filtered rows, RGB, 8 bit."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    coded = zlib.compress(rows, 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", coded) + chunk(b"IEND", b"")


def rgb_sha256(data: bytes) -> str:
    """Digest of the pixels of a PNG of `png_of`, whose rows have filter 0."""
    width, height = struct.unpack_from(">II", data, 16)
    (length,) = struct.unpack_from(">I", data, 33)
    rows = zlib.decompress(data[41 : 41 + length])
    step = 1 + 3 * width
    return hashlib.sha256(b"".join(rows[at + 1 : at + step] for at in range(0, step * height, step))).hexdigest()


def picture(folder: Path, number: int, width: int = 256, height: int = 144, **given: object) -> Picture:
    """A snapshot that lies in `folder`."""
    path = f"snapshots/S{number}.png"
    (folder / "snapshots").mkdir(parents=True, exist_ok=True)
    data = png(width, height, number)
    (folder / path).write_bytes(data)
    fields: dict[str, object] = {
        "id": f"S{number}", "kind": "snapshot", "path": path, "sha256": hashlib.sha256(data).hexdigest(),
        "rgb_sha256": rgb_sha256(data), "width": width, "height": height, "caption": f"The car at mark {number}",
        "facts": facts(number),
        "comments": (
            Paragraph(text=f"Comment C{number}, A. Berg, 2026-03-01T11:00:00.000000Z:", style="small"),
            Paragraph(text=f"The red car stands at mark {number}; its plate cannot be read."),
        ),
    }  # fmt: skip
    return Picture(**{**fields, **given})  # type: ignore[arg-type]


def facts(number: int) -> tuple[tuple[str, str], ...]:
    """Facts like those of a real snapshot."""
    return (
        ("Exhibit", f"17/2026-S1-P{number}"),
        ("Source", "Gate north (cam-1), gate_20260301_100000.mp4"),
        ("Source SHA-256", hashlib.sha256(b"source").hexdigest()),
        ("Frame key", f"stream 0, PTS {number * 512} × 1/10240"),
        ("Frame number", f"{number} (display order, from 0)"),
        ("Picture type", "P"),
        ("Device time", "2026-03-01 11:00:28.000000 +01:00 (Europe/Berlin)"),
        ("Corrected UTC", "2026-03-01T10:00:25.400000Z ± 0.5 s"),
        ("Decoded frame SHA-256", hashlib.sha256(b"frame").hexdigest()),
        ("Pixel format", "yuv420p"),
        (
            "Done to it, in order",
            "1. BT.709 limited → RGB\n2. mask M1 painted\n3. cropped to (70.4, 57.6)–(633.6, 489.6)",
        ),
        ("Picture", f"snapshots/S{number}.png, 256 × 144 pixels"),
        ("SHA-256 of the picture", hashlib.sha256(b"picture").hexdigest()),
        ("SHA-256 of its pixels", hashlib.sha256(b"pixels").hexdigest() + "\nRGB, 8 bits, rows from the top"),
        ("Taken by", "A. Berg, 2026-03-01T10:59:00.000000Z"),
    )


def timeline(lanes: int = 3) -> Timeline:
    """Asked, recorded, delivered, with every kind of stretch."""
    second = 1_000_000
    span = lambda begin, end, kind, label="": Span(  # noqa: E731
        begin_us=START + begin * second, end_us=START + end * second, kind=kind, label=label
    )
    delivered = (
        span(120, 150, "reencoded"), span(150, 260, "copied", "copied"), span(260, 330, "masked", "mask M1"),
        span(330, 345, "lost"), span(345, 480, "copied"), span(480, 600, "gap", "no recording"),
    )  # fmt: skip
    marks = tuple(Mark(at_us=START + at * second, label=f"S{n}") for n, at in enumerate((130, 133, 200, 420), 1))
    made = (
        Lane(label="asked", spans=(span(120, 660, "asked"),)),
        Lane(
            label="recorded", spans=(span(0, 480, "recorded", "gate_20260301_100000.mp4"), span(600, 720, "recorded"))
        ),
        Lane(label="delivered: E1", spans=(*delivered, span(600, 660, "copied")), marks=marks),
        *(Lane(label=f"more {n}") for n in range(lanes - 3)),
    )
    return Timeline(
        title="Export E1", begin_us=START, end_us=START + 720 * second, dated=True, zone="Europe/Berlin", lanes=made
    )


def report(folder: Path, pictures: int = 5, status: str = "DRAFT", comment: str = "") -> Report:
    """The whole sample; `comment` is said on the first picture."""
    shown = [picture(folder, number) for number in range(1, pictures + 1)]
    if comment and shown:
        shown[0] = picture(folder, 1, comments=(Paragraph(text=comment),))
    return Report(
        id="17/2026-R1", version=1, status=status, case_number="17/2026", title="Collision at the north gate",  # type: ignore[arg-type]
        exhibits="17/2026-S1, 17/2026-E1", made_at="2026-03-20T08:00:00.000000Z", log_length=153, log_head=HEAD,
        sections=(*_words(), *_figures(folder, shown), _signature()), tool={"workbench": "0.1.0"},
    )  # fmt: skip


def _words() -> tuple[Section, ...]:
    identity = Facts(rows=(
        ("Case", "17/2026"), ("Examiner", "A. Berg, forensic examiner"), ("Organisation", "Städtisches Labor Łódź"),
        ("Requester", "District court; второй отдел"), ("Second reviewer", "not stated"),
    ))  # fmt: skip
    hashes = tuple(
        (f"E1/part-{n}.mp4", f"{n * 1000:,}", hashlib.sha256(bytes([n % 256])).hexdigest()) for n in range(60)
    )
    question = (
        Paragraph(text=HOSTILE),
        Paragraph(text=SCRIPTS),
        Paragraph(text="Superseded words", style="struck"),
        Paragraph(text="ffmpeg -i in.mp4 -c copy out.mp4", style="code"),
        Paragraph(text="Small print.", style="small"),
    )
    clock = (
        Notice(text="Clock not checked: the times of Gate north are those of the recorder, as it showed them."),
        Notice(text="The zone is assumed.", large=False),
    )
    names = ("File", "Bytes", "SHA-256")
    tables = (
        Table(title="Files of E1", head=names, rows=hashes, widths=(0.3, 0.15, 0.55), code=(2,)),
        Table(head=("Nothing",), rows=()),
        Table(head=("A long cell", "Beside it"), rows=(("word " * 2500, "short"), ("last", HOSTILE))),
    )
    made = Paragraph(text="Made at the request of the court. " * 9)
    return (
        Section(number=1, title="Identity", blocks=(identity, made)),
        Section(number=2, title="Question and scope", blocks=question),
        Section(number=4, title="Clock", blocks=clock),
        Section(number=10, title="Outputs", blocks=tables),
    )


def _figures(folder: Path, shown: list[Picture]) -> tuple[Section, ...]:
    shapes = (
        Outline(points=((0.1, 0.1), (0.9, 0.1), (0.9, 0.85), (0.1, 0.85)), kind="crop", label="crop of E1"),
        Outline(points=((0.55, 0.3), (0.8, 0.35), (0.75, 0.6), (0.6, 0.65)), kind="mask", label="mask M1: passer-by"),
    )
    context = picture(folder, 900, kind="context", id="S900", caption="What the crop leaves out", outlines=shapes)
    diagram = Picture(
        id="E1", kind="diagram", path="", sha256="", rgb_sha256="", width=704, height=576, aspect="16/15",
        caption="Masks and crop, to scale", outlines=shapes,
    )  # fmt: skip
    return (
        Section(number=5, title="Coverage", blocks=(timeline(), Paragraph(text="One gap of 120 s."), timeline(13))),
        Section(number=8, title="Masks and crop", blocks=(context, diagram)),
        Section(number=9, title="Snapshots", blocks=(Paragraph(text="Frames count from 0."), *shown)),
    )


def _signature() -> Section:
    block = SignatureBlock(
        declaration="I made this report to the best of my knowledge; what is stated in it is what I found. " * 2,
        signers=("Examiner: A. Berg", "Second reviewer: not stated"),
        seal=(("Key", "self-signed, Examiner A. Berg"), ("Certificate SHA-256", HEAD), ("Time stamps", "none")),
    )
    return Section(number=14, title="Signatures", blocks=(block,))
