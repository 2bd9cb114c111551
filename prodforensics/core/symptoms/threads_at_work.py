"""What a thread of a core was doing, in words for findings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prodforensics._reference import Later
from prodforensics._text import plain

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.model import CoreDump

__all__ = ["doing", "function_of", "root_of"]

stack_hash = Later("prodforensics.core.stack_hash")

_NAME = 80
_NEAR = 64
_LANGUAGES = ("python", "java", "js", "go")
_OF_LANGUAGE = re.compile(r"(?:java|javax|jdk|sun|runtime|internal|sync)[./]|$")
_OF_LIBC = re.compile(
    r"_*(?:GI_+)?(?:(?:futex|lll|pthread|sem|syscall|internal_syscall)_\w*|\w*_abstimed_\w+"
    r"|(?:clock_)?nanosleep\w*|usleep|sleep|fsync|fdatasync|(?:libc_)?p?(?:read|write)v?(?:64)?"
    r"|p?poll|p?select|epoll_p?wait|(?:libc_)?(?:recv|send)(?:msg|from|to)?|wait4|waitpid|pause"
    r"|clone3?|start_thread|gthread_\w+)(?:@.*|\.\w+)*"
)
_DOES = {
    "sleep": "sleeps",
    "io": "waits for input or output",
    "waiting": "waits for a signal, a child or a message",
    "lock": "waits for something else",
    "running": "runs",
    "crashed": "crashed",
}


def function_of(core: CoreDump, thread: int) -> str:
    """Return the innermost function of a thread that is the program's; empty where none is known.

    Parameters
    ----------
    core : CoreDump
    thread : int
        Its thread_id.
    """
    own = _of_program(core, thread)
    return stack_hash.first_of_program(own["function"].astype(str), own["module"].astype(str))


def _of_program(core: CoreDump, thread: int) -> pd.DataFrame:
    frames = core.frames["frames"]
    own = frames[(frames["thread_id"] == thread) & (frames["frame_index"] < _NEAR)]
    # Where a language has frames of its own, these are the program.
    told = own[own["frame_kind"].astype("str").isin(_LANGUAGES)]
    told = told[~told["function"].astype("str").str.match(_OF_LANGUAGE)]
    if len(told):
        return told
    # A program that is linked statically has the functions of libc in its own file.
    return own[~own["function"].astype("str").str.fullmatch(_OF_LIBC)]


def _caller_of(core: CoreDump, thread: int, function: str) -> str:
    """Return the function that called one of a thread; empty where it is unknown."""
    names = _of_program(core, thread)["function"].astype(str).tolist()
    outside = names[names.index(function) + 1 :] if function in names else []
    return next((one for one in outside if one and one != function), "")


def doing(core: CoreDump, thread: int) -> str:
    """Say what a thread was doing, such as ``sleeps in slow_disk, called by flush_ledger``.

    Parameters
    ----------
    core : CoreDump
    thread : int
        Its thread_id.
    """
    one = core.image.threads[thread - 1]
    what = _DOES.get(one.state, f"is in the system call {one.system_call}")
    if one.system_call and one.state in ("sleep", "io", "waiting"):
        what += f" ({one.system_call})"
    name = function_of(core, thread)
    if not name:
        return what
    caller = _caller_of(core, thread, name)
    what += f" in {plain(name, _NAME)}"
    return f"{what}, called by {plain(caller, _NAME)}" if caller else what


def root_of(core: CoreDump, waits: pd.DataFrame, thread: int) -> tuple[int, str, str]:
    """Return the thread that a holder waits for in the end: itself where it waits for none.

    Parameters
    ----------
    core : CoreDump
    waits : DataFrame
        As in `schemas.WAITS`.
    thread : int
        thread_id of the holder.

    Returns
    -------
    (int, str, str)
        thread_id, its state, and what it does in words.
    """
    known = waits[waits["held_by"].notna()].drop_duplicates("thread_id")
    follow = dict(zip(known["thread_id"].tolist(), known["held_by"].tolist(), strict=True))
    seen = {thread}
    while thread in follow and int(follow[thread]) not in seen:
        thread = int(follow[thread])
        seen.add(thread)
    return thread, core.image.threads[thread - 1].state, doing(core, thread)
