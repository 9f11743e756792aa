"""`View`: what every view is: a plain ES module, a dictionary that it draws, and verbs that it asks for.

    class Counter(View):
        label, script = "Counter", "counter"           # js/counter.js and js/counter.css beside js/kit.*

        def draw(self) -> dict: return {"n": self.session.state.at}

        @verb
        def on_add(self, by: int) -> int: ...           # the browser: await wb.ask("add", {by: 1})

        @verb(newest="frame")                           # in a thread; an older one that waits still is dropped
        def on_frame(self, at: int) -> None: self.post("frame", {"at": at}, [jpeg])

Rules: the kernel is the truth: a view draws `shown` and asks; what it asks for is validated here like anybody's input.
Pictures travel as buffers of messages, never in `shown`, which notebooks save. An error is told to the view that asked
(what happened, why, what to do), kept in `errors`, and never lost.
"""

from __future__ import annotations

import functools
import html
import inspect
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar, overload

import anywidget
import traitlets

from workbench.archives.public import BANNER, is_public
from workbench.core.errors import WorkbenchError
from workbench.widgets.session import Session
from workbench.widgets.state import State

LOG = logging.getLogger(__name__)
HERE = Path(__file__).parent / "js"
MOST_ERRORS = 100


@functools.cache
def text(name: str) -> str:
    """One file of js/."""
    return (HERE / name).read_text("utf-8")


F = TypeVar("F", bound=Callable[..., Any])


@overload
def verb(handler: F) -> F: ...
@overload
def verb(*, slow: bool = False, newest: str = "") -> Callable[[F], F]: ...
def verb(handler: Any = None, *, slow: bool = False, newest: str = "") -> Any:
    """Mark a method ``on_NAME`` as what the browser may ask for as NAME.

    `slow` runs it in a thread; `newest` too, and of several that wait under one such word only the newest is run.
    """
    if handler is None:
        return lambda found: _marked(found, slow, newest)
    return _marked(handler, slow, newest)


def _marked(handler: F, slow: bool, newest: str) -> F:
    handler.verb = {"slow": slow or bool(newest), "newest": newest}  # type: ignore[attr-defined]
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
        self._tickets: dict[str, int] = {}
        self._ticket_lock = threading.Lock()
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

    def refresh(self) -> None:
        """Draw anew, where anything changed."""
        banner = BANNER if is_public() else ""
        drawn = {**self.draw(), "saved": self.session.saved, "kept": self.session.case is not None, "banner": banner}
        if drawn != self.shown:
            self.shown = drawn

    def post(self, event: str, what: dict[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Tell the front something that no notebook shall keep."""
        self.send({"event": event, **what}, list(buffers))

    def later(self, newest: str, work: Callable[[], None]) -> None:
        """Do slow work in a thread; of several that wait under one word only the newest is done."""
        with self._ticket_lock:
            ticket = self._tickets[newest] = self._tickets.get(newest, 0) + 1

        def run() -> None:
            if self._tickets[newest] == ticket:
                self._guarded(None, work)

        self.session.pool.submit(run)

    def close(self) -> None:
        """Stop following the session."""
        if hasattr(self, "_unwatch"):  # a view that could not be made is closed too
            self._unwatch()
        super().close()

    def _changed(self, before: State, after: State) -> None:
        self.refresh()
        self.follow(before, after)

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
            self._threaded(asked, marked["newest"], work)
        else:
            self._guarded(asked, work)

    def _threaded(self, asked: Any, newest: str, work: Callable[[], Any]) -> None:
        word = newest or f"#{asked}"
        with self._ticket_lock:
            ticket = self._tickets[word] = self._tickets.get(word, 0) + 1

        def run() -> None:
            if newest and self._tickets[word] != ticket:
                self._answer(asked, value=None, superseded=True)
            else:
                self._guarded(asked, work)

        self.session.pool.submit(run)

    def _guarded(self, asked: Any, work: Callable[[], Any]) -> None:
        """Run a handler; whatever it raises is answered, kept and logged."""
        try:
            self._answer(asked, value=work())
        except WorkbenchError as exc:
            field = str(getattr(exc, "field", ""))
            self._failed(asked, {"what": exc.message, "advice": exc.advice, "field": field, "kind": exc.kind})
        except Exception as exc:
            LOG.exception("a handler of %s failed", type(self).__name__)
            what = f"{type(exc).__name__}: {exc}"
            advice = "This is a fault of the workbench or of what asked it; nothing that was saved is lost."
            self._failed(asked, {"what": what[:500], "advice": advice, "field": "", "kind": "fault"})

    def _failed(self, asked: Any, error: dict[str, str]) -> None:
        self.errors = [*self.errors[-MOST_ERRORS:], " ".join((error["what"], error["advice"])).strip()]
        self.refresh()
        self._answer(asked, error=error)

    def _answer(self, asked: Any, **what: Any) -> None:
        if asked is not None:
            self.send({"re": asked, **what})
        elif "error" in what:
            self.send({"event": "error", **what})

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and a still for where no widget can run."""
        bundle: Any = super()._repr_mimebundle_(**kwargs)
        data, meta = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/html": self.still()}, meta
