"""Keep the codec libraries from talking: what they say reaches the person as errors and notes, or not at all."""

from __future__ import annotations

import os

import av.logging


def silence() -> None:
    """Nothing of libav and SVT-AV1 is left.

    The level is None on purpose: with any other, libav's messages enter Python, and a decoder thread that waits for
    the interpreter while the interpreter waits for the thread to end hangs the worker.
    """
    os.environ.setdefault("SVT_LOG", "1")
    av.logging.set_level(None)
