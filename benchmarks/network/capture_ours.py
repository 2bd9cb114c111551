"""What we do with a capture: ``python -m benchmarks.network.capture_ours TASK FILE``.

The last line printed is JSON, for `measure.Run.said`.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.ours import again

# No import of the library here: its own import is part of what is timed.

LESS = 0.5
"""Of the size of the file: the private memory that the process may take."""


def load(path: str) -> dict[str, Any]:
    """Load a capture: packets, TCP analysis and connections, with their frames."""
    import prodforensics as pf

    capture = pf.load(path, progress=False)
    return {name: len(capture.frames[name]) for name in ("packets", "connections")}


def protocols(path: str) -> dict[str, Any]:
    """Load a capture, and read its DNS, TLS and HTTP, too."""
    import prodforensics as pf

    capture = pf.load(path, progress=False)
    names = ("packets", "connections", "dns", "tls", "http")
    return {name: len(capture.frames[name]) for name in names}


def arrays(path: str) -> dict[str, Any]:
    """Load a capture: packets, TCP analysis and connections as arrays."""
    import prodforensics as pf

    capture = pf.load(path, progress=False)
    return {"packets": len(capture.packets), "streams": len(capture.streams)}


def warm(path: str) -> dict[str, Any]:
    """Load a capture again and again in one process, as a notebook does."""
    return again(lambda: load(path))


def chunks(path: str) -> dict[str, Any]:
    """Load a capture with less memory than it has bytes, and go through its packets in pieces."""
    allowed = int(LESS * Path(path).stat().st_size)
    resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
    import prodforensics as pf

    capture = pf.load(path, progress=False)
    found = {"packets": 0, "retransmissions": 0, "allowed_bytes": allowed}
    for rows in capture.packets_in_chunks():
        found["packets"] += len(rows)
        found["retransmissions"] += int((rows["analysis"] & 1).sum())
    return found | {"connections": len(capture.frames["connections"])}


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "load": load,
    "protocols": protocols,
    "arrays": arrays,
    "warm": warm,
    "chunks": chunks,
}

if __name__ == "__main__":
    task, *files = sys.argv[1:]
    print(json.dumps(TASKS[task](*files)))
