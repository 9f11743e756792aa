"""What a saved notebook shows of a page: an output of its own beside the live one, kept true to what is chosen.

    still = Still(session, sketch=view.sketch, full=view.still)
    still.show()                     # publishes an HTML output with a display id; later changes are put in its place

A notebook saves outputs as they were published, so a page that is drawn by a widget would be saved as it was when it
opened. This output is made anew after each change (a moment later, and at the end of each cell), holds tables and
outlines, and a picture only where somebody asked for one. A picture does not outlive a change: whatever is drawn or
chosen, the version without a picture (an empty one, where it cannot be made) takes its place as soon as the change is
saved and the views have drawn it, and the newly masked one follows. While a view of the session is alive the front
hides the output (`js/kit.js`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from workbench.widgets.session import Session
from workbench.widgets.state import State

LOG = logging.getLogger(__name__)
PAUSE = 0.5
"""Seconds after a change until the output is made anew: a drag makes one output, not hundred."""
ABOUT = "As it was left when the notebook was saved. Run the cell to work on it again."


def display(bundle: Any, still: Still) -> None:
    """Publish a widget, and its still below."""
    from IPython.display import publish_display_data

    data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
    told = {key: value for key, value in data.items() if key != "text/html"}
    publish_display_data(told, metadata)  # type: ignore[no-untyped-call]
    still.show()


def kernel_shell() -> Any:
    """The shell of the kernel that this runs in; None outside of one."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    return shell if getattr(shell, "kernel", None) is not None else None


class Still:
    """See the module."""

    def __init__(self, session: Session, *, sketch: Callable[[], str], full: Callable[[], str]) -> None:
        """`sketch` gives HTML without anything of a frame, `full` that with the picture somebody asked for."""
        self._session, self._sketch, self._full = session, sketch, full
        self._lock = threading.RLock()
        self._making = threading.Lock()
        """Held while an output is made; who wants the last one waits for it."""
        self._shell: Any = None
        self._timer: threading.Timer | None = None
        self._change = 0
        self._last = ""
        self._unwatch = session.watch(self._changed)

    @property
    def id(self) -> str:
        """Display id of the output; a live view hides it by its class, ``wb-still-`` and the session's mark."""
        return f"workbench-{self._session.mark}-{id(self):x}"

    def show(self) -> None:
        """Publish the output below what was just displayed; nothing outside of a kernel."""
        shell = kernel_shell()
        if shell is None:
            return
        if self._shell is None:
            self._shell = shell
            shell.events.register("post_run_cell", self._cell_ended)
        body = self._sketch()  # not under the lock: views lock the session, which is locked where changes are told
        with self._lock:
            self._last = ""
            self._publish(body, update=False)
        self._made_anew()

    def close(self) -> None:
        """Leave the output as the session is now."""
        self._unwatch()
        self._settle()
        with self._lock:
            if self._shell is not None:
                self._shell.events.unregister("post_run_cell", self._cell_ended)
                self._shell = None

    def _changed(self, before: State, after: State) -> None:
        with self._lock:
            self._change += 1
            if self._shell is None:
                return
            if "<img" in self._last and before != after:
                self._publish(self._bare())
            if self._timer is None:
                self._timer = threading.Timer(PAUSE, self._fired)
                self._timer.daemon = True
                self._timer.start()

    def _bare(self) -> str:
        """The version without a picture; empty where it cannot be made, for the picture must go all the same."""
        try:
            return self._sketch()
        except Exception:
            LOG.exception("the sketch of the page could not be made")
            return ""

    def _cell_ended(self, *_: Any) -> None:
        """What a cell changed stands in the notebook when the cell is done."""
        self._settle()

    def _settle(self) -> None:
        """Make what is due now, and wait for what is being made."""
        with self._lock:
            pending, self._timer = self._timer, None
        if pending is not None:
            pending.cancel()
            self._made_anew()
        with self._making:
            return

    def _fired(self) -> None:
        with self._lock:
            self._timer = None
        self._made_anew()

    def _made_anew(self) -> None:
        """Make the output; one that was overtaken by a change is thrown away, for another follows."""
        with self._making:
            with self._lock:
                change = self._change
            try:
                made = self._full()
            except Exception:
                LOG.exception("the still of the page could not be made")
                return
            with self._lock:
                if change == self._change and self._shell is not None:
                    self._publish(made)

    def _publish(self, body: str, *, update: bool = True) -> None:
        if body == self._last:
            return
        self._last = body
        page = f'<section class="wb-still wb-still-{self._session.mark}"><p><em>{ABOUT}</em></p>{body}</section>'
        data = {"text/html": page, "text/plain": "What was chosen on the page above."}
        self._shell.display_pub.publish(data, {}, transient={"display_id": self.id}, update=update)
