"""Locks are named by the global variables of the files that surely ran."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.core import schemas
from prodforensics.core.lock_names import names
from prodforensics.core.waits import read


@pytest.fixture(scope="module")
def deadlock(tmp_path_factory):
    found = samples.files("core/deadlock.core.zst", tmp_path_factory.mktemp("deadlock"))
    return found, pf.load(
        found["artifact"], executable=found["executable"], debug_dirs=[found["debug"]]
    )


def test_a_lock_is_named_by_the_debug_file_of_a_stripped_program(deadlock):
    _, core = deadlock
    addresses = [next(one for one in names_of(core, "stock_lock"))]
    assert names(core.image, addresses) == {addresses[0]: "stock_lock"}
    # A part of it, as a lock in a larger object is, and what is no object at all.
    assert names(core.image, [addresses[0] + 8]) == {addresses[0] + 8: "stock_lock+0x8"}
    assert names(core.image, [8, 0, 2**64 - 1]) == {}


def names_of(core, wanted):
    for wait in read(core, schemas.STACK_FRAMES.empty()):
        if wait.lock_name == wanted:
            yield wait.lock


def test_a_file_of_another_build_names_nothing(deadlock):
    _, core = deadlock
    address = next(names_of(core, "stock_lock"))
    program = core.image.executable
    other = SimpleNamespace(
        found=program.found, matched="mismatched", start=program.start, end=program.end
    )
    assert names(SimpleNamespace(modules=(other,)), [address]) == {}
