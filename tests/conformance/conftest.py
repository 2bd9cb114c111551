"""Samples by format, and the process that damaged files are given to."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
from functools import cache

import pytest

from prodforensics import samples
from prodforensics.formats import BUILT_IN
from prodforensics.source import Source
from tests.network import plain_captures

FORMATS = [one.name for one in BUILT_IN]
# A core that was cut when it was recorded is a sample of damage.
SAMPLES = [one["path"] for one in samples.entries() if ".truncated." not in one["path"]]
SECONDS = 30
# What a record ends in, where nothing ends the whole: behind a record a cut is none.
RECORD_END = {
    "folded": b"\n",
    "rbspy": b"\n",
    "perf-script": b"\n\n",
    "mtr-text": b"\n",
    "mtr-csv": b"\n",
    "conntrack-stats": b"\n",
    "netstat-statistics": b"\n",
    "ss-sockets": b"\n",
}
# Formats whose records tell their length: whether bytes end behind one.
RECORDS = {
    "pcap": plain_captures.ends_behind_a_record,
    "pcapng": plain_captures.ends_behind_a_block,
}


@cache
def unpacked(name: str) -> bytes:
    """Return the bytes of a sample as its reader sees them."""
    return b"".join(Source(samples.path(name)).chunks())


@cache
def smallest(name: str) -> str:
    """Return the smallest sample of a format that has something in it."""
    every = [entry for entry in samples.entries() if entry["format"] == name]
    leaking = [one for one in every if "clean" not in one["path"] and one["path"] in SAMPLES]
    return min(leaking, key=lambda entry: entry["size"])["path"]


# What is damaged: one sample of each format, and one with the arrays that only some files have.
DAMAGED = [*map(smallest, FORMATS), "heap/cache.tracked.heaptimeline.zst"]


class Victim:
    """Loads files in another process; a crash or a hang there is a failure here."""

    def __init__(self, folder):
        self.path = folder / "damaged"
        self.errors = (folder / "stderr").open("w+b")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.conformance.victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )
        assert self._answer(300) == "ready\n", self._complaint("it did not start")

    def load(self, sample, data):
        """Return what came of these bytes: ``whole``, ``partial`` or the name of an error."""
        (name,) = [entry["format"] for entry in samples.entries() if entry["path"] == sample]
        if self.process is None:
            self.start()
        self.path.write_bytes(data)
        self.process.stdin.write(f"{name}\t{self.path}\n")
        self.process.stdin.flush()
        line = self._answer(SECONDS)
        if not line:
            pytest.fail(self._complaint(f"no answer within {SECONDS} s, or the process died"))
        answer = json.loads(line)
        if answer["outcome"] == "crash":
            pytest.fail(answer["traceback"])
        return answer["outcome"]

    def _answer(self, seconds):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            return self.process.stdout.readline() if selector.select(seconds) else ""

    def _complaint(self, what):
        code = self.process.poll()
        self.stop()
        self.errors.seek(0)
        return f"{what} (exit code {code})\n{self.errors.read()[-4000:].decode(errors='replace')}"

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture(scope="session")
def victim(tmp_path_factory):
    one = Victim(tmp_path_factory.mktemp("victim"))
    yield one
    one.stop()
    one.errors.close()
