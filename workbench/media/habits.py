"""What each output format does with pictures, text and names: one table, asked by planner and job alike."""

from __future__ import annotations

from workbench.core.spec import ExportSpec
from workbench.media.cut import JOINABLE
from workbench.media.encode import ENCODERS, takes
from workbench.media.probe import VideoFacts

COPIED = {"mp4": frozenset({"h264", "hevc", "av1", "mpeg4"}), "mkv": None, "avi": frozenset({"mjpeg"}), "exe": None}
"""Codings that a container takes over as they are; None for any (exe is planned, and refused as a field)."""
COPY_QUALITIES = (0, 3)
"""Qualities that ask for no re-encode of their own: 0 (best) and 3 (the API's «normal»)."""


def draws_stamp(spec: ExportSpec) -> bool:
    """Whether the time stamp is drawn into the pictures."""
    if spec.burn is not None:
        return spec.burn
    return spec.format in ("avi", "jpg") and spec.stamp_format is not None


def draws_comment(spec: ExportSpec) -> bool:
    """Whether the comment is drawn into the pictures."""
    if spec.burn is not None:
        return spec.burn and bool(spec.comment)
    return spec.format in ("avi", "jpg") and bool(spec.comment)


def has_time_track(spec: ExportSpec) -> bool:
    """Whether the container carries the times as a track beside the pictures."""
    return spec.format in ("mp4", "mkv")


def target_codec(spec: ExportSpec, facts: VideoFacts) -> str:
    """The coding in which pictures of a source are coded anew for a format."""
    if spec.format == "avi":
        return "mjpeg"
    if facts.codec == "av1" and (facts.width % 2 or facts.height % 2):
        return "h264"  # our AV1 encoder takes no odd sizes
    same = facts.codec in ENCODERS and (facts.codec != "mjpeg" or spec.format == "mkv")
    return facts.codec if same else "h264"


def why_all_encoded(spec: ExportSpec, facts: VideoFacts, rotation: int) -> str | None:
    """The reason for which not one picture can be copied; None where copying is possible."""
    if spec.crop is not None:
        return "cropped"
    if spec.rate_divisor > 1:
        return f"one frame of {spec.rate_divisor} is kept, so references between frames break"
    if draws_stamp(spec) or draws_comment(spec):
        return "text is drawn into the pictures"
    if spec.video_quality not in COPY_QUALITIES:
        return f"video quality {spec.video_quality} asks for it"
    copied = COPIED[spec.format]
    if copied is not None and facts.codec not in copied:
        return f"{spec.format} does not take {facts.codec} as it is"
    if spec.format == "avi" and rotation:
        return "avi cannot say that a picture is to be turned"
    if spec.format == "avi" and not facts.pix_fmt.startswith("yuvj"):
        return f"avi here is full-range MJPEG, the source is {facts.pix_fmt}"
    return None


def joinable(spec: ExportSpec, facts: VideoFacts) -> bool:
    """Whether re-encoded pictures may stand beside copied ones in one stream of this source."""
    if facts.codec not in JOINABLE or target_codec(spec, facts) != facts.codec:
        return False
    return takes(facts.codec, facts.pix_fmt)
