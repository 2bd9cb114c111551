"""A process that loads damaged files one after the other, so that a crash or a hang is seen.

It reads lines ``format<TAB>path`` and answers each with one line of JSON: what came of it.
"""

from __future__ import annotations

import faulthandler
import json
import re
import resource
import sys
import traceback
import warnings
from pathlib import Path

import prodforensics as pf
from prodforensics import samples
from prodforensics.gaps import GAPS

# What a damaged file of a megabyte or two may take beside what a whole one takes.
SPARE_BYTES = 2**30


def load(path: str, name: str) -> str:
    """Load a file and use all of it; say in a word what came of it."""
    try:
        evidence = pf.load(path, format=name, progress=False)
    except pf.ForensicsError as error:
        str(error).encode()
        return type(error).__name__
    for frame, schema in evidence.schemas.items():
        if frame in evidence.frames:
            schema.validate(evidence.frames[frame])
    assert set(evidence.frames) <= set(evidence.schemas), "a frame without a schema"
    evidence.findings()._repr_mimebundle_()
    for text in evidence._repr_mimebundle_().values():
        text.encode()
    gaps = evidence.all_gaps()
    assert len(set(gaps)) == len(gaps), f"a gap is told twice: {gaps}"
    GAPS.validate(evidence.gaps)
    return "partial" if gaps else "whole"


def main() -> None:
    faulthandler.enable()
    warnings.simplefilter("ignore", pf.PartialEvidenceWarning)
    seen = {entry["format"]: entry["path"] for entry in samples.entries()}
    for name, path in seen.items():
        load(str(samples.path(path)), name)
    held = re.search(r"VmSize:\s+(\d+) kB", Path("/proc/self/status").read_text())
    limit = int(held[1]) * 1024 + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    print("ready", flush=True)
    for line in sys.stdin:
        name, path = line.rstrip("\n").split("\t")
        try:
            answer = {"outcome": load(path, name)}
        except Exception:
            answer = {"outcome": "crash", "traceback": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
