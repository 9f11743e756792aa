"""The PDF as a whole: PDF/A-3b, bytes, attachments, pictures, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import pdfa

from tests.report import samples
from workbench.core.errors import RequestError, WorkError
from workbench.report.model import Picture, Report, Section
from workbench.report.pdf import render

ROOT = Path(__file__).resolve().parents[2]
LAYOUTS = [
    {"paper": paper, "orientation": orientation, "per_page": count}
    for paper, orientation, count in product(("A4", "Letter"), ("portrait", "landscape"), (1, 2, 4))
]
ATTACHED = {"E1-plan.json": b'{"plan": 1}', "manifest-sha256.txt": b"0  a\n"}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A case folder with the sample's pictures."""
    folder = tmp_path_factory.mktemp("case")
    samples.report(folder)
    return folder


@pytest.fixture(scope="module")
def sample(case: Path) -> Report:
    """The sample report, a draft."""
    return samples.report(case)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: "-".join(map(str, layout.values())))
def test_every_layout_is_pdf_a_and_holds_all_words(
    layout: dict[str, Any], sample: Report, case: Path, tmp_path: Path
) -> None:
    """pikepdf's PDF/A-3b check finds nothing, qpdf neither, and every word lies between the margins."""
    path = tmp_path / "r.pdf"
    path.write_bytes(render(sample, case, attachments=ATTACHED, **layout))
    assert pdfa.validate_written(path, "3b").findings == []
    done = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    boxes = subprocess.run(["pdftotext", "-bbox", path, "-"], capture_output=True, text=True, check=True).stdout
    width, height = _size(layout)
    seen = 0
    for line in boxes.splitlines():
        if "<word" not in line:
            continue
        x0, y0, x1, y1 = (float(part) for part in line.split('"')[1:8:2])
        if y1 - y0 < 60:  # higher ones are letters of DRAFT, which lies across the page
            assert 53 <= x0 < x1 <= width - 53 and 20 <= y0 < y1 <= height - 20, line
            seen += 1
    assert seen > 3000


def _size(layout: dict[str, Any]) -> tuple[float, float]:
    size = (595.3, 841.9) if layout["paper"] == "A4" else (612.0, 792.0)
    return size if layout["orientation"] == "portrait" else (size[1], size[0])


def test_two_processes_write_the_same_bytes(sample: Report, case: Path) -> None:
    """The same report gives the same bytes in another process with another hash seed, at another time."""
    code = (
        "import sys, hashlib; from pathlib import Path; from tests.report import samples; "
        "from workbench.report.pdf import render; folder = Path(sys.argv[1]); "
        "print(hashlib.sha256(render(samples.report(folder), folder)).hexdigest())"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo", "LC_ALL": "C"}
    done = subprocess.run(
        [sys.executable, "-c", code, case], capture_output=True, text=True, check=True, cwd=ROOT, env=env
    )
    assert done.stdout.strip() == hashlib.sha256(render(sample, case)).hexdigest()


def test_attachments_are_associated_files(sample: Report, case: Path, tmp_path: Path) -> None:
    """Each attached file is there byte for byte, listed in AF, with type, relationship, description and date."""
    path = tmp_path / "r.pdf"
    path.write_bytes(render(sample, case, attachments=ATTACHED))
    with pikepdf.open(path) as pdf:
        files = {name: spec.get_file().read_bytes() for name, spec in pdf.attachments.items()}
        model = json.loads(files.pop("report.json"))
        assert files == ATTACHED
        assert model == json.loads(json.dumps({**sample.to_json(), "layout": model["layout"]}))
        assert model["layout"] == {"paper": "A4", "orientation": "portrait", "per_page": 1}
        specs = list(pdf.Root.AF)
        assert [str(spec.UF) for spec in specs] == ["E1-plan.json", "manifest-sha256.txt", "report.json"]
        assert [str(spec.EF.F.Subtype) for spec in specs] == ["/application/json", "/text/plain", "/application/json"]
        assert [str(spec.AFRelationship) for spec in specs] == ["/Data", "/Supplement", "/Data"]
        assert all(spec.Desc and spec.EF.F.Params.ModDate == "D:20260320080000+00'00'" for spec in specs)
        assert "2026-03-20" in str(pdf.open_metadata().get("xmp:CreateDate"))


def test_another_reader_sees_the_same_pixels(sample: Report, case: Path, tmp_path: Path) -> None:
    """poppler takes each picture out pixel for pixel; none is coded as JPEG, smoothed or scaled."""
    path = tmp_path / "r.pdf"
    path.write_bytes(render(sample, case))
    subprocess.run(["pdfimages", "-png", path, tmp_path / "out"], check=True)
    found = {_pixels(file) for file in tmp_path.glob("out*.png")}
    wanted = {p.rgb_sha256 for p in _pictures(sample) if p.path}
    assert found == wanted and len(wanted) == 6
    with pikepdf.open(path) as pdf:
        for page in pdf.pages:
            for image in page.get_images().values():
                assert image.Filter == pikepdf.Name.FlateDecode
                assert "/Interpolate" not in image and "/SMask" not in image


def _pixels(path: Path) -> str:
    from PIL import Image

    with Image.open(path) as image:
        return hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()


def _pictures(report: Report) -> list[Picture]:
    return [block for section in report.sections for block in section.blocks if isinstance(block, Picture)]


def _only(report: Report, picture: Picture) -> Report:
    return replace(report, sections=(Section(number=9, title="Snapshots", blocks=(picture,)),))


def test_a_picture_that_changed_is_not_printed(sample: Report, tmp_path: Path) -> None:
    """Another file, other pixels under a matching file, a place outside the case: each is a WorkError with its path."""
    picture = samples.picture(tmp_path, 1)
    other = samples.png(256, 144, 2)
    for changed, why in (
        (replace(picture, sha256="0" * 64), "SHA-256"),
        (replace(picture, rgb_sha256="0" * 64), "pixels"),
        (replace(picture, path="../x.png"), "outside the case"),
        (replace(picture, path="snapshots/none.png"), "cannot be read"),
        (replace(picture, width=255), "not a PNG of 255"),
    ):
        with pytest.raises(WorkError, match=why):
            render(_only(sample, changed), tmp_path)
    (tmp_path / picture.path).write_bytes(other)
    with pytest.raises(WorkError, match=r"snapshots/S1\.png has the SHA-256"):
        render(_only(sample, picture), tmp_path)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda good: good[:-12], "ends too early"),
        (lambda good: good[:60] + b"?" + good[61:], "damaged"),
        (lambda good: samples.png_of(256, 144, bytes(144 * 769) + b"hidden"), "exactly its pixels"),
        (lambda good: samples.png_of(256, 144, bytes(100)), "exactly its pixels"),
        (lambda good: b"\xff\xd8 no PNG", "not a PNG"),
        (lambda good: b"", "not a PNG"),
    ],
    ids=["cut", "flipped", "hidden bytes", "rows missing", "JPEG", "empty"],
)
def test_a_damaged_png_is_refused(make: Any, why: str, sample: Report, tmp_path: Path) -> None:
    """What is no plain RGB picture of that size is refused, bytes behind the pixels too."""
    picture = samples.picture(tmp_path, 1)
    data = make((tmp_path / picture.path).read_bytes())
    (tmp_path / picture.path).write_bytes(data)
    with pytest.raises(WorkError, match=why):
        render(_only(sample, replace(picture, sha256=hashlib.sha256(data).hexdigest())), tmp_path)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"paper": "A5"}, "paper"),
        ({"orientation": "up"}, "orientation"),
        ({"per_page": 3}, "per_page"),
        ({"per_page": True}, "per_page"),
        ({"attachments": {"report.json": b""}}, "attachments"),
        ({"attachments": {"a/b": b""}}, "attachments"),
        ({"attachments": {"a\n": b""}}, "attachments"),
    ],
    ids=lambda one: str(one)[:40],
)
def test_a_wrong_request_names_its_field(given: dict[str, Any], field: str, sample: Report, case: Path) -> None:
    """Layouts and attachments that cannot be are RequestErrors of their field."""
    with pytest.raises(RequestError) as caught:
        render(sample, case, **given)
    assert caught.value.field == field


def test_a_wrong_instant_is_refused(sample: Report, case: Path) -> None:
    """A report whose `made_at` is no instant is not printed."""
    with pytest.raises(RequestError, match="made_at"):
        render(replace(sample, made_at="yesterday"), case)


@pytest.mark.parametrize("module", ["pdf", "check"])
def test_missing_libraries_are_named(module: str) -> None:
    """Without pikepdf the import says what to install, as an error of ours."""
    code = (
        "import sys; sys.modules['pikepdf'] = None\n"
        "from workbench.core.errors import WorkError\n"
        f"try:\n    import workbench.report.{module}\n"
        "except WorkError as exc:\n    print(exc.message, exc.advice)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert "pikepdf is missing" in done.stdout and "pip install 'forensic-workbench[report]'" in done.stdout
