"""The documented columns of a comparison's frames."""

from __future__ import annotations

from prodforensics.schema import Column, Schema

__all__ = ["ALIGNED", "BUCKETS", "CORES", "FRAMES"]

_TIME = "datetime64[ns, UTC]"

CORES = Schema(
    "cores",
    (
        Column("title", "str", "", "Name of the file."),
        Column("time", _TIME, "", "When the process died, as far as that is known."),
        Column("time_source", "category", "", "name (of the file), file (last written), or none."),
        Column("program", "str", "", "What died."),
        Column("build_id", "str", "", "Of the program; empty: unknown."),
        Column("signal", "category", "", "Such as SIGSEGV; empty: none (gcore)."),
        Column("fault_address", "UInt64", "address", "Where there is one."),
        Column("threads", "int64", "count", "How many there were."),
        Column("thread_id", "int64", "ordinal", "Whose stack is compared."),
        Column("bucket", "str", "", "Names the crash; empty: the stack was not walked."),
        Column("stack_hash", "str", "", "Of that stack, as in `threads` of the core."),
        Column("top", "str", "", "First function from the inside that is of the program."),
        Column("depth", "int64", "count", "Frames of that stack."),
        Column("is_named", "bool", "", "Every frame of the program has a trusted symbol."),
        Column("debugger", "category", "", "Who walked it."),
    ),
    Column("core", "int64", "ordinal", "In the order given; 0 is the base."),
    "Every core, with the crash that it is.",
)
BUCKETS = Schema(
    "buckets",
    (
        Column("count", "int64", "count", "Cores of this crash."),
        Column("signal", "category", "", "Such as SIGSEGV; empty: none (gcore)."),
        Column("top", "str", "", "First function from the inside that is of the program."),
        Column("summary", "str", "", "The functions that name the crash, innermost first."),
        Column("programs", "str", "", "Which programs died so."),
        Column("build_ids", "object", "", "Builds of the program, a list."),
        Column("first", _TIME, "", "When it was seen first, as `cores` has the times."),
        Column("last", _TIME, "", "When it was seen last."),
        Column("first_core", "int64", "ordinal", "The first in the order given."),
        Column("cores", "object", "", "Their numbers in `cores`, a list."),
    ),
    Column("bucket", "str", "", "As in `cores`; empty: stacks that were not walked."),
    "Cores of one crash together, the most common first.",
)
ALIGNED = Schema(
    "frames",
    (
        Column("core", "int64", "ordinal", "The one that is beside the base, as in `cores`."),
        Column("position", "int64", "ordinal", "From the inside, of both stacks side by side."),
        Column("change", "category", "", "same, line (of one function), base or other alone."),
        Column("function_base", "category", "", "In the base; empty: it has no such frame."),
        Column("place_base", "category", "", "File and line there, or the module."),
        Column("function_other", "category", "", "In the other core."),
        Column("place_other", "category", "", "File and line there, or the module."),
    ),
    None,
    "The stack of the base beside that of each other core, aligned by function.",
)
FRAMES = {one.name: one for one in (CORES, BUCKETS, ALIGNED)}
