"""Frames of runtimes stand among the native ones where they belong."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from prodforensics.core import schemas
from prodforensics.core.runtimes.go import GoProcess, Goroutine
from prodforensics.core.runtimes.java import JavaProcess, JavaThread
from prodforensics.core.runtimes.merging import merge, variables, with_variables
from prodforensics.core.runtimes.python import PythonProcess
from prodforensics.core.runtimes.told import RuntimeFrame, RuntimeStack, Variable
from tests.core.runtimes.stage import core, functions, native, stack

EVAL = "_PyEval_EvalFrameDefault"


def python(*stacks):
    return PythonProcess("3.11", tuple(stacks), None)


def test_frames_of_python_follow_the_call_that_runs_them():
    frames = native(t1=["builtin_sum", EVAL, "vectorcall", EVAL, "run_mod", "main"])
    told = core(python=python(stack(100, "inner", "middle!", "outer!")))
    merged = merge(told, frames)
    assert functions(merged) == [
        *("builtin_sum", EVAL, "python:inner", "python:middle", "vectorcall", EVAL, "python:outer"),
        *("run_mod", "main"),
    ]
    schemas.STACK_FRAMES.validate(merged)


def test_the_frame_at_the_program_counter_stays_frame_0():
    frames = native(t1=[EVAL, "main"])
    merged = merge(core(python=python(stack(100, "loop!"))), frames)
    assert functions(merged) == [EVAL, "python:loop", "main"]


def test_other_threads_and_the_frame_that_was_given_stay_as_they_are():
    frames = native(t1=["main"], t2=["read", EVAL, "thread_run"])
    before = frames.copy()
    merged = merge(core(python=python(stack(101, "run!"), stack(7, "gone!"))), frames)
    assert functions(merged, 1) == ["main"]
    assert functions(merged, 2) == ["read", EVAL, "python:run", "thread_run"]
    pd.testing.assert_frame_equal(frames, before)
    row = merged[merged["frame_kind"] == "python"].iloc[0]
    assert (row["source"], row["os_tid"], row["thread_name"]) == ("pystack", 101, "worker 2")
    assert (row["module"], row["address"], row["symbol_trust"]) == ("", 0, "matched")


def test_frames_whose_call_was_not_walked_follow_the_native_ones():
    cut = native(t1=["read", EVAL, "vectorcall"])
    merged = merge(core(python=python(stack(100, "inner!", "outer!"))), cut)
    assert functions(merged) == ["read", EVAL, "python:inner", "vectorcall", "python:outer"]
    nameless = native(t1=["", ""])
    merged = merge(core(python=python(stack(100, "inner!", "outer!"))), nameless)
    assert functions(merged) == ["", "", "python:inner", "python:outer"]


def test_without_any_native_frame_those_of_python_stand_alone():
    merged = merge(core(python=python(stack(100, "a!"))), schemas.STACK_FRAMES.empty())
    assert functions(merged) == ["python:a"]
    schemas.STACK_FRAMES.validate(merged)


def java(tid, *names):
    frames = [RuntimeFrame(one) for one in names]
    return JavaProcess((JavaThread(tid, "main", frames=frames),))


@pytest.mark.parametrize(
    ("functions_", "place"),
    [
        (["wait@libc", "enter@libjvm", "", "", "JavaCalls::call_helper@libjvm", "main@java"], 2),
        (["wait@libc", "JavaCalls::call_helper@libjvm", "main@java"], 1),
        (["wait@libc", "other@libjvm"], 2),
    ],
)
def test_frames_of_java_stand_before_the_code_that_the_jvm_made(functions_, place):
    merged = merge(core(java=java(100, "Till.both", "Till.run")), native(t1=functions_))
    told = functions(merged)
    assert told[place : place + 2] == ["java:Till.both", "java:Till.run"]
    assert [one for one in told if "java:" not in one] == [f.partition("@")[0] for f in functions_]


def goroutine(tid, *addresses):
    frames = tuple(RuntimeFrame(f"main.f{one:x}", "a.go", 3, address=one) for one in addresses)
    return GoProcess((Goroutine(7, tid, "", frames), Goroutine(8, None, "select", frames)))


def test_native_frames_of_a_goroutine_are_of_kind_go():
    merged = merge(core(go=goroutine(100, 0x2001, 0x2002)), native(t1=["raise", "a", "b"]))
    assert functions(merged) == ["raise", "go:a", "go:b"]


def test_what_dlv_sees_farther_out_than_the_debugger_follows():
    told = core(go=goroutine(100, 0x2000, 0x2001, 0x5000))
    merged = merge(told, native(t1=["a", "b"], t2=["runtime.futex"]))
    assert functions(merged) == ["go:a", "go:b", "go:main.f5000"]
    assert functions(merged, 2) == ["runtime.futex"]
    row = merged[merged["source"] == "dlv"].iloc[0]
    assert (row["module"], row["module_offset"], row["line"]) == ("till", 0x4000, 3)


def test_a_process_without_runtimes_keeps_its_frames():
    frames = native(t1=["main"])
    assert merge(core(), frames) is frames


def variables_of(redact):
    frame = RuntimeFrame(
        "sell",
        is_entry=True,
        variables=(Variable("count", "argument", "3"), Variable("password", "local", '"hunter2"')),
    )
    told = core(python=python(RuntimeStack(100, (frame,))), redact=redact)
    told.frames["frames"] = merge(told, native(t1=["read", EVAL]))
    return variables(told)


def test_variables_of_python_are_masked():
    frame = variables_of(redact=True)
    schemas.LOCALS.validate(frame)
    rows = frame[["thread_id", "frame_index", "name", "kind"]].values.tolist()
    assert rows == [[1, 2, "count", "argument"], [1, 2, "password", "local"]]
    assert frame["value"].tolist()[0] == "3"
    assert "hunter2" not in frame["value"].tolist()[1]
    assert frame["masked"].tolist()[1]


def test_variables_are_shown_where_that_is_asked_for():
    assert variables_of(redact=False)["value"].tolist() == ["3", '"hunter2"']


def test_a_process_without_python_has_no_variables_of_it():
    told = SimpleNamespace(runtimes=SimpleNamespace(python=None))
    schemas.LOCALS.validate(variables(told))


def test_variables_of_both_kinds_stand_in_the_order_of_their_frames():
    frame = RuntimeFrame("sell", is_entry=True, variables=(Variable("count", "argument", "3"),))
    told = core(python=python(RuntimeStack(100, (frame,))))
    told.frames["frames"] = merge(told, native(t1=["read", EVAL, "main"], t2=["run"]))
    rows = [(1, 0, "fd", "argument", "int", "3", ""), (1, 3, "argc", "argument", "int", "1", "")]
    rows += [(2, 0, "x", "local", "int", "7", "")]
    every = with_variables(told, schemas.LOCALS.frame(rows))
    schemas.LOCALS.validate(every)
    assert every["name"].tolist() == ["fd", "count", "argc", "x"]
    assert every["frame_index"].tolist() == [0, 2, 3, 0]
