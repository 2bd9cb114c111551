"""The verbs of a debugger: what they answer, what gdb answers, and what they refuse."""

import re
import subprocess

import pytest

import prodforensics as pf
from prodforensics import tools
from prodforensics._text import MASK
from prodforensics.core import verbs
from tests.conftest import require_tool
from tests.core.sample_cores import sample_core, sample_files

QUIET = ["set debuginfod enabled off", "set width 0", "set height 0", "set style enabled off"]


def printed_by_gdb(scenario, *commands):
    """Ask gdb itself."""
    gdb, files = require_tool("gdb"), sample_files(scenario)
    words = [gdb, "-nx", "-batch"]
    for one in (*QUIET, f"set debug-file-directory {files['debug']}:/usr/lib/debug"):
        words += ["-iex", one]
    for one in commands:
        words += ["-ex", one]
    words += [str(files["executable"]), str(files["artifact"])]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def null():
    require_tool("gdb")
    with sample_core("null", redact=False) as core:
        yield core


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("scenario", "full"),
    # Variables of C++ are shown by the printers of its library, which gdb by itself does not load.
    [("null", False), ("null", True), ("exception", False), ("double_free", True)],
)
def test_a_backtrace_is_printed_as_gdb_prints_it(scenario, full):
    told = printed_by_gdb(scenario, "bt -full" if full else "bt")
    expected = told[next(i for i, one in enumerate(told) if one.startswith("#0") and i > 0) :]
    # Before the prompt gdb prints the innermost frame once.
    last = max(i for i, one in enumerate(expected) if one.startswith("#0"))
    with sample_core(scenario, redact=False) as core:
        ours = core.backtrace(full=full).splitlines()
    assert [one.rstrip() for one in ours] == [one.rstrip() for one in expected[last:]]


@pytest.mark.oracle
def test_registers_are_those_of_gdb(null):
    told = dict(
        line.split()[:2] for line in printed_by_gdb("null", "info registers") if " 0x" in line
    )
    ours = null.registers()
    assert len(ours) > 20
    for name in ("rax", "rbx", "rsp", "rip", "rdi", "eflags"):
        assert ours[name] == ours[f"${name}"] == int(told[name], 16)
    assert repr(ours).splitlines()[0].split()[0] == "r15"


def test_a_thread_and_a_frame_are_views_of_their_rows(null):
    thread = null.thread(1)
    assert thread.is_crashed
    assert repr(thread).startswith(f'[thread 1 (LWP {thread.os_tid}) "till": crashed]\n#0  disc')
    frame = null.frame(1)
    assert (frame.function, frame.line) == ("basket_total", 79)
    assert frame.file.endswith("till.c")
    assert dict(zip(frame.locals["name"], frame.locals["value"], strict=True))["total"] == "2500"
    assert "total = 2500" in repr(frame)


def test_expressions_are_evaluated_where_a_frame_stands(null):
    assert str(null.evaluate("line->price_cents * 2")) == "600"
    assert str(null.evaluate("total", frame=1)) == "2500"
    assert null.evaluate("line->discount").text.endswith("0x0")
    assert repr(null.evaluate("total", 1)) == "(long) 2500"
    with pytest.raises(pf.ForensicsError, match="No symbol"):
        null.evaluate("nothing_of_this_name")
    with pytest.raises(pf.ForensicsError, match="is refused: it calls"):
        null.evaluate("discounted(line)")


def test_the_source_around_a_line_is_found_below_a_folder(null):
    root = sample_files("null")["source"].parent
    lines = null.source(0, root=root).splitlines()
    assert lines[0].endswith("till.c")
    (here,) = [one for one in lines if one.startswith("=> ")]
    assert here.startswith("=> 72\t")
    assert "line->discount->percent" in here
    with pytest.raises(pf.ForensicsError, match="line 72"):
        null.source(0, root="/nowhere")
    assert null.source.name == sample_files("null")["artifact"].name


def test_instructions_mark_where_it_stands(null):
    assert re.search(r"^=> 0x[0-9a-f]+ <\+41>:\tmov ", null.disassemble(0), re.MULTILINE)


def test_memory_is_read_as_bytes_that_print_as_a_dump(null):
    sp = null.registers()["rsp"]
    data = null.read(sp, 40)
    assert len(data) == 40
    assert repr(data).splitlines()[0].startswith(f"{sp:#x}: ")
    with pytest.raises(pf.ForensicsError, match="the core holds 0 of 8 bytes at 0x10"):
        null.read(0x10, 8)


def test_what_is_not_there_is_named(null):
    with pytest.raises(pf.errors.UnknownName, match="thread"):
        null.thread(99)
    with pytest.raises(pf.errors.UnknownName, match="frame"):
        null.frame(99)


def test_a_closed_core_starts_its_debugger_again():
    require_tool("gdb")
    with sample_core("null") as core:
        first = core.backtrace()
        core.close()
        core.close()
        assert core.backtrace() == first


def test_secrets_in_variables_are_masked_unless_asked_for():
    require_tool("gdb")
    with sample_core("python_null") as core:
        found = core.frames["locals"]
        (row,) = found[found["name"] == "password"].to_dict("records")
        assert MASK in row["value"]
        assert row["masked"] == "its name says that it is a secret"
        assert "hunter2" not in core.backtrace(full=True)


def test_frames_of_a_runtime_refuse_what_a_debugger_would_tell():
    require_tool("gdb")
    with sample_core("python_null") as core:
        frames = core.frames["frames"]
        python = int(frames.loc[frames["frame_kind"] == "python", "frame_index"].iloc[0])
        with pytest.raises(pf.errors.BadOption, match="one of python"):
            core.evaluate("x", frame=python)


def test_without_a_debugger_each_thread_has_its_registers(monkeypatch):
    for name in ("gdb", "lldb", "drgn"):
        monkeypatch.setattr(f"prodforensics.core.debuggers.{name}.installed", lambda _: False)
    with sample_core("null") as core:
        frames = core.frames["frames"]
        assert frames["source"].tolist() == ["elf"]
        assert frames["address"].tolist() == [core.image.threads[0].pc]
        assert "no debugger" in frames["unwind_status"].iloc[0]
        assert core.frames["threads"]["stack_hash"].tolist() == [""]
        assert len(core.frames["locals"]) == 0
        with pytest.raises(pf.errors.MissingTool, match="apt install gdb"):
            core.evaluate("1")
        assert [one.rule for one in core.findings().likely] == ["core.null_dereference"]


def test_a_debugger_that_was_chosen_and_is_absent_says_how_to_get_it(monkeypatch):
    def missing(name):
        raise pf.errors.MissingTool(name, unlocks="walks stacks", install=f"apt install {name}")

    monkeypatch.setattr(tools, "find", missing)
    with sample_core("null", debugger="gdb") as core:
        with pytest.raises(pf.errors.MissingTool, match="apt install gdb"):
            core.backtrace()
        assert len(core.frames["threads"]) == 1


def test_a_stack_that_gdb_did_not_print_is_printed_in_the_same_form(null):
    rows = null.frames["frames"]
    mine = verbs._printed(null, rows[rows["thread_id"] == 1], True).splitlines()
    assert re.match(r"#0  0x[0-9a-f]{16} in discounted \(line=0x[0-9a-f]+\) at /srv/", mine[0])
    assert "        total = 2500" in mine
