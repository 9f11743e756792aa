"""Files that came from a server are measured: what they hold, what is wrong with them, and pictures masked."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.truth import Clip, make, timeline
from workbench.core.errors import SourceError
from workbench.core.spec import Mask
from workbench.media.worker import Worker

CLIP = Clip(name="received", frames=40, gop=10, bframes=2, audio=True)


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    """One worker for all."""
    with Worker() as one:
        yield one


def measured(worker: Worker, path: Path, form: str, *, decode: bool = True) -> tuple[dict[str, Any], list[int]]:
    """What the worker finds, and the media times."""
    reply = worker.call("received", {"path": str(path), "form": form, "decode": decode})
    return reply.data, list(array("q", reply.blobs[0]))


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_a_video_is_measured_on_its_packets(worker: Worker, container: str) -> None:
    """Number, times from the first picture, duration, coding and sound are those of the clip; every picture decodes."""
    clip = Clip(name="received", frames=40, gop=10, bframes=2, audio=True, container=container)
    found, times = measured(worker, make(clip), container)
    assert times == [stamp.us for stamp in timeline(clip)]
    assert (found["frames_shown"], found["frames_contained"], found["undecodable"]) == (40, 40, 0)
    assert (found["codec"], found["width"], found["height"]) == ("h264", 160, 120)
    assert found["last_us"] == times[-1] and found["problems"] == [] and found["losses"] == []
    assert found["audio"] == ["aac"] and found["audio_seconds"] == pytest.approx(1.6, abs=0.1)


def test_decoding_is_left_out_where_it_was_not_asked_for(worker: Worker) -> None:
    """A verdict on decoding is only given where it was done."""
    assert measured(worker, make(CLIP), "mp4", decode=False)[0]["undecodable"] is None


def test_a_file_of_another_kind_is_told(worker: Worker, tmp_path: Path) -> None:
    """A Matroska file that is called mp4, and a text that is called jpg or pdf, are no errors: they are problems."""
    mkv = make(Clip(name="received", frames=40, gop=10, bframes=2, audio=True, container="mkv"))
    assert measured(worker, mkv, "mp4")[0]["problems"] == ["it is matroska,webm, not mp4"]
    text = tmp_path / "text"
    text.write_text("no picture")
    for form in ("jpg", "pdf"):
        found, _ = measured(worker, text, form)
        assert found["problems"] and found["frames_shown"] is None
    assert measured(worker, text, "exe")[0]["frames_shown"] is None


def test_a_damaged_file_is_counted_as_far_as_it_goes(worker: Worker, tmp_path: Path) -> None:
    """What a truncated file declares and does not hold is a loss; a file without a picture is a SourceError."""
    data = make(Clip(name="received-ts", frames=40, container="mkv")).read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(data[: len(data) * 2 // 3])
    found, times = measured(worker, cut, "mkv")
    assert 0 < len(times) < 40 and found["losses"]
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(SourceError):
        measured(worker, tmp_path / "empty.mp4", "mp4")


def test_a_jpeg_is_masked_and_cropped(worker: Worker, tmp_path: Path) -> None:
    """Under the mask is one colour, outside the picture stays, and the crop is what is kept."""
    path = tmp_path / "a.jpg"
    noise = np.random.default_rng(7).integers(0, 255, (120, 160, 3), np.uint8)
    Image.fromarray(noise).save(path, quality=95)
    mask = Mask(points=((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
    job = {"path": str(path), "masks": [{"mask": mask.to_json(), "range": [None, None]}], "us": 5, "until": 6}
    png = worker.call("received_picture", {**job, "crop": None, "form": "png", "quality": 0}).blobs[0]
    pixels = np.asarray(Image.open(BytesIO(png)).convert("RGB"))
    assert pixels.shape == (120, 160, 3)
    assert (pixels[:, :76] == pixels[0, 0]).all() and pixels[:, 100:].std() > 20
    late = {**job, "masks": [{"mask": mask.to_json(), "range": [6, None]}]}
    png = worker.call("received_picture", {**late, "crop": None, "form": "png", "quality": 0}).blobs[0]
    assert np.asarray(Image.open(BytesIO(png)))[:, :80].std() > 20
    half = {**job, "crop": [[0, 0], [0.5, 0.5]], "form": "jpeg", "quality": 2}
    assert Image.open(BytesIO(worker.call("received_picture", half).blobs[0])).size == (80, 60)


def test_a_picture_that_is_none_is_refused(worker: Worker, tmp_path: Path) -> None:
    """Bytes that do not decode as JPEG are a SourceError, and no place of this machine is in it."""
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8 no more")
    with pytest.raises(SourceError) as caught:
        worker.call(
            "received_picture",
            {"path": str(bad), "masks": [], "crop": None, "us": 0, "until": 1, "form": "png", "quality": 0},
        )
    assert str(tmp_path) not in str(caught.value)
