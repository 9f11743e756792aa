"""Figure 6 as data: what is measured, beside which peer, and what the ratio may be.

A row is two ways to the same end. *Engine only* rows compare writing the file with ffmpeg writing it;
rows *with proof* give ffmpeg the same proof to do: ``sha256sum`` of the file and of the recording, ``ffprobe
-count_packets`` (``-count_frames`` where we decode the file again), and for copies ffmpeg's ``streamhash`` of
both, which says that their packets are equal. The x264 settings on both sides are the engine's own.
"""

from __future__ import annotations

import json
import random
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.material import archive, loop, mask_png
from tests.cli import command
from tests.engines import plus

Way = Callable[[Path], list[str]]
"""From an empty folder for output to a command."""
MASK = [(0.25, 0.3), (0.55, 0.25), (0.6, 0.7), (0.2, 0.65)]
CROP = [[0.1, 0.1], [0.9, 0.9]]
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison."""

    name: str
    ours: Way
    peer: Way
    limit: float | None
    """CPU ratio allowed by figure 6; None where the row only informs."""
    once: bool = False
    """The peer is so slow that one repetition has to do."""
    cold: bool = False
    """Our index of the recording is thrown away before each repetition."""


def rows(quick: bool) -> list[Row]:
    """All rows; `quick` takes a tenth of the lengths."""
    part = 10 if quick else 1
    found: list[Row] = []
    for seconds in (600 // part, 3600 // part):
        found += _copy(seconds)
    found += _cut(600 // part) + _edited(40 // min(part, 2)) + _masked_tenth(200 // min(part, 4))
    found += [_stills(3600 // part), _thumbnails(3600 // part), _longer(3600 // part), _index(3600 // part)]
    return found


def _name(seconds: int) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min"


def _pair(
    name: str, spec: dict[str, Any], source: Path, peer: str, limit: float, *, count: str = "packets", **more: Any
) -> list[Row]:
    """The same work as engine only and with proof; `peer` is a shell command with {out} for its file."""
    proof = (
        f" && sha256sum {{out}} {shlex.quote(str(source))}"
        f" && ffprobe -v error -count_{count} -show_entries stream=nb_read_{count} {{out}}"
    )
    if "-c copy" in peer:  # the proof that packets are equal, by the peer's own means
        each = "ffmpeg -nostdin -v error -i {} -map 0:v -c copy -f streamhash -hash sha256 -"
        proof += f" && {each.format(shlex.quote(str(source)))} && {each.replace('{}', '{out}')}"

    def bare(out: Path) -> list[str]:
        return [
            sys.executable,
            "-m",
            "bench.engine_only",
            str(_spec(spec, out)),
            str(archive(source)),
            str(out),
        ]

    def proven(out: Path) -> list[str]:
        words = ["export", str(archive(source)), "--spec", str(_spec(spec, out)), "--out", str(out), "--json"]
        return [*command(), *words]

    def theirs(text: str) -> Way:
        return lambda out: ["sh", "-c", text.format(out=shlex.quote(str(out / "peer.mp4")))]

    return [
        Row(name=f"{name}, engine only", ours=bare, peer=theirs(peer), limit=limit, **more),
        Row(name=f"{name}, with proof", ours=proven, peer=theirs(peer + proof), limit=limit, **more),
    ]


def _spec(spec: dict[str, Any], out: Path) -> Path:
    path = out.with_suffix(".spec.json")
    path.write_text(json.dumps({"source": "cam", "format": "mp4", **spec}))
    return path


def _copy(seconds: int) -> list[Row]:
    source = loop(seconds)
    spec = {"begin": "+0", "end": plus(seconds * 1_000_000 + 1_000_000)}
    peer = f"ffmpeg -nostdin -v error -i {source} -map 0:v -c copy {{out}}"
    return _pair(f"copy {_name(seconds)}", spec, source, peer, 1.15)


def _cut(seconds: int) -> list[Row]:
    source = loop(seconds, "1280x720", "2000k")
    begin, end = 1.234567, seconds - 7.654321
    spec = {"begin": plus(round(begin * 1e6)), "end": plus(round(end * 1e6))}
    peer = f"ffmpeg -nostdin -v error -ss {begin} -to {end} -i {source} -map 0:v {x264()} {{out}}"
    return _pair(f"exact cut of {_name(seconds)}, peer re-encodes", spec, source, peer, 0.05, once=True)


def _edited(seconds: int) -> list[Row]:
    source, png = loop(seconds, "1280x720", "2000k"), mask_png("1280x720", MASK)
    text = f"drawtext=fontfile={FONT}:text='Exhibit 7':x=16:y=h-40:fontsize=24:fontcolor=white"
    graph = f"[0:v][1:v]overlay=format=yuv420,crop=1024:576:128:72,{text}"
    peer = f"ffmpeg -nostdin -v error -i {source} -i {png} -filter_complex {shlex.quote(graph)} {x264()} {{out}}"
    spec = {"begin": "+0", "end": plus(seconds * 1_000_000 + 1_000_000), "comment": "Exhibit 7", "burn": True}
    more = {"crop": CROP, "masks": [{"points": MASK}]}
    return _pair(f"crop + mask + text over {seconds} s", {**spec, **more}, source, peer, 1.05, count="frames")


def _masked_tenth(seconds: int) -> list[Row]:
    source, png = loop(seconds, "1280x720", "2000k"), mask_png("1280x720", MASK)
    begin, end = seconds * 0.45, seconds * 0.55
    graph = f"[0:v][1:v]overlay=format=yuv420:enable='between(t,{begin},{end})'"
    peer = f"ffmpeg -nostdin -v error -i {source} -i {png} -filter_complex {shlex.quote(graph)} {x264()} {{out}}"
    times = {"begin": plus(round(begin * 1e6)), "end": plus(round(end * 1e6))}
    spec = {"begin": "+0", "end": plus(seconds * 1_000_000 + 1_000_000), "masks": [{"points": MASK, **times}]}
    return _pair(f"mask on 10 % of {seconds} s, peer re-encodes", spec, source, peer, 0.20)


def x264() -> str:
    """The engine's own x264 settings for quality 0, as ffmpeg's words."""
    from fractions import Fraction

    from workbench.media.encode import THREADS, Picture, options

    shape = Picture(width=1280, height=720, pix_fmt="yuv420p", time_base=Fraction(1, 12800), rate=Fraction(25))
    told = options("h264", 0, shape)
    params = ":".join(p for p in told["x264-params"].split(":") if not p.startswith("sps-id"))
    words = f"-c:v libx264 -preset {told['preset']} -crf {told['crf']} -g {told['g']} -threads {THREADS}"
    return f"{words} -x264-params {params} -pix_fmt yuv420p"


def _stills(seconds: int) -> Row:
    source, rng = loop(seconds), random.Random(12)
    times = [f"{rng.uniform(0, seconds - 1):.3f}" for _ in range(12)]
    each = f"ffmpeg -nostdin -v error -ss $t -i {source} -frames:v 1 -q:v 1 {{out}}/$t.jpg"
    return Row(
        name=f"12 exact JPEGs from {_name(seconds)}",
        ours=lambda out: [
            sys.executable,
            "-m",
            "bench.stills",
            str(archive(source)),
            "cam",
            str(out),
            *times,
        ],
        peer=lambda out: _each(times, each, out),
        limit=0.6,
    )


def _thumbnails(seconds: int) -> Row:
    source = loop(seconds, "640x360", "400k")
    times = [f"{seconds * i / 100:.3f}" for i in range(100)]
    each = f"ffmpeg -nostdin -v error -ss $t -i {source} -frames:v 1 -vf scale=320:-2 {{out}}/$t.jpg"
    return Row(
        name=f"100 thumbnails of {_name(seconds)}, one ffmpeg per seek",
        ours=lambda out: _thumbnail_command(source, seconds, out),
        peer=lambda out: _each(times, each, out),
        limit=0.12,
    )


def _longer(seconds: int) -> Row:
    short, long = (loop(s, "640x360", "400k") for s in (seconds, seconds * 10))
    return Row(
        name=f"100 thumbnails of {_name(seconds * 10)}, against ours of {_name(seconds)}",
        ours=lambda out: _thumbnail_command(long, seconds * 10, out),
        peer=lambda out: _thumbnail_command(short, seconds, out),
        limit=1.1,
    )


def _index(seconds: int) -> Row:
    source = loop(seconds, "640x360", "400k")
    return Row(
        name=f"100 thumbnails of {_name(seconds)} without an index yet, against ffprobe reading all packets",
        ours=lambda out: _thumbnail_command(source, seconds, out),
        peer=lambda _: [
            "ffprobe",
            "-v",
            "error",
            "-count_packets",
            "-show_entries",
            "stream=nb_read_packets",
            str(source),
        ],
        limit=None,
        cold=True,
    )


def _thumbnail_command(source: Path, seconds: int, out: Path) -> list[str]:
    words = ["thumbnails", str(archive(source)), "cam", "+0", plus(seconds * 1_000_000)]
    return [*command(), *words, "-n", "100", "--out", str(out), "--json"]


def _each(times: Sequence[str], each: str, out: Path) -> list[str]:
    return ["sh", "-ec", f"for t in {' '.join(times)}; do {each.format(out=shlex.quote(str(out)))}; done"]
