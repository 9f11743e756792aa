"""`View`: what every view is: a plain ES module, a dictionary that it draws, and verbs that it asks for.

    class Counter(View):
        label, script = "Counter", "counter"           # js/counter.js and js/counter.css beside js/kit.*

        def draw(self) -> dict: return {"n": self.session.state.at}

        @verb
        def on_add(self, by: int) -> int: ...           # the browser: await wb.ask("add", {by: 1})

        @verb(newest="frame")                           # in a thread; nothing of an older one comes after a newer one
        def on_frame(self, at: int) -> None: self.post("frame", {"at": at}, [jpeg])

        @verb(lane="hand")                              # in a thread of the view's own, each after the one before
        def on_move(self, by: int) -> None: ...

Rules: the kernel is the truth: a view draws `shown` and asks; what it asks for is validated here like anybody's input.
Pictures travel as buffers of messages, never in `shown`, which notebooks save. An error is told to the view that asked
(what happened, why, what to do), kept in `errors`, and never lost. What may take longer than a look into memory is
never done in the kernel's thread. `shown` is made and set under the session's lock, so it never goes back.
"""

from __future__ import annotations

import functools
import html
import inspect
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar, TypeVar, overload

import anywidget
import traitlets

from workbench.archives.public import BANNER, is_public
from workbench.core.errors import WorkbenchError
from workbench.widgets.session import Session
from workbench.widgets.state import State
from workbench.widgets.stills import Still, display

LOG = logging.getLogger(__name__)
HERE = Path(__file__).parent / "js"
MOST_ERRORS = 100
CLOSED = {"what": "the workbench is closed", "advice": "Run the cell again that made it.", "field": ""}


@functools.cache
def text(name: str) -> str:
    """One file of js/."""
    return (HERE / name).read_text("utf-8")


F = TypeVar("F", bound=Callable[..., Any])


@overload
def verb(handler: F) -> F: ...
@overload
def verb(*, slow: bool = False, newest: str = "", lane: str = "") -> Callable[[F], F]: ...
def verb(handler: Any = None, *, slow: bool = False, newest: str = "", lane: str = "") -> Any:
    """Mark a method ``on_NAME`` as what the browser may ask for as NAME.

    `slow` runs it in a thread; `newest` too, and of several under one such word only the newest is run, answered and
    posted. Those of one `lane` share a thread that belongs to the view, and run in the order in which they were asked.
    """
    if handler is None:
        return lambda found: _marked(found, slow, newest, lane)
    return _marked(handler, slow, newest, lane)


def _marked(handler: F, slow: bool, newest: str, lane: str) -> F:
    marks = {"slow": slow or bool(newest) or bool(lane), "newest": newest, "lane": lane}
    handler.verb = marks  # type: ignore[attr-defined]
    return handler


class View(anywidget.AnyWidget):
    """See the module."""

    label: ClassVar[str] = ""
    script: ClassVar[str] = ""
    shown = traitlets.Dict().tag(sync=True)
    """What the front draws: plain JSON without pictures."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Join kit and view into the one module and the one style sheet that a widget may have."""
        if "script" in cls.__dict__:  # anywidget makes a subclass of its own for each object
            cls._esm = "\n".join(
                (text("kit.js"), *(text(f"{name}.js") for name in cls.parts), text(f"{cls.script}.js"))
            )
            cls._css = "\n".join(text(f"{name}.css") for name in ("kit", cls.script))
        super().__init_subclass__(**kwargs)

    parts: ClassVar[tuple[str, ...]] = ()
    """Further files of js/ that stand between the kit and the view."""

    def __init__(self, session: Session) -> None:
        """Show `session`; it is told of every change from then on."""
        self.session = session
        self.errors: list[str] = []
        """What went wrong in handlers, newest last."""
        self._still: Still | None = None
        self._tickets: dict[str, int] = {}
        self._ticket_lock = threading.Lock()
        self._turn = threading.local()
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self._closed = False
        super().__init__()
        self.on_msg(self._received)
        self._unwatch = session.watch(self._changed)
        self.refresh()

    def draw(self) -> dict[str, Any]:
        """What `shown` should be now; JSON."""
        raise NotImplementedError

    def follow(self, before: State, after: State) -> None:
        """What else is to do after a change (slow work by `later`)."""

    def still(self) -> str:
        """HTML without pictures and scripts for a saved notebook; every text in it escaped."""
        return f"<p>{html.escape(self.label)}</p>"

    def sketch(self) -> str:
        """The still without anything of a frame, whatever was asked for."""
        return self.still()

    def refresh(self) -> None:
        """Draw anew, where anything changed."""
        banner = BANNER if is_public() else ""
        with self.session.lock:
            kept = self.session.case is not None
            rest = {"saved": self.session.saved, "kept": kept, "banner": banner, "mark": self.session.mark}
            drawn = {**self.draw(), **rest}
            if drawn != self.shown:
                self.shown = drawn

    def post(self, event: str, what: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Tell the front something that no notebook shall keep; not where a newer question has come meanwhile."""
        with self._ticket_lock:
            if not self._is_late():
                self.send({"event": event, **what}, list(buffers))

    def later(self, newest: str, work: Callable[[], None], lane: str = "") -> None:
        """Do slow work in a thread; of several that wait under one word only the newest is done."""
        self._threaded(None, newest, lane, work)

    def close(self) -> None:
        """Stop following the session; from now on nothing of this view is begun, in whichever thread it waits."""
        if hasattr(self, "_unwatch"):  # a view that could not be made is closed too
            self._unwatch()
            if self._still is not None:
                self._still.close()
            with self._ticket_lock:
                self._closed = True
            for lane in self._lanes.values():
                lane.shutdown(wait=False, cancel_futures=True)
        super().close()

    def _changed(self, before: State, after: State) -> None:
        """Follow a change; what goes wrong is shown here and keeps no other view from following."""
        for work in (self.refresh, lambda: self.follow(before, after)):
            self._guarded(None, work, anew=False)

    def _received(self, _: Any, content: Any, buffers: Sequence[memoryview]) -> None:
        """One question of the browser; it is answered exactly once."""
        if not isinstance(content, dict) or not isinstance(content.get("do"), str):
            return
        name, asked = content["do"], content.get("id")
        handler: Any = getattr(self, f"on_{name}", None)
        marked = getattr(handler, "verb", None)
        given = content.get("with", {})
        if marked is None or not isinstance(given, dict):
            self._answer(asked, error={"what": f"this view cannot {name[:40]!r}", "advice": "", "field": ""})
            return

        def work() -> Any:
            inspect.signature(handler).bind(**given)
            return handler(**given)

        if marked["slow"]:
            self._threaded(asked, marked["newest"], marked["lane"], work)
        else:
            self._guarded(asked, work)

    def _threaded(self, asked: Any, newest: str, lane: str, work: Callable[[], Any]) -> None:
        turn = (newest, self._ticket(newest)) if newest else None

        def run() -> None:
            self._turn.ticket = turn
            try:
                if self._closed:
                    self._answer(asked, error=CLOSED)
                elif self._is_late():
                    self._answer(asked, value=None, superseded=True)
                else:
                    self._guarded(asked, work)
            finally:
                self._turn.ticket = None

        try:
            self._pool(lane).submit(run)
        except RuntimeError:
            self._answer(asked, error=CLOSED)

    def _ticket(self, newest: str) -> int:
        with self._ticket_lock:
            self._tickets[newest] = self._tickets.get(newest, 0) + 1
            return self._tickets[newest]

    def _is_late(self) -> bool:
        """Whether the question that this thread works on was asked anew meanwhile."""
        turn = getattr(self._turn, "ticket", None)
        return turn is not None and self._tickets[turn[0]] != turn[1]

    def _pool(self, lane: str) -> ThreadPoolExecutor:
        """The thread of a lane, the session's threads for no lane; RuntimeError where the view is closed."""
        if not lane:
            return self.session.pool
        with self._ticket_lock:
            if self._closed:
                raise RuntimeError("closed")
            if lane not in self._lanes:
                self._lanes[lane] = ThreadPoolExecutor(1, thread_name_prefix=f"workbench-{lane}")
            return self._lanes[lane]

    def _guarded(self, asked: Any, work: Callable[[], Any], *, anew: bool = True) -> None:
        """Run a handler; whatever it raises is answered, kept and shown. `anew` draws after an error."""
        try:
            value = work()
        except WorkbenchError as exc:
            field = str(getattr(exc, "field", ""))
            self._failed(asked, {"what": exc.message, "advice": exc.advice, "field": field, "kind": exc.kind}, anew)
        except Exception as exc:
            LOG.exception("a handler of %s failed", type(self).__name__)
            what = f"{type(exc).__name__}: {exc}"[:500]
            advice = "This is a fault of the workbench or of what asked it; nothing that was saved is lost."
            self._failed(asked, {"what": what, "advice": advice, "field": "", "kind": "fault"}, anew)
        else:
            with self._ticket_lock:
                self._answer(asked, **({"value": None, "superseded": True} if self._is_late() else {"value": value}))

    def _failed(self, asked: Any, error: dict[str, str], anew: bool) -> None:
        """Keep an error and show it; `anew` draws too, so that the front goes back to what is true."""
        self.errors = [*self.errors[-MOST_ERRORS:], " ".join((error["what"], error["advice"])).strip()]
        if anew:
            try:
                self.refresh()
            except Exception:
                LOG.exception("%s could not be drawn", type(self).__name__)
        self._answer(asked, error=error)

    def _answer(self, asked: Any, **what: Any) -> None:
        if asked is not None:
            self.send({"re": asked, **what})
        elif "error" in what:
            self.send({"event": "error", **what})

    def _ipython_display_(self, **kwargs: Any) -> None:
        """Show the widget, and below it what a saved notebook keeps; it follows what is chosen."""
        if self._still is None:
            self._still = Still(self.session, sketch=self.sketch, full=self.still)
        display(super()._repr_mimebundle_(**kwargs), self._still)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and a sketch for where no widget can run."""
        bundle: Any = super()._repr_mimebundle_(**kwargs)
        data, meta = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/html": self.sketch()}, meta
