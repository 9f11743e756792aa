"""Fonts and harmless text."""

from __future__ import annotations

import sys

import pytest

from workbench.media.fonts import drawn, font_for, fonts, missing_glyphs, runs
from workbench.media.writing import fit, notes, visible, wrap


def one(char: str) -> float:
    """Every character is one wide."""
    return 1.0


def test_dejavu_comes_first() -> None:
    """Latin, Cyrillic and Greek come from DejaVu Sans."""
    assert {font_for(char).path.stem for char in "AЖΩ"} == {"DejaVuSans"}


def test_characters_agree_with_fonttools() -> None:
    """Our reading of a font's character map is the one fontTools has."""
    ttlib = pytest.importorskip("fontTools.ttLib")
    for font in fonts():
        assert set(ttlib.TTFont(font.path).getBestCmap()) == font.characters


def test_matplotlib_is_not_imported() -> None:
    """Finding the fonts does not import matplotlib."""
    fonts()
    assert "matplotlib.pyplot" not in sys.modules


def test_runs_change_font_where_needed() -> None:
    """A character that the first font lacks comes from another one."""
    assert [part for _, part in runs("a\U0001d49cb")] == ["a", "\U0001d49c", "b"]


def test_missing_glyphs_are_named_once() -> None:
    """A character that no font has is named once, replaced in drawing and told."""
    assert missing_glyphs("a中б中\n") == "中"
    assert drawn("中\n") == "\ufffd\n"
    assert notes("中", "comment") == ("comment: no font has U+4E2D; drawn as \ufffd",)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", "\\x1b[31m"),
        ("a\x00b", "a\\x00b"),
        ("\u202eabc", "\\u202eabc"),
        ("\u200b\u2066", "\\u200b\\u2066"),
        ("\ud800", "\\ud800"),
        ("a\rb", "a\\x0db"),
        ("a\r\nb\tc", "a\nb    c"),
        ("\u2028\ue000", "\\u2028\\ue000"),
        ("<b>&amp;%n {x} \\n", "<b>&amp;%n {x} \\n"),
    ],
    ids=["ansi", "nul", "bidi", "zero-width", "surrogate", "return", "lines", "separators", "plain"],
)
def test_visible_obeys_nothing(text: str, shown: str) -> None:
    """Whatever would act or hide is an escape; ordinary text is left alone."""
    assert visible(text) == shown


def test_wrap_breaks_at_spaces_and_in_long_words() -> None:
    """Lines break at spaces, in a word only where it is too long, and keep empty lines."""
    assert list(wrap("one two three\n\nlongestword x", one, 7)) == [
        "one two",
        "three",
        "",
        "longest",
        "word x",
    ]


def test_fit_cuts_a_megabyte_quickly() -> None:
    """Only the lines that are wanted are made, the last one with an ellipsis."""
    lines, cut = fit("word " * 200_000, one, width=12, most=2)
    assert (lines, cut) == (["word word", "word word…"], True)


def test_right_to_left_is_told() -> None:
    """Right-to-left letters are drawn in the order of the text, and that is said."""
    assert "right-to-left" in notes("שלום", "comment")[0]
