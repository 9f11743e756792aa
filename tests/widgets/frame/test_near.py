"""A step of one frame shows its picture at the key press: a guess that the kernel confirms or that is taken back."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.widgets.frame.conftest import button, seen
from workbench.core.mask import Mask, MaskKey
from workbench.core.timebase import instant
from workbench.widgets import FrameView, Session
from workbench.widgets.frame_pictures import Pictures

pytestmark = pytest.mark.browser
BOX = ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6))


def beside(session: Session, by: int, at: int | None = None) -> int:
    """The instant of the frame beside another (the cursor's)."""
    found = session.eye.step(session.state.source, session.state.at if at is None else at, by, "frame")
    assert found is not None
    return found


def near(session: Session, at: int, by: int = 1) -> tuple[dict[str, Any], list[bytes]]:
    """What is told of the frame beside another, and its picture."""
    sent: list[Any] = []
    Pictures(session, lambda *message: sent.append(message)).send_near(session.state.source, at, by, 1600)
    ((event, told, buffers),) = sent
    assert event == "near"
    return told, buffers


def held(page: Any, *instants: int) -> None:
    """Wait until the front has the pictures of these instants."""
    for one in instants:
        page.until(lambda one=one: page.locator(f".wb-frame-stage[data-near~='{one}']").count())


def pressed(page: Any, key: str, at: int) -> None:
    """Press a key on the stage; the picture of an instant is there although no message is carried."""
    page.locator(".wb-frame-stage").focus()
    page.page.keyboard.press(key)
    page.page.wait_for_selector(f".wb-frame-stage[data-shown='{at}']")


def settled(page: Any) -> None:
    """Carry messages for longer than a guess may last."""
    for _ in range(6):
        page.page.wait_for_timeout(60)
        page.pump()


@pytest.fixture
def inside(page: Any, session: Session) -> int:
    """The cursor on the third frame, with those around it sent: one back, two on."""
    before = beside(session, 1)
    session.set(at=beside(session, 1, before))
    seen(page, session)
    following = beside(session, 1)
    held(page, following, before, beside(session, 1, following))
    for _ in range(20):
        page.pump()
    page.asked.clear()
    return session.state.at or 0


def test_a_step_shows_its_picture_before_the_kernel_answers(page: Any, session: Session, inside: int) -> None:
    """The picture and its own facts are there at once; the answer changes nothing, and nothing else is asked for."""
    following = beside(session, 1)
    pressed(page, "ArrowRight", following)
    assert session.state.at == inside and not page.asked
    pts = session.eye.frame("entrance", instant(following)).pts
    assert f"{pts} ×" in page.locator(".wb-frame-facts").inner_text()
    assert not page.locator(".wb-frame-side[data-side=before][data-late]").count()
    page.page.evaluate("window.image = document.querySelector('.wb-frame-image')")
    page.until(lambda: session.state.at == following)
    settled(page)
    seen(page, session)
    assert page.page.evaluate("window.image === document.querySelector('.wb-frame-image')")
    assert page.asked == ["step"]


def test_held_keys_chain(page: Any, session: Session, inside: int) -> None:
    """Two steps before any answer lead two frames on, a third waits; the kernel ends on the same frame."""
    second = beside(session, 1, beside(session, 1))
    pressed(page, "ArrowRight", beside(session, 1))
    pressed(page, "ArrowRight", second)
    page.page.keyboard.press("ArrowRight")
    assert page.locator(f".wb-frame-stage[data-shown='{second}']").count() and session.state.at == inside
    third = beside(session, 1, second)
    page.until(lambda: session.state.at == third)
    seen(page, session)
    assert not page.locator(".wb-frame-side[data-side=before][data-late]").count()


def test_where_nothing_follows_the_guess_is_taken_back(page: Any, session: Session, view: FrameView) -> None:
    """The kernel says that there is no further frame: the frame at the cursor is shown again."""
    first, last = session.state.at or 0, session.source("entrance").last or 0
    told, buffers = near(session, first + 2_000_000)
    session.set(at=last)
    seen(page, session)
    last = session.state.at or 0
    held(page, beside(session, -1))
    view.post("near", {**told, "from": last, "by": 1}, buffers)
    held(page, told["asked"])
    pressed(page, "ArrowRight", told["asked"])
    page.until(lambda: "nothing further" in page.text())
    seen(page, session)
    assert session.state.at == last


def test_somebody_else_moved_the_cursor(page: Any, session: Session, inside: int) -> None:
    """A guess gives way to a cursor that went elsewhere."""
    pressed(page, "ArrowRight", beside(session, 1))
    session.set(at=beside(session, 1, inside + 1_000_000))
    page.until(lambda: "step" in page.asked)
    settled(page)
    seen(page, session)
    assert session.state.at != beside(session, 1, inside)


def test_a_moving_mask_is_not_changed_on_a_guess(page: Any, session: Session, inside: int) -> None:
    """Until the cursor is where the picture is, no key is made on it."""
    session.draw(masks=(Mask(points=BOX, keys=(MaskKey(at=instant(inside), points=BOX),)),))
    button(page, "Mask 1").click()
    page.find(page.page.get_by_role("button", name="Add a key of mask 1"))
    following = beside(session, 1)
    pressed(page, "ArrowRight", following)
    page.page.get_by_role("button", name="Add a key of mask 1").click()
    assert "Wait until the picture at the cursor is shown" in page.text() and session.state.at == inside
    page.until(lambda: session.state.at == following)
    seen(page, session)
    assert page.asked == ["step"] and len(session.look.masks[0].keys) == 1
    page.page.get_by_role("button", name="Add a key of mask 1").click()
    page.until(lambda: len(session.look.masks[0].keys) == 2)


def test_no_picture_outlives_its_camera(page: Any, session: Session, view: FrameView, inside: int) -> None:
    """Pictures beside the shown one are dropped with a change of the camera, and none of another one is kept."""
    told, buffers = near(session, inside)
    gate = threading.Event()
    view._pool("eye").submit(gate.wait, 20)
    session.set(source="corridor", sources=("entrance", "corridor"))
    page.until(lambda: page.locator(".wb-frame-stage[data-near='']").count())
    view.post("near", told, buffers)
    session.set(source="entrance")
    settled(page)
    assert page.locator(".wb-frame-stage").get_attribute("data-near") == ""
    gate.set()
