"""What we do with a core: ``python -m benchmarks.core.core_ours TASK FILE [PROGRAM]``.

The last line printed is JSON, for `measure.Run.said`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# No import of the library here: its own import is part of what is timed.


def _load(path: str, program: str | None = None) -> Any:
    import prodforensics as pf

    return pf.load(path, executable=program, progress=False)


def frames(path: str, program: str, small: str = "") -> dict[str, Any]:
    """Every frame of every thread; how long it took once another core was looked at."""
    return _walked(path, program, small, ("frames",))


def variables(path: str, program: str, small: str = "") -> dict[str, Any]:
    """Every frame of every thread, and every local variable and argument of each, in one walk."""
    return _walked(path, program, small, ("locals", "frames"))


def _walked(path: str, program: str, small: str, names: tuple[str, ...]) -> dict[str, Any]:
    if small:
        with _load(small, program) as other:
            assert all(other.frames[name] is not None for name in names)
    start = time.perf_counter()
    core = _load(path, program)
    found: dict[str, Any] = {name: len(core.frames[name]) for name in names}
    return found | {"debugger": core.walk.debugger, "walk_s": time.perf_counter() - start}


def card(path: str, small: str) -> dict[str, Any]:
    """What ELF alone tells, once the imports are done for another core: its frames and its text."""
    _told_by_elf(small)
    start = time.perf_counter()
    told = _told_by_elf(path)
    return {"card_s": time.perf_counter() - start, "segments": told}


def _told_by_elf(path: str) -> int:
    core = _load(path)
    names = ("signal", "modules", "mappings", "registers", "environment", "auxiliary")
    for name in names:
        core.frames[name].to_html(max_rows=5)
    assert str(core)
    return len(core.frames["mappings"])


def secrets(path: str, small: str) -> dict[str, Any]:
    """The search for secrets, once everything is compiled for another core."""
    assert _load(small).frames["secrets"] is not None
    core = _load(path)
    start = time.perf_counter()
    found = len(core.frames["secrets"])
    wall = time.perf_counter() - start
    return {"scan_s": wall, "found": found, "resident_bytes": core.image.memory.resident_bytes}


def backtrace(path: str, program: str, small: str) -> dict[str, Any]:
    """The stack of JavaScript: loaded and walked, the imports left out."""
    _import_for_javascript(small)
    start = time.perf_counter()
    table = _load(path, program).javascript.backtrace().frame
    return {"backtrace_s": time.perf_counter() - start, "frames": len(table)}


def objects(path: str, program: str, small: str) -> dict[str, Any]:
    """All objects of JavaScript, counted by their constructor, the imports left out."""
    _import_for_javascript(small)
    start = time.perf_counter()
    core = _load(path, program)
    table = core.javascript.find_objects()
    wall = time.perf_counter() - start
    size = core.image.memory.resident_bytes
    return {"objects_s": wall, "constructors": len(table), "resident_bytes": size}


def _import_for_javascript(small: str) -> None:
    """Load another core, without JavaScript, and the modules that read it."""
    assert len(_load(small).frames["threads"])
    import prodforensics.core.javascript.backtrace
    import prodforensics.core.javascript.search  # noqa: F401


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "frames": frames,
    "variables": variables,
    "card": card,
    "secrets": secrets,
    "backtrace": backtrace,
    "objects": objects,
}

if __name__ == "__main__":
    task, *words = sys.argv[1:]
    print(json.dumps(TASKS[task](*[str(Path(w)) if "/" in w else w for w in words])))
