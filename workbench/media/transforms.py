"""What was done to a frame on its way to a snapshot's PNG: each step in words, with every parameter and its origin.

A reader with another tool must be able to do the same: what the recording declares is told apart from what was
assumed, and steps that did not happen (scaling, enhancement) are denied at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from av.video.frame import VideoFrame
from PIL import __version__ as pillow

from workbench.core.spec import Mask
from workbench.media import colors
from workbench.media.measure import library_versions
from workbench.media.planes import is_full_range, workable
from workbench.media.recording import Recording
from workbench.media.retouch import Retouch

_MATRICES = {
    colors.BT709: "BT.709",
    colors.FCC: "FCC",
    colors.BT601: "BT.601",
    colors.SMPTE240M: "SMPTE 240M",
    colors.BT2020: "BT.2020 (non-constant luminance)",
}
MOST_CORNERS = 12
"""Corners of a polygon that are written out; the rest are in the record's masks."""


def described(
    recording: Recording, decoder: str, frame: VideoFrame, retouch: Retouch, active: Sequence[Mask]
) -> list[str]:
    """The steps from the recording to the PNG, in order; `frame` is the decoded one, before any of them."""
    return [
        _decoding(recording, decoder, frame),
        *_masking(frame, active),
        *_cropping(frame, retouch),
        _colour(frame),
        *_fields(frame),
        *_turning(retouch),
        _png(retouch),
        "no scaling, no enhancement, no smoothing, no sharpening, no change of brightness or contrast",
    ]


def _decoding(recording: Recording, decoder: str, frame: VideoFrame) -> str:
    versions = library_versions()
    facts = recording.index.facts
    times = "" if recording.index.timing == "container" else f"; PTS laid by the {recording.index.timing}"
    return (
        f"decoded: {facts.codec} in {facts.container}, decoder {decoder} of libavcodec {versions['libavcodec']} "
        f"(FFmpeg {versions['ffmpeg']}, PyAV {versions['pyav']}), in software, no decoder options, to "
        f"{frame.width}×{frame.height} {frame.format.name}{times}"
    )


def _masking(frame: VideoFrame, active: Sequence[Mask]) -> Iterator[str]:
    if workable(frame.format.name) != frame.format.name:
        yield f"rewritten pixel by pixel from {frame.format.name} to {workable(frame.format.name)}"
    for number, mask in enumerate(active, 1):
        corners = ", ".join(f"({x:.6g}, {y:.6g})" for x, y in mask.points[:MOST_CORNERS])
        more = len(mask.points) - MOST_CORNERS
        how = {
            "fill": f"black ({'0' if is_full_range(frame) else 'luma 16 of 255'}, colour difference in the middle)",
            "pixelate": "means of squares of 16 pixels, or of 1/24 of the height rounded up to 8 if that is more",
            "blur": "a mean over 16 pixels each way, or 1/24 of the height rounded up to 8 if that is more; twice",
        }[mask.style]
        yield (
            f"mask {number}: {'outside' if mask.inverted else 'inside'} of the polygon {corners}"
            f"{f' and {more} more corners' if more > 0 else ''} painted, style {mask.style}: {how}; rounded outwards "
            "to whole chroma blocks, in interlaced 4:2:0 to pairs of them"
        )


def _cropping(frame: VideoFrame, retouch: Retouch) -> Iterator[str]:
    if retouch.box is not None:
        x, y, width, height = retouch.box
        yield (
            f"crop: {width}×{height} pixels from column {x}, row {y} of the coded {frame.width}×{frame.height} "
            "picture, rounded inwards to whole chroma blocks"
        )


def _colour(frame: VideoFrame) -> str:
    form = frame.format
    bits = max(part.bits for part in form.components)
    depth = f", {bits} bits a sample reduced to 8" if bits > 8 else ""
    tool = f"swscale {library_versions()['libswscale']}, flags bicubic + accurate_rnd + full_chroma_int + bitexact"
    if form.is_rgb or form.has_palette:
        return f"colour: {form.name} to rgb24{depth}, no matrix; {tool}"
    return (
        f"colour: {form.name} to rgb24{depth}, matrix {_matrix(frame)}, range {_range(frame)} to full; transfer curve "
        f"and primaries untouched; {tool}"
    )


def _matrix(frame: VideoFrame) -> str:
    used = _MATRICES[colors.matrix(frame)]
    declared = int(frame.colorspace)
    if colors.is_known(declared):
        return f"{used} (declared by the recording)"
    why = "not declared" if declared in (0, 2) else f"number {declared} is declared, which swscale does not know"
    return f"{used} (assumed from the height: {why})"


def _range(frame: VideoFrame) -> str:
    used = "full" if colors.full_range(frame) else "limited"
    declared = frame.format.name.startswith("yuvj") or int(frame.color_range) in (colors.LIMITED, colors.FULL)
    return f"{used} ({'declared by the recording' if declared else 'assumed: not declared'})"


def _fields(frame: VideoFrame) -> Iterator[str]:
    if frame.interlaced_frame:
        yield "interlaced: both fields stand in the picture as decoded, not deinterlaced; each was converted by itself"


def _turning(retouch: Retouch) -> Iterator[str]:
    if turned := colors.right_angle(retouch.rotation):
        yield f"turned {turned}° counter-clockwise, as the recording asks; whole pixels, nothing interpolated"


def _png(retouch: Retouch) -> str:
    shape = retouch.aspect if retouch.aspect > 0 else Fraction(1)
    shape = 1 / shape if colors.right_angle(retouch.rotation) in (90, 270) else shape
    told = "square pixels, or their shape is not declared"
    if shape != 1:
        told = f"pixels are {shape} as wide as high: noted in the file (pHYs), not resampled"
    return f"written as PNG, 8 bits a channel RGB, lossless, by Pillow {pillow}; {told}"
