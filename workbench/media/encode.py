"""Coding pictures anew: one table of settings, one encoder a run, everything pinned.

The same pictures give the same bytes: thread count and every setting that matters are fixed here and recorded in
the result (`describe`). B pictures are off, so coded order is display order; groups are closed; parameter sets carry
ids that the source does not use, so that both stand in one configuration record.

    encoder = Encoder(Picture.of(facts), "h264", quality=0, ids=free_ids([source sets]))
    for frame in frames: coded += encoder.encode(frame, pts)
    coded += encoder.finish()
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import av
from av.codec.context import Flags, ThreadType
from av.error import FFmpegError
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from workbench.core.errors import WorkError
from workbench.media import hevc_ids, priority
from workbench.media.nal import ANNEX_B, NOT_PICTURE, Codec, to_length_prefixed
from workbench.media.parameter_sets import ParameterSetConflict, ParameterSets, free_sps_pps_id, read_extradata
from workbench.media.probe import VideoFacts

CRF = (17, 19, 21, 23, 27, 31, 36)
"""Constant rate factor of x264 and x265 by quality 0 … 6."""
AV1_CRF = (20, 24, 28, 32, 38, 46, 55)
MJPEG_SCALE = (1, 2, 3, 5, 8, 13, 22)
"""JPEG quantiser scale by quality 0 … 6 (1 is FFmpeg's best)."""
THREADS = 4
"""Encoder threads: pinned, since another count gives other bits."""
GROUP_SECONDS = 2
"""Longest group of pictures we code, so that an export can be searched quickly."""
ENCODERS = {"h264": "libx264", "hevc": "libx265", "av1": "libsvtav1", "mjpeg": "mjpeg"}
_NAL: dict[str, Codec] = {"h264": "h264", "hevc": "hevc"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The shape of the pictures an encoder takes."""

    width: int
    height: int
    pix_fmt: str
    time_base: Fraction
    rate: Fraction
    sample_aspect_ratio: Fraction | None = None
    color: tuple[int, int, int, int] = (0, 2, 2, 2)
    field_order: str = "progressive"

    @classmethod
    def of(cls, facts: VideoFacts, time_base: Fraction) -> Picture:
        """The shape of a source's own pictures."""
        return cls(
            width=facts.width,
            height=facts.height,
            pix_fmt=facts.pix_fmt,
            time_base=time_base,
            rate=facts.rate or Fraction(25),
            sample_aspect_ratio=facts.sample_aspect_ratio,
            color=facts.color,
            field_order=facts.field_order,
        )


@dataclass(frozen=True, slots=True)
class Coded:
    """One coded picture: 4-byte length-prefixed NAL units without parameter sets, or the codec's own payload."""

    data: bytes
    pts: int
    key: bool


def takes(codec: str, pix_fmt: str) -> bool:
    """Whether our encoder for a coding takes pictures of that format as they are."""
    if codec not in ENCODERS:
        return False
    formats = av.Codec(ENCODERS[codec], "w").video_formats or []
    return pix_fmt in {f.name for f in formats}


def nearest_format(codec: str, pix_fmt: str) -> str:
    """The format our encoder takes that keeps the most of `pix_fmt`."""
    chroma = next(
        (c for c in ("444", "422", "420") if c in pix_fmt), "444" if pix_fmt[:2] in ("rg", "gb", "bg") else "420"
    )
    if codec == "mjpeg":
        return f"yuvj{chroma}p"
    if takes(codec, pix_fmt):
        return pix_fmt
    deep = any(bits in pix_fmt for bits in ("10", "12", "14", "16"))
    wanted = f"yuv{chroma}p{'10le' if deep else ''}"
    return wanted if takes(codec, wanted) else "yuv420p"


def _free_id(used: Sequence[ParameterSets]) -> int:
    try:
        return free_sps_pps_id(*used)
    except ParameterSetConflict as exc:
        raise WorkError(f"nothing can be joined to this source: {exc}") from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What our pictures must share with copied ones beside them, so that FFmpeg's H.264 decoder takes the joint."""

    sps_id: int = 0
    """A parameter set id the source leaves free."""
    reorder: bool = False
    """Its pictures are reordered. Ours never are, but a decoder drops pictures behind a joint at which the declared
    depth rises: so B pictures are allowed here, and none are made."""
    lossless: bool = False
    """It is coded without loss. A decoder that comes from pictures that were not decodes it wrongly, silently: so ours
    are coded without loss too."""

    @classmethod
    def of(cls, codec: str, used: Iterable[ParameterSets]) -> Around:
        """Read it from the source's parameter sets."""
        if codec != "h264":
            return cls()
        used = list(used)
        known = [sps for sets in used for sps in sets.h264_sps()]
        return cls(
            sps_id=_free_id(used),
            reorder=any(sps.max_num_reorder_frames != 0 for sps in known),
            lossless=any(sps.transform_bypass for sps in known),
        )


def options(codec: str, quality: int, picture: Picture, around: Around | None = None) -> dict[str, str]:
    """Every setting handed to the encoder, by its own name."""
    around = around or Around()
    group = max(1, round(picture.rate * GROUP_SECONDS))
    if codec == "h264":
        fields = {"tt": "tff=1:", "tb": "tff=1:", "bb": "bff=1:", "bt": "bff=1:"}.get(picture.field_order, "")
        allowed = "bframes=3:b-pyramid=normal" if around.reorder else "bframes=0"
        params = f"{fields}sps-id={around.sps_id}:cpu-independent=1:lookahead-threads=1:{allowed}:open-gop=0:scenecut=0"
        rate = {"qp": "0"} if around.lossless else {"crf": str(CRF[quality])}
        return {
            "preset": "veryfast",
            **rate,
            "g": str(group),
            "forced-idr": "1",
            "a53cc": "0",
            "x264-params": params,
        }
    if codec == "hevc":
        params = (
            f"log-level=none:info=0:repeat-headers=0:bframes=0:open-gop=0:keyint={group}:pools={THREADS}:"
            "frame-threads=1:hrd=0:aud=0:hash=0"
        )
        return {"preset": "veryfast", "crf": str(CRF[quality]), "x265-params": params}
    if codec == "av1":
        params = f"lp={THREADS}:pred-struct=1:keyint={group}:scd=0:hierarchical-levels=2"
        return {"preset": "8", "crf": str(AV1_CRF[quality]), "g": str(group), "svtav1-params": params}
    scale = str(MJPEG_SCALE[quality])
    return {"qmin": scale, "qmax": scale, "huffman": "default"}


class Encoder:
    """One opened encoder; `ids` are parameter set ids that the source leaves free (H.264, HEVC)."""

    def __init__(self, picture: Picture, codec: str, quality: int, used: Iterable[ParameterSets] = ()) -> None:
        self.codec, self.picture = codec, picture
        used = list(used)
        self.options = options(codec, quality, picture, Around.of(codec, used))
        self._context = _opened(codec, picture, self.options)
        self._ids: hevc_ids.HevcIds | None = None
        self._group = max(1, round(picture.rate * GROUP_SECONDS))
        self._taken = 0
        extradata = bytes(self._context.extradata or b"")
        self.sets: ParameterSets | None = None
        """Our parameter sets under their final ids; None for codings that have none."""
        if codec in _NAL:
            self.sets = read_extradata(extradata, _NAL[codec])
        if codec == "hevc" and used and self.sets is not None:
            self._ids = hevc_ids.assign_ids(used, [self.sets])[0]
            self.sets = hevc_ids.rewrite_sets(self.sets, self._ids)
        self.extradata = self.sets.record() if self.sets is not None else extradata

    def encode(self, frame: VideoFrame, pts: int) -> list[Coded]:
        """Code one picture that is shown at `pts`; what comes out may be earlier pictures.

        `frame` must have the size of `picture`; another pixel format is converted.
        """
        if (frame.width, frame.height) != (self.picture.width, self.picture.height):
            raise WorkError(
                f"a picture of {frame.width}×{frame.height} stands among pictures of "
                f"{self.picture.width}×{self.picture.height}",
                "Export the stretches before and behind the change one by one; nothing is rescaled silently.",
            )
        if frame.format.name != self.picture.pix_fmt:
            frame = frame.reformat(format=self.picture.pix_fmt)
        # The source's picture types would be forced on the encoder otherwise.
        frame.pict_type = self._picture_type()
        self._taken += 1
        frame.pts, frame.time_base = pts, self.picture.time_base
        return self._coded(frame)

    def _picture_type(self) -> PictureType:
        if self._taken % self._group == 0:
            return PictureType.I
        return PictureType.P if self.codec == "h264" else PictureType.NONE

    def finish(self) -> list[Coded]:
        """What the encoder still holds; it takes no more pictures."""
        return self._coded(None)

    def _coded(self, frame: VideoFrame | None) -> list[Coded]:
        try:
            packets = self._context.encode(frame)
        except FFmpegError as exc:
            raise WorkError(f"the {self.codec} encoder failed: {exc.strerror or exc}") from exc
        out = []
        for packet in packets:
            if packet.pts is None:
                raise WorkError(f"the {self.codec} encoder returned a picture without a time")
            out.append(Coded(self._wrapped(bytes(packet)), packet.pts, packet.is_keyframe))
        return out

    def _wrapped(self, data: bytes) -> bytes:
        if self._ids is not None:
            return hevc_ids.rewrite_packet(data, ANNEX_B, self._ids)
        if self.codec in _NAL:
            codec = _NAL[self.codec]
            return to_length_prefixed(data, codec, ANNEX_B, drop=NOT_PICTURE[codec])
        return data

    def describe(self) -> dict[str, str]:
        """Name and settings, for the record."""
        picture = self.picture
        return {
            "encoder": ENCODERS[self.codec],
            "threads": str(THREADS),
            "size": f"{picture.width}x{picture.height}",
            "pix_fmt": picture.pix_fmt,
            **self.options,
        }


def configure(context: VideoCodecContext, codec: str, picture: Picture, settings: dict[str, str]) -> None:
    """Set everything that `picture` and `settings` say on an encoder that is not open yet."""
    context.width, context.height, context.pix_fmt = picture.width, picture.height, picture.pix_fmt
    context.time_base, context.framerate = picture.time_base, picture.rate
    if picture.sample_aspect_ratio:
        context.sample_aspect_ratio = picture.sample_aspect_ratio
    context.color_range, context.color_primaries, context.color_trc, context.colorspace = picture.color
    context.flags |= Flags.global_header
    context.thread_count, context.thread_type = THREADS, ThreadType.FRAME
    if codec == "h264" and picture.field_order not in ("progressive", "unknown"):
        context.flags |= Flags.interlaced_dct
    if codec == "mjpeg":
        context.flags |= Flags.qscale
        context.thread_type = ThreadType.SLICE
    context.options = dict(settings)


def _opened(codec: str, picture: Picture, settings: dict[str, str]) -> VideoCodecContext:
    context = av.CodecContext.create(ENCODERS[codec], "w")
    assert isinstance(context, VideoCodecContext)
    configure(context, codec, picture, settings)
    try:
        with priority.kept():
            context.open()
    except (FFmpegError, ValueError) as exc:
        raise WorkError(
            f"the {codec} encoder refuses {picture.width}×{picture.height} {picture.pix_fmt}: {exc}"
        ) from exc
    return context
