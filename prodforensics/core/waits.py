"""Who waits for which lock, held by whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prodforensics.core import lock_names, schemas, wait_names
from prodforensics.core.deadlocks import cycles
from prodforensics.core.futexes import Threads, calls, condition_offset, lock_of
from prodforensics.errors import MissingTool, ToolFailed

if TYPE_CHECKING:
    import pandas as pd

    from prodforensics.core.image import Image
    from prodforensics.core.model import CoreDump

__all__ = ["Wait", "annotate", "read", "waits"]


@dataclass(frozen=True)
class Wait:
    """One thread that waits.

    Parameters
    ----------
    thread_id, os_tid, frame_index : int
        Who, and in which of its frames.
    kind : str
        As in `schemas.WAITS`.
    lock : int or None
        Its address.
    lock_name : str
        The variable there, or empty.
    held_by, held_by_tid : int or None
        thread_id and os_tid of the thread that holds it.
    """

    thread_id: int
    os_tid: int
    frame_index: int
    kind: str
    lock: int | None = None
    lock_name: str = ""
    held_by: int | None = None
    held_by_tid: int | None = None


def waits(core: CoreDump) -> pd.DataFrame:
    """Return who waits for which lock, held by whom.

    Parameters
    ----------
    core : CoreDump

    Returns
    -------
    DataFrame
        As in `schemas.WAITS`: a row a thread that waits, in the order of the threads. Without any
        debugger the rows are those that registers and memory tell.
    """
    try:
        frames = core.frames["frames"]
    except (MissingTool, ToolFailed):
        frames = schemas.STACK_FRAMES.empty()
    found = schemas.WAITS.frame(
        [
            (
                one.thread_id,
                one.os_tid,
                one.frame_index,
                one.kind,
                one.lock,
                one.lock_name,
                one.held_by,
                one.held_by_tid,
                False,
            )
            for one in read(core, frames)
        ]
    )
    for cycle in cycles(found):
        found.loc[list(cycle.rows), "in_cycle"] = True
    return found


def annotate(core: CoreDump, frames: pd.DataFrame) -> pd.DataFrame:
    """Return frames whose ``waits_on`` and ``held_by`` tell what each waiting frame waits for.

    Parameters
    ----------
    core : CoreDump
    frames : DataFrame
        As in `schemas.STACK_FRAMES`; it stays as it is.
    """
    told = {
        (one.thread_id, one.frame_index): one
        for one in read(core, frames)
        if one.lock is not None or one.held_by is not None
    }
    if not told or frames.empty:
        return frames
    import pandas as pd

    waiting = frames["thread_id"].isin([thread for thread, _ in told]).to_numpy().nonzero()[0]
    threads, indices = frames["thread_id"].to_numpy(), frames["frame_index"].to_numpy()
    waits_on, held_by = frames["waits_on"].tolist(), frames["held_by"].astype(object).tolist()
    for row in waiting.tolist():
        one = told.get((int(threads[row]), int(indices[row])))
        if one is not None:
            waits_on[row] = "" if one.lock is None else f"{one.lock:#x}"
            held_by[row] = one.held_by if one.held_by is not None else pd.NA
    return frames.assign(
        waits_on=pd.Series(waits_on, index=frames.index, dtype="str"),
        held_by=pd.Series(held_by, index=frames.index, dtype="Int64"),
    )


def read(core: CoreDump, frames: pd.DataFrame) -> Sequence[Wait]:
    """Return every thread that waits, in the order of the threads.

    Parameters
    ----------
    core : CoreDump
    frames : DataFrame
        As in `schemas.STACK_FRAMES`; empty where no debugger is there.
    """
    image = core.image
    found = list(_native(image, wait_names.hints(frames)))
    found = _of_java(core, frames, _of_python(core, found))
    names = lock_names.names(image, [one.lock for one in found if one.lock is not None])
    named = [replace(one, lock_name=_name(one, names.get(one.lock or 0, ""))) for one in found]
    return sorted(named, key=lambda one: one.thread_id)


def _of_python(core: CoreDump, found: list[Wait]) -> list[Wait]:
    """Add who holds locks of Python: the interpreter's, which pystack knows, and RLocks."""
    tids = {one.os_tid: one.thread_id for one in core.image.threads}
    waited = frozenset(one.lock for one in found if one.kind == "python" and one.lock is not None)
    if waited:
        held = core.runtimes.python_owners(waited, Threads.of(core.image).pointers)
        found = [
            replace(one, kind="rlock", held_by=tids.get(tid), held_by_tid=tid)
            if one.kind == "python" and (tid := held.get(one.lock or 0))
            else one
            for one in found
        ]
    if not any(one.kind == "gil" for one in found) or core.runtimes.python is None:
        return found
    holder = core.runtimes.python.gil_holder
    return [
        replace(one, held_by=tids.get(holder or 0), held_by_tid=holder)
        if one.kind == "gil" and one.os_tid != holder
        else one
        for one in found
    ]


def _of_java(core: CoreDump, frames: pd.DataFrame, found: list[Wait]) -> list[Wait]:
    """Put the monitors of Java in the place of the conditions that the JVM waits with."""
    java = core.runtimes.java
    if java is None:
        return found
    of_java = frames[frames["frame_kind"].astype(str) == "java"]
    first = of_java.groupby("thread_id")["frame_index"].min().to_dict()
    tids = {one.os_tid: one.thread_id for one in core.image.threads}
    monitors = {}
    for one in java.threads:
        thread = tids.get(one.os_tid)
        if thread is None or one.wants is None:
            continue
        owner = java.owners.get(one.wants.address)
        monitors[thread] = Wait(
            thread,
            one.os_tid,
            first.get(thread, 0),
            "monitor",
            one.wants.address,
            one.wants.type,
            tids.get(owner or 0),
            owner,
        )
    return [one for one in found if one.thread_id not in monitors] + list(monitors.values())


def _name(wait: Wait, name: str) -> str:
    if wait.lock_name:
        return wait.lock_name
    if wait.kind == "join":
        return f"thread {wait.held_by}" if wait.held_by else ""
    return name


def _native(image: Image, hints: dict[int, tuple[int, str]]) -> Iterator[Wait]:
    threads = Threads.of(image)
    condition = 0
    for thread, call in calls(image):
        index, hint = hints.get(thread.thread_id, (0, ""))
        if hint in ("condition", "gil") and not condition:
            condition = condition_offset(image)
        lock = lock_of(image.memory, call, hint, threads, condition)
        yield Wait(
            thread.thread_id,
            thread.os_tid,
            index,
            lock.kind,
            lock.address,
            held_by=threads.tids.get(lock.owner_tid),
            held_by_tid=lock.owner_tid or None,
        )
