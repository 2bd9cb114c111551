"""What a thread waits for, told by the functions of its stack."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["INNERMOST", "hints", "kind_of"]

INNERMOST = 16
"""Frames of a thread that are looked at: deeper ones called something else meanwhile."""

_NAMES = (
    # What the runtime of a language waits for, whatever it waits with; these go before the rest.
    ("gil", "take_gil"),
    ("python", r"PyThread_acquire_lock(_timed(_with_retries)?)?"),
    ("monitor", r"ObjectMonitor::(enter|EnterI)|ObjectSynchronizer::enter"),
    # The C library. A condition takes its mutex again before it returns: that is a mutex.
    ("mutex", r"pthread_mutex_(lock|timedlock|clocklock|cond_lock)(_full|_common)?"),
    ("rwlock", r"pthread_rwlock_(rd|wr|timedrd|timedwr|clockrd|clockwr)lock(_full(64)?)?"),
    ("condition", r"pthread_cond_(wait|timedwait|clockwait|wait_common)(64)?"),
    ("condition", r"cnd_(wait|timedwait)"),
    ("mutex", r"mtx_(lock|timedlock)"),
    ("join", r"(pthread_(join|timedjoin_np|clockjoin_np|clockjoin_ex)(64)?)|thrd_join"),
    ("semaphore", r"(new_)?sem_(wait|timedwait|clockwait|wait_slow)(64)?"),
    ("barrier", r"pthread_barrier_wait"),
    ("once", r"pthread_once(_slow)?"),
    # Rust's standard library speaks to the kernel itself; nobody notes who holds its locks.
    ("mutex/rust", r"std::sys::.*[Mm]utex.*::lock(_contended)?"),
    ("rwlock/rust", r"std::sys::.*[Rr]w_?[Ll]ock.*::(read|write)(_contended)?"),
    ("condition/rust", r"std::sys::.*[Cc]ondvar.*::(wait|wait_timeout|wait_optional_timeout)"),
    ("park", r"std::sys::.*Parker::park(_timeout)?|std::thread::park(_timeout)?"),
    ("park", r"parking_lot.*::(lock|lock_shared|lock_exclusive|park)(_slow)?"),
    # Go: threads that have no goroutine to run.
    ("idle", r"runtime\.(futexsleep|notesleep|notetsleep\w*|stopm|mPark)"),
    # A lock inside libc: of a FILE, of malloc.
    ("lock", r"lll_lock_wait(_private)?|lll_lock"),
)
_CLONE = re.compile(r"(\.(constprop|isra|part|cold|lto_priv)(\.\d+)?)+$")
"""What compilers add to the name of a function that they copied."""
_SPECIAL = ("gil", "monitor", "python")
_RANKED = [(kind, re.compile(f"(?:{pattern})")) for kind, pattern in _NAMES]


@cache
def kind_of(function: str) -> str:
    """Return the kind of lock that a function waits for, or an empty string.

    Examples
    --------
    >>> kind_of("___pthread_mutex_lock"), kind_of("__GI___pthread_rwlock_wrlock")
    ('mutex', 'rwlock')
    >>> kind_of("std::sys::sync::mutex::futex::Mutex::lock_contended"), kind_of("main")
    ('mutex/rust', '')
    """
    name = function.partition("@")[0].partition("(")[0].lstrip("_")
    name = _CLONE.sub("", name.removeprefix("GI_").lstrip("_"))
    return next((kind for kind, pattern in _RANKED if pattern.fullmatch(name)), "")


def hints(frames: pd.DataFrame) -> dict[int, tuple[int, str]]:
    """Return, for each thread that waits by the names of its functions, where and for what.

    Parameters
    ----------
    frames : DataFrame
        As in `schemas.STACK_FRAMES`; thousands of threads are fine: each name is looked at once.

    Returns
    -------
    dict of int to (int, str)
        thread_id to the frame_index of the frame that waits and the kind of what it waits for:
        the innermost function that tells one. ``lock`` gives way to a kind farther out.
    """
    near = frames[frames["frame_index"].lt(INNERMOST)]
    kinds = near["function"].astype(str).map(kind_of)
    named = near[kinds.ne("")]
    found: dict[int, tuple[int, str]] = {}
    rows = zip(
        named["thread_id"].tolist(),
        named["frame_index"].tolist(),
        kinds[kinds.ne("")].tolist(),
        strict=True,
    )
    for thread, index, kind in sorted(rows):
        before = found.get(thread)
        if before is None or kind in _SPECIAL or (before[1] == "lock" and index - before[0] <= 2):
            found[thread] = (index, kind)
    return found
