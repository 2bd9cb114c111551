"""What we do with pprof and JFR: ``python -m benchmarks.profile.binary_ours TASK FILE...``.

The last line printed is JSON, for `benchmarks.measure.Run.said`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from benchmarks.profile.perf_ours import compare

# No import of the library here: its own import is part of what is timed.


def top(path: str) -> dict[str, Any]:
    """Load a file and list its largest functions."""
    import prodforensics as pf

    profile = pf.load(path, progress=False)
    return {"samples": len(profile.data.samples), "functions": len(profile.top(50))}


if __name__ == "__main__":
    task, *files = sys.argv[1:]
    print(json.dumps({"top": top, "compare": compare}[task](*files)))
