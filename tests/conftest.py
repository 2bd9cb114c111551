"""What tests of every room share."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import settings

# HYPOTHESIS_PROFILE=ci: the same examples in every run, and what is needed to repeat a failure.
settings.register_profile("ci", derandomize=True, print_blob=True, deadline=None)
settings.register_profile("dev", print_blob=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# Markup, styles, templates, formats, console markup, terminal control and reordered text, as an
# attacker would plant them into a process that is going to be investigated.
HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    "{{7*7}}${7*7}%n%s{0}",
    "[red]not red[/red][link=https://example.com]",
    "\x1b[31;1mred\x1b]0;title\x07",
    "\u202egnp.exe\u2066",
    "nul\x00 and bell\x07",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what uses every kernel, and with what uses few of them.

    On a fresh checkout the first to use a kernel compiles it, which takes all of them two minutes;
    workers that began alike would all compile the same.
    """
    first = ("tests/conformance/test_damage.py", "tests/core/")
    items.sort(key=lambda item: [not item.nodeid.startswith(path) for path in first])


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


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """Register the toy format, and return a function that writes a file of it."""
    from prodforensics import formats
    from tests import toy_room

    monkeypatch.setattr(formats, "BUILT_IN", (*formats.BUILT_IN, toy_room.FORMAT))

    def write(*things, name="box.toy", tail=b""):
        lines = "".join(f"{thing}\t{size}\n" for thing, size in things or [("bear", 120)])
        path = tmp_path / name
        path.write_bytes(b"TOY\n" + lines.encode() + tail)
        return path

    return write
