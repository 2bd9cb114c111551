"""Texts of ``perf script``: a real recording of Node, and the same many times over.

In the large file every copy has functions of its own, so that the share of different lines and of
different stacks is the recording's. Times go on from copy to copy.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

from benchmarks.measure import warm
from benchmarks.snapshots import CACHE

__all__ = ["amplify", "large", "recorded"]

PROGRAM = Path(__file__).parents[1] / "heap" / "record.js"
LARGE_BYTES = 600e6
_FRAME = re.compile(rb"(?m)^(\t *[0-9a-f]+ [^\[\n][^\n]*?)((?:\+0x[0-9a-f]+)? \([^\n]*\))$")
_TIME = re.compile(rb"(?m)^(\S[^\n]*? )(\d+)\.(\d{6}):")


def recorded() -> Path:
    """Return about 30 MB of text, recorded on the first call (needs perf and Node)."""
    path = CACHE / "node.perf.txt"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            data, snapshot = Path(folder) / "perf.data", Path(folder) / "heap"
            record = ["perf", "record", "-q", "-F", "1999", "-e", "cpu-clock", "-g", "-o", data]
            program = ["node", "--perf-basic-prof", PROGRAM, "100", snapshot]
            subprocess.run([*record, "--", *program], check=True, cwd=folder)
            part = path.with_suffix(".part")
            with part.open("wb") as text:
                subprocess.run(["perf", "script", "-i", data], check=True, stdout=text)
            part.rename(path)
    return warm(path)


def amplify(text: bytes, copy: int) -> bytes:
    """Return the recording with functions and times of its own.

    Parameters
    ----------
    copy : int
        0 is the recording itself.
    """
    if not copy:
        return text
    seconds = [int(found[2]) for found in _TIME.finditer(text)]
    step = copy * (max(seconds) - min(seconds) + 1)
    text = _FRAME.sub(rb"\1~%d\2" % copy, text)
    return _TIME.sub(lambda found: b"%s%d.%s:" % (found[1], int(found[2]) + step, found[3]), text)


def large() -> Path:
    """Return the recording many times over, 600 MB."""
    original = recorded()
    path = CACHE / "node.times.perf.txt"
    if not path.exists():
        text = original.read_bytes()
        part = path.with_suffix(".part")
        with part.open("wb") as stream:
            for copy in range(-int(-LARGE_BYTES // len(text))):
                stream.write(amplify(text, copy))
        part.rename(path)
    return warm(path)
