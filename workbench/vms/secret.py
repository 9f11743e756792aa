"""A password or token that cannot be printed, pickled or compared into a log by accident.

>>> Secret("hunter2")
Secret(…)
"""

from __future__ import annotations

import base64
from typing import NoReturn
from urllib.parse import quote, quote_plus

from workbench.core.errors import WorkError


class Secret:
    """Holds one secret; only `reveal` gives it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one header that needs it."""
        return self._value

    def forms(self) -> tuple[str, ...]:
        """The spellings in which it could leak."""
        plain = self._value
        coded = base64.b64encode(plain.encode()).decode().rstrip("=")
        return tuple(form for form in (plain, quote(plain, safe=""), quote_plus(plain), coded) if len(form) > 2)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise WorkError("a password is not handed to another process", "Set it in that process's environment.")
