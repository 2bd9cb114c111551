"""Runs pystack in a process of its own: arguments in, one line of JSON out.

It is run as a file, not imported, and imports nothing of prodforensics: what pystack reads is
hostile, and a crash or an endless walk must end here. The arguments are the core, the program, a
list of folders of libraries joined by colons, and the most bytes of memory.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from typing import Any

_THREADS, _FRAMES, _VARIABLES, _TEXT = 5000, 5000, 200, 2000


def _variables(frame: Any) -> list[tuple[str, str, str]]:
    told = [(name, "argument", value) for name, value in frame.arguments.items()]
    told += [(name, "local", value) for name, value in frame.locals.items()]
    return [(str(name), kind, str(value)[:_TEXT]) for name, kind, value in told[:_VARIABLES]]


def _frame(frame: Any) -> dict[str, Any]:
    place = frame.code.location
    return {
        "function": frame.code.scope[:_TEXT],
        "file": frame.code.filename[:_TEXT],
        "line": place.lineno,
        # pystack counts columns from 0, and gives two zeros where it knows none.
        "column": place.column + 1 if place.end_column > 0 else -1,
        "is_entry": bool(frame.is_entry),
        "is_shim": bool(frame.is_shim),
        "variables": _variables(frame),
    }


def _frames(thread: Any) -> list[dict[str, Any]]:
    told = []
    frame = thread.frame
    while frame is not None and len(told) < _FRAMES:
        told.append(_frame(frame))
        frame = frame.next
    # pystack begins with the outermost.
    return told[::-1]


def main(core: str, program: str, libraries: str, memory_bytes: str) -> int:
    """Write the threads of a Python process, or why they cannot be told."""
    most = int(memory_bytes)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answer:
        # pystack's own messages go elsewhere than the answer.
        os.dup2(2, 1)
        answer.write(json.dumps(_told(core, program, libraries)))
    return 0


def _told(core: str, program: str, libraries: str) -> dict[str, Any]:
    try:
        from pystack.engine import NativeReportingMode, get_process_threads_for_core
        from pystack.errors import PystackError
    except ImportError:
        return {"missing": "pystack"}
    try:
        threads = list(
            get_process_threads_for_core(
                core,
                program,
                library_search_path=libraries,
                native_mode=NativeReportingMode.OFF,
                locals=True,
            )
        )
    except (PystackError, OSError, RuntimeError, ValueError, MemoryError) as error:
        return {"failed": f"{type(error).__name__}: {error}"[:_TEXT]}
    told = [
        {
            "tid": thread.tid,
            "holds_gil": thread.holds_the_gil > 0,
            "frames": _frames(thread),
        }
        for thread in threads[:_THREADS]
    ]
    version = next((list(one.python_version) for one in threads if one.python_version), [])
    return {"threads": told, "version": version}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
