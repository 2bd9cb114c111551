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
from prodforensics import report, samples
from prodforensics.errors import NotComparable
from prodforensics.gaps import GAPS
from tests.conformance.conftest import FORMATS, smallest

# The other debuggers are asked where gdb gives up, and start slowly; what damage does to them is
# tested in their own folder.
OPTIONS = {"elf-core": {"debugger": "gdb"}}
# What a damaged file of a megabyte or two may take beside what a whole one takes.
SPARE_BYTES = 2**30


def load(path: str, name: str) -> pf.Evidence | pf.ForensicsError:
    """Load a file and use all of it."""
    try:
        evidence = pf.load(path, format=name, progress=False, **OPTIONS.get(name, {}))
    except pf.ForensicsError as error:
        str(error).encode()
        return error
    use(evidence)
    gaps = evidence.all_gaps()
    assert len(set(gaps)) == len(gaps), f"a gap is told twice: {gaps}"
    GAPS.validate(evidence.gaps)
    return evidence


def use(evidence: pf.Evidence) -> None:
    """Look at everything a person would."""
    assert set(evidence.frames) <= set(evidence.schemas), "a frame without a schema"
    for name, frame in evidence.frames.items():
        evidence.schemas[name].validate(frame)
    for text in evidence._repr_mimebundle_().values():
        text.encode()
    report.render([evidence]).encode()


def outcome(path: str, name: str, whole: pf.Evidence) -> str:
    """Say in a word what came of a file."""
    loaded = load(path, name)
    if isinstance(loaded, pf.ForensicsError):
        return type(loaded).__name__
    try:
        use(pf.compare(whole, loaded))
    except NotComparable as error:
        # Damage may take what the two had in common.
        str(error).encode()
    return "partial" if loaded.all_gaps() else "whole"


def main() -> None:
    faulthandler.enable()
    warnings.simplefilter("ignore", pf.PartialEvidenceWarning)
    # What is damaged, whole: samples of one format need not be comparable.
    first = {name: smallest(name) for name in FORMATS}
    whole = {name: load(str(samples.path(path)), name) for name, path in first.items()}
    for name, path in first.items():
        outcome(str(samples.path(path)), name, whole[name])
    held = re.search(r"VmSize:\s+(\d+) kB", Path("/proc/self/status").read_text())
    limit = int(held[1]) * 1024 + SPARE_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    print("ready", flush=True)
    for line in sys.stdin:
        name, path = line.rstrip("\n").split("\t")
        try:
            answer = {"outcome": outcome(path, name, whole[name])}
        except Exception:
            answer = {"outcome": "crash", "traceback": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
