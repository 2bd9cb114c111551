"""What tests of every room share."""

from __future__ import annotations

import os
import shutil

import pytest


def require_tool(name: str) -> str:
    """Return the path of a program; without it the test is skipped, or fails in CI.

    Set ``PF_REQUIRE_TOOLS=1`` where every tool is installed, so that nothing is skipped silently.
    """
    path = shutil.which(name)
    if path:
        return path
    why = f"{name} is not installed"
    if os.environ.get("PF_REQUIRE_TOOLS") == "1":
        pytest.fail(why)
    pytest.skip(why)
