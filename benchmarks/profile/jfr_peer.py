"""The peer for Java Flight Recorder: ``jfr print --json`` and Python's parser of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter

# Stacks as deep as ours: jfr prints five calls unless it is told.
COMMAND = ["jfr", "print", "--json", "--stack-depth", "200", "--events", "jdk.ExecutionSample"]

if __name__ == "__main__":
    done = subprocess.run([*COMMAND, sys.argv[1]], capture_output=True, check=True)
    events = json.loads(done.stdout)["recording"]["events"]
    innermost = Counter()
    for event in events:
        frames = (event["values"]["stackTrace"] or {"frames": []})["frames"]
        if frames:
            innermost[frames[0]["method"]["name"]] += 1
    print(json.dumps({"samples": len(events), "functions": len(innermost)}))
