"""Places on a time line as a request writes them."""

from __future__ import annotations

from workbench.core.timebase import Moment, Offset, instant


def moment(us: int, dated: bool) -> Moment:
    """Microseconds on a source's time line as an instant, or as an offset where it is undated."""
    return instant(us) if dated else Offset(us)
