"""Zoom and pan down to the pixel: what is on the screen is fetched as fine as it is shown, and exact from 1:1 on."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.widgets.frame.conftest import WIDE, at, button, pixel, seen
from workbench.core.mask import Mask
from workbench.core.timebase import Offset
from workbench.widgets import FrameView, Session

pytestmark = pytest.mark.browser
STAGE = ".wb-frame-stage"


@pytest.fixture
def wide(browser: Any, session: Session) -> Iterator[Any]:
    """The full-HD clip on the screen."""
    session.choose("wide")
    view = FrameView(session)
    page = browser.show(view)
    seen(page, session)
    yield page
    assert (page.console, page.foreign, view.errors) == ([], [], [])
    page.close()
    view.close()


def natural(page: Any) -> int:
    """Width in pixels of the picture that was sent."""
    return page.locator(".wb-frame-image").evaluate("e => e.naturalWidth")


def exact(page: Any) -> None:
    """Wait for pixels without loss."""
    page.until(lambda: page.locator(f"{STAGE}[data-pixels=exact]").count())


def test_what_is_zoomed_in_comes_finer(wide: Any, session: Session) -> None:
    """At fit a picture of the screen's size is sent; zoomed in, the whole of it, and the label says how far."""
    page = wide
    shown = page.locator(".wb-frame-image").bounding_box()["width"]
    assert shown <= natural(page) < WIDE.width
    assert f"{round(shown / WIDE.width * 100)} %" in page.locator(".wb-frame-zoom").inner_text()
    page.locator(STAGE).focus()
    for _ in range(9):
        page.page.keyboard.press("+")
    page.until(lambda: natural(page) == WIDE.width)
    percent = page.locator(".wb-frame-image").bounding_box()["width"] / WIDE.width * 100
    assert percent > 110 and f"{round(percent)} %" in page.locator(".wb-frame-zoom").inner_text()


@pytest.mark.parametrize("masked", [False, True], ids=["before", "after"])
def test_a_pixel_is_the_recordings(wide: Any, session: Session, masked: bool) -> None:
    """From 1:1 on each pixel of the seen part is the recording's own, bit for bit; masked, the engine's."""
    page = wide
    masks = (Mask(points=((0.4, 0.4), (0.45, 0.4), (0.45, 0.6))),)
    session.draw(masks=masks)
    if masked:
        button(page, "After").click()
        page.until(lambda: page.locator(f"{STAGE}[data-masked=true]").count())
    button(page, "1:1").click()
    exact(page)
    side = f"[data-side={'after' if masked else 'before'}]"
    png = session.archive.frame("wide", Offset(0), masks if masked else ()).png()
    true = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    fine = page.locator(f"{side} .wb-frame-fine")
    box, whole = fine.bounding_box(), page.locator(f"{side} img").first.bounding_box()
    assert fine.evaluate("e => getComputedStyle(e).imageRendering") == "pixelated"
    assert (box["width"], whole["width"]) == (fine.evaluate("e => e.naturalWidth"), WIDE.width)
    left, top = round(box["x"] - whole["x"]), round(box["y"] - whole["y"])
    stage = page.locator(STAGE).bounding_box()
    assert box["x"] <= stage["x"] and box["x"] + box["width"] >= stage["x"] + stage["width"]
    for x, y in ((0.5, 0.5), (0.21, 0.37), (0.77, 0.9), (0.4, 0.55)):
        wanted = true[top + int(y * box["height"]), left + int(x * box["width"])]
        assert pixel(page, f"{side} .wb-frame-fine", x, y) == wanted.tolist()


def test_pan_by_drag_and_keys_brings_the_rest(wide: Any) -> None:
    """A drag moves the picture by as many pixels as the mouse, Ctrl with an arrow pans, and exact pixels follow."""
    page = wide
    page.locator(STAGE).focus()
    page.page.keyboard.press("1")
    exact(page)
    before = page.locator(".wb-frame-image").bounding_box()
    box = page.locator(STAGE).bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.page.mouse.move(*middle)
    page.page.mouse.down()
    page.page.mouse.move(middle[0] - 150, middle[1] - 70, steps=3)
    page.page.mouse.up()
    after = page.locator(".wb-frame-image").bounding_box()
    assert (after["x"] - before["x"], after["y"] - before["y"]) == (-150, -70)
    exact(page)
    page.page.keyboard.press("Control+ArrowRight")
    assert page.locator(".wb-frame-image").bounding_box()["x"] < after["x"]
    exact(page)
    page.page.keyboard.press("0")
    page.until(lambda: page.locator(f"{STAGE}[data-pixels=viewing]").count())


def test_the_wheel_zooms_only_where_it_is_meant(wide: Any) -> None:
    """Without focus the wheel scrolls the page and a hint is shown; with Ctrl or focus it zooms at the pointer."""
    page = wide
    page.page.evaluate("document.body.style.paddingBottom = '3000px'; document.activeElement.blur()")
    width = page.locator(".wb-frame-image").bounding_box()["width"]
    box = page.locator(STAGE).bounding_box()
    page.page.mouse.move(box["x"] + 300, box["y"] + 100)
    page.page.mouse.wheel(0, 120)
    page.until(lambda: page.page.evaluate("window.scrollY") > 0)
    assert page.locator(".wb-frame-image").bounding_box()["width"] == width
    assert page.page.get_by_text("the wheel alone once the picture was clicked").is_visible()
    page.page.evaluate("window.scrollTo(0, 0)")
    page.page.keyboard.down("Control")
    page.page.mouse.wheel(0, -120)
    page.page.keyboard.up("Control")
    page.until(lambda: page.locator(".wb-frame-image").bounding_box()["width"] > width)
    width = page.locator(".wb-frame-image").bounding_box()["width"]
    page.page.mouse.click(*at(page, 0.3, 0.3))
    spot = at(page, 0.3, 0.3)
    page.page.mouse.move(*spot)
    page.page.mouse.wheel(0, -120)
    page.until(lambda: page.locator(".wb-frame-image").bounding_box()["width"] > width)
    assert at(page, 0.3, 0.3) == pytest.approx(spot, abs=1.5)
    assert page.page.evaluate("window.scrollY") == 0


def test_a_4k_screen_gets_a_large_picture(browser: Any, session: Session) -> None:
    """On 3840 x 2160 the stage is large, the picture is sent whole, and nothing is wider than the page."""
    session.choose("wide")
    view = FrameView(session)
    page = browser.show(view, width=3840, height=2160)
    seen(page, session)
    page.until(lambda: natural(page) == 1920 or natural(page) >= page.locator(STAGE).bounding_box()["height"] * 16 / 9)
    assert page.locator(STAGE).bounding_box()["height"] >= 900
    assert page.locator(STAGE).bounding_box()["width"] >= 3700
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 3840
    page.close()
    view.close()


def test_exact_pixels_never_lie_where_others_did(wide: Any) -> None:
    """After a pan the new part is placed in the same moment in which it is shown: no frame has it in the old place."""
    page = wide
    page.locator(STAGE).focus()
    page.page.keyboard.press("1")
    exact(page)
    page.page.evaluate(
        """() => { window.laid = []; (function look() {
        const fine = document.querySelector('[data-side=before] .wb-frame-fine');
        if (fine.naturalWidth) laid.push([fine.naturalWidth, parseFloat(fine.style.width)]);
        requestAnimationFrame(look); })(); }"""
    )
    for key in ("Control+ArrowLeft",) * 4:
        page.page.keyboard.press(key)
    page.until(lambda: len({natural for natural, _ in page.page.evaluate("laid")}) >= 2)
    exact(page)
    laid = page.page.evaluate("laid")
    assert [one for one in laid if abs(one[0] - one[1]) > 0.5] == []
