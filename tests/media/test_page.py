"""The one-page pdf."""

from __future__ import annotations

import io
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from workbench.core.errors import WorkError
from workbench.core.geometry import Area
from workbench.media.page import write_page

PICTURE = np.random.default_rng(1).integers(0, 256, (90, 160, 3), dtype=np.uint8)
HOSTILE = [
    "<b>bold</b>", "<script>alert(1)</script>", "<para><img src=file:///etc/passwd/></para>", "&#x3c;&amp;",
    ")Tj ET (x", "%{eif} \\: '", "%n %s", "{{ 7*7 }}", "=cmd()|' /C calc'!A0", "$x^2$ \\LaTeX", "/JavaScript",
]  # fmt: skip


def text_of(path: Path) -> str:
    """The page's text as a reader extracts it, spaces between words single."""
    return " ".join(PdfReader(path).pages[0].extract_text().split())


def test_text_is_real(tmp_path: Path) -> None:
    """Stamp, comment and facts can be extracted, Cyrillic and Greek included."""
    path = tmp_path / "a.pdf"
    write_page(path, PICTURE, stamp="2026-Mar-01 10:00:00", comment="Вход Είσοδος", facts={"Zone": "UTC"})
    assert all(part in text_of(path) for part in ("2026-Mar-01 10:00:00", "Вход Είσοδος", "Zone: UTC"))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_literal(text: str, tmp_path: Path) -> None:
    """Markup, templates and PDF operators are printed as they stand, in every field."""
    path = tmp_path / "a.pdf"
    write_page(path, PICTURE, stamp=text, comment=text, facts={"Source": text}, title=text)
    assert text_of(path).count(" ".join(text.split())) == 3
    assert len(PdfReader(path).pages) == 1


def test_controls_are_escapes(tmp_path: Path) -> None:
    """Control characters, overrides, surrogates and astral characters are visible escapes."""
    path = tmp_path / "a.pdf"
    write_page(path, PICTURE, comment="a\x00\x1b[31m\u202eb\ud800\U0001f600")
    assert "a\\x00\\x1b[31m\\u202eb\\ud800\\U0001f600" in text_of(path)


def test_no_active_content(tmp_path: Path) -> None:
    """The file holds no script, no launch, no action and no attachment."""
    path = tmp_path / "a.pdf"
    write_page(path, PICTURE, stamp="now", comment="\n".join(HOSTILE))
    root = PdfReader(path).trailer["/Root"]
    assert not {"/OpenAction", "/AA", "/Names", "/AcroForm"} & set(root)
    assert not any(word in path.read_bytes() for word in (b"/JavaScript", b"/Launch", b"/EmbeddedFile"))


def test_the_same_call_gives_the_same_bytes(tmp_path: Path) -> None:
    """Two calls in one process write identical files, whatever was written between."""
    write_page(tmp_path / "a.pdf", PICTURE, comment="Вход \u2600")
    write_page(tmp_path / "b.pdf", PICTURE, comment="Другой текст \u0121")
    write_page(tmp_path / "c.pdf", PICTURE, comment="Вход \u2600")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "c.pdf").read_bytes()


def test_metadata_is_neutral(tmp_path: Path) -> None:
    """The file names its title and this package, no user and no time."""
    write_page(tmp_path / "a.pdf", PICTURE, title="Hall")
    info = PdfReader(tmp_path / "a.pdf").metadata
    assert info is not None
    assert (info.title, info.author, info.producer) == ("Hall", "", "forensic-workbench")
    assert info["/CreationDate"].startswith("D:2000")


def test_every_font_is_embedded(tmp_path: Path) -> None:
    """No font is left to the reader's machine."""
    write_page(tmp_path / "a.pdf", PICTURE, stamp="a", comment="б \u20dd")
    listed = subprocess.run(["pdffonts", tmp_path / "a.pdf"], capture_output=True, text=True, check=True)
    assert all(line.split()[-5:-2] == ["yes", "yes", "yes"] for line in listed.stdout.splitlines()[2:])


def test_an_array_is_embedded_losslessly(tmp_path: Path) -> None:
    """The picture comes out of the page pixel for pixel."""
    write_page(tmp_path / "a.pdf", PICTURE)
    image = PdfReader(tmp_path / "a.pdf").pages[0].images[0].image
    assert image is not None
    assert (np.asarray(image) == PICTURE).all()


def test_jpeg_bytes_are_embedded_untouched(tmp_path: Path) -> None:
    """A JPEG comes out of the page byte for byte."""
    data = io.BytesIO()
    Image.fromarray(PICTURE).save(data, "jpeg")
    write_page(tmp_path / "a.pdf", data.getvalue())
    subprocess.run(["pdfimages", "-all", tmp_path / "a.pdf", tmp_path / "x"], check=True)
    assert (tmp_path / "x-000.jpg").read_bytes() == data.getvalue()


def placed(path: Path, tmp_path: Path) -> tuple[float, float, float, float]:
    """Where the picture lies on the page: x0, y0, x1, y1 from the top left, as parts of the page."""
    subprocess.run(["pdftoppm", "-r", "72", "-png", "-singlefile", path, tmp_path / "p"], check=True)
    inked = np.asarray(Image.open(tmp_path / "p.png").convert("L")) < 200
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    height, width = inked.shape
    return columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height


@pytest.mark.parametrize(("layout", "page"), [("portrait", (595, 842)), ("landscape", (842, 595))])
def test_the_picture_fills_its_area_and_keeps_its_shape(
    layout: str, page: tuple[int, int], tmp_path: Path
) -> None:
    """In its area, as large as fits, in the shape that its pixels' shape gives it."""
    picture = np.zeros((90, 80, 3), np.uint8)
    area = Area(0.1, 0.2, 0.9, 0.6)
    write_page(tmp_path / "a.pdf", picture, snapshot_area=area, layout=layout, aspect=Fraction(2))  # type: ignore[arg-type]
    x0, y0, x1, y1 = placed(tmp_path / "a.pdf", tmp_path)
    assert (x1 - x0) * page[0] / ((y1 - y0) * page[1]) == pytest.approx(16 / 9, rel=0.02)
    assert x0 > 0.098 and y0 > 0.198 and x1 < 0.902 and y1 < 0.602
    assert x1 - x0 > 0.79 or y1 - y0 > 0.39


def test_white_text_is_printed_black(tmp_path: Path) -> None:
    """A colour that paper swallows becomes black, and that is said."""
    notes = write_page(tmp_path / "a.pdf", PICTURE, stamp="now", color="#FFFFFF")
    assert notes == ("text colour #FFFFFF cannot be read on white paper; printed black",)
    assert write_page(tmp_path / "a.pdf", PICTURE, stamp="now", color="#e31e1e") == ()


def test_too_much_text_is_cut_and_told(tmp_path: Path) -> None:
    """Text shrinks, then ends in an ellipsis, and stays on its one page."""
    notes = write_page(tmp_path / "a.pdf", PICTURE, comment="word " * 200_000, color="#000000")
    assert len(notes) == 1 and notes[0].startswith("comment: too long")
    assert text_of(tmp_path / "a.pdf").endswith("…")


def test_text_on_the_picture_is_set_on_white(tmp_path: Path) -> None:
    """A stamp area over the picture is honoured, made readable and told."""
    area = Area(0.2, 0.1, 0.6, 0.2)
    notes = write_page(tmp_path / "a.pdf", PICTURE, stamp="now", stamp_area=area, color="#000000")
    assert notes == ("stamp: lies on the picture and is set on white, hiding what is under it",)


def test_a_picture_at_the_foot_has_its_text_above(tmp_path: Path) -> None:
    """Text without areas goes where the picture leaves room."""
    area = Area(0.05, 0.5, 0.95, 0.98)
    picture = np.zeros((200, 200, 3), np.uint8)
    assert (
        write_page(tmp_path / "a.pdf", picture, stamp="now", comment="a", snapshot_area=area, color="#000000")
        == ()
    )
    assert placed(tmp_path / "a.pdf", tmp_path)[1] < 0.1


def test_an_unreadable_picture_is_an_error(tmp_path: Path) -> None:
    """Bytes that are no picture are refused by name."""
    with pytest.raises(WorkError, match="cannot be read"):
        write_page(tmp_path / "a.pdf", b"nothing")
