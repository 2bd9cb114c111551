"""Findings on programs that ended themselves: assertions, exceptions, panics, broken heaps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prodforensics._text import mask_secrets, plain
from prodforensics.core.cpp_exceptions import exceptions_of
from prodforensics.core.last_words import Said, abort_message, rust_message
from prodforensics.core.runtimes.detection import runtimes_of
from prodforensics.core.symptoms.crash import Crash, crash_of
from prodforensics.findings import Finding, Rule, Severity, Verdict, rule

if TYPE_CHECKING:
    from prodforensics.core.model import CoreDump

__all__ = ["RULES"]

_TEXT = 240
_ASSERTION = re.compile(r"Assertion [`'](?P<text>.*)' failed", re.DOTALL)
_HEAP = re.compile(
    r"(?:free|malloc|realloc|calloc|munmap_chunk|double free|corrupt|invalid (?:next|prev|chunk)"
    r"|unaligned|tcache|sysmalloc)"
)
_SMASHED = re.compile(r"stack smashing|buffer overflow detected")
_NO_MEMORY = ("std::bad_alloc", "std::bad_array_new_length")
_ALLOCATION = re.compile(r"memory allocation of \d+ bytes failed")
_FROM_OUTSIDE = ("SI_USER", "SI_QUEUE")
_GO = (
    ("runtime.panicmem", "a nil pointer was followed"),
    ("runtime.goPanic", "an index or a slice was out of range"),
    ("runtime.gopanic", "a panic that nothing recovered"),
    ("runtime.throw", "a fatal error of the runtime"),
    ("runtime.fatalthrow", "a fatal error of the runtime"),
    ("runtime.dieFromSignal", "a signal that ends it with a core (GOTRACEBACK=crash)"),
)


@dataclass(frozen=True)
class _Ending:
    """Why a program ended itself."""

    title: str
    why: str
    step: str
    no_memory: bool = False


@rule("core.abort")
def abort(core: CoreDump) -> Iterator[Finding]:
    """Find why the program called abort()."""
    crash = crash_of(core)
    ending = _ending(core, crash) if crash else None
    if crash is None or ending is None or ending.no_memory:
        return
    yield _finding("core.abort", crash, ending)


@rule("core.out_of_memory")
def out_of_memory(core: CoreDump) -> Iterator[Finding]:
    """Find memory that was not to be had."""
    crash = crash_of(core)
    ending = _ending(core, crash) if crash else None
    if crash is None or ending is None or not ending.no_memory:
        return
    yield _finding("core.out_of_memory", crash, ending)


def _finding(name: str, crash: Crash, ending: _Ending) -> Finding:
    path = f" The program came there by {crash.path}." if crash.path else ""
    return Finding(
        name, Verdict.LIKELY, Severity.HIGH, ending.title, ending.why + path, crash.rows,
        ending.step,
    )  # fmt: skip


def _ending(core: CoreDump, crash: Crash) -> _Ending | None:
    signal = core.image.signal
    if signal is None or signal.name != "SIGABRT":
        return None
    if signal.code in _FROM_OUTSIDE and signal.sender_pid not in (None, core.image.pid):
        return _of_sender(crash, signal.sender_pid)
    # What Node.js and Java say, others tell; so do the rules of the fault that was handled.
    if crash.handled:
        return None
    runtimes = runtimes_of(core.image)
    if runtimes & {"node", "java"}:
        return None
    if "go" in runtimes:
        return _of_go(crash)
    return (
        _of_cpp(core, crash)
        or _of_rust(core, crash)
        or _of_libc(core, crash)
        or _Ending(
            f"abort() was called in {crash.where}",
            "The program ended itself, and left no message that is known.",
            "core.backtrace(full=True)",
        )
    )


def _of_sender(crash: Crash, sender: int | None) -> _Ending:
    who = f"process {sender}" if sender else "a process outside of its container"
    return _Ending(
        f"SIGABRT was sent by {who}",
        f"The program did not end itself: {who} sent the signal, as the watchdog of systemd and "
        "other supervisors do when a program does not answer in time. The thread that got it was "
        f"in {crash.where}, which need not be at fault.",
        "core.frames['stacks'], and core.frames['waits']: what did the threads wait for?",
    )


def _shown(core: CoreDump, text: str) -> str:
    return plain(mask_secrets(text) if core.options.redact else text, _TEXT)


def _of_cpp(core: CoreDump, crash: Crash) -> _Ending | None:
    if any(name.startswith("__cxa_pure_virtual") for name in crash.functions):
        return _Ending(
            f"Pure virtual method called in {crash.where}",
            "A virtual function was called that its class does not define: on an object that is "
            "being made or destroyed, from its base's constructor or destructor, or that is gone.",
            "core.backtrace(full=True): whose constructor or destructor is on the stack?",
        )
    found = exceptions_of(core.image, crash.thread)
    if not found:
        return _of_terminate(crash)
    one = found[0]
    name, said = _shown(core, one.type), _shown(core, one.message)
    no_memory = any(base in ("St9bad_alloc",) for base in one.bases) or one.type in _NO_MEMORY
    told = f": {said}" if said and said != name else ""
    if no_memory:
        return _Ending(
            f"Out of memory: {name} in {crash.where}",
            f"The exception {name} was thrown, as an allocation failed, and nothing caught it. "
            "What was asked for stands in the frames: a wrong size, or a limit of memory.",
            "core.backtrace(full=True): how much was asked for? ulimit -v, the limits of the "
            "container",
            no_memory=True,
        )
    return _Ending(
        f"Uncaught exception{f' {name}' if name else ''}{told}",
        f"{name or 'An exception whose type is in a file that is not at hand'} was thrown in "
        f"{crash.where}{told}, and nothing caught it, so std::terminate ended the program.",
        "catch it where something can be done about it; core.backtrace(full=True)",
    )


def _of_terminate(crash: Crash) -> _Ending | None:
    if not any(name.startswith("std::terminate") for name in crash.functions):
        return None
    thread = any(name.startswith("std::thread::~thread") for name in crash.functions)
    what = (
        "a std::thread was destroyed, or another put in its place, before join() or detach()"
        if thread
        else "the program called it, or a std::thread was destroyed before join() or detach()"
    )
    return _Ending(
        f"std::terminate was called in {crash.where}",
        f"No exception was in flight: {what}.",
        "core.backtrace(full=True)",
    )


def _of_rust(core: CoreDump, crash: Crash) -> _Ending | None:
    said = rust_message(core.image)
    if said is None or not any("panic" in name or "abort" in name for name in crash.functions):
        return None
    text = _shown(core, said.text)
    if _ALLOCATION.search(said.text):
        return _Ending(
            f"Out of memory in {crash.where}: {text}",
            f"The allocator of Rust gave up: {text}.",
            "core.backtrace(full=True): how much was asked for?",
            no_memory=True,
        )
    place = f" at {plain(said.place, _TEXT)}" if said.place else ""
    return _Ending(
        f"Panic: {text}",
        f"The program panicked{place}: {text}.",
        "core.backtrace(full=True)",
    )


def _of_libc(core: CoreDump, crash: Crash) -> _Ending | None:
    said = abort_message(core.image)
    if said is None:
        return None
    text = _shown(core, said.text)
    if found := _ASSERTION.search(said.text):
        condition = _shown(core, found["text"])
        return _Ending(
            f"Assertion failed in {crash.where}: {condition}",
            f"The program checks `{condition}`, and it was not so. It said: {text}.",
            "core.backtrace(full=True): which of its variables is wrong?",
        )
    if _SMASHED.search(said.text):
        return _broken(crash, text, "Something was written beyond the end of an array on the stack")
    if _HEAP.search(said.text):
        return _broken(
            crash,
            text,
            "glibc found its heap broken, here or long before: something was freed twice, or "
            "written beyond the end of its memory",
        )
    return _said(crash, said, text)


def _broken(crash: Crash, text: str, what: str) -> _Ending:
    return _Ending(
        f"Memory is corrupt: {text}",
        f"{what}. It was noticed in {crash.where}.",
        "build with -fsanitize=address, or run under valgrind, and repeat",
    )


def _said(crash: Crash, said: Said, text: str) -> _Ending:
    return _Ending(
        f"Aborted in {crash.where}: {text}",
        f"libc ended the program, and said at {said.address:#x}: {text}.",
        "core.backtrace(full=True)",
    )


def _of_go(crash: Crash) -> _Ending:
    told = [
        words for prefix, words in _GO if any(name.startswith(prefix) for name in crash.functions)
    ]
    words = told[0] if told else "something that its frames do not tell"
    return _Ending(
        f"Go: {words}, in {crash.where}",
        f"The runtime of Go raised SIGABRT for {words}.",
        'core.frames["goroutines"], and core.backtrace()',
    )


RULES: tuple[Rule, ...] = (abort, out_of_memory)
