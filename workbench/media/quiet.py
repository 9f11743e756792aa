"""Keep the codec libraries from talking: what they say reaches the person as errors and notes, or not at all."""

from __future__ import annotations

import os

import av.logging


def silence() -> None:
    """Only fatal messages of libav and SVT-AV1 are left."""
    os.environ.setdefault("SVT_LOG", "1")
    av.logging.set_level(av.logging.FATAL)
