"""Drawing on a real frame in a real browser: what is drawn ends as the right polygon in Python."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.widgets.frame.conftest import at, button, dragged
from workbench import Area, LocalArchive
from workbench.core.mask import Mask, MaskKey, shape_at
from workbench.core.timebase import Offset
from workbench.widgets import FrameView, Session

SEVEN = [(0.2, 0.2), (0.4, 0.15), (0.6, 0.2), (0.7, 0.5), (0.6, 0.8), (0.4, 0.85), (0.2, 0.8)]
BOX = ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6))
SHAPES = Path(__file__).resolve().parents[3] / "workbench/widgets/js/frame_shapes.js"


def drawn(page: Any, points: list[tuple[float, float]]) -> None:
    """Draw a polygon with the mouse, closed by Enter."""
    page.find(page.page.get_by_role("button", name="Draw mask")).click()
    for n, point in enumerate(points, 1):
        page.page.mouse.click(*at(page, *point))
        page.until(lambda n=n: page.locator(".wb-frame-dot").count() == n)
    page.page.keyboard.press("Enter")


@pytest.mark.browser
def test_a_polygon_is_drawn_and_a_corner_nudged(page: Any, session: Session) -> None:
    """Seven clicks and Enter are a mask of those corners; an arrow moves one by a pixel of the recording."""
    drawn(page, SEVEN)
    page.until(lambda: len(session.look.masks) == 1 and not session.look.drawing)
    points = session.look.masks[0].points
    wide, high = page.locator(".wb-frame-image").evaluate(
        "e => [e.getBoundingClientRect().width, e.getBoundingClientRect().height]"
    )
    assert all(
        abs(p[0] - q[0]) <= 1 / wide and abs(p[1] - q[1]) <= 1 / high for p, q in zip(points, SEVEN, strict=True)
    )
    page.until(
        lambda: page.page.evaluate("document.activeElement.getAttribute('aria-label') || ''").startswith(
            "Mask 1, corner 1"
        )
    )
    of = session.archive.view("entrance", Offset(0)).of
    page.page.keyboard.press("ArrowRight")
    page.until(lambda: session.look.masks[0].points != points)
    assert session.look.masks[0].points[0][0] == pytest.approx(points[0][0] + 1 / of[0], abs=1e-9)
    assert session.look.masks[0].points[1:] == points[1:]


@pytest.mark.browser
def test_drawing_by_keys_alone(page: Any, session: Session) -> None:
    """Pen, corners and closing work without a mouse."""
    page.locator(".wb-frame-stage").focus()
    keys = page.page.keyboard
    keys.press("d")
    for n, moves in enumerate((["Shift+ArrowLeft"] * 5, ["Shift+ArrowDown"] * 5, ["Shift+ArrowRight"] * 9), 1):
        for move in moves:
            keys.press(move)
        keys.press("Space")
        page.until(lambda n=n: len(session.look.drawing) == n)
    keys.press("Backspace")
    page.until(lambda: len(session.look.drawing) == 2)
    keys.press("Shift+ArrowUp")
    keys.press("Space")
    page.until(lambda: len(session.look.drawing) == 3)
    keys.press("Enter")
    page.until(lambda: len(session.look.masks) == 1)
    keys.press("Control+z")
    page.until(lambda: not session.look.masks)
    keys.press("Control+Shift+z")
    page.until(lambda: len(session.look.masks) == 1)


@pytest.mark.browser
def test_corners_come_and_go(page: Any, session: Session) -> None:
    """A dot on an edge puts a corner in, Delete takes one away, the table edits by numbers."""
    session.draw(masks=(Mask(points=((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))),))
    page.find(page.page.get_by_role("button", name="Mask 1", exact=True)).click()
    page.find(page.page.get_by_label("Mask 1: put in a corner behind corner 1", exact=True)).press("Enter")
    page.until(lambda: len(session.look.masks[0].points) == 5)
    assert session.look.masks[0].points[1] == (0.5, 0.2)
    page.find(page.page.get_by_label("Mask 1, corner 2 of 5")).press("Delete")
    page.until(lambda: len(session.look.masks[0].points) == 4)
    page.find(page.page.get_by_text("Corners of the selected mask as numbers")).click()
    page.find(page.page.get_by_label("Corner 1, x in pixels")).fill("0")
    page.find(page.page.get_by_label("Corner 1, x in pixels")).press("Enter")
    page.until(lambda: session.look.masks[0].points[0][0] == 0.0)
    page.find(page.page.get_by_label("Style of mask 1")).select_option("blur")
    page.until(lambda: session.look.masks[0].style == "blur")
    page.find(page.page.get_by_label("Reason")).fill("a bystander <img src=x onerror=alert(1)>")
    page.find(page.page.get_by_label("Reason")).press("Enter")
    page.until(lambda: "bystander" in session.look.masks[0].reason)
    page.find(page.page.get_by_role("button", name="Duplicate mask 1")).click()
    page.until(lambda: len(session.look.masks) == 2)
    page.find(page.page.get_by_role("button", name="Delete mask 1")).click()
    page.until(lambda: len(session.look.masks) == 1)


@pytest.mark.browser
def test_a_crossing_is_told_while_drawing(page: Any, session: Session) -> None:
    """An outline that crosses itself is marked before it is closed, in words too."""
    session.draw(drawing=((0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8)))
    page.until(lambda: "crosses itself" in page.text())
    assert page.locator(".wb-frame-pen.wb-frame-crossing").count() == 1
    page.page.keyboard.press("Escape")


@pytest.mark.browser
def test_shapes_move_as_in_python(browser: Any) -> None:
    """The browser's shape of a moving mask is the engine's, bit for bit."""
    keys = tuple(
        MaskKey(at=Offset(us), points=tuple((x * f, y * f) for x, y in SEVEN))
        for us, f in ((0, 1.0), (700_001, 0.7), (1_900_003, 1.1))
    )
    mask = Mask(points=keys[0].points, keys=keys)
    given = {"points": mask.points, "keys": [{"at": k.at.us, "points": k.points} for k in keys]}  # type: ignore[union-attr]
    times = [0, 1, 350_000, 700_000, 700_001, 700_002, 1_234_567, 1_900_003, 5_000_000]
    shown = browser.show()
    work = f"([mask, times]) => {{ {SHAPES.read_text()} return times.map(t => wbShapes.shapeAt(mask, t)); }}"
    found = shown.page.evaluate(work, [json.loads(json.dumps(given)), times])
    assert [tuple(map(tuple, one)) for one in found] == [shape_at(mask, t, [k.at.us for k in keys]) for t in times]  # type: ignore[union-attr]
    shown.close()


def test_a_still_holds_no_picture(archive: LocalArchive) -> None:
    """A saved view draws outlines and a table; a picture only if asked for, and that one masked."""
    session = Session(archive)
    session.choose("entrance")
    session.draw(masks=(Mask(points=((0, 0), (1, 0), (1, 1)), reason="<b>x</b>"),))
    html = FrameView(session).still()
    assert "data:image" not in html and "<b>" not in html and "<polygon" in html
    assert "data:image/jpeg" in FrameView(session, keep_still=True).still()
    session.close()


@pytest.mark.browser
def test_corners_and_masks_are_dragged(page: Any, session: Session) -> None:
    """A drag moves one corner by as much, a drag of the inside the whole mask, and neither leaves the picture."""
    session.draw(masks=(Mask(points=BOX),))
    button(page, "Mask 1").click()
    page.find(page.locator("circle.wb-frame-corner").first)
    dragged(page, (0.6, 0.6), (0.7, 0.8))
    page.until(lambda: session.look.masks[0].points[2] != BOX[2])
    assert near(page, session.look.masks[0].points, (*BOX[:2], (0.7, 0.8), BOX[3]))
    dragged(page, (0.45, 0.45), (0.55, 0.4))
    page.until(lambda: session.look.masks[0].points[0] != BOX[0])
    assert near(page, session.look.masks[0].points, ((0.5, 0.35), (0.7, 0.35), (0.8, 0.75), (0.5, 0.55)))
    dragged(page, (0.55, 0.45), (0.99, 0.45))
    page.until(lambda: max(x for x, _ in session.look.masks[0].points) > 0.99)
    assert max(x for x, _ in session.look.masks[0].points) <= 1
    assert session.look.masks[0].points[1][0] - session.look.masks[0].points[0][0] == pytest.approx(0.2, abs=0.01)


@pytest.mark.browser
def test_an_edge_is_clicked_or_dragged(page: Any, session: Session) -> None:
    """A click on an edge's dot puts a corner in its middle; a drag of it puts the corner where it ends, at once."""
    session.draw(masks=(Mask(points=BOX),))
    button(page, "Mask 1").click()
    page.find(page.locator("circle.wb-frame-edge").first)
    page.page.mouse.click(*at(page, 0.5, 0.4))
    page.until(lambda: len(session.look.masks[0].points) == 5)
    assert session.look.masks[0].points[1] == pytest.approx((0.5, 0.4))
    page.find(page.page.get_by_label("Mask 1, corner 5 of 5"))
    dragged(page, (0.6, 0.5), (0.8, 0.5))
    page.until(lambda: len(session.look.masks[0].points) == 6)
    assert near(page, session.look.masks[0].points, (*BOX[:1], (0.5, 0.4), BOX[1], (0.8, 0.5), *BOX[2:]))
    assert session.undo() and len(session.look.masks[0].points) == 5


@pytest.mark.browser
def test_a_crop_by_mouse_keys_and_table(page: Any, session: Session) -> None:
    """A rectangle is dragged, its corner nudged by keys, a side typed in pixels, and taken away again."""
    button(page, "Crop").click()
    dragged(page, (0.8, 0.75), (0.25, 0.25))
    page.until(lambda: session.look.crop is not None)
    crop = session.look.crop or Area(0, 0, 1, 1)
    assert near(page, ((crop.x0, crop.y0), (crop.x1, crop.y1)), ((0.25, 0.25), (0.8, 0.75)))
    of = session.archive.view("entrance", Offset(0)).of
    page.find(page.page.get_by_label("Crop, top left corner")).press("Shift+ArrowRight")
    page.until(lambda: session.look.crop != crop)
    assert session.look.crop is not None
    assert session.look.crop.corners() == [pytest.approx([crop.x0 + 10 / of[0], crop.y0]), [crop.x1, crop.y1]]
    page.find(page.page.get_by_text("Crop as numbers")).click()
    page.find(page.page.get_by_label("Crop right in pixels")).fill(str(of[0] // 2))
    page.page.get_by_label("Crop right in pixels").press("Enter")
    page.until(lambda: session.look.crop is not None and session.look.crop.x1 == 0.5)
    button(page, "No crop").click()
    page.until(lambda: session.look.crop is None)
    page.locator(".wb-frame-stage").focus()
    for key in ("c", "Space", *["Shift+ArrowRight"] * 4, *["Shift+ArrowDown"] * 4, "Space"):
        page.page.keyboard.press(key)
    page.until(lambda: session.look.crop is not None)
    crop = session.look.crop or Area(0, 0, 1, 1)
    assert crop.x1 - crop.x0 == pytest.approx(40 / of[0]) and crop.y1 - crop.y0 == pytest.approx(40 / of[1])


@pytest.mark.browser
def test_a_mask_is_turned_inside_out(page: Any, session: Session) -> None:
    """The box "everything outside instead" inverts the mask, and its outline says so."""
    session.draw(masks=(Mask(points=BOX),))
    button(page, "Mask 1").click()
    page.find(page.page.get_by_label("everything outside instead")).check()
    page.until(lambda: session.look.masks[0].inverted)
    page.until(lambda: page.locator("polygon.wb-frame-inverted").count() == 1)


@pytest.mark.browser
def test_undo_is_of_the_shown_camera(page: Any, session: Session) -> None:
    """Ctrl+Z on one camera takes back what was drawn there, and never a step on another one."""
    session.choose("entrance", "corridor")
    session.draw("entrance", masks=(Mask(points=BOX),))
    page.until(lambda: page.page.get_by_label("Camera").locator("option").count() == 2)
    page.page.get_by_label("Camera").select_option("corridor")
    page.until(lambda: session.state.source == "corridor")
    page.until(lambda: page.page.get_by_role("button", name="Undo", exact=True).is_disabled())
    assert not session.undo()
    session.draw(masks=(Mask(points=BOX[:3]),))
    page.until(lambda: not page.page.get_by_role("button", name="Undo", exact=True).is_disabled())
    page.locator(".wb-frame-stage").focus()
    page.page.keyboard.press("Control+z")
    page.until(lambda: not session.look.masks)
    assert len(session.state.look("entrance").masks) == 1
    page.page.keyboard.press("Control+y")
    page.until(lambda: len(session.look.masks) == 1)


def near(page: Any, points: Any, wanted: Any) -> bool:
    """Whether corners lie where they were put with the mouse, to two pixels of the screen."""
    box = page.locator(".wb-frame-image").bounding_box()
    return len(points) == len(wanted) and all(
        abs(p[0] - q[0]) <= 2 / box["width"] and abs(p[1] - q[1]) <= 2 / box["height"]
        for p, q in zip(points, wanted, strict=True)
    )


def focus(page: Any) -> str:
    """The name of what has the keyboard."""
    return str(page.page.evaluate("document.activeElement.ariaLabel || document.activeElement.innerText"))


@pytest.mark.browser
def test_tables_leave_the_keyboard_where_it_is(page: Any, session: Session) -> None:
    """A mask chosen by Enter, a box by Space, a number by Tab: the focus stays, and each number counts."""
    session.draw(masks=(Mask(points=BOX),))
    button(page, "Mask 1").press("Enter")
    page.find(page.page.get_by_label("Style of mask 1"))
    assert focus(page) == "Mask 1"
    page.page.get_by_label("everything outside instead").press("Space")
    page.until(lambda: session.look.masks[0].inverted)
    for _ in range(10):
        page.pump()
    assert page.page.evaluate("document.activeElement.type") == "checkbox"
    page.page.get_by_text("Corners of the selected mask as numbers").click()
    wide, high = session.archive.view("entrance", Offset(0)).of
    x = page.page.get_by_label("Corner 1, x in pixels")
    x.fill("32")
    x.press("Tab")
    page.until(lambda: session.look.masks[0].points[0][0] == pytest.approx(32 / wide))
    for _ in range(10):
        page.pump()
    assert focus(page) == "Corner 1, y in pixels"
    page.page.keyboard.type("18")
    page.page.keyboard.press("Tab")
    page.until(lambda: session.look.masks[0].points[0] == pytest.approx((32 / wide, 18 / high)))
    x.fill("")
    x.press("Tab")
    page.until(lambda: "that is no number. It stays 32." in page.locator(".wb-alert").inner_text())
    assert x.input_value() == "32"
    x.fill(str(wide + 50))
    x.press("Tab")
    page.until(lambda: session.look.masks[0].points[0] == pytest.approx((1, 18 / high)))
    page.until(lambda: x.input_value() == str(wide))
    assert page.locator(".wb-alert").is_hidden()


@pytest.mark.browser
def test_keys_on_a_handle_are_the_handles(page: Any, session: Session) -> None:
    """Delete on a handle of the crop or on an edge's dot deletes no mask, an arrow on a dot steps nowhere."""
    session.draw(masks=(Mask(points=BOX),), crop=Area(0.1, 0.1, 0.9, 0.9))
    button(page, "Mask 1").click()
    page.find(page.page.get_by_label("Crop, top left corner")).press("Delete")
    dot, at_first = page.page.get_by_label("Mask 1: put in a corner behind corner 1", exact=True), session.state.at
    dot.press("Delete")
    dot.press("ArrowRight")
    for _ in range(20):
        page.pump()
    assert len(session.look.masks) == 1 and session.look.crop is not None and session.state.at == at_first
    page.locator(".wb-frame-stage").focus()
    page.page.keyboard.press("Delete")
    page.until(lambda: not session.look.masks)


@pytest.mark.browser
def test_an_open_polygon_waits_and_closes_once(page: Any, session: Session) -> None:
    """A step in After leaves it there; Before draws on; a double click on the first corner closes it."""
    session.draw(drawing=BOX)
    page.until(lambda: page.locator(".wb-frame-stage[data-mode=draw]").count())
    button(page, "After").click()
    before = session.state.at
    page.locator(".wb-frame-stage").focus()
    page.page.keyboard.press("ArrowRight")
    page.until(lambda: session.state.at != before)
    page.until(lambda: page.locator(".wb-frame-stage[data-masked=true]").count())
    button(page, "Before").click()
    assert page.locator(".wb-frame-stage[data-mode=draw]").count() == 1
    page.page.mouse.dblclick(*at(page, *BOX[0]))
    page.page.mouse.click(*at(page, 0.8, 0.8))
    page.until(lambda: len(session.look.masks) == 1)
    for _ in range(20):
        page.pump()
    assert session.look.masks[0].points == BOX and not session.look.drawing
    assert page.locator(".wb-alert").is_hidden() and page.locator(".wb-frame-stage[data-mode=look]").count()
