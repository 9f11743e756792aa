"""What comes late: no older picture and no older truth ever replaces a newer one, and every error is seen."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.widgets.frame.conftest import button, seen
from workbench.core.errors import RequestError
from workbench.core.mask import Mask
from workbench.widgets import FrameView, Session
from workbench.widgets.frame_pictures import Pictures
from workbench.widgets.view import View, verb

BOX = ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6))


class Slow(View):
    """Questions that wait until they are let go."""

    label, script = "Slow", "header"

    def __init__(self, session: Session) -> None:
        self.gates = {n: threading.Event() for n in range(4)}
        self.begun, self.told = threading.Semaphore(0), []
        self.broken = False
        super().__init__(session)

    def draw(self) -> dict[str, Any]:
        if self.broken:
            raise RequestError("at", "this view cannot be drawn", "Look elsewhere.")
        return {"at": self.session.state.at}

    def send(self, content: Any, buffers: Any = None) -> None:
        self.told.append(content)

    @verb(newest="look")
    def on_look(self, n: int) -> int:
        """Post `n` once its gate is open."""
        self.begun.release()
        self.gates[n].wait(10)
        self.post("seen", {"n": n})
        return n

    @verb(lane="hand")
    def on_line(self, n: int) -> None:
        """The same, one after another."""
        self.gates[n].wait(10)
        self.told.append(n)


@pytest.fixture
def slow(session: Session) -> Any:
    """A view whose answers are held back."""
    made = Slow(session)
    yield made
    for gate in made.gates.values():
        gate.set()
    made.close()


def until(fact: Any) -> None:
    """Wait for a fact, at most ten seconds."""
    for _ in range(1000):
        if fact():
            return
        threading.Event().wait(0.01)
    raise AssertionError("never true")


def test_an_older_answer_is_dropped_although_it_had_begun(slow: Slow) -> None:
    """Two questions of one word run side by side: whichever ends first, only the newer one posts and answers."""
    for n in (0, 1):
        slow._handle_custom_msg({"do": "look", "id": f"q{n}", "with": {"n": n}}, [])
        assert slow.begun.acquire(timeout=10)
    slow.gates[1].set()
    until(lambda: {"re": "q1", "value": 1} in slow.told)
    slow.gates[0].set()
    until(lambda: {"re": "q0", "value": None, "superseded": True} in slow.told)
    assert [one for one in slow.told if "event" in one] == [{"event": "seen", "n": 1}]


def test_questions_of_a_lane_keep_their_order_and_hold_nobody(slow: Slow) -> None:
    """The kernel's thread is free at once, and what was asked first is done first."""
    for n in range(3):
        slow._handle_custom_msg({"do": "line", "id": f"q{n}", "with": {"n": n}}, [])
    for n in (2, 1, 0):
        slow.gates[n].set()
    until(lambda: [one for one in slow.told if isinstance(one, int)] == [0, 1, 2])


def test_an_error_of_drawing_is_seen_in_its_view(slow: Slow, session: Session) -> None:
    """A view that cannot follow a change says so itself; the others follow all the same."""
    other = FrameView(session)
    slow.broken = True
    session.set(at=(session.state.at or 0) + 1)
    (error,) = [one["error"] for one in slow.told if one.get("event") == "error"]
    assert (error["what"], error["advice"]) == ("at: this view cannot be drawn", "Look elsewhere.")
    assert slow.errors == ["at: this view cannot be drawn Look elsewhere."] and other.shown["at"] == session.state.at
    other.close()


def test_shown_never_goes_back(session: Session, view: FrameView) -> None:
    """Many threads change and tell at once; in the end each view shows the last state."""

    def work(n: int) -> None:
        for step in range(40):
            session.set(at=n * 1000 + step)
            session.told()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert view.shown["at"] == session.state.at


@pytest.mark.browser
@pytest.mark.parametrize("what", ["asked", "source", "version"])
def test_the_front_takes_no_other_picture(page: Any, session: Session, view: FrameView, what: str) -> None:
    """A picture of another instant, camera or set of masks is dropped, whenever it comes."""
    session.draw(masks=(Mask(points=BOX),))
    page.until(lambda: page.locator("polygon.wb-frame-mask").count())
    button(page, "After").click()
    page.until(lambda: page.locator(".wb-frame-stage[data-masked=true]").count())
    sent: list[Any] = []
    pictures = Pictures(session, lambda *message: sent.append(message))
    pictures.send("masked", "entrance", session.state.at or 0, 320)
    ((event, told, buffers),) = sent
    told["version"] = version = view.shown["version"]
    page.page.evaluate(
        """() => { window.laid = 0; new MutationObserver((all) => { window.laid += all.length; })
        .observe(document.querySelector('.wb-frame-image-after'), {attributeFilter: ['src']}); }"""
    )
    wrong = {"asked": told["asked"] + 1, "source": "corridor", "version": version - 1}[what]
    view.post(event, {**told, "width": 9999, what: wrong}, buffers)
    view.post(event, {**told, "width": 9999}, buffers)
    page.until(lambda: page.page.evaluate("window.laid"))
    assert page.page.evaluate("window.laid") == 1


@pytest.mark.browser
def test_where_nothing_is_recorded_no_old_picture_passes_for_it(page: Any, session: Session, view: FrameView) -> None:
    """In a gap the stage says that no picture can be shown, and the former one is marked as not belonging there."""
    last = session.source("entrance").last or 0
    session.set(at=last + 60_000_000)
    page.until(lambda: "No picture can be shown for" in page.locator(".wb-frame-state").inner_text())
    assert page.locator(".wb-frame-side[data-side=before][data-late]").count() == 1
    assert not page.locator(".wb-frame-stage[data-shown]").count()
    assert "shows no picture at" in page.locator(".wb-alert").inner_text() and view.errors
    session.set(at=session.source("entrance").first)
    seen(page, session)
    assert not page.locator(".wb-frame-side[data-side=before][data-late]").count()
    page.until(lambda: page.locator(".wb-alert").is_hidden())


@pytest.mark.browser
def test_thumbnails_do_not_delay_the_frame(page: Any, session: Session) -> None:
    """While all threads and the process for thumbnails are busy, a step still brings its picture."""
    gate = threading.Event()
    for _ in range(8):
        session.pool.submit(gate.wait)
    with session.archive._worker._turn:  # type: ignore[attr-defined]
        before = session.state.at
        page.locator(".wb-frame-stage").focus()
        page.page.keyboard.press("ArrowRight")
        page.until(lambda: session.state.at != before)
        seen(page, session)
    gate.set()


@pytest.mark.browser
def test_a_step_costs_one_question(page: Any, session: Session) -> None:
    """What a front shows comes with the change of the cursor or the masks: nothing is asked for again."""
    page.until(lambda: "wish" in page.asked)
    button(page, "After").click()
    page.until(lambda: page.locator(".wb-frame-stage[data-masked=true]").count())
    page.until(lambda: page.asked.count("wish") >= 2)
    for _ in range(20):
        page.pump()
    page.asked.clear()
    before = session.state.at
    page.locator(".wb-frame-stage").focus()
    page.page.keyboard.press("ArrowRight")
    page.until(lambda: session.state.at != before)
    seen(page, session)
    session.draw(masks=(Mask(points=BOX),))
    page.until(lambda: "masks laid on" in page.text())
    page.until(lambda: page.locator(".wb-frame-stage[data-masked=true]").count())
    assert page.asked == ["step"]


def test_the_widest_wish_is_sent(session: Session, view: FrameView) -> None:
    """Several fronts of one view get one picture, as wide as the widest of them shows it; 0 is the whole."""
    view.on_wish("a", frame=320)
    view.on_wish("b", frame=800, masked=640)
    assert view.pictures.wished() == {"frame": 800, "masked": 640}
    view.on_wish("b", frame=0)
    assert view.pictures.wished() == {"frame": 0}
    for n in range(9):
        view.on_wish(f"f{n}", masked=100 + n)
    assert view.pictures.wished() == {"masked": 108} and len(view.pictures._wishes) == 4


@pytest.mark.browser
def test_two_places_of_one_view_both_get_their_pictures(page: Any, session: Session, view: FrameView) -> None:
    """Where one view is shown twice and both ask for pixels at once, neither is left without."""
    page.mount(view)
    stages = page.locator(".wb-frame-stage")
    page.until(lambda: page.locator(f".wb-frame-stage[data-shown='{session.state.at}']").count() == 2)
    page.page.evaluate("document.querySelector('#v1 .wb-frame-stage').style.width = '320px'")
    for n in (0, 1):
        stages.nth(n).focus()
        page.page.keyboard.press("1")
    page.until(lambda: page.locator(".wb-frame-stage[data-pixels=exact]").count() == 2)
    before = session.state.at
    page.page.keyboard.press("ArrowRight")
    page.until(lambda: session.state.at != before)
    exact = f".wb-frame-stage[data-shown='{session.state.at}'][data-pixels=exact]"
    page.until(lambda: page.locator(exact).count() == 2)


def test_a_wish_never_disturbs_who_reads_the_wishes(view: FrameView) -> None:
    """Fronts wish in one thread while another one looks through what is wished: each sees a whole set."""
    view.on_wish("a", frame=320)
    view.on_wish("b", frame=640)
    going = iter(view.pictures._wishes.values())
    next(going)
    view.on_wish("a", masked=320)
    assert list(going) == [{"frame": 640}] and view.pictures.wished() == {"frame": 640, "masked": 320}


def test_a_closed_view_begins_nothing(slow: Slow, session: Session) -> None:
    """What waits in a lane or for a thread is not begun after closing, and no new thread is made."""
    slow._handle_custom_msg({"do": "line", "id": "q0", "with": {"n": 0}}, [])
    slow._handle_custom_msg({"do": "line", "id": "q1", "with": {"n": 1}}, [])
    gate, late = threading.Event(), threading.Event()
    for _ in range(4):
        session.pool.submit(gate.wait)
    slow._handle_custom_msg({"do": "look", "id": "q2", "with": {"n": 2}}, [])
    slow.close()
    slow.later("new", late.set, lane="another")
    for opened in (gate, *slow.gates.values()):
        opened.set()
    until(lambda: [one for one in slow.told if isinstance(one, dict) and one.get("re") == "q2"])
    assert [one["error"]["what"] for one in slow.told if isinstance(one, dict) and one.get("re") == "q2"] == [
        "the workbench is closed"
    ]
    assert 1 not in slow.told and not slow.begun.acquire(blocking=False)
    assert not late.wait(0.1) and list(slow._lanes) == ["hand"]


@pytest.mark.browser
def test_a_closed_place_wishes_nothing(page: Any, session: Session, view: FrameView) -> None:
    """A place that is closed takes its wish back: no masked picture is made for it any more."""
    page.until(lambda: "frame" in view.pictures.wished())
    page.mount(view)
    page.page.evaluate("document.querySelector('#v1 [data-how=after]').click()")
    page.until(lambda: "masked" in view.pictures.wished())
    page.page.evaluate("wbClose.v1()")
    page.until(lambda: list(view.pictures.wished()) == ["frame"])
    page.page.evaluate("wbClose.v0()")
    page.until(lambda: not view.pictures.wished())
    assert not view.pictures._wishes
