"""Goroutines, as dlv tells them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import prodforensics as pf
from prodforensics import samples
from prodforensics.core import schemas
from prodforensics.core.runtimes import go, tables
from prodforensics.core.runtimes.told import RuntimeFrame
from prodforensics.errors import ToolFailed
from tests.conftest import require_tool

PRINTED = """\
Type 'help' for list of commands.
* Goroutine 1 - User: ./main.go:21 main.crash (0x4bd7f5) (thread 14726)
\t 0  0x000000000048bda1 in runtime.raise
\t     at ?:154
\t 1  0x0000000000000007 in ???
\t     at ?:-1
\t(truncated)
  Goroutine 6 - User: /go/src/sync/mutex.go:46 sync.(*Mutex).Lock (0x49357f) [chan receive 12]
\t0  0x0000000000484cf1 in runtime.gopark
\t    at /go/src/runtime/proc.go:463
\t1  0x0000000000452ae5 in sync.(*Mutex).Lock
\t    at C:/go/src/sync/mutex.go:46
[2 goroutines]
"""


def test_what_dlv_prints_is_read_line_by_line():
    first, second = go.parse(iter(PRINTED.splitlines(keepends=True)))
    assert (first.goroutine_id, first.os_tid, first.wait_reason) == (1, 14726, "")
    assert first.frames == (
        RuntimeFrame("runtime.raise", "", 154, address=0x48BDA1),
        RuntimeFrame("", "", -1, address=7),
    )
    assert (second.goroutine_id, second.os_tid, second.wait_reason) == (6, None, "chan receive 12")
    assert (second.frames[1].file, second.frames[1].line) == ("C:/go/src/sync/mutex.go", 46)


@pytest.mark.parametrize("text", ["", "\n\n", "could not attach\n", "  Goroutine x - User: a\n"])
def test_anything_else_is_no_goroutine(text):
    assert list(go.parse(iter(text.splitlines(keepends=True)))) == []


@pytest.mark.parametrize(
    ("functions", "reason"),
    [
        (("runtime.gopark", "runtime.semacquire1", "sync.(*Mutex).Lock"), "sync.Mutex.Lock"),
        (
            ("runtime.gopark", "runtime.semacquire1", "sync.(*WaitGroup).Wait"),
            "sync.WaitGroup.Wait",
        ),
        (("runtime.gopark", "runtime.chanrecv", "runtime.chanrecv1", "main.wait"), "chan receive"),
        (("runtime.gopark", "runtime.selectgo", "main.serve"), "select"),
        (("runtime.gopark", "runtime.netpollblock", "internal/poll.runtime_pollWait"), "IO wait"),
        (("runtime.gopark", "main.unknown"), ""),
        (("main.busy", "runtime.chanrecv"), ""),
    ],
)
def test_the_functions_of_a_stack_tell_why_it_is_parked(functions, reason):
    frames = tuple(RuntimeFrame(one) for one in functions)
    assert go.wait_reason(go.Goroutine(1, None, "wrong", frames)) == reason


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """A ledger in Go: a clerk books on an account that is not there, seven others wait."""
    require_tool("dlv")
    found = samples.files("core/go_null.core.zst", tmp_path_factory.mktemp("go"))
    return pf.load(found["artifact"], executable=found["executable"])


def test_goroutines_that_are_parked_have_a_row_as_well_as_the_one_that_runs(ledger):
    frame = ledger.frames["goroutines"]
    schemas.GOROUTINES.validate(frame)
    clerks = frame[frame["summary"].str.contains("main.clerk")]
    assert len(clerks) == 8
    waiting = clerks[clerks["state"] == "waiting"]
    assert set(waiting["function"]) == {"main.waitForSale"}
    assert set(waiting["wait_reason"]) == {"chan receive"}
    assert waiting["thread_id"].isna().all()
    (running,) = clerks[clerks["state"] == "running"].itertuples()
    truth = samples.truth("core/go_null.core.zst")
    assert running.function == truth["crashed_function"]
    # dlv looks at the instruction before the one that faulted, as if it had been a call.
    assert running.line in (truth["line"], truth["line"] - 1)
    assert running.thread_id in ledger.frames["threads"].index
    assert frame.loc[1, "wait_reason"] == "sleep"


def test_each_goroutine_has_its_frames(ledger):
    frames = ledger.frames["goroutine_frames"]
    schemas.GOROUTINE_FRAMES.validate(frames)
    assert frames.groupby("goroutine_id").size().to_dict() == (
        ledger.frames["goroutines"]["depth"].to_dict()
    )
    first = frames[frames["goroutine_id"] == 1]
    assert first["function"].tolist()[-2:] == ["runtime.main", "runtime.goexit"]
    assert first["file"].tolist()[1].endswith("time.go")


def test_a_core_of_another_program_has_no_goroutines(tmp_path):
    found = samples.files("core/null.core.zst", tmp_path)
    core = pf.load(found["artifact"], executable=found["executable"])
    assert not go.is_go(core.image)
    assert tables.goroutines(core).empty
    schemas.GOROUTINES.validate(tables.goroutines(core))
    schemas.GOROUTINE_FRAMES.validate(tables.goroutine_frames(core))


def test_a_core_that_dlv_cannot_read_is_told_in_words(ledger, tmp_path):
    path = tmp_path / "core"
    path.write_bytes(ledger.image.path.read_bytes()[:2048])
    image = SimpleNamespace(executable=ledger.image.executable, path=path)
    with pytest.raises(ToolFailed, match="dlv"):
        go.read(image)
    other = SimpleNamespace(found=None, matched="missing")
    with pytest.raises(ToolFailed, match="another build"):
        go.read(SimpleNamespace(executable=other, path=path))


def test_the_stack_of_the_thread_that_crashed_is_that_of_its_goroutine(ledger):
    frames = ledger.frames["frames"]
    schemas.STACK_FRAMES.validate(frames)
    crashed = frames[frames["is_crashed"]]
    names = crashed["function"].tolist()
    assert set(crashed["frame_kind"]) == {"go"}
    assert names[0] == "runtime.raise"
    assert names.index("main.(*ledger).post") < names.index("main.clerk")
    other = frames[~frames["is_crashed"]]
    assert "dlv" not in set(other["source"])
