"""Who holds a lock of Python."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig

import numpy as np
import pytest

import prodforensics as pf
from prodforensics.core.machines import machine
from prodforensics.core.runtimes.python_locks import owners
from tests.conftest import require_tool

PROGRAM = """
import threading, time, _thread
stock, ledger, plain = threading.RLock(), threading.RLock(), threading.Lock()
meet = threading.Barrier(3)

def both(first, second):
    with first:
        meet.wait()
        with second:
            print("never")

def one(lock):
    with lock:
        print("never")

plain.acquire()
for name, first, second in ("seller", stock, ledger), ("buyer", ledger, stock):
    threading.Thread(target=both, args=(first, second), name=name, daemon=True).start()
meet.wait()
threading.Thread(target=one, args=(plain,), daemon=True).start()
time.sleep(0.3)
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A Python process in which two threads wait for each other's RLock."""
    require_tool("gcore")
    folder = tmp_path_factory.mktemp("shop")
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", PROGRAM],
        stdout=subprocess.PIPE,
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},
    )
    try:
        assert process.stdout.readline() == b"ready\n"
        subprocess.run(
            ["gcore", "-o", "core", str(process.pid)], cwd=folder, check=True, capture_output=True
        )
    finally:
        process.kill()
        process.communicate()
    return pf.load(folder / f"core.{process.pid}")


@pytest.mark.skipif(
    sys.version_info >= (3, 14) or bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    reason="the locks of Python 3.14 are no semaphores",
)
def test_two_threads_that_wait_for_each_others_rlock_are_a_deadlock(shop):
    waits = shop.frames["waits"]
    cycle = waits[waits["in_cycle"]]
    assert cycle["kind"].tolist() == ["rlock", "rlock"]
    assert sorted(cycle["held_by"]) == sorted(cycle["thread_id"])
    assert (cycle["held_by"] != cycle["thread_id"]).all()
    (plain,) = waits[waits["kind"] == "python"].itertuples()
    assert str(plain.held_by) == "<NA>"
    frames = shop.frames["frames"]
    own = frames[frames["thread_id"].isin(cycle["thread_id"])]
    assert own["function"].eq("both").sum() == 2


class Memory:
    """One writable segment of these words."""

    def __init__(self, words, permissions="rw-"):
        self.words = np.array(words, "<u8")
        self.segments = (type("Segment", (), {"permissions": permissions})(),)

    def view(self, _segment):
        return self.words.view(np.uint8)


def image(*words, **more):
    return type(
        "Image", (), {"memory": Memory(words, **more), "machine": machine(62, True, True)}
    )()


SEMAPHORE, POINTER = 0x5500, 0x7F00AA00


def test_an_owner_stands_beside_the_pointer_to_the_semaphore():
    found = owners(image(0, SEMAPHORE, POINTER, 2, 0), [SEMAPHORE, 0x9900], {POINTER: 71})
    assert found == {SEMAPHORE: 71}


@pytest.mark.parametrize(
    "words",
    [
        (SEMAPHORE, 0, 0),  # free
        (SEMAPHORE, 0x1234, 1),  # a plain lock: weak references follow
        (SEMAPHORE, POINTER, 0),
        (SEMAPHORE, POINTER, 2**40),
        (0, SEMAPHORE, POINTER),  # the memory ends
        (0, SEMAPHORE),
        (),
    ],
)
def test_anything_else_holds_nothing(words):
    assert owners(image(*words), [SEMAPHORE], {POINTER: 71}) == {}


def test_memory_that_cannot_be_written_holds_no_lock():
    code = image(SEMAPHORE, POINTER, 1, permissions="r-x")
    assert owners(code, [SEMAPHORE], {POINTER: 71}) == {}
    assert owners(code, [], {}) == {}
