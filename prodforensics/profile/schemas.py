"""The documented columns of a profile's frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prodforensics.profile.data import ValueType
from prodforensics.schema import Column, Schema

__all__ = [
    "ANSWERS",
    "CALLS",
    "FRAMES",
    "FUNCTIONS",
    "LABELS",
    "SAMPLES",
    "STACKS",
    "THREADS",
    "samples",
]

_FUNCTION = Column("function", "str", "", "Its name; of what has none, `[module]` or its address.")
_FILE = Column("file", "category", "", "Source file; empty where unknown.")
_MODULE = Column("module", "category", "", "Binary, library or package; empty where unknown.")
_VALUE = "in the unit of the value type"
_SELF = Column("self", "int64", "", f"What it did itself, {_VALUE} (pprof: flat).")
_TOTAL = Column("total", "int64", "", f"What it and all below it did, {_VALUE} (pprof: cum).")

SAMPLES = Schema(
    "samples",
    (
        Column(
            "time", "int64", "ns", "On the clock of the recording, `profile.recording.clock`.",
            optional=True,
        ),
        Column("thread", "category", "", "Row of `threads`.", optional=True),
        Column("process", "category", "", "Name of the process and its id.", optional=True),
        Column("event", "category", "", "What triggered the sample.", optional=True),
        Column("stack", "int32", "ordinal", "Row of `stacks`; -1 for a sample without one."),
    ),
    Column("sample", "int64", "ordinal", "Place in the file."),
    "Every sample, in the order of the file; further columns are the value types.",
)  # fmt: skip
STACKS = Schema(
    "stacks",
    (
        Column("parent", "int32", "ordinal", "Stack of the caller; -1 for the outermost call."),
        Column("frame", "int32", "ordinal", "Innermost call, a row of `calls`."),
        Column("depth", "int32", "count", "Calls above it."),
        _FUNCTION,
    ),
    Column("stack", "int64", "ordinal", "Node of the prefix tree; callers come first."),
    "All stacks as a prefix tree: a row is the stack from the outermost call to its own.",
)
CALLS = Schema(
    "calls",
    (
        _FUNCTION,
        _FILE,
        Column("line", "int32", "", "Line of the call; 0 where unknown."),
        Column("address", "uint64", "", "Address of the instruction; 0 where unknown."),
        _MODULE,
        Column("inlined", "bool", "", "Whether it was inlined into its caller."),
        Column("kind", "category", "", "native, kernel, interpreted, jit, builtin, or unknown."),
    ),
    Column("frame", "int64", "ordinal", "Number of the call."),
    "Every place in a function that was seen in a stack.",
)
FUNCTIONS = Schema(
    "functions",
    (
        _FUNCTION,
        _FILE,
        _MODULE,
        _SELF,
        _TOTAL,
        Column("self_percent", "float64", "%", "Share of the whole profile."),
        Column("total_percent", "float64", "%", "Share of the whole; recursion counts once."),
    ),
    Column("function_id", "int64", "ordinal", "Number of the function."),
    "Every function, what it did itself most first.",
)
LABELS = Schema(
    "labels",
    (
        Column("sample", "int64", "ordinal", "Row of `samples`."),
        Column("key", "category", "", "Name of the label."),
        Column("value", "str", "", "Its text; empty for a number."),
        Column("number", "int64", "", "Its number; 0 for a text."),
        Column("unit", "category", "", "Unit of the number; empty where the file has none."),
    ),
    meaning="The labels of the samples, one row each.",
)
THREADS = Schema(
    "threads",
    (
        Column("thread_name", "str", "", "Name; empty where unknown."),
        Column("thread_id", "int64", "", "Id of the system or runtime; -1 where unknown."),
        Column("process_name", "str", "", "Name of the process; empty where unknown."),
        Column("process_id", "int64", "", "Its id; -1 where unknown."),
        Column("samples", "int64", "count", "Samples of it."),
        Column("total", "int64", "", f"Its part of the profile, {_VALUE}."),
        Column("total_percent", "float64", "%", "Share of the whole profile."),
    ),
    Column("thread", "str", "", "Name and id, as in `samples`."),
    "The threads that were sampled, the busiest first.",
)
_EDGE = (
    Column("value", "int64", "", f"Part of the function's total, {_VALUE}; once in a stack."),
    Column("percent", "float64", "%", "Share of the function's total."),
    Column("inlined", "bool", "", "Whether every such call was inlined."),
)
TOP = Schema(
    "top",
    (
        Column("function", "str", "", "Its name, or file, line or module, as asked for."),
        _SELF,
        Column("self_percent", "float64", "%", "Share of the whole profile (pprof: flat%)."),
        Column("sum_percent", "float64", "%", "Share of this row and all above it (pprof: sum%)."),
        _TOTAL,
        Column("total_percent", "float64", "%", "Share of the whole profile (pprof: cum%)."),
    ),
    Column("rank", "int64", "ordinal", "Place in the order."),
    "`profile.top()`: the functions of one name as one row, ordered as by `go tool pprof -top`.",
)
CALLERS = Schema(
    "callers",
    (_FUNCTION, *_EDGE),
    Column("rank", "int64", "ordinal", "Place in the order."),
    "`profile.callers(function)`: who called it directly; calls of itself are left out.",
)
CALLEES = Schema(
    "callees",
    (_FUNCTION, *_EDGE),
    Column("rank", "int64", "ordinal", "Place in the order."),
    "`profile.callees(function)`: whom it called directly; calls of itself are left out.",
)
PEEK = Schema(
    "peek",
    (Column("role", "category", "", "caller, function or callee."), _FUNCTION, *_EDGE),
    Column("rank", "int64", "ordinal", "Place in the order."),
    "`profile.peek(function).frame`: callers above the function, callees below it.",
)
HEATMAP = Schema(
    "heatmap",
    (),
    Column("offset_ns", "int64", "ns", "Start of the bin after the start of its second."),
    "`profile.heatmap()`: a column for each second from the first sample's on, a row for each part "
    "of a second; the cells sum the default value type.",
)
LINES = Schema(
    "source",
    (
        Column("self", "int64", "", f"What the line did itself, {_VALUE}."),
        Column("total", "int64", "", f"What it and all below it did, {_VALUE}."),
        Column("self_percent", "float64", "%", "Share of the whole profile."),
        Column("total_percent", "float64", "%", "Share of the whole profile."),
        Column("text", "str", "", "The line; empty where the file was not found."),
    ),
    Column("line", "int64", "", "Line number; 0 for what the profiler knows no line of."),
    "The lines of a function, as `go tool pprof -list` prints them.",
)
ANSWERS = {one.name: one for one in (TOP, CALLERS, CALLEES, PEEK, HEATMAP, LINES)}
FRAMES = {one.name: one for one in (SAMPLES, STACKS, CALLS, FUNCTIONS, LABELS, THREADS)}


def value_columns(value_types: Sequence[ValueType]) -> list[str]:
    """Name the column of each value type; one that is taken already gets its place behind it.

    Examples
    --------
    >>> value_columns([ValueType("cpu", "ns"), ValueType("time", "ns"), ValueType("cpu", "count")])
    ['cpu', 'time_1', 'cpu_2']
    """
    taken = {"time", "thread", "process", "event", "stack"}
    names = []
    for place, one in enumerate(value_types):
        name = one.name if one.name and one.name not in taken else f"{one.name or 'value'}_{place}"
        taken.add(name)
        names.append(name)
    return names


def measured(schema: Schema, value_type: ValueType) -> Schema:
    """Return a schema whose sums are fractions where the value type is one without a unit.

    Parameters
    ----------
    schema : Schema
    value_type : ValueType
        That the frame sums up.

    Examples
    --------
    >>> {c.name: c.dtype for c in measured(FUNCTIONS, ValueType("samples", "")).columns}["self"]
    'float64'
    """
    if value_type.unit != "":
        return schema
    columns = tuple(
        replace(one, dtype="float64") if one.name in ("self", "total") else one
        for one in schema.columns
    )
    return replace(schema, columns=columns)


def samples(value_types: Sequence[ValueType]) -> Schema:
    """Return the schema of `samples` with a column for each value type.

    Parameters
    ----------
    value_types : sequence of ValueType
    """
    columns = tuple(
        Column(name, "float64" if one.unit == "" else "int64", one.unit, f"Value: {one.name}.")
        for name, one in zip(value_columns(value_types), value_types, strict=True)
    )
    return Schema("samples", (*SAMPLES.columns, *columns), SAMPLES.index, SAMPLES.meaning)
