"""JavaScript stands in the place of V8's code among native frames, and C++ keeps its order."""

import pandas as pd
import pytest

from prodforensics.core import schemas
from prodforensics.core.javascript.merging import merge
from tests.conftest import require_tool
from tests.core.javascript.crashes import VERSIONS, load

FLAGS = ("--abort-on-uncaught-exception",)


@pytest.fixture(scope="module")
def core():
    return load("24", "calls.js", flags=FLAGS)


def _native(core, frames):
    """Return frames of thread 1 and one of thread 2, as a debugger tells them."""
    rows = []
    node = core.image.executable.path
    for thread, told in ((1, frames), (2, [("epoll_wait", "libc.so.6", 4096)])):
        for index, (function, module, address) in enumerate(told):
            rows.append(
                {
                    "source": "gdb",
                    "pid": core.image.pid,
                    "thread_id": thread,
                    "os_tid": 100 + thread,
                    "thread_name": "node",
                    "state": "crashed",
                    "is_crashed": thread == 1,
                    "frame_index": index,
                    "frame_kind": "native",
                    "function": function,
                    "file": "",
                    "line": -1,
                    "column": -1,
                    "module": node if module == "node" else module,
                    "build_id": "",
                    "address": address,
                    "module_offset": 0,
                    "waits_on": "",
                    "held_by": None,
                    "unwind_status": "complete",
                    "symbol_trust": "matched",
                }
            )
    columns = schemas.STACK_FRAMES.columns
    return pd.DataFrame(rows).astype({one.name: one.dtype for one in columns})


def _runs(core):
    """Return the frames of V8 of each run of JavaScript, with program counters."""
    runs = [[]]
    for one in core.javascript.backtrace().traces[0].stack.physical:
        if one.pc:
            runs[-1].append(one.pc)
        if one.kind == "EntryFrame":
            runs.append([])
    return [run for run in runs if run]


def _functions(frame):
    return frame[frame["thread_id"] == 1]["function"].tolist()


def test_the_frames_of_the_schema_come_out_in_one_order(core):
    text = core.image.executable.load_bias + 0xE47E3F
    native = _native(core, [("Isolate::Throw", "node", text), ("", "", _runs(core)[0][0])])
    merged = merge(core, native)
    schemas.STACK_FRAMES.validate(merged)
    functions = _functions(merged)
    assert functions[:3] == ["Isolate::Throw", "fail", "get total"]
    assert functions[-1] == "process.processTimers"
    of = merged[merged["thread_id"] == 1]
    assert of["frame_index"].tolist() == list(range(len(of)))
    assert set(of["source"]) == {"gdb", "javascript"}
    told = of[of["frame_kind"] == "js"]
    assert len(told) == len(core.javascript.backtrace().frame)
    assert (told["os_tid"] == 101).all()
    assert told["is_crashed"].all()
    assert "C++" in of["unwind_status"].iloc[-1]


def test_cpp_between_two_runs_of_javascript_stays_between(core):
    first, second, third = _runs(core)
    text = core.image.executable.load_bias + 0xE47E3F
    told = [("Throw", "node", text)]
    told += [("", "", pc) for pc in first] + [("Script::Run", "node", text + 16)]
    told += [("", "", pc) for pc in second] + [("JsonParse", "node", text + 32)]
    told += [("", "", pc) for pc in third] + [("main", "node", text + 48)]
    functions = _functions(merge(core, _native(core, told)))
    order = ["Throw", "fail", "evaluated", "Script::Run", "Script.runInThisContext"]
    order += ["Object.reviver", "JsonParse", "JSON.parse", "listOnTimeout", "main"]
    assert [one for one in functions if one in order] == order
    assert "" not in functions


def test_a_debugger_that_lost_its_way_leaves_no_garbage(core):
    text = core.image.executable.load_bias + 0xE47E3F
    garbage = [("", "", address) for address in (6, 0x2C4EB90E4BA9, 0)]
    native = _native(core, [("Throw", "node", text), ("", "", _runs(core)[0][0]), *garbage])
    functions = _functions(merge(core, native))
    assert functions[:2] == ["Throw", "fail"]
    assert "" not in functions


def test_threads_without_javascript_stay_as_they_are(core):
    native = _native(core, [("Throw", "node", 4096)])
    merged = merge(core, native)
    other = merged[merged["thread_id"] == 2]
    assert other["function"].tolist() == ["epoll_wait"]
    assert _functions(merged)[:2] == ["Throw", "fail"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_stack_is_whole_from_where_the_process_began_to_where_it_died(version):
    require_tool("gdb")
    with load(version, "calls.js", flags=FLAGS) as core:
        frames = core.frames["frames"]
        trace = core.javascript.backtrace().frame
    of = frames[frames["thread_id"] == 1]
    assert set(of["unwind_status"]) == {"complete"}
    # Nothing of JavaScript is lost, and its order is V8's.
    told = of[of["frame_kind"] == "js"]
    assert told["function"].tolist() == [one or "(anonymous)" for one in trace["function"]]
    functions = of["function"].tolist()
    assert "" not in functions
    order = ["v8::base::OS::Abort", "v8::internal::Runtime_Throw", "fail", "evaluated"]
    order += ["v8::Script::Run", "node::contextify::ContextifyScript::RunInContext"]
    order += ["Script.runInThisContext", "sorter", "Object.reviver"]
    order += ["v8::internal::Builtin_JsonParse", "JSON.parse", "Object.handle", "listOnTimeout"]
    order += ["process.processTimers", "node::Environment::RunTimers", "uv_run", "node::Start"]
    assert [one for one in functions if one in order] == order
    assert functions[-1] == "_start"


@pytest.mark.parametrize("version", VERSIONS)
def test_builtins_that_v8_mapped_again_do_not_widen_the_program(version):
    with load(version, "calls.js", flags=FLAGS) as core:
        program, mappings = core.image.executable, core.frames["mappings"]
    assert program.end - program.start <= program.span + 4096
    sizes = mappings.groupby("segment", observed=True)["resident_bytes"].sum()
    assert sizes["anonymous"] > 10 * sizes["data"]  # V8's heap is nobody's data


@pytest.mark.parametrize("version", VERSIONS)
def test_code_that_was_compiled_is_walked_through(version):
    require_tool("gdb")
    flags = (*FLAGS, "--allow-natives-syntax")
    with load(version, "compiled.js", "turbofan", flags=flags) as core:
        frames = core.frames["frames"]
        (thread,) = {one.stack.thread_id for one in core.javascript.backtrace().traces}
    of = frames[frames["thread_id"] == thread]
    assert set(of["unwind_status"]) == {"complete"}
    assert "" not in set(of["function"])
    assert "node::Start" in set(of["function"])


def test_the_frames_of_a_core_have_both(core):
    frames = core.frames["frames"]
    of = frames[frames["thread_id"] == 1]
    told = of[of["frame_kind"] == "js"]
    assert told["function"].tolist()[:2] == ["fail", "get total"]
    assert of["frame_kind"].iloc[0] == "native"
    assert not of["function"].str.startswith("Builtins_").any()
