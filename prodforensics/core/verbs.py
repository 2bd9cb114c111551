"""What stands behind the verbs of a core dump: the questions to debuggers, registers and memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from prodforensics._text import visible
from prodforensics.core.answers import FrameView, Hexdump, Registers, Text, ThreadView, Value
from prodforensics.core.debuggers.expressions import checked
from prodforensics.core.masking import mask_value
from prodforensics.core.memory import Unreadable
from prodforensics.core.session import ask
from prodforensics.core.stacks import native_numbers
from prodforensics.errors import BadOption, MissingTool, SourceError, ToolFailed, UnknownName
from prodforensics.source_files import find_file, read_lines

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.image import Thread
    from prodforensics.core.model import CoreDump

__all__ = [
    "backtrace", "disassemble", "evaluate", "frame", "read", "registers", "source", "thread",
]  # fmt: skip

_AROUND = 5
"""Source lines above and below the one of the frame: gdb's ``list`` shows ten."""
_NATIVE = frozenset(("native", "inline", "signal", "tail"))


def backtrace(core: CoreDump, thread: int | None = None, full: bool = False) -> Text:
    """Return the stack of a thread as gdb prints it (see `Operations.backtrace`)."""
    one = _thread(core, thread)
    rows = _frames(core, one)
    if core.walk.debugger == "gdb" and set(rows["frame_kind"]) <= _NATIVE:
        try:
            return Text(_masked(core, str(ask(core, "backtrace", one.os_tid, full)).rstrip("\n")))
        except (BadOption, ToolFailed):
            pass  # The stack is known all the same.
    return Text(_printed(core, rows, full))


def thread(core: CoreDump, number: int) -> ThreadView:
    """Return one thread with its frames (see `Operations.thread`)."""
    one = _thread(core, number)
    rows = _frames(core, one)
    name = str(rows["thread_name"].iloc[0]) if len(rows) else one.name
    said = f"[thread {one.thread_id} (LWP {one.os_tid})"
    said += f' "{visible(name)}"' if name else ""
    text = f"{said}: {one.state}]\n{backtrace(core, number)}"
    return ThreadView(one.thread_id, one.os_tid, name, one.state, one.is_crashed, rows, text)


def frame(core: CoreDump, number: int = 0, thread: int | None = None) -> FrameView:
    """Return one frame of a thread with its variables (see `Operations.frame`)."""
    one = _thread(core, thread)
    row = _frame(core, one, number)
    found = core.frames["locals"]
    mine = found[(found["thread_id"] == one.thread_id) & (found["frame_index"] == number)]
    lines = [_head(row, _of(mine, "argument"))]
    if code := _code(row, None, core):
        lines.append(f"{int(row['line'])}\t{code[int(row['line']) - 1]}")
    lines += [f"{name} = {value}" for name, value in _of(mine, "local")]
    return FrameView(one.thread_id, number, row, mine, "\n".join(lines))


def evaluate(core: CoreDump, expression: str, frame: int = 0, thread: int | None = None) -> Value:
    """Return the value of an expression where a frame stands (see `Operations.evaluate`)."""
    expression = checked(expression)
    one = _thread(core, thread)
    told = ask(core, "evaluate", expression, one.os_tid, _native(core, one, frame))
    name = expression.replace("->", ".").rpartition(".")[2].partition("[")[0]
    text, why = mask_value(name, told.type, told.value, redact=core.options.redact)
    return Value(expression, visible(told.type), visible(text), why)


def registers(core: CoreDump, thread: int | None = None) -> Registers:
    """Return the registers of a thread (see `Operations.registers`)."""
    return Registers(_thread(core, thread).registers)


def read(core: CoreDump, address: int, size: int) -> Hexdump:
    """Return bytes of memory (see `Operations.read`)."""
    if size < 0:
        raise BadOption(f"size={size}: a size is not below zero")
    try:
        return Hexdump(core.image.memory.read(address, size), address)
    except Unreadable as error:
        raise BadOption(
            f"the core holds {error.address - address:,} of {size:,} bytes at {address:#x}",
            hint="frames['mappings'] lists what it holds",
        ) from error


def disassemble(core: CoreDump, frame: int = 0, thread: int | None = None) -> Text:
    """Return the instructions of the function of a frame (see `Operations.disassemble`)."""
    one = _thread(core, thread)
    told = ask(core, "disassemble", one.os_tid, _native(core, one, frame))
    return Text(visible(str(told).rstrip("\n")))


def source(
    core: CoreDump, frame: int = 0, root: str | Path | None = None, *, thread: int | None = None
) -> Text:
    """Return the source lines around the line of a frame (see `operations.Origin`)."""
    one = _thread(core, thread)
    row = _frame(core, one, frame)
    file, line = str(row["file"]), int(row["line"])
    if not file or line < 1:
        raise SourceError(
            f"frame {frame} of thread {one.thread_id} has no source line",
            hint="give the debug information: pf.load(core, executable=..., debug_dirs=[...])",
        )
    text = _code(row, root, core)
    if not text:
        raise SourceError(
            f"line {line} of {file} is not to be had" + (f" below {root}" if root else ""),
            hint="name the folder of the sources: core.source(frame, root='src')",
        )
    first = max(1, line - _AROUND)
    shown = text[first - 1 : line + _AROUND]
    lines = [
        f"{'=>' if number == line else '  '} {number}\t{visible(one)}"
        for number, one in enumerate(shown, first)
    ]
    return Text("\n".join([visible(file), *lines]))


# -- which one ----------------------------------------------------------------------------------


def _thread(core: CoreDump, number: int | None) -> Thread:
    threads = core.image.threads
    if number is None and threads:
        return core.image.crashed or threads[0]
    for one in threads:
        if one.thread_id == number:
            return one
    raise UnknownName("thread", str(number), [str(one.thread_id) for one in threads])


def _frames(core: CoreDump, thread: Thread) -> pd.DataFrame:
    every = core.frames["frames"]
    return every[every["thread_id"] == thread.thread_id]


def _frame(core: CoreDump, thread: Thread, number: int) -> pd.Series:
    rows = _frames(core, thread)
    found = rows[rows["frame_index"] == number]
    if found.empty:
        raise UnknownName("frame", str(number), [str(one) for one in rows["frame_index"]])
    return found.iloc[0]


def _native(core: CoreDump, thread: Thread, number: int) -> int:
    """Return how the debugger counts a frame: frames of runtimes stand among its own."""
    row = _frame(core, thread, number)
    if core.walk.debugger == "elf":
        raise MissingTool(
            "no debugger (gdb, lldb or drgn)",
            unlocks="evaluates expressions and disassembles",
            install="apt install gdb",
        )
    native = native_numbers(core)
    mine = (native["thread_id"] == thread.thread_id) & (native["frame_index"] == number)
    if not mine.any():
        raise BadOption(
            f"frame {number} is one of {row['frame_kind']}, which the debugger does not know",
            hint="choose a native frame: see frames['frames']",
        )
    return int(native["native"][mine.argmax()])


def _code(row: pd.Series, root: str | Path | None, core: CoreDump) -> list[str]:
    """Return the lines of a frame's file, if they reach as far as its line."""
    file, line = str(row["file"]), int(row["line"])
    if not file or line < 1:
        return []
    for folder in [root] if root else [core.options.sysroot, *core.options.debug_dirs, "/"]:
        found = find_file(Path(folder), file) if folder else None
        lines = read_lines(found) if found else []
        if len(lines) >= line:
            return lines
    return []


# -- as a debugger prints it ----------------------------------------------------------------------


def _masked(core: CoreDump, text: str) -> str:
    lines = (
        mask_value("", "frame", line, redact=core.options.redact)[0] for line in text.split("\n")
    )
    return "\n".join(map(visible, lines))


def _printed(core: CoreDump, rows: pd.DataFrame, full: bool) -> str:
    """Print frames in gdb's form, with their variables as they stand in ``locals``."""
    variables: dict[int, pd.DataFrame] = {}
    if len(rows):
        found = core.frames["locals"]
        mine = found[found["thread_id"] == rows["thread_id"].iloc[0]]
        variables = dict(iter(mine.groupby("frame_index")))
    lines = []
    for row in rows.to_dict("records"):
        own = variables.get(row["frame_index"])
        lines.append(_head(row, _of(own, "argument")))
        if full:
            local = _of(own, "local")
            lines += [f"        {name} = {value}" for name, value in local] or ["No locals."]
    return "\n".join(lines)


def _of(variables: pd.DataFrame | None, kind: str) -> list[tuple[str, str]]:
    if variables is None:
        return []
    mine = variables[variables["kind"] == kind]
    pairs = zip(mine["name"], mine["value"], strict=True)
    return [(visible(name), visible(value)) for name, value in pairs]


def _head(row: pd.Series | dict[str, object], arguments: list[tuple[str, str]]) -> str:
    number, address = int(row["frame_index"]), int(row["address"])
    at = f"{address:#018x} in " if address and row["frame_kind"] != "inline" else ""
    given = ", ".join(f"{name}={value}" for name, value in arguments)
    said = f"#{number:<3}{at}{row['function'] or '??'} ({given})"
    if row["file"]:
        said += f" at {row['file']}" + (f":{row['line']}" if int(row["line"]) > 0 else "")
    elif row["module"]:
        said += f" from {row['module']}"
    return visible(said)
