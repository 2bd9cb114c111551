"""The stack that is read from a core equals the one that Node.js printed, letter by letter."""

import re
import shutil
import struct
import time

import pytest

import prodforensics as pf
from prodforensics.core import taking
from prodforensics.core.javascript.backtrace import BACKTRACE
from prodforensics.errors import BadOption
from tests.core.javascript.crashes import VERSIONS, crash, load
from tests.core.javascript.held import held

ABORT = "--abort-on-uncaught-exception"
NATIVES = "--allow-natives-syntax"
INTERPRETED = ("calls.js", (), (ABORT,))
BASELINE = ("calls.js", (), (ABORT, "--always-sparkplug"))
FOLDED = ("compiled.js", ("turbofan",), (ABORT, NATIVES))
REPLACED = ("compiled.js", ("turbofan", "osr"), (ABORT, NATIVES))
GIVEN_UP = ("compiled.js", ("turbofan", "invalid"), (ABORT, NATIVES))


def _printed(version, case):
    """What Node.js printed of the stack, without line breaks: version 18 prints none."""
    program, arguments, flags = case
    return _stack_in(crash(version, program, *arguments, flags=flags)[2])


def _stack_in(printed):
    told = printed.split("FROM\n", 1)[1]
    return re.split(r"\n\s*\n|\n *1: 0x|\n?----- ", told.strip(), maxsplit=1)[0].replace("\n", "")


def _trace(version, case):
    program, arguments, flags = case
    return load(version, program, *arguments, flags=flags).javascript.backtrace()


def _text(backtrace):
    (trace,) = backtrace.traces
    return "".join(map(str, trace.calls))


def _rows(backtrace):
    """Tier and fold of the calls by function."""
    frame = backtrace.frame
    return {one.function: (one.tier, bool(one.is_inlined)) for one in frame.itertuples(index=False)}


@pytest.mark.parametrize("version", VERSIONS)
def test_calls_of_every_kind_are_told_as_node_prints_them(version):
    backtrace = _trace(version, INTERPRETED)
    assert _text(backtrace) == _printed(version, INTERPRETED)
    assert set(backtrace.frame["tier"]) == {"interpreted", "builtin"}
    assert set(backtrace.frame["status"]) == {"complete"}
    assert backtrace.problems == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_program_that_was_replaced_while_it_ran_tells_the_same(version, tmp_path):
    # V8 cannot map its builtins once more out of a file that is gone, and copies them.
    core, node, _ = crash(version, "calls.js", flags=(ABORT,))
    shutil.copy(node, tmp_path / "node")
    script = core.parent / "calls.js"
    run = f"exec 9<node; rm node; exec /proc/self/fd/9 {ABORT} {script}"
    copied = tmp_path / "core"
    printed = taking.core_of_crash(["sh", "-c", run], copied, seconds=120)
    with pf.load(copied, executable=node) as loaded:
        backtrace = loaded.javascript.backtrace()
    assert _text(backtrace) == _stack_in(printed)
    assert backtrace.problems == ()


@pytest.mark.parametrize("version", VERSIONS)
def test_baseline_code_tells_the_same(version):
    backtrace = _trace(version, BASELINE)
    assert _text(backtrace) == _printed(version, BASELINE)
    assert "baseline" in set(backtrace.frame["tier"])


@pytest.mark.parametrize("version", VERSIONS)
def test_functions_that_turbofan_folded_together_are_told_one_by_one(version):
    backtrace = _trace(version, FOLDED)
    assert _text(backtrace) == _printed(version, FOLDED)
    rows = _rows(backtrace)
    folded = ("check", "Service.mid", "Service.run", "new Box", "build", "each")
    assert {name: rows[name] for name in folded} == dict.fromkeys(folded, ("turbofan", True))
    assert rows["Array.map"] == ("builtin", True)
    assert rows["outer"] == ("turbofan", False)
    assert not rows["act"][1]
    assert not rows["loop"][1]


@pytest.mark.parametrize("version", VERSIONS)
def test_code_that_replaced_a_running_loop_is_told(version):
    backtrace = _trace(version, REPLACED)
    assert _text(backtrace) == _printed(version, REPLACED)
    assert _rows(backtrace)["rounds"] == ("turbofan", False)


@pytest.mark.parametrize("version", VERSIONS)
def test_code_that_was_given_up_while_it_was_on_the_stack_is_told(version):
    backtrace = _trace(version, GIVEN_UP)
    assert _text(backtrace) == _printed(version, GIVEN_UP)
    assert _rows(backtrace)["Service.mid"] == ("turbofan", True)


@pytest.mark.parametrize("more", [(), ("invalid",)])
def test_maglev_and_what_it_folded_together_are_told(more):
    case = ("compiled.js", ("maglev", *more), (ABORT, NATIVES, "--maglev"))
    backtrace = _trace("24", case)
    assert _text(backtrace) == _printed("24", case)
    rows = _rows(backtrace)
    assert rows["build"] == rows["new Box"] == ("maglev", True)
    assert rows["each"] == ("maglev", False)


def test_the_frame_has_the_documented_columns_and_addresses_to_open():
    core = load("22", "calls.js", flags=(ABORT,))
    frame = core.javascript.backtrace().frame
    BACKTRACE.validate(frame)
    fail = frame.iloc[0]
    assert (fail["function"], fail["line"] > 0, fail["column"]) == ("fail", True, 5)
    assert fail["file"].endswith("calls.js")
    assert core.javascript.inspect(int(fail["closure"])).text == "function fail"


def test_arguments_have_their_names_and_secrets_are_masked():
    hidden = load("24", "calls.js", flags=(ABORT,)).javascript.backtrace().frame
    assert hidden["arguments"][0] == "id: 101, password: '••••••', box: Object"
    shown = load("24", "calls.js", flags=(ABORT,), redact=False).javascript.backtrace().frame
    assert "'hunter2'" in shown["arguments"][0]
    assert shown["receiver"][1] == "Order"


def test_a_backtrace_takes_less_than_a_second():
    javascript = load("24", "calls.js", flags=(ABORT,)).javascript
    javascript.backtrace()
    start = time.perf_counter()
    javascript.backtrace()
    assert time.perf_counter() - start < 1


def test_a_thread_that_does_not_exist_is_said():
    javascript = load("24", "calls.js", flags=(ABORT,)).javascript
    with pytest.raises(BadOption, match="no thread 99"):
        javascript.backtrace(99)
    assert repr(javascript.backtrace(2)) == "no thread was in JavaScript"


def _without_symbols(node, copy):
    """Copy a program and mark its table of symbols as empty, as `strip` leaves it out."""
    raw = bytearray(node.read_bytes())
    table, (size, count) = int.from_bytes(raw[40:48], "little"), struct.unpack_from("<HH", raw, 58)
    for at in range(table, table + size * count, size):
        if int.from_bytes(raw[at + 4 : at + 8], "little") == 2:  # SHT_SYMTAB
            raw[at + 4] = 8  # SHT_NOBITS
    copy.write_bytes(raw)
    return copy


def test_a_stripped_program_tells_what_does_not_take_its_symbols(tmp_path):
    program, arguments, flags = FOLDED
    core, node, _ = crash("24", program, *arguments, flags=flags)
    stripped = _without_symbols(node, tmp_path / "node")
    backtrace = pf.load(core, executable=stripped).javascript.backtrace()
    assert _text(backtrace) == _printed("24", FOLDED)
    assert any("stripped" in one for one in backtrace.problems)
    assert any("search" in one for one in backtrace.problems)


# -- processes that go on -----------------------------------------------------------------------


@pytest.fixture(scope="module", params=VERSIONS)
def running(request):
    """A main thread and a worker that wait, and a worker that computes."""
    core, told = held(request.param, "waiting.js", "STACK main")
    stacks = {
        found[1]: found[2].split("\n")
        for found in re.finditer(r"STACK (\w+)\n(.*?)\nEND", told, re.DOTALL)
    }
    return core.javascript.backtrace(), stacks


def test_every_isolate_tells_its_own_stack(running):
    backtrace, stacks = running
    for trace, role in zip(backtrace.traces, ("main", "worker"), strict=False):
        texts = [str(call) for call in trace.calls]
        assert texts[0] == "Atomics.wait (<anonymous>)"
        assert texts[1].startswith("hold (")
        assert texts[2:] == stacks[role][1:]
    assert len({trace.os_tid for trace in backtrace.traces}) == 3
    assert "(LWP " in repr(backtrace)


def test_a_thread_that_computes_is_told_by_its_registers(running):
    backtrace, _ = running
    trace = backtrace.traces[2]
    assert trace.stack.how == "registers"
    assert [call.function for call in trace.calls[:2]] == ["spin", "computes"]
    # Between calls, V8 keeps nothing of the place: that is said.
    assert trace.calls[0].frame.status != "complete" or trace.calls[0].line > 0
    assert str(trace.calls[1]).endswith("waiting.js:24:3)")
