"""Findings on Node.js: an error that nobody caught, V8's memory at its limit, its fatal errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prodforensics._reference import Later
from prodforensics._text import mask_secrets, plain
from prodforensics.core.javascript import is_node
from prodforensics.display.tables import human_bytes, human_count
from prodforensics.errors import ForensicsError
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    from prodforensics.core.javascript.fatal import Fatal
    from prodforensics.core.model import CoreDump

__all__ = ["RULES"]

endings = Later("prodforensics.core.javascript.fatal")

_FRAMES = 5
_CLASSES = 3
_TITLE, _LINE = 160, 200
_SEARCHED = 2 << 30
"""Bytes of memory up to which the objects are counted for the finding: about two seconds."""


@rule("core.fatal_javascript")
def fatal_javascript(core: CoreDump) -> Iterator[Finding]:
    """Find an error that nobody caught, a fatal error of V8, a failed assertion of Node.js."""
    found = _fatal(core)
    if found is None or found.ending == endings.Ending.MEMORY:
        return
    if found.ending == endings.Ending.ABORT and not found.thrown:
        return
    what = plain(_shown(core, found.message), _TITLE)
    titles = {
        endings.Ending.UNCAUGHT: "uncaught",
        endings.Ending.HANDLED: "process.abort() was called for the uncaught",
        endings.Ending.ABORT: "process.abort() was called, and at hand was",
        endings.Ending.FATAL: "V8 gave up:",
        endings.Ending.ASSERTION: "an assertion of Node.js failed:",
    }
    title = f"{titles[found.ending]} {what or 'a value that is not found in the core'}"
    yield Finding(
        "core.fatal_javascript",
        Verdict.LIKELY if found.is_certain else Verdict.POSSIBLE,
        Severity.HIGH,
        title,
        _why(core, found),
        {"threads": _crashed(core)},
        f"core.javascript.inspect({found.thrown:#x})"
        if found.thrown & 1
        else "core.javascript.backtrace()",
    )


@rule("core.out_of_memory")
def javascript_memory(core: CoreDump) -> Iterator[Finding]:
    """Find that V8 reached the limit of its heap."""
    found = _fatal(core)
    if found is None or found.ending != endings.Ending.MEMORY:
        return
    most = _most(core)
    yield Finding(
        "core.out_of_memory",
        Verdict.LIKELY if found.is_certain else Verdict.POSSIBLE,
        Severity.HIGH,
        f"V8 ran out of memory: {found.message or 'it ended the process for that'}",
        "The garbage collector could not free enough of the heap of JavaScript, whose limit is "
        "--max-old-space-size or a share of the machine's memory; V8 then aborts the process. "
        + (f"Most bytes of its objects belong to {most}." if most else ""),
        {"threads": _crashed(core)},
        "core.javascript.find_objects(), then core.javascript.instances(name)",
    )


def _fatal(core: CoreDump) -> Fatal | None:
    if not is_node(core):
        return None
    try:
        return core.javascript.fatal
    except ForensicsError:
        # The program is not here, is another build, or is of a version that cannot be read: other
        # findings tell.
        return None


def _crashed(core: CoreDump) -> list[int]:
    return [one.thread_id for one in core.image.threads if one.is_crashed]


def _shown(core: CoreDump, text: str) -> str:
    return mask_secrets(text) if core.options.redact else text


def _why(core: CoreDump, found: Fatal) -> str:
    ways = {
        endings.Ending.UNCAUGHT: "An error reached the outermost frame and nothing caught it; "
        "with --abort-on-uncaught-exception that ends the process.",
        endings.Ending.HANDLED: "An error reached the outermost frame; a handler of "
        "'uncaughtException' or of a promise called process.abort().",
        endings.Ending.ABORT: "JavaScript called process.abort(). The error that its frames "
        "still refer to may be the reason.",
        endings.Ending.FATAL: "V8 was used in a way that it does not allow, or found itself in a "
        "state that must not be; that is a fault of Node.js or of a native addon.",
        endings.Ending.ASSERTION: "The C++ side of Node.js was called in a way that it does not "
        "allow; that is a fault of Node.js, of an addon, or of a use of its internals.",
    }
    why = ways[found.ending]
    if found.stack:
        frames = " < ".join(plain(one, _LINE) for one in found.stack[:_FRAMES])
        why += f" It was made at {_shown(core, frames)}."
    return why


def _most(core: CoreDump) -> str:
    """Name the constructors whose objects take most bytes."""
    if core.image.memory.resident_bytes > _SEARCHED:
        return ""
    try:
        objects = core.javascript.find_objects()
    except ForensicsError:
        return ""
    return ", ".join(
        f"{plain(name, 60)} ({human_count(row.count)}: "
        f"{human_bytes(row.size_bytes + row.store_bytes)})"
        for name, row in zip(
            objects.index[:_CLASSES], objects[:_CLASSES].itertuples(index=False), strict=True
        )
    )


RULES: tuple[Rule, ...] = (fatal_javascript, javascript_memory)
"""What to ask of a core of Node.js, in order."""
