"""What we do with a snapshot, as a program of its own: ``python -m benchmarks.ours TASK FILE...``.

The last line printed is JSON, for `measure.Run.said`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

# No import of the library here: its own import is part of what is timed.


def _touch(snapshot: Any) -> None:
    """Ask for all that DevTools computes on a load: numbers of every node, classes, statistics."""
    graph = snapshot.graph
    for name in ("self_size", "retained_size", "distance", "dominator", "detachedness"):
        getattr(graph, name)
    assert len(graph.class_index) == graph.node_count
    assert graph.statistics
    for name in ("count", "self_size", "retained_size", "distance"):
        getattr(graph.classes, name)


def load(path: str) -> dict[str, Any]:
    """Load one snapshot with every number of each node and class, as DevTools' worker does."""
    import prodforensics as pf

    snapshot = pf.load(path, progress=False)
    _touch(snapshot)
    return {"nodes": len(snapshot.graph.id), "total_size": int(snapshot.total_size_bytes)}


def tables(path: str) -> dict[str, Any]:
    """Load one snapshot and build the frames of its classes, statistics and detached nodes."""
    import prodforensics as pf

    snapshot = pf.load(path, progress=False)
    return {name: len(snapshot.frames[name]) for name in ("constructors", "statistics", "detached")}


def frames(path: str) -> dict[str, Any]:
    """Load one snapshot and build the frame of all its nodes as well."""
    import prodforensics as pf

    snapshot = pf.load(path, progress=False)
    _touch(snapshot)
    return {"nodes": len(snapshot.frames["nodes"])}


def again(task: Callable[[], object]) -> dict[str, Any]:
    """Do the same again and again in one process, as a notebook does."""
    walls = []
    for _ in range(6):
        start = time.perf_counter()
        task()
        walls.append(time.perf_counter() - start)
    return {"first_s": walls[0], "warm_s": min(walls[1:])}


def warm(path: str) -> dict[str, Any]:
    """Load one snapshot again and again."""
    import prodforensics as pf

    return again(lambda: _touch(pf.load(path, progress=False)))


def warm_compare(before: str, after: str) -> dict[str, Any]:
    """Load and compare two snapshots again and again."""
    return again(lambda: compare(before, after))


def compare(before: str, after: str) -> dict[str, Any]:
    """Load two snapshots and compare them, up to the rows and objects of the Comparison view."""
    import prodforensics as pf

    growth = pf.compare(*(pf.load(path, progress=False) for path in (before, after)))
    return {name: len(growth.frames[name]) for name in ("constructors", "added", "removed")}


def findings(before: str, after: str) -> dict[str, Any]:
    """Load two snapshots and name what leaks between them."""
    import prodforensics as pf

    growth = pf.compare(*(pf.load(path, progress=False) for path in (before, after)))
    return {"findings": len(growth.findings())}


def pages(path: str) -> dict[str, Any]:
    """Time the first page of every view of the explorer, once the snapshot is loaded."""
    import prodforensics as pf
    from prodforensics.heap.pages import SnapshotPages

    snapshot = pf.load(path, progress=False)
    _touch(snapshot)
    questions = SnapshotPages(snapshot).questions
    graph = snapshot.graph
    crowded = int(graph.class_index[graph.self_size > 0][-1])  # the class of some late object
    held = int(graph.retained_size[1:].argsort()[-50]) + 1  # an object deep in the program
    arguments = {
        "instances": {"class_index": crowded},
        "children": {"node": held},
        "object": {"node": held},
        "retainers": {"node": held},
        "path": {"node": held},
        "find": {"text": f"@{graph.id[held]}"},
    }
    times = {}
    for name, question in questions.items():
        start = time.perf_counter()
        question(**arguments.get(name, {}))
        times[name] = time.perf_counter() - start
    return times


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "load": load,
    "tables": tables,
    "frames": frames,
    "warm": warm,
    "warm_compare": warm_compare,
    "compare": compare,
    "findings": findings,
    "pages": pages,
}

if __name__ == "__main__":
    task, *files = sys.argv[1:]
    print(json.dumps(TASKS[task](*files)))
