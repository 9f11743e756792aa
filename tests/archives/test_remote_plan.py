"""What a plan for a VMS says beforehand: per field, for a server of ours, for another one, and for files made here."""

from __future__ import annotations

from typing import Any

import pytest

from workbench.archives.opening import open_archive
from workbench.archives.remote import RemoteArchive
from workbench.archives.remote_plan import derives, field_plans, is_ours, master, warnings
from workbench.core.coverage import Gap
from workbench.core.errors import RequestError
from workbench.core.geometry import Area
from workbench.core.spec import ExportSpec, Mask
from workbench.core.timebase import Range, instant

MASK = Mask(points=((0.1, 0.1), (0.2, 0.1), (0.2, 0.2)))
SOFT = Mask(points=MASK.points, style="blur")
GAP = Gap(begin=1, end=2, witness="VMS intervals")


def spec(**change: Any) -> ExportSpec:
    """A request for a second."""
    return ExportSpec(**{"source": "x", "begin": instant(0), "end": instant(1_000_000), "format": "mp4", **change})


def hows(request: ExportSpec, **about: Any) -> dict[str, str]:
    """What is not exact, by field."""
    plans = field_plans(request, **{"ours": True, "derived": False, "gaps": (), **about})
    assert [plan.field for plan in plans] == list(request.__dataclass_fields__)
    assert all(plan.note for plan in plans if plan.how != "exact")
    return {plan.field: plan.how for plan in plans if plan.how != "exact"}


def test_a_server_of_ours_does_what_a_folder_does() -> None:
    """Everything is exact there but what is rounded to whole blocks, and what the API cannot say is refused."""
    assert hows(spec(comment="a", rate_divisor=2, size_limit=9, stamp_format="%H")) == {}
    assert hows(spec(masks=(MASK,), crop=Area(0, 0, 0.5, 0.5))) == {"masks": "approximated", "crop": "approximated"}
    assert hows(spec(masks=(SOFT,), audio="drop", gaps="collapse", burn=True)) == dict.fromkeys(
        ("masks", "burn", "audio", "gaps"), "refused"
    )
    assert hows(spec(format="exe")) == {"format": "refused"}
    assert hows(spec(cut="keyframe")) == {"cut": "approximated"}


def test_of_another_vms_only_what_is_documented_is_called_exact() -> None:
    """Its cut, its painting, its levels and what it does across gaps are not known beforehand."""
    assert hows(spec(), ours=False) == {"cut": "approximated"}
    found = hows(spec(masks=(MASK,), video_quality=2, rate_divisor=4, comment="a"), ours=False, gaps=(GAP,))
    assert set(found) == {"masks", "video_quality", "rate_divisor", "comment", "cut", "gaps", "burn"}
    assert hows(spec(format="exe", end=instant(1)), ours=False)["cut"] == "approximated"


def test_files_made_here_can_be_all_that_the_engine_can() -> None:
    """Derived from a master nothing is refused for the API's sake; a self-extracting player still is."""
    assert hows(spec(masks=(SOFT,), audio="drop", gaps="collapse"), ours=False, derived=True) == {
        "masks": "approximated"
    }
    assert derives(spec(audio="drop"), "beyond") and derives(spec(), "always")
    assert not derives(spec(), "beyond") and not derives(spec(audio="drop"), "never")
    assert not derives(spec(format="exe"), "always")


def test_a_master_asks_for_nothing_but_the_stretch() -> None:
    """No mask, crop, text or level goes to the server; a picture's master holds a second from that picture on."""
    request = spec(masks=(MASK,), crop=Area(0, 0, 0.5, 0.5), comment="a", video_quality=3, archive="b")
    made = master(request, Range(5, 10))
    assert (made.begin, made.end, made.format, made.archive) == (instant(5), instant(10), "mkv", "b")
    assert not made.masks and made.crop is None and not made.comment and made.video_quality == 0
    one = master(spec(format="jpg", end=instant(0)), Range(7, 7))
    assert (one.begin, one.end) == (instant(7), instant(1_000_007))


def test_warnings_say_what_nobody_checked() -> None:
    """An unverified server, an engine that is not ours, and an original that shows what masks cover are told."""
    told = " ".join(warnings(spec(masks=(MASK,)), ours=False, derived=True, verified=False, notes=("n",)))
    for words in ("n ", "not for handing out", "no certificate", "only the delivered file"):
        assert words in told
    assert warnings(spec(), ours=True, derived=False, verified=True, notes=()) == ()
    assert is_ours("forensic-workbench 0.1.0") and not is_ours("Axxon One 2.0") and not is_ours("")


def test_wrong_options_are_refused_before_anything_is_sent() -> None:
    """A password in the URL, an unknown way to derive, and options of a VMS for a folder are RequestErrors."""
    with pytest.raises(RequestError, match="password"):
        RemoteArchive("http://anna:word@vms.example")
    with pytest.raises(RequestError, match="derive"):
        RemoteArchive("http://vms.example", derive="sometimes")  # type: ignore[arg-type]
    with pytest.raises(RequestError, match="keep"):
        open_archive(".", keep=True)
