"""gdb, lldb and drgn tell the same stacks of the samples: thread, function, file and line."""

import pytest

from prodforensics.core.stacks import native_frames
from tests.conftest import require_tool
from tests.core.sample_cores import PATHS, require_gdb, sample_core

NAMES = sorted(PATHS)
COLUMNS = ["function", "file", "line"]

# Where they differ, and why (docs/pages/core/debuggers.md tells people the same).
LANGUAGES = {
    # drgn does not read the names of Rust nor the debug information that Go packs; gdb has no
    # rules to leave Go's signal handler, and lldb leaves out what Go inlined. Goroutines are
    # delve's. qemu's core tells no files, by which alone drgn finds the program.
    "lldb": ("go_",),
    "drgn": ("go_", "rust_", "null.aarch64"),
}
DEEPEST = {"drgn": 1024}  # frames of one thread, a limit of its library


@pytest.fixture(scope="module")
def told():
    """The frames of a sample by one debugger, walked once."""
    known = {}

    def walk(name, debugger):
        if (name, debugger) not in known:
            with sample_core(name, debugger=debugger) as core:
                assert core.walk.debugger == debugger, core.walk.problems
                known[name, debugger] = native_frames(core)
        return known[name, debugger]

    return walk


def same_function(one, other):
    """Two names of one function: libraries export it under several that differ in underscores."""
    return one.lstrip("_") == other.lstrip("_")


def rows(frames, name):
    """What is compared of a stack, by thread."""
    # Only gdb works out which function ended with a call, from the places of calls in DWARF.
    kept = frames[frames["frame_kind"] != "tail"]
    if name.startswith("rust_"):
        # Of Rust's own library gdb shows the names in the source and lldb those of the linker.
        kept = kept[~kept["file"].astype(str).str.startswith("/rustc/")]
        kept = kept[kept["file"].astype(str) != ""]
    return {
        thread: [tuple(row) for row in of[COLUMNS].astype(object).to_numpy().tolist()]
        for thread, of in kept.groupby("thread_id")
    }


@pytest.mark.oracle
@pytest.mark.parametrize("debugger", ["lldb", "drgn"])
@pytest.mark.parametrize("name", NAMES)
def test_two_debuggers_agree_on_every_frame(told, name, debugger):
    require_gdb(name)
    if debugger == "lldb":
        require_tool("lldb")
    if name.startswith(LANGUAGES[debugger]):
        return
    expected, found = rows(told(name, "gdb"), name), rows(told(name, debugger), name)
    assert list(found) == list(expected)
    for thread, frames in expected.items():
        most = DEEPEST.get(debugger, len(frames))
        assert len(found[thread]) == min(len(frames), most)
        for ours, theirs in zip(found[thread], frames[:most], strict=True):
            assert same_function(ours[0], theirs[0]), (thread, ours, theirs)
            assert ours[1:] == theirs[1:], (thread, ours, theirs)


def test_most_samples_are_compared():
    """The exceptions are exceptions."""
    compared = [one for one in NAMES if not one.startswith(LANGUAGES["drgn"])]
    assert len(compared) >= 0.8 * len(NAMES)
