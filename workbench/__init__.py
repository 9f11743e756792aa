"""Exact exports from surveillance recordings, with proof of what was delivered.

An export request is plain data that flows one way: spec → plan → result → case → package. The names below are
the public ones; everything else may change without notice.
"""

from __future__ import annotations

__version__ = "0.1.0"

__all__: list[str] = []
