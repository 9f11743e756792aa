"""Texts that mean harm or are huge print as text, and what cannot be printed is said."""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest
from pikepdf import pdfa

from tests.report import samples
from workbench.report import text
from workbench.report.model import Facts, Notice, Outline, Paragraph, Picture, Section, Table
from workbench.report.pdf import render
from workbench.report.text import MONO, NORMAL, Style


def printed(folder: Path, *blocks: object) -> str:
    """The words of a report that holds nothing but these blocks."""
    sections = (Section(number=1, title="One", blocks=blocks),)  # type: ignore[arg-type]
    path = folder / "r.pdf"
    path.write_bytes(render(replace(samples.report(folder, 1, "FINAL"), sections=sections), folder))
    return subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True).stdout.decode()


def test_nothing_in_a_text_acts(tmp_path: Path) -> None:
    """Markup, control characters and overrides of direction come out of the PDF as they were typed, or as escapes."""
    words = printed(tmp_path, Paragraph(text=samples.HOSTILE), Facts(rows=(("<i>", samples.HOSTILE),)))
    safe = r"<b>bold</b> &amp; <para/> \x1b[31mred \u202eevil\u202c \x00 {{x}} %s \n"
    assert words.count(safe) == 2


def test_scripts_are_printed_and_gaps_said(tmp_path: Path) -> None:
    """Cyrillic and Greek extract as they are; what no font has becomes U+FFFD, with a note that names it."""
    words = printed(tmp_path, Paragraph(text=samples.SCRIPTS))
    assert "Кириллица Ελληνικά" in words and "Łódź" in words and r"\U0001f600" in words
    assert "no font has U+65E5, U+672C, U+8A9E; drawn as �" in words
    assert "right-to-left letters are drawn unjoined" in words and "exact text is in the attached report.json" in words


@pytest.mark.parametrize("block", ["table", "notice", "picture"])
def test_gaps_are_said_in_every_block(block: str, tmp_path: Path) -> None:
    """Tables, notices and pictures say it too."""
    blocks = {
        "table": Table(head=("a",), rows=(("本",),)),
        "notice": Notice(text="本"),
        "picture": samples.picture(tmp_path, 1, caption="本"),
    }
    assert "no font has U+672C" in printed(tmp_path, blocks[block])


def test_a_megabyte_prints_in_seconds(tmp_path: Path) -> None:
    """A comment of a megabyte, and a word of 100,000 characters without a space, cost seconds and lose nothing."""
    begin = time.process_time()
    words = printed(tmp_path, Paragraph(text="Слово и слово. " * 70_000), Paragraph(text="x" * 100_000))
    assert time.process_time() - begin < 15
    assert len(re.findall("Слово", words)) == 70_000 and words.count("x" * 60) > 800


def test_empty_lines_are_counted_not_printed(tmp_path: Path) -> None:
    """A million line feeds take a line, which says how many there were."""
    assert "[999999 empty lines]" in printed(tmp_path, Paragraph(text="a" + "\n" * 1_000_000 + "b"))


HUGE = "huge " * 2_000


def test_no_text_is_too_long_for_its_place(tmp_path: Path) -> None:
    """Titles, captions, facts, heads and labels of 10,000 characters print whole, or are cut with the rest said."""
    picture = samples.picture(
        tmp_path, 1, caption=HUGE, facts=((HUGE, HUGE),), comments=(Paragraph(text=HUGE, style="small"),)
    )
    shape = Outline(points=((0, 0), (1, 0), (9e9, float("nan"))), kind="mask", label=HUGE)
    diagram = Picture(
        id="d", kind="diagram", path="", sha256="", rgb_sha256="", width=0, height=0, aspect="0/0", outlines=(shape,)
    )
    blocks = (
        picture, diagram, Notice(text=HUGE), Table(head=(HUGE, "b"), rows=((HUGE, "1"), ("2",)), widths=(0, 0)),
        Table(head=(), rows=((),)), Facts(rows=(), title=HUGE), samples.timeline(0),
    )  # fmt: skip
    report = samples.report(tmp_path, 1)
    sections = (Section(number=1, title=HUGE, blocks=blocks),)
    report = replace(report, title=HUGE, exhibits=HUGE, id=HUGE, case_number=HUGE, sections=sections)
    path = tmp_path / "r.pdf"
    path.write_bytes(render(report, tmp_path, per_page=4))
    assert pdfa.validate_written(path, "3b").findings == []
    words = subprocess.run(["pdftotext", path, "-"], capture_output=True, check=True).stdout.decode()
    assert words.count("huge") >= 11 * 2_000


def test_every_character_prints(tmp_path: Path) -> None:
    """Every code up to U+FFFF, lone surrogates too, gives a PDF/A with its text."""
    every = "".join(map(chr, range(0x10000)))
    words = printed(tmp_path, Paragraph(text=every))
    assert r"\ud800" in words and "Ω" in words
    assert pdfa.validate_written(tmp_path / "r.pdf", "3b").findings == []


def test_no_page_has_a_font_that_is_not_embedded(tmp_path: Path) -> None:
    """Every font of the PDF carries its program and a map to Unicode."""
    printed(tmp_path, Paragraph(text=samples.SCRIPTS, style="code"))
    with pikepdf.open(tmp_path / "r.pdf") as pdf:
        for page in pdf.pages:
            for font in page.obj.Resources.Font.values():
                assert "/FontFile2" in font.FontDescriptor and "/ToUnicode" in font


def test_digests_break_evenly() -> None:
    """A digest that is wider than its column breaks into equal groups; a shorter one stays whole."""
    style, digest = Style(font=MONO, size=10), "0123456789abcdef" * 4
    wide = text.width_of("0", style)
    assert text.lines(digest, style, 64.5 * wide) == [digest]
    assert [len(line) for line in text.lines(digest, style, 63 * wide)] == [32, 32]
    assert [len(line) for line in text.lines(f"SHA-256 {digest}", style, 20 * wide)] == [7, 16, 16, 16, 16]


def test_lines_fit_and_hold_every_word() -> None:
    """No line is wider than its column, and the words are those of the text."""
    words = "Über manches 本 schweigt man, <b>anderes</b> sagt man zweimal. " * 20
    made = text.lines(words, NORMAL, 123.0)
    assert max(text.width_of(line, NORMAL) for line in made) <= 123.0
    assert " ".join(made).split() == words.split()
