"""The documented columns of a core dump's frames."""

from __future__ import annotations

from prodforensics.schema import Column, Schema

__all__ = [
    "AUXILIARY",
    "ENVIRONMENT",
    "FRAMES",
    "GOROUTINES",
    "GOROUTINE_FRAMES",
    "LOCALS",
    "MAPPINGS",
    "MODULES",
    "REGISTERS",
    "SECRETS",
    "SIGNAL",
    "STACKS",
    "STACK_FRAMES",
    "STRINGS",
    "THREADS",
    "WAITS",
]

_THREAD = Column("thread_id", "int64", "ordinal", "Counts from 1 in the order of the notes.")
_OF_THREAD = Column("thread_id", "int64", "ordinal", "Its thread, as in `threads`.")
_OS_TID = Column("os_tid", "int64", "", "What the kernel calls the thread.")
_ADDRESS = Column("address", "uint64", "address", "Where it is in the process.")
_OFFSET = Column("offset", "int64", "bytes", "Where it is in the unpacked file.")
_SEGMENT = Column("segment", "category", "", "What is there: heap, stack, a file, anonymous.")

THREADS = Schema(
    "threads",
    (
        _OS_TID,
        Column("thread_name", "str", "", "As the process named it; empty where it is unknown."),
        Column("state", "category", "", "What it was doing: running, lock, sleep, io ..."),
        Column("is_crashed", "bool", "", "It got the signal that ended the process."),
        Column("signal", "category", "", "Name of that signal; empty where it got none."),
        Column("pc", "uint64", "address", "Program counter."),
        Column("stack_hash", "str", "", "Names its stack without addresses; empty: not walked."),
    ),
    _THREAD,
    "Every thread, in the order of the notes: as gdb counts them.",
)

STACK_FRAMES = Schema(
    "frames",
    (
        Column("source", "category", "", "Who told: gdb, lldb, drgn, javascript, pystack, ..."),
        Column("pid", "int64", "", "The process."),
        _OF_THREAD,
        _OS_TID,
        Column("thread_name", "category", "", "As in `threads`."),
        Column("state", "category", "", "As in `threads`."),
        Column("is_crashed", "bool", "", "As in `threads`."),
        Column("frame_index", "int64", "ordinal", "0 is the innermost."),
        Column("frame_kind", "category", "", "native, inline, tail, signal, js, python, go, java."),
        Column("function", "category", "", "Empty where no symbol is trusted."),
        Column("file", "category", "", "Source file; empty where it is unknown."),
        Column("line", "int64", "ordinal", "-1 where it is unknown."),
        Column("column", "int64", "ordinal", "-1 where it is unknown."),
        Column("module", "category", "", "Path of the program or library; empty for none."),
        Column("build_id", "category", "", "Of the module, as the core holds it."),
        Column("address", "uint64", "address", "Program counter; 0: the runtime tells none."),
        Column("module_offset", "int64", "bytes", "From where the module begins; -1: no module."),
        Column("waits_on", "str", "", "Address of the lock that the frame waits for, or empty."),
        Column("held_by", "Int64", "ordinal", "Thread that holds it, where that is known."),
        Column("unwind_status", "category", "", "complete, or why the stack ends here."),
        Column("symbol_trust", "category", "", "matched, unverified, mismatched or none."),
    ),
    None,
    "Every frame of every thread, native and of runtimes, in one order.",
)

LOCALS = Schema(
    "locals",
    (
        _OF_THREAD,
        Column("frame_index", "int64", "ordinal", "As in `frames`."),
        Column("name", "str", "", "Of the variable."),
        Column("kind", "category", "", "argument or local."),
        Column("type", "category", "", "As the debugger writes it."),
        Column("value", "str", "", "As the debugger prints it; masked where it may be secret."),
        Column("masked", "str", "", "Why the value is masked; empty: it is not."),
    ),
    None,
    "Arguments and local variables of every frame that has debug information.",
)

REGISTERS = Schema(
    "registers",
    (
        _OF_THREAD,
        Column("register", "category", "", "As gdb names it."),
        Column("value", "uint64", "", "What it held."),
    ),
    None,
    "General registers of every thread (NT_PRSTATUS).",
)

MODULES = Schema(
    "modules",
    (
        Column("path", "str", "", "Where the process had it."),
        Column("start", "uint64", "address", "Its first mapping."),
        Column("end", "uint64", "address", "Behind its last mapping."),
        Column("build_id", "str", "", "From its first page in the core; empty: unknown."),
        Column("found", "str", "", "The file that was taken for it; empty: none."),
        Column("matched", "category", "", "matched, mismatched, unverified or missing."),
        Column("debug_info", "category", "", "full, separate, symbols, dynamic or none."),
        Column("is_executable", "bool", "", "It is the program itself."),
    ),
    None,
    "The program and its libraries.",
)

MAPPINGS = Schema(
    "mappings",
    (
        Column("start", "uint64", "address", "First address."),
        Column("end", "uint64", "address", "Behind the last."),
        Column("size_bytes", "int64", "bytes", "Of the range."),
        Column("resident_bytes", "int64", "bytes", "What of it is in the file."),
        Column("missing_bytes", "int64", "bytes", "What was cut off the file."),
        Column("permissions", "category", "", "As in /proc/PID/maps: rwx."),
        _SEGMENT,
        Column("path", "category", "", "The file behind it; empty for none."),
        Column("file_offset", "int64", "bytes", "Where in that file; -1 for none."),
        Column("offset", "int64", "bytes", "Where in the core; -1: not in it."),
    ),
    None,
    "The address space, in order.",
)

SIGNAL = Schema(
    "signal",
    (
        _OF_THREAD,
        Column("signal", "str", "", "Name, such as SIGSEGV; empty: none (gcore)."),
        Column("number", "int64", "", "0 for none."),
        Column("code", "str", "", "Name of si_code, such as SEGV_MAPERR; empty: unknown."),
        Column("meaning", "str", "", "Both in words."),
        Column("address", "UInt64", "address", "The address of the fault, where there is one."),
        Column("sender_pid", "Int64", "", "Who sent it, where a process did."),
    ),
    None,
    "Why the process died.",
)

ENVIRONMENT = Schema(
    "environment",
    (
        Column("name", "str", "", "Of the variable."),
        Column("value", "str", "", "Masked where it may be secret."),
        Column("masked", "str", "", "Why the value is masked; empty: it is not."),
    ),
    None,
    "Environment variables, as they stood when the program began.",
)

AUXILIARY = Schema(
    "auxiliary",
    (
        Column("name", "str", "", "AT_ENTRY, AT_PHDR, AT_PLATFORM ..."),
        Column("value", "uint64", "", "As the kernel gave it."),
        Column("text", "str", "", "What it points at, or it in words."),
    ),
    None,
    "The auxiliary vector.",
)

STACKS = Schema(
    "stacks",
    (
        Column("count", "int64", "count", "Threads with this very stack."),
        Column("threads", "object", "", "Their thread_id, a list."),
        Column("state", "category", "", "What they were doing."),
        Column("is_crashed", "bool", "", "One of them got the signal."),
        Column("depth", "int64", "count", "Frames."),
        Column("top", "str", "", "First function from the inside that is not of the system."),
        Column("summary", "str", "", "The functions, innermost first."),
    ),
    Column("stack_hash", "str", "", "As in `threads`."),
    "Identical stacks collapsed, the crashed one first, then the most common.",
)

WAITS = Schema(
    "waits",
    (
        _OF_THREAD,
        _OS_TID,
        Column("frame_index", "int64", "ordinal", "The frame that waits."),
        Column("kind", "category", "", "mutex, rwlock, condition, join, semaphore, futex, ..."),
        Column("lock", "UInt64", "address", "What it waits for, where that is known."),
        Column("lock_name", "str", "", "The variable there; empty: unknown."),
        Column("held_by", "Int64", "ordinal", "thread_id of who holds it, where that is known."),
        Column("held_by_tid", "Int64", "", "os_tid of who holds it, where that is known."),
        Column("in_cycle", "bool", "", "It is part of a deadlock."),
    ),
    None,
    "Who waits for which lock, held by whom.",
)

GOROUTINES = Schema(
    "goroutines",
    (
        Column("thread_id", "Int64", "ordinal", "The thread it runs on; missing: it is parked."),
        Column("state", "category", "", "running or waiting."),
        Column("wait_reason", "category", "", "Why it is parked, in Go's words; empty: unknown."),
        Column("function", "category", "", "The innermost that is not of Go itself."),
        Column("file", "category", "", "Where that function is."),
        Column("line", "int64", "ordinal", "-1 where it is unknown."),
        Column("depth", "int64", "count", "Frames, a hundred at the most."),
        Column("summary", "str", "", "The functions, innermost first."),
    ),
    Column("goroutine_id", "int64", "", "As Go's own traceback numbers it."),
    "Goroutines of a Go program, parked ones as well; empty for others, and without dlv.",
)

GOROUTINE_FRAMES = Schema(
    "goroutine_frames",
    (
        Column("goroutine_id", "int64", "", "As in `goroutines`."),
        Column("frame_index", "int64", "ordinal", "0 is the innermost."),
        Column("function", "category", "", "Empty where it is unknown."),
        Column("file", "category", "", "Source file; empty where it is unknown."),
        Column("line", "int64", "ordinal", "-1 where it is unknown."),
        Column("address", "uint64", "address", "Program counter."),
    ),
    None,
    "Every frame of every goroutine.",
)

STRINGS = Schema(
    "strings",
    (
        _OFFSET,
        _ADDRESS,
        _SEGMENT,
        Column("encoding", "category", "", "ascii, utf-8 or utf-16."),
        Column("length", "int64", "count", "Characters."),
        Column("text", "str", "", "Masked where it may be secret."),
    ),
    None,
    "Printable strings of private memory.",
)

SECRETS = Schema(
    "secrets",
    (
        _OFFSET,
        _ADDRESS,
        _SEGMENT,
        Column("pattern", "category", "", "What it looks like: aws_access_key, jwt, ..."),
        Column("length", "int64", "bytes", "Of the secret."),
        Column("value", "str", "", "Masked: its first characters at most."),
    ),
    None,
    "What looks like a password, token or key in memory.",
)

FRAMES = {
    one.name: one
    for one in (
        THREADS,
        STACK_FRAMES,
        LOCALS,
        REGISTERS,
        MODULES,
        MAPPINGS,
        SIGNAL,
        ENVIRONMENT,
        AUXILIARY,
        STACKS,
        WAITS,
        GOROUTINES,
        GOROUTINE_FRAMES,
        STRINGS,
        SECRETS,
    )
}
