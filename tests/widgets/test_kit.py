"""What all views share, asked of the shipped kit in a real browser: late answers, closed views, times in fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from workbench.widgets.timetext import parse
from workbench.widgets.view import text

pytestmark = pytest.mark.browser
SHOW = """(kit) => {
  window.wb = new Function(kit + ' return wb;')();
  window.sent = []; window.heard = {};
  const model = {get: () => ({}), send: (one) => sent.push(one), on: (n, f) => { heard[n] = f; }, off: () => undefined};
  const el = document.createElement('div'); document.body.append(el);
  window.shut = wb.view('Kit', (ui) => { window.ui = ui; ui.cleanup(() => ui.ask('wish')); }).render({model, el});
  window.answer = (n) => heard['msg:custom']({re: sent[n].id, value: n});
}"""


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """An empty view on a page whose clock can be put forward."""
    shown = browser.show()
    shown.page.clock.install()
    shown.page.evaluate(SHOW, text("kit.js"))
    yield shown.page
    shown.close()


def said(page: Any) -> str:
    """The status line."""
    return str(page.locator(".wb-status").inner_text())


def test_words_about_a_late_answer_go_with_it(page: Any) -> None:
    """They stand behind what was said until no answer is late; then the former words stand again."""
    page.evaluate("ui.say('Hashing the recording …'); ui.ask('seal'); ui.ask('comment'); null")
    page.clock.fast_forward(6000)
    assert said(page).startswith("Hashing the recording … No answer yet: this takes long, or the kernel is busy")
    page.evaluate("answer(0)")
    assert "No answer yet" in said(page)
    page.evaluate("answer(1)")
    assert said(page) == "Hashing the recording …"
    page.evaluate("ui.ask('comment'); null")
    page.clock.fast_forward(6000)
    page.evaluate("ui.say('Sealed.'); answer(2)")
    assert said(page) == "Sealed."


def test_a_closed_view_asks_no_more_and_keeps_nothing_unsaved(page: Any) -> None:
    """While it closes it may tell the kernel; what was to be asked later is not asked, so that others show "saved"."""
    page.evaluate("ui.ask('comment'); shut(); ui.ask('view'); shut(); null")
    assert page.evaluate("[sent.map((one) => one.do), wbUnsaved.size]") == [["comment", "wish"], 0]


def test_where_the_browser_lacks_a_zone_the_field_says_utc(page: Any) -> None:
    """What is written into a field names the zone that was used, so that it is read back as the same instant."""
    us = 1_772_359_200_000_000
    words = page.evaluate("(us) => wb.typed(us, {zone: 'No/Where'})", us)
    assert words == "2026-03-01 10:00:00.000000 UTC"
    assert parse(words, near=us, first=us, dated=True, zone_name="Europe/Berlin") == us
