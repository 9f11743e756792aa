"""``slow`` tests run only when asked for by name: ``-m slow``."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the slow tests unless the mark was asked for."""
    if "slow" not in (config.option.markexpr or ""):
        skip = pytest.mark.skip(reason="slow; run it with -m slow")
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(skip)
