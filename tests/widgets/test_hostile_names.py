"""Figure 5: whatever cameras, captions and comments are called, they are words: the page has the same elements."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.conftest import RECORDINGS
from tests.widgets.test_page import show
from workbench import LocalArchive, Mask
from workbench.widgets import Workbench

pytestmark = pytest.mark.browser
PAYLOADS = [
    text.replace("N", str(n))
    for n in range(10)
    for text in (
        "<img src=x onerror=alert(N)>",
        "<script>alert(N)</script>",
        "<svg/onload=alert(N)>",
        '"><iframe src=javascript:alert(N)>',
        "<a href=javascript:alert(N)>xN</a>",
        "<style>@import 'http://evil.example/N'</style>",
        "<link rel=stylesheet href=http://evil.example/N>",
        "<img src=http://evil.example/N.png>",
        "</textarea><script>alert(N)</script>",
        "</title><b id=pwnN>N</b>",
        "${alert(N)}{{N*N}}",
        "javascript:alert(N)",
        "<math><mtext><img src=x onerror=alert(N)>",
        "\u202e<b>N</b>\u0001",
        "<details open ontoggle=alert(N)>N",
    )
]
"""150 texts that would do something if they were taken as markup."""
SHOTS = 3
COUNT = """[...document.querySelectorAll('#inner *, head *')]
  .filter(e => e.localName !== 'img' || /^(?!blob:)./.test(e.getAttribute('src') || ''))  // ours come when they come
  .reduce(
  (found, e) => { found[e.localName] = (found[e.localName] || 0) + 1; return found; }, {})"""
WORDS = """texts => { const all = document.querySelector('#inner').textContent;
  const values = new Set([...document.querySelectorAll('input')].map(e => e.value));
  return texts.filter(t => !all.includes(t) && !values.has(t)); }"""
HANDLERS = "[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on/.test(a.name))).length"


def footage(folder: Path) -> Path:
    """150 cameras whose ids are payloads as far as a file's name can be one; one recording, linked."""
    clip = folder.parent / "20260301T100000.mp4"
    clip.write_bytes((RECORDINGS / "back-door_20260301100008.mp4").read_bytes())
    for n, payload in enumerate(PAYLOADS):
        camera = folder / f"{n:03} {payload.replace('/', '∕')}"
        camera.mkdir(parents=True)
        os.link(clip, camera / clip.name)
    return folder


def named(folder: Path, words: Callable[[int], str]) -> None:
    """An archive.toml that calls the nth camera `words(n)`."""
    cameras = sorted(path.name for path in folder.iterdir() if path.is_dir())
    lines = [f"[source.{json.dumps(camera)}]\nname = {json.dumps(words(n))}\n" for n, camera in enumerate(cameras)]
    (folder / "archive.toml").write_text("".join(lines), encoding="utf-8")


@contextmanager
def page_of(browser: Any, folder: Path, room: Path, words: Callable[[int], str]) -> Iterator[tuple[Any, Workbench]]:
    """The page over cameras, comments, reasons and a case that are called `words(n)`; all of it is drawn."""
    named(folder, words)
    archive = LocalArchive(folder, folder.parent / "cache")
    bench = Workbench(archive, room, examiner=words(0), number=words(1))
    session, case = bench.session, bench.case
    assert case is not None
    session.choose(*list(session.briefs())[:4])
    for n in range(len(PAYLOADS)):
        case.comment(words(n))
    masks = [Mask(points=((0, 0), (0.5, 0), (0.5, 0.5)), reason=words(n)) for n in range(20)]
    for _ in range(SHOTS):
        bench.evidence.on_snapshot("", "caption", unmasked="a test")
    session.draw(masks=tuple(masks))
    page = show(browser, bench)
    page.until(lambda: page.locator("tbody tr[data-source]").count() == len(PAYLOADS), 30)
    try:
        yield page, bench
        assert (page.dialogs, page.foreign, page.console, bench.errors) == ([], [], [], [])
    finally:
        page.close()
        bench.close()


def captioned(page: Any, bench: Workbench, words: Callable[[int], str]) -> None:
    """Give the snapshots every caption in turn; each is what its field holds."""
    assert bench.case is not None
    for first in range(0, len(PAYLOADS), SHOTS):
        turn = [words(n) for n in range(first, first + SHOTS)]
        for number, caption in enumerate(turn, 1):
            bench.case.caption(f"S{number}", caption)
        bench.evidence.refresh()
        page.until(lambda turn=turn: page.page.evaluate(WORDS, turn) == [])


def test_hostile_names_are_text(browser: Any, tmp_path: Path) -> None:
    """150 payloads as names, ids, captions, comments, reasons: no dialog, no request, no element more than plain words.

    The stills of a saved notebook hold them as text too.
    """
    folder, counts = footage(tmp_path / "recordings"), []
    for room, words in (("plain", lambda n: f"word {n}"), ("hostile", lambda n: PAYLOADS[n])):
        with page_of(browser, folder, tmp_path / room, words) as (page, bench):
            captioned(page, bench, words)
            page.until(lambda page=page: page.locator("#inner img[src^='blob:']").count() > SHOTS)
            counts.append(page.page.evaluate(COUNT))
            assert page.page.evaluate(WORDS, [words(n) for n in range(len(PAYLOADS))]) == []
            assert page.page.evaluate(HANDLERS) == 0
            page.page.set_content("<main id=inner>" + "".join(view.still() for view in bench.views) + "</main>")
            counts.append(page.page.evaluate(COUNT))
    for plain, hostile in zip(counts[:2], counts[2:], strict=True):
        assert {tag: (plain.get(tag), n) for tag, n in hostile.items() if plain.get(tag) != n} == {}
        assert plain.keys() == hostile.keys()
