"""What functions are there for: the program's own, a library's, waiting, collecting garbage.

Profilers tell names, files and modules, nothing more; these are the conventions of the runtimes
that write them. They are used for findings alone, never for numbers.
"""

from __future__ import annotations

import re
import sys

import numpy as np

from prodforensics.kernels.owners import owners
from prodforensics.profile.data import KINDS, ProfileData
from prodforensics.profile.measures import Measures

__all__ = [
    "COLLECTING",
    "IDLE",
    "LOCKING",
    "SYSTEM_CALL",
    "in_kernel",
    "matching",
    "own_functions",
    "owned",
    "share_of",
]

IDLE = re.compile(
    r"\(idle\)|(?:native_safe_halt|default_idle|acpi_idle|intel_idle|mwait_idle|do_idle"
    r"|cpuidle_enter|pv_native_safe_halt)\w*"
    # A thread that waits is seen by profilers of wall time alone.
    r"|_*(?:epoll_p?wait\d?|p?poll|p?select|pause|(?:clock_)?nanosleep|accept4?|kevent|sigtimedwait"
    r"|wait4|waitpid|pthread_cond_(?:timed)?wait)(?:_nocancel|@.*)?"
    r"|(?:java\.lang\.|jdk\.internal\.misc\.|sun\.misc\.)?(?:Object\.wait0?|Thread\.sleep0?|Unsafe\.park)"
    r"|sun\.nio\.ch\.(?:EPoll\.wait|Net\.(?:poll|accept))|runtime\.(?:gopark|notetsleepg|usleep)"
    r"|(?:sleep|accept|wait|select|poll) \[c function\]"
)
"""The innermost call of a stack that does nothing."""

COLLECTING = re.compile(
    r"\(garbage collect(?:or|ion)\)|\[?GC\]?"
    r"|runtime\.(?:gcBgMarkWorker|gcAssistAlloc\d?|gcStart|gcMarkDone|gcMarkTermination|bgsweep"
    r"|bgscavenge|gcSweep|deductSweepCredit|scanobject|greyobject|gcDrain\w*|sweepone)\b.*"
    r"|(?:G1|Parallel|Serial|Z|Shenandoah|PS)\w*(?:GC|Collect|Mark|Evac|Scav|Young)\w*(?:::.*)?"
    r"|(?:GCTaskThread|ConcurrentGCThread|WorkerThread|GangWorker)::run.*|GenCollectedHeap::.*"
    r"|v8::internal::(?:Heap::(?:Collect|PerformGarbage|Scavenge|MarkCompact)|Scavenger|MarkCompact"
    r"|MinorMarkSweep|ConcurrentMarking).*"
    r"|gc_(?:start|mark|sweep|marks|rest)\w*|rb_gc\w*|garbage_collect\w*"
    r"|(?:_?PyGC|gc)_?(?:Collect|collect)\w*|gc\.collect"
)
"""A call that collects garbage, with all below it."""

LOCKING = re.compile(
    r"_*(?:pthread_(?:mutex|rwlock|spin)_\w*lock|lll_lock_wait)\w*(?:@.*)?|___?lll_lock_wait\w*"
    r"|(?:__)?futex_(?:wait|lock)\w*|(?:native_)?queued_spin_lock_slowpath|_raw_spin_lock\w*"
    r"|osq_lock|rwsem_down_\w+|mutex_(?:lock|spin)\w*|__mutex_lock\w*"
    r"|(?:internal/)?sync\.\(\*(?:RW)?Mutex\)\.(?:R?Lock|lockSlow|R?Unlock)|runtime\.(?:lock2?|semacquire\w*)"
    r"|ObjectMonitor::\w+.*|ObjectSynchronizer::\w+.*"
    r"|java\.util\.concurrent\.locks\.\w*(?:Lock|Synchronizer)\w*\.(?:lock|acquire)\w*"
)
"""A call that waits for a lock, with all below it."""

SYSTEM_CALL = re.compile(
    r"entry_SYSCALL_64\w*|do_syscall_64|x64_sys_call|__x64_sys_\w+|__arm64_sys_\w+|el0t?_\w*svc\w*"
    r"|(?:internal/runtime/)?syscall\.(?:Raw)?Syscall\d?"
)
"""The way into the kernel."""

_STANDARD = frozenset(sys.stdlib_module_names)
_LIBRARY_FILE = re.compile(
    r"node:|<|.*/node_modules/|.*/(?:dist|site)-packages/|.*/lib(?:64)?/python\d|.*/lib/ruby/"
    r"|.*/gems/|.*/usr/(?:lib|include)/|/usr/|(?:.*/)?go/src/|/build/|\(unknown\)"
)
_LIBRARY_NAME = re.compile(
    r"(?:java|javax|jdk|sun|com\.sun)[./].*|.* \[c function\].*|\(.*\)$|__libc_\w+|_start"
    r"|.*@@?GLIBC.*"
)
_LIBRARY_MODULE = re.compile(
    r".*(?:\.so(?:\.\d+)*|\.dylib|\.dll|\[vdso\]|\[kernel[^]]*\]|\[guest.*|\.ko)$|kernel"
)


def matching(data: ProfileData, pattern: re.Pattern[str]) -> np.ndarray:
    """Tell which functions' whole names match, bool[f]."""
    return np.array([pattern.fullmatch(name) is not None for name in data.functions.name], bool)


def share_of(measures: Measures, functions: np.ndarray, *, innermost: bool = False) -> float:
    """Return the share of the profile whose stacks pass through any of the functions.

    Parameters
    ----------
    measures : Measures
    functions : bool[f]
    innermost : bool
        Only where one of them is the innermost call.
    """
    if not measures.total:
        return 0.0
    if innermost:
        return float(measures.function_self[functions].sum() / measures.total)
    key = (~functions[measures.data.stack_function]).astype(np.int32)
    return float(measures.total_by(key, 2)[0] / measures.total)


def own_functions(data: ProfileData) -> np.ndarray:
    """Tell which functions are of the program itself, not of a library or a runtime, bool[f]."""
    go = data.recording.producer == "Go"
    native = _kinds(data, "kernel", "builtin")
    own = [
        not foreign and _is_own(name, file, module, go)
        for name, file, module, foreign in zip(
            data.functions.name, data.functions.file, data.functions.module, native, strict=True
        )
    ]
    return np.array(own, bool)


def owned(data: ProfileData) -> tuple[np.ndarray, np.ndarray]:
    """Name who is to be asked about each stack.

    Returns
    -------
    owner : int32[s]
        Function of the innermost call of the program's own; -1 where there is none.
    entry : int32[s]
        Function that it calls on the way down; the owner itself where it is the innermost call.
    """
    function = data.stack_function
    owner, entry = owners(data.stacks.parent, own_functions(data)[function])
    return np.where(owner < 0, -1, function[owner]).astype(np.int32), function[entry]


def in_kernel(data: ProfileData) -> np.ndarray:
    """Tell which functions are the kernel's, bool[f]."""
    return _kinds(data, "kernel")


def _kinds(data: ProfileData, *kinds: str) -> np.ndarray:
    """Tell which functions have a call of these kinds, bool[f]."""
    there = np.zeros(len(data.functions), bool)
    there[data.calls.function[np.isin(data.calls.kind, [KINDS.index(k) for k in kinds])]] = True
    return there


def _is_own(name: str, file: str, module: str, go: bool) -> bool:
    if not name or _LIBRARY_NAME.fullmatch(name) or _LIBRARY_MODULE.fullmatch(module):
        return False
    if go:
        # Packages of the standard library have no host in their path.
        package = name.partition("/")[0] if "/" in name else name.partition(".")[0]
        return package == "main" or "." in package
    if _LIBRARY_FILE.match(file):
        return False
    # Python's profilers shorten the paths of modules: json/decoder.py, threading.py.
    first = file.partition("/")[0]
    return not (file.endswith(".py") and first.removesuffix(".py") in _STANDARD)
