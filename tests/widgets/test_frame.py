"""Drawing on a real frame in a real browser: what is drawn ends as the right polygon in Python."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workbench import LocalArchive
from workbench.core.mask import Mask, MaskKey, shape_at
from workbench.core.timebase import Offset
from workbench.widgets import FrameView, Session

SEVEN = [(0.2, 0.2), (0.4, 0.15), (0.6, 0.2), (0.7, 0.5), (0.6, 0.8), (0.4, 0.85), (0.2, 0.8)]
SHAPES = Path(__file__).resolve().parents[2] / "workbench/widgets/js/frame_shapes.js"


@pytest.fixture
def session(archive: LocalArchive) -> Iterator[Session]:
    """The entrance is chosen."""
    made = Session(archive)
    made.choose("entrance")
    yield made
    made.close()


@pytest.fixture
def page(browser: Any, session: Session) -> Iterator[Any]:
    """The view with its frame on the screen; in the end nothing was asked of other hosts, and nothing went wrong."""
    shown = browser.show(FrameView(session))
    shown.until(lambda: shown.locator(f".wb-frame-stage[data-shown='{session.state.at}']").count())
    yield shown
    assert (shown.console, shown.foreign, shown.dialogs) == ([], [], [])
    shown.close()


def at(page: Any, x: float, y: float) -> tuple[float, float]:
    """Where a place of the picture lies on the screen."""
    box = page.locator(".wb-frame-image").bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


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
def test_the_preview_is_the_masked_frame(page: Any, session: Session) -> None:
    """The preview is what the engine paints: the covered pixels are gone from the picture itself."""
    session.draw(masks=(Mask(points=((0, 0), (1, 0), (1, 1), (0, 1))),))
    page.find(page.page.get_by_role("button", name="Preview masked")).click()
    page.until(lambda: page.locator(".wb-frame-stage").get_attribute("data-masked") == "true")
    light = page.locator(".wb-frame-image").evaluate(
        """e => { const c = document.createElement('canvas'); c.width = 8; c.height = 8;
        const g = c.getContext('2d'); g.drawImage(e, 0, 0, 8, 8);
        return Math.max(...g.getImageData(0, 0, 8, 8).data.filter((v, n) => n % 4 < 3)); }"""
    )
    assert light < 24


@pytest.mark.browser
def test_a_mask_moves_between_keys(page: Any, session: Session) -> None:
    """A key holds the shape at its frame and its PTS; a change at another frame makes a key there."""
    box = ((0.1, 0.1), (0.3, 0.1), (0.3, 0.3), (0.1, 0.3))
    session.draw(masks=(Mask(points=box),))
    page.find(page.page.get_by_role("button", name="Mask 1", exact=True)).click()
    page.find(page.page.get_by_role("button", name="Add a key of mask 1")).click()
    page.until(lambda: len(session.look.masks[0].keys) == 1)
    assert session.look.masks[0].keys[0].pts is not None
    first = session.state.at or 0
    page.locator(".wb-frame-stage").focus()
    page.page.keyboard.press("Shift+ArrowRight")
    page.until(lambda: (session.state.at or 0) > first)
    page.until(lambda: page.locator(f".wb-frame-stage[data-shown='{session.state.at}']").count())
    page.find(page.page.get_by_label("Mask 1, corner 3 of 4")).press("Shift+ArrowDown")
    page.until(lambda: len(session.look.masks[0].keys) == 2)
    mask = session.look.masks[0]
    assert mask.keys[0].points == box and mask.keys[1].points[2][1] > 0.3
    session.set(begin=first, end=first + 2_000_000)
    assert session.plan().spec.masks == (mask,)


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
