"""What we do with ``perf script``: ``python -m benchmarks.profile.perf_ours TASK FILE...``.

The last line printed is JSON, for `benchmarks.measure.Run.said`.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

# No import of the library here: its own import is part of what is timed.


def fold(path: str) -> dict[str, Any]:
    """Load a file and write its folded stacks, as the peers do."""
    import prodforensics as pf

    profile = pf.load(path, progress=False)
    profile.to_folded(os.devnull)
    return {"samples": len(profile.data.samples)}


def load(path: str) -> dict[str, Any]:
    """Load a file: samples with times, threads and stacks, which no peer keeps."""
    import prodforensics as pf

    profile = pf.load(path, progress=False)
    return {"samples": len(profile.data.samples), "stacks": len(profile.data.stacks)}


def compare(base: str, other: str) -> dict[str, Any]:
    """Load two files, and say what changed: by function, by stack and in one sentence."""
    import prodforensics as pf

    start = time.perf_counter()
    profiles = [pf.load(path, progress=False) for path in (base, other)]
    loaded = time.perf_counter()
    change = pf.compare(*profiles)
    stacks = len(change.frames["stacks"])
    change.headline()
    compared = time.perf_counter()
    return {"load_s": loaded - start, "compare_s": compared - loaded, "stacks": stacks}


if __name__ == "__main__":
    task, *files = sys.argv[1:]
    print(json.dumps({"fold": fold, "load": load, "compare": compare}[task](*files)))
