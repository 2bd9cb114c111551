"""The sample cores are what their ground truth says, thread by thread and frame by frame."""

import pytest

from prodforensics import samples
from tests.core.sample_cores import PATHS, require_gdb, sample_core

SOURCES = ("till.c", "orders.cpp", "stock.rs")
CRASHED = [name for name in PATHS if "stack" in samples.truth(PATHS[name])["gdb"]]
HELD = [name for name in PATHS if "stacks" in samples.truth(PATHS[name])["gdb"]]
# Their innermost frames are in the C library: another one than the recording's unwinds no further.
NEEDS_LIBC = {"deadlock", "lock_convoy", "healthy", "secret"}


def loaded(scenario):
    require_gdb(scenario)
    core = sample_core(scenario)
    libc = [one for one in core.image.modules if one.name == "libc.so.6"]
    if scenario in NEEDS_LIBC and libc[0].matched != "matched":
        pytest.skip("another C library is installed than the sample was recorded with")
    return core


def ours(rows):
    """Give the frames of the sources of the samples: function, file, line."""
    names = [file.rpartition("/")[2] for file in rows["file"]]
    told = zip(rows["function"], names, rows["line"], strict=True)
    return [list(one) for one in told if one[1] in SOURCES]


@pytest.mark.parametrize("scenario", PATHS)
def test_the_notes_tell_the_threads_and_the_signal(scenario):
    truth, image = samples.truth(PATHS[scenario]), sample_core(scenario).image
    assert len(image.threads) == truth["gdb"]["threads"]
    assert (image.signal.name if image.signal else "") == truth.get("signal", "")
    if "code" in truth:
        assert image.signal.code == truth["code"]
    if "address" in truth:
        assert image.signal.address == truth["address"]


@pytest.mark.parametrize("scenario", CRASHED)
def test_the_stack_of_the_crash_is_the_one_that_gdb_printed(scenario):
    truth, core = samples.truth(PATHS[scenario]), loaded(scenario)
    rows = core.frames["frames"]
    told = ours(rows[rows["is_crashed"]])
    assert told[: len(truth["gdb"]["stack"])] == truth["gdb"]["stack"]
    assert told[0] == [truth["crashed_function"], truth["file"], truth["line"]]


@pytest.mark.parametrize("scenario", HELD)
def test_the_stacks_of_a_held_process_are_those_that_gdb_printed(scenario):
    if scenario.startswith("python"):
        pytest.skip("no frame of Python's is of our sources")
    truth, rows = samples.truth(PATHS[scenario])["gdb"], loaded(scenario).frames["frames"]
    told = [[one[0] for one in ours(own)] for _, own in rows.groupby("thread_id")]
    assert told == truth["stacks"]
