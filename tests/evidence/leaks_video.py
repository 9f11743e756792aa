"""Leaks in MP4, Matroska and AVI."""

from __future__ import annotations

import json
import struct
from pathlib import Path

from tests.evidence.leak_material import Material, Plant, behind, ffmpeg
from workbench.evidence.disclosure.answers import BEHIND, EMBEDDED, HIDDEN, INSIDE, PEOPLE, PLACES, SOUND, STRAY, TRACKS


def box(kind: bytes, body: bytes) -> bytes:
    """An MP4 box."""
    return struct.pack(">I", len(body) + 8) + kind + body


def grown(data: bytes, path: tuple[bytes, ...], more: bytes) -> bytes:
    """An MP4 with `more` at the end of the box at `path`, whose parents grow with it; nothing may lie behind moov."""
    at, end = 0, len(data)
    out = bytearray(data)
    for kind in path:
        while data[at + 4 : at + 8] != kind:
            at += int.from_bytes(data[at : at + 4], "big")
        size = int.from_bytes(data[at : at + 4], "big")
        out[at : at + 4] = struct.pack(">I", size + len(more))
        end, at = at + size, at + 8
    return bytes(out[:end]) + more + bytes(out[end:])


def _cut_copy(m: Material, to: Path) -> None:
    ffmpeg("-ss", "1.3", "-i", m.mp4, "-t", "1", "-c", "copy", to)


def _shortened_edit(m: Material, to: Path) -> None:
    data = bytearray(m.mp4.read_bytes())
    at = data.index(b"elst") + 12
    data[at : at + 4] = struct.pack(">I", int.from_bytes(data[at : at + 4], "big") // 2)
    to.write_bytes(data)


def _doubled_instant(m: Material, to: Path) -> None:
    data = bytearray(m.mp4.read_bytes())
    at = data.index(b"stts") + 8
    count, delta = struct.unpack_from(">II", data, at + 4)
    data[at + 4 : at + 12] = struct.pack(">II", count, 0)
    assert delta
    to.write_bytes(data)


def _sps_crop(m: Material, to: Path) -> None:
    ffmpeg("-i", m.mp4, "-c", "copy", "-bsf:v", "h264_metadata=crop_left=48", to)


def _user_message(m: Material, to: Path) -> None:
    words = "086f3693-b7b3-4f2c-9653-21492feee5b8+Camera+of+John+Doe"
    ffmpeg("-i", m.mp4, "-c", "copy", "-bsf:v", f"h264_metadata=sei_user_data={words}", to)


def _stray_media(m: Material, to: Path) -> None:
    data = m.mp4.read_bytes()
    assert data.rindex(b"moov") > data.index(b"mdat")
    moved = len(m.secret)
    at = data.index(b"moov") - 4
    size = int.from_bytes(data[data.index(b"mdat") - 4 : data.index(b"mdat")], "big")
    begin = data.index(b"mdat") - 4
    grown_media = struct.pack(">I", size + moved) + data[begin + 4 : at] + m.secret
    to.write_bytes(data[:begin] + grown_media + data[at:])


def _filled_free(m: Material, to: Path) -> None:
    to.write_bytes(m.mp4.read_bytes() + box(b"free", m.secret))


def _unknown_box(m: Material, to: Path) -> None:
    to.write_bytes(m.mp4.read_bytes() + box(b"hide", m.secret))


def _second_video(m: Material, to: Path) -> None:
    ffmpeg("-i", m.mp4, "-i", m.mp4, "-map", "0", "-map", "1", "-c", "copy", to)


def _subtitles(m: Material, to: Path) -> None:
    words = to.with_suffix(".srt.part")
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    ffmpeg("-i", m.mp4, "-f", "srt", "-i", words, "-map", "0", "-map", "1", "-c:v", "copy", "-c:s", "mov_text", to)
    words.unlink()


def _cover(m: Material, to: Path) -> None:
    art = box(b"covr", box(b"data", struct.pack(">II", 14, 0) + m.secret))
    handler = box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9))
    meta = box(b"udta", box(b"meta", bytes(4) + handler + box(b"ilst", art)))
    to.write_bytes(grown(m.mp4.read_bytes(), (b"moov",), meta))


def _user_data(kind: bytes, body: bytes) -> Plant:
    def plant(m: Material, to: Path) -> None:
        to.write_bytes(grown(m.mp4.read_bytes(), (b"moov",), box(b"udta", box(kind, body))))

    return plant


def _remuxed(*more: str) -> Plant:
    def plant(m: Material, to: Path) -> None:
        ffmpeg("-i", m.mp4, "-c", "copy", *more, to)

    return plant


def _attachment(m: Material, to: Path) -> None:
    art = to.with_suffix(".png.part")
    art.write_bytes(m.secret)
    ffmpeg("-i", m.mkv, "-c", "copy", "-attach", art, "-metadata:s:t", "mimetype=image/png", to)
    art.unlink()


def _void(m: Material, to: Path) -> None:
    data = m.mkv.read_bytes()
    at = data.index(b"\x1f\x43\xb6\x75")
    segment = data.index(b"\x18\x53\x80\x67") + 4
    more = b"\xec" + struct.pack(">Q", len(m.secret) | 1 << 56) + m.secret
    size = int.from_bytes(data[segment : segment + 8], "big") + len(more)
    to.write_bytes(data[:segment] + struct.pack(">Q", size) + data[segment + 8 : at] + more + data[at:])


def _other_track(m: Material, to: Path) -> None:
    data = bytearray(m.mkv.read_bytes())
    at = data.index(b"\xa3", data.index(b"\x1f\x43\xb6\x75") + 12)
    wide = 9 - data[at + 1].bit_length()
    assert data[at + 1 + wide] == 0x81
    data[at + 1 + wide] = 0x87
    to.write_bytes(data)


def _unlisted_chunk(m: Material, to: Path) -> None:
    data = bytearray(m.avi.read_bytes())
    at = data.rindex(b"idx1")
    size = int.from_bytes(data[at + 4 : at + 8], "little")
    begin = at + 8 + size - 16
    data[begin : begin + 16] = data[begin - 16 : begin]  # the last picture is listed no more
    to.write_bytes(data)


def _undeclared_sound(m: Material, to: Path) -> None:
    to.write_bytes(m.sound.read_bytes())


def _unwanted_sound(m: Material, to: Path) -> None:
    to.write_bytes(m.export.read_bytes())
    record = json.loads(m.export.with_name(f"{m.export.name}.json").read_text())
    record["plan"]["spec"]["audio"] = "drop"
    record["files"][0]["path"] = to.name
    to.with_name(f"{to.name}.json").write_text(json.dumps(record))


VIDEOS: list[tuple[str, set[str], Plant]] = [
    ("cut-copy.mp4", {HIDDEN}, _cut_copy),
    ("shortened-edit.mp4", {HIDDEN}, _shortened_edit),
    ("doubled-instants.mp4", {HIDDEN}, _doubled_instant),
    ("sps-crop.mp4", {HIDDEN}, _sps_crop),
    ("stray-media.mp4", {STRAY}, _stray_media),
    ("filled-free.mp4", {STRAY}, _filled_free),
    ("unknown-box.mp4", {STRAY}, _unknown_box),
    ("behind.mp4", {BEHIND}, behind("mp4")),
    ("second-video.mp4", {TRACKS}, _second_video),
    ("subtitles.mp4", {TRACKS}, _subtitles),
    ("cover.mp4", {EMBEDDED}, _cover),
    ("thumb.mp4", {EMBEDDED}, _user_data(b"thmb", b"jpeg" + bytes(range(256)))),
    ("xyz.mp4", {PLACES}, _user_data(b"\xa9xyz", b"\x00\x12\x15\xc7+52.5200+013.4050/")),
    ("loci.mp4", {PLACES}, _user_data(b"loci", bytes(6) + b"Springfield\0" + bytes(13))),
    ("artist.mp4", {PEOPLE}, _remuxed("-metadata", "artist=John Doe")),
    ("where.mp4", {PLACES}, _remuxed("-metadata", "comment=at +48.85+002.35/")),
    ("handler.mp4", {PEOPLE}, _remuxed("-metadata:s:v:0", "handler_name=ACME Cam 5 SN 123")),
    ("user-data.mp4", {INSIDE}, _user_message),
    ("undeclared-sound.mp4", {SOUND}, _undeclared_sound),
    ("unwanted-sound.mp4", {SOUND}, _unwanted_sound),
    ("attachment.mkv", {EMBEDDED}, _attachment),
    ("void.mkv", {STRAY}, _void),
    ("other-track.mkv", {STRAY}, _other_track),
    ("behind.mkv", {BEHIND}, behind("mkv")),
    ("artist.mkv", {PEOPLE}, _remuxed("-metadata", "artist=John Doe")),
    ("unlisted.avi", {HIDDEN}, _unlisted_chunk),
    ("behind.avi", {BEHIND}, behind("avi")),
    ("artist.avi", {PEOPLE}, _remuxed("-c:v", "mjpeg", "-metadata", "artist=John Doe")),
]
