"""A name for a stack that stays when addresses, arguments and builds change."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from prodforensics.core.debuggers.names import plain_name, without_parameters

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.model import CoreDump

__all__ = [
    "ABORTING",
    "by_thread",
    "first_of_program",
    "hashes",
    "normalised",
    "normalised_frames",
    "stack_hash",
]

# Parts that compilers split off a function, and clones of it.
_CLONE = re.compile(
    r"(?:\.(?:isra|part|constprop|cold|hot|lto_priv|llvm|localalias|unlikely)(?:\.\d+)*)+$"
    r"| \[clone [^\]]*\]"
)
_RUST_HASH = re.compile(r"::h[0-9a-f]{16}$")
_OF_PYTHON = re.compile(r"<\w+>")
_LONGEST = 2000

ABORTING = re.compile(
    r"(?:__)?(?:GI_)?(?:raise|gsignal|abort|kill|tgkill)$"
    r"|__pthread_kill(?:_implementation|_internal)?$|pthread_kill(?:@.*)?$"
    r"|__restore_rt$|__libc_message(?:_impl)?$|malloc_printerr$|__libc_fatal$"
    r"|__fortify_fail(?:_abort)?$|__stack_chk_fail(?:_local)?$|__chk_fail$"
    r"|__assert_fail(?:_base)?$|__assert_perror_fail$"
    r"|__gnu_cxx::__verbose_terminate_handler$|__cxxabiv1::__terminate$|std::terminate$"
    r"|__cxxabiv1::__cxa_throw$|__cxa_throw$|__cxa_rethrow$|__cxxabiv1::__cxa_rethrow$"
    r"|rust_panic$|__rust_(?:start_panic|abort|end_short_backtrace.*)$|rust_begin_unwind$"
    r"|(?:std|core)::panicking::.*|std::process::abort$|std::sys::.*abort_internal$"
    r"|std::rt::(?:panic_|__rust_).*|panic_abort::.*|__rustc::.*"
    r"|runtime\.(?:raise|raiseproc|dieFromSignal|crash|fatalpanic(?:\.func\d+)?|gopanic|throw"
    r"|fatalthrow(?:\.func\d+)?|sigfwdgo|sigtrampgo|sigtramp|sighandler|sigpanic|panicmem"
    r"|panicmemAddr|sigreturn__sigaction|asmcgocall\.abi0|systemstack\.abi0)$"
)
"""How a program dies, whatever it died of: functions that tell nothing of the cause."""

_SYSTEM = re.compile(
    r"(?:.*/)?(?:ld-linux[\w.-]*|ld-\d[\w.]*|lib(?:c|m|pthread|dl|rt|stdc\+\+|gcc_s|c\+\+|c\+\+abi)"
    r"[-.][\w.+-]*|\[vdso\]|linux-vdso[\w.]*)$"
)


def normalised(function: str) -> str:
    """Return a function's name without what differs from build to build.

    Examples
    --------
    >>> normalised("parse_line.isra.0"), normalised("__memcpy_avx_unaligned@@GLIBC_2.14")
    ('parse_line', '__memcpy_avx_unaligned')
    >>> normalised("shop::Cart<int>::total(int) const")
    'shop::Cart<>::total'
    >>> normalised("rs::shop::total::h66d84c9fa8d423e1"), normalised("main.main.func1")
    ('rs::shop::total', 'main.main.func1')
    """
    name = _RUST_HASH.sub("", _CLONE.sub("", plain_name(function[:_LONGEST])))
    return _without_arguments(without_parameters(name)) if "<" in name else without_parameters(name)


def _without_arguments(name: str) -> str:
    """Drop the arguments of templates; they name types of the standard library at length."""
    if (
        _OF_PYTHON.fullmatch(name)
        or "operator<" in name
        or "operator>" in name
        or "operator-" in name
    ):
        return name
    kept, depth = [], 0
    for place, letter in enumerate(name):
        if letter == "<":
            # A name that begins with it is a type of Rust: <T as Trait>::method.
            depth += 1
            if depth == 1:
                kept.append("<")
        elif letter == ">" and depth and name[place - 1] != "-":
            depth -= 1
            if not depth:
                kept.append(">")
        elif not depth:
            kept.append(letter)
    return name if depth else "".join(kept)


def normalised_frames(functions: Sequence[str], modules: Sequence[str]) -> list[str]:
    """Return the frames of one stack as its hash sees them, innermost first.

    The functions of dying itself (`ABORTING`) are left out at the inner end; a frame without a
    function is named by its module. Calls of a function by itself count once.

    Parameters
    ----------
    functions, modules : sequence of str
        Of each frame, innermost first.

    Examples
    --------
    >>> modules = ["", "", "", "/lib/libx.so.1", ""]
    >>> normalised_frames(["raise", "abort", "check", "", "main"], modules)
    ['check', 'libx.so.1', 'main']
    """
    names = []
    for function, module in zip(functions, modules, strict=True):
        name = normalised(function)
        if not names and name and ABORTING.match(name):
            continue
        name = name or PurePosixPath(module).name or "?"
        if not names or names[-1] != name:
            names.append(name)
    # All of it is how it died: better that than nothing.
    return names or [normalised(one) or "?" for one in functions]


def stack_hash(functions: Sequence[str], modules: Sequence[str]) -> str:
    """Return 16 hexadecimal digits that name a stack; empty for no frames.

    Addresses, arguments, lines, template arguments and the clones of compilers have no part in
    it, nor how often a function called itself.

    Parameters
    ----------
    functions, modules : sequence of str
        Of each frame, innermost first.

    Examples
    --------
    >>> stack_hash(["use.isra.0", "main"], ["", ""]) == stack_hash(["use", "main"], ["", ""])
    True
    """
    if not functions:
        return ""
    text = "\n".join(normalised_frames(functions, modules))
    return hashlib.sha1(text.encode(errors="replace"), usedforsecurity=False).hexdigest()[:16]


def first_of_program(functions: Iterable[str], modules: Iterable[str]) -> str:
    """Return the innermost function that is not of the system: where a person looks first.

    Parameters
    ----------
    functions, modules : iterable of str
        Of each frame, innermost first.

    Examples
    --------
    >>> first_of_program(["raise", "abort", "check"], ["/lib/libc.so.6", "/lib/libc.so.6", "/app"])
    'check'
    """
    first = ""
    for function, module in zip(functions, modules, strict=True):
        if not function:
            continue
        first = first or function
        if not _SYSTEM.match(module) and not ABORTING.match(normalised(function)):
            return function
    return first


def by_thread(frames: pd.DataFrame) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Return each thread of ``frames`` with the codes of its functions and modules, in order."""
    threads = frames["thread_id"].to_numpy()
    if not len(threads):
        return []
    borders = np.flatnonzero(np.diff(threads)) + 1
    functions = np.split(frames["function"].cat.codes.to_numpy(), borders)
    modules = np.split(frames["module"].cat.codes.to_numpy(), borders)
    firsts = threads[np.concatenate([[0], borders])].tolist()
    return list(zip(firsts, functions, modules, strict=True))


def hashes(core: CoreDump) -> dict[int, str]:
    """Return the hash of each thread's stack; empty where no debugger walked it.

    Parameters
    ----------
    core : CoreDump

    Returns
    -------
    dict
        thread_id to hash.

    Notes
    -----
    It asks for ``frames``, and so starts a debugger the first time.
    """
    frames = core.frames["frames"]
    if core.walk.debugger == "elf":
        return dict.fromkeys(frames["thread_id"].tolist(), "")
    functions = frames["function"].cat.categories.tolist()
    modules = frames["module"].cat.categories.tolist()
    known: dict[bytes, str] = {}
    found = {}
    for thread, function, module in by_thread(frames):
        key = function.tobytes() + b"/" + module.tobytes()
        if key not in known:
            known[key] = stack_hash(
                [functions[one] for one in function.tolist()],
                [modules[one] for one in module.tolist()],
            )
        found[thread] = known[key]
    return found
