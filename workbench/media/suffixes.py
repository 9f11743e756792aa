"""File names that count as recordings when a folder is searched."""

from __future__ import annotations

SUFFIXES = frozenset(
    {
        *(".mp4", ".m4v", ".mov", ".3gp", ".3g2"),
        *(".mkv", ".webm", ".avi"),
        *(".ts", ".m2ts", ".mts", ".ps", ".mpg", ".mpeg", ".vob"),
        *(".h264", ".264", ".h265", ".265", ".hevc"),
    }
)
