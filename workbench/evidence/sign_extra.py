"""The libraries of the extra ``[sign]``: whether they are there, and that they are quiet and stay off the network.

Whoever signs or checks a signature calls `need` first and imports the libraries inside functions, so that everything
else of a case works without them. pyHanko tells its findings by return value here; its log lines go nowhere unless
the program that uses us sets up logging.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from workbench.core.errors import WorkError

if TYPE_CHECKING:
    from pyhanko_certvalidator import ValidationContext

LIBRARIES = ("asn1crypto", "cryptography", "pyhanko")
T = TypeVar("T")

for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


def need() -> None:
    """Raise WorkError, with the way out, where a library of the extra is missing."""
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        message = f"signing and checking signatures needs {', '.join(missing)}, not installed here"
        raise WorkError(message, "pip install 'forensic-workbench[sign]'")


def finished(job: Coroutine[Any, Any, T]) -> T:
    """The result of `job`, also where an event loop is running already, as in a notebook."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, job).result()


def offline(**trust: Any) -> ValidationContext:
    """A pyHanko validation context that asks nobody: no certificate, CRL or OCSP answer is ever fetched."""
    from pyhanko_certvalidator import ValidationContext

    return ValidationContext(allow_fetching=False, revocation_mode="soft-fail", **trust)
