"""Before and after: the engine's masked picture beside the recorded one, each said to be what it is, none stale."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from tests.widgets.frame.conftest import at, button, pixel, seen
from workbench.core.geometry import Area
from workbench.core.mask import Mask
from workbench.widgets import FrameView, Session

pytestmark = pytest.mark.browser
ALL = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
AFTER = ".wb-frame-image-after"


def masked(page: Any) -> None:
    """Wait until the after picture is there and belongs to the cursor and the masks."""
    page.until(lambda: page.locator(".wb-frame-stage[data-masked=true]").count())


def hidden(page: Any, selector: str) -> bool:
    """Whether an image is not to be seen."""
    return page.locator(selector).evaluate("e => !e.checkVisibility({visibilityProperty: true})")


def tags(page: Any) -> list[str]:
    """What the pictures say of themselves."""
    return [one for one in page.locator(".wb-frame-tag:visible").all_inner_texts() if one]


def test_after_is_the_masked_frame(page: Any, session: Session) -> None:
    """After shows what the engine paints: covered pixels are gone, the label names the PTS; Before brings them back."""
    session.draw(masks=(Mask(points=ALL),))
    pts = session.archive.frame("entrance", at_cursor(session)).pts
    button(page, "After").click()
    masked(page)
    assert max(pixel(page, AFTER, 0.5, 0.5)) < 24
    assert hidden(page, ".wb-frame-image") and hidden(page, ".wb-frame-layer")
    assert tags(page) == [f"After: masks laid on by the engine, PTS {pts}"]
    assert tags(page)[0] in page.locator(".wb-frame-state").inner_text()
    button(page, "Before").click()
    seen(page, session)
    assert hidden(page, AFTER) and max(pixel(page, ".wb-frame-image", 0.5, 0.5)) > 30


def at_cursor(session: Session) -> Any:
    """The cursor as a moment."""
    from workbench.widgets.moments import moment

    return moment(session.state.at or 0, session.state.dated)


def test_split_by_keys_and_mouse(page: Any, session: Session) -> None:
    """S shows both, the divider moves by arrows and by drag, B goes over to after: no mouse is needed."""
    session.draw(masks=(Mask(points=ALL),))
    page.locator(".wb-frame-stage").focus()
    page.page.keyboard.press("s")
    masked(page)
    assert [one.partition(":")[0] for one in tags(page)] == ["Before", "After"]
    divider = page.find(page.page.get_by_role("slider", name="Divider between before and after"))
    assert clips(page) == pytest.approx((50, 50), abs=0.2)
    divider.press("Shift+ArrowLeft")
    divider.press("ArrowLeft")
    assert divider.get_attribute("aria-valuenow") == "38" and clips(page) == pytest.approx((38, 38), abs=0.2)
    stage, box = page.locator(".wb-frame-stage").bounding_box(), divider.bounding_box()
    page.page.mouse.move(box["x"] + 1, box["y"] + 50)
    page.page.mouse.down()
    page.page.mouse.move(stage["x"] + stage["width"] * 0.75, box["y"] + 60, steps=3)
    page.page.mouse.up()
    assert clips(page) == pytest.approx((75, 75), abs=0.3)
    page.locator(".wb-frame-stage").focus()
    page.page.keyboard.press("b")
    page.until(lambda: hidden(page, ".wb-frame-image"))
    page.page.keyboard.press("b")
    page.until(lambda: hidden(page, AFTER))


def clips(page: Any) -> tuple[float, float]:
    """Where, in percent of the stage, the before picture ends and the after picture begins."""
    return page.page.evaluate(
        """() => { const w = document.querySelector('.wb-frame-stage').clientWidth;
        const [b, a] = ['before', 'after'].map(n => document.querySelector(`[data-side=${n}]`).style.clipPath);
        return [100 - parseFloat(b.split(' ')[1]) / w * 100, parseFloat(a.split(' ').pop()) / w * 100]; }"""
    )


def test_a_crop_moves_nothing(page: Any, session: Session) -> None:
    """In After only the crop is seen, where it lies in the whole picture; what is drawn next lands where it was put."""
    session.draw(crop=Area(0.5, 0.5, 1.0, 1.0))
    button(page, "After").click()
    masked(page)
    assert "only the crop is exported" in tags(page)[0]
    assert "polygon" in page.locator("[data-side=after] .wb-frame-uncropped").evaluate("e => e.style.clipPath")
    button(page, "Draw mask").click()
    page.until(lambda: hidden(page, AFTER))
    page.page.mouse.click(*at(page, 0.75, 0.75))
    page.until(lambda: len(session.look.drawing) == 1)
    assert session.look.drawing[0] == pytest.approx((0.75, 0.75), abs=0.003)
    page.page.keyboard.press("Escape")


def test_no_after_of_other_masks(page: Any, session: Session, view: FrameView) -> None:
    """When masks change, the old masked picture is gone until the engine has made the new one."""
    session.draw(masks=(Mask(points=ALL),))
    button(page, "After").click()
    masked(page)
    gate = Event()
    view._pool("eye").submit(gate.wait)
    try:
        session.draw(masks=())
        page.until(lambda: hidden(page, AFTER) and tags(page) == ["After: being made"])
        assert not page.locator(".wb-frame-stage[data-masked]").count()
        page.until(lambda: "Waiting for the picture" in page.locator(".wb-frame-state").inner_text())
    finally:
        gate.set()
    masked(page)
    assert tags(page)[0].startswith("After: no mask is drawn, nothing is covered")
    assert max(pixel(page, AFTER, 0.5, 0.5)) > 30
