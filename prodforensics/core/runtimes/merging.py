"""Frames of Python, Go and Java among the native ones.

A native stack has a run of the interpreter's own functions where a language has frames of its own.
These stand where they belong and nothing is left out:

* Python: outside of the ``_PyEval_EvalFrameDefault`` that runs them, so that frame 0 remains the
  function at the program counter. One such call may run several frames.
* Java: before the first native frame that has no module, which is code that the JVM made, or before
  the ``JavaCalls`` that entered it.
* Go: the native frames are those of the goroutine; they are of kind ``go``. What dlv sees farther
  out than the debugger follows behind them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from prodforensics.core import schemas
from prodforensics.core.masking import mask_values
from prodforensics.core.runtimes.told import RuntimeFrame, RuntimeStack

if TYPE_CHECKING:
    from prodforensics.core.image import Image, Thread
    from prodforensics.core.model import CoreDump

__all__ = ["SOURCES", "merge", "variables", "with_variables"]

SOURCES = {"python": "pystack", "java": "jhsdb", "go": "dlv"}
"""Who tells the frames of each kind."""

_EVALUATES = "_PyEval_EvalFrameDefault"
_ENTERS_JAVA = "JavaCalls::"
_END = 1 << 40


@dataclass(frozen=True)
class _Placed:
    """A frame of a runtime and the native frame that it follows; -1 for the head of the stack."""

    thread: Thread
    after: int
    frame: RuntimeFrame
    kind: str


def merge(core: CoreDump, frames: pd.DataFrame) -> pd.DataFrame:
    """Return native frames with those of the runtimes among them, numbered anew.

    Parameters
    ----------
    core : CoreDump
    frames : DataFrame
        As in `schemas.STACK_FRAMES`; it stays as it is.
    """
    by_tid = {one.os_tid: one for one in core.image.threads}
    stacks = _Stacks(frames)
    placed: list[_Placed] = []
    runtimes = core.runtimes
    if runtimes.python is not None:
        for stack in runtimes.python.stacks:
            if thread := by_tid.get(stack.os_tid):
                placed += _python(thread, stack, stacks)
    if runtimes.java is not None:
        for one in runtimes.java.threads:
            if thread := by_tid.get(one.os_tid):
                placed += _java(thread, one.stack, stacks)
    if runtimes.go is not None:
        of_go: list[int] = []
        for goroutine in runtimes.go.goroutines:
            if thread := by_tid.get(goroutine.os_tid or 0):
                placed += _go(thread, goroutine.frames, stacks, of_go)
        frames = _marked(frames, of_go)
    return _spliced(core.image, frames, placed) if placed else frames


class _Stacks:
    """The native frames by thread: positions in the frame, and a few columns as lists."""

    def __init__(self, frames: pd.DataFrame) -> None:
        self.functions = frames["function"].astype(str).tolist()
        self.modules = frames["module"].astype(str).tolist()
        self.addresses = frames["address"].tolist()
        self.indices = frames["frame_index"].tolist()
        self.kinds = frames["frame_kind"].astype(str).tolist()
        self.rows: dict[int, list[int]] = {}
        for row, thread in enumerate(frames["thread_id"].tolist()):
            self.rows.setdefault(thread, []).append(row)

    def of(self, thread: Thread) -> list[int]:
        return self.rows.get(thread.thread_id, [])


def _python(thread: Thread, stack: RuntimeStack, stacks: _Stacks) -> Iterator[_Placed]:
    calls = [
        stacks.indices[row]
        for row in stacks.of(thread)
        if stacks.functions[row].startswith(_EVALUATES)
    ]
    groups = _groups(stack.frames)
    # A stack that was cut lacks calls at its outer end; what has no call stands behind it.
    if len(calls) > len(groups):
        calls = []
    for place, group in enumerate(groups):
        after = calls[place] if place < len(calls) else _END
        for frame in group:
            yield _Placed(thread, after, frame, "python")


def _groups(frames: Sequence[RuntimeFrame]) -> list[list[RuntimeFrame]]:
    """Split frames, innermost first, behind each that native code called."""
    groups: list[list[RuntimeFrame]] = [[]]
    for frame in frames:
        groups[-1].append(frame)
        if frame.is_entry:
            groups.append([])
    return [one for one in groups if one]


def _java(thread: Thread, stack: RuntimeStack, stacks: _Stacks) -> Iterator[_Placed]:
    rows = stacks.of(thread)
    made = [row for row in rows if not stacks.modules[row]]
    enters = [row for row in rows if stacks.functions[row].startswith(_ENTERS_JAVA)]
    first = (made or enters or [None])[0]
    after = stacks.indices[first] - 1 if first is not None else _END
    for frame in stack.frames:
        yield _Placed(thread, after, frame, "java")


def _go(
    thread: Thread, frames: Sequence[RuntimeFrame], stacks: _Stacks, of_go: list[int]
) -> Iterator[_Placed]:
    """Note which native rows are of the goroutine, and give what the debugger did not see."""
    told = {one.address for one in frames}
    rows = stacks.of(thread)
    same = [row for row in rows if stacks.addresses[row] in told]
    seen = {stacks.addresses[row] for row in same}
    of_go += [row for row in same if stacks.kinds[row] == "native"]
    after = _END if not same or same[-1] == rows[-1] else stacks.indices[same[-1]]
    farther = len(frames)
    while farther and frames[farther - 1].address not in seen:
        farther -= 1
    for frame in frames[farther:]:
        yield _Placed(thread, after, frame, "go")


def _marked(frames: pd.DataFrame, rows: list[int]) -> pd.DataFrame:
    if not rows:
        return frames
    kinds = frames["frame_kind"].astype(str).to_numpy(dtype=object).copy()
    kinds[rows] = "go"
    return frames.assign(frame_kind=pd.Series(kinds, frames.index, "str").astype("category"))


def _spliced(image: Image, frames: pd.DataFrame, placed: Sequence[_Placed]) -> pd.DataFrame:
    trust = image.executable.matched if image.executable else "none"
    firsts = frames.drop_duplicates("thread_id")
    names = dict(zip(firsts["thread_id"], firsts["thread_name"].astype(str), strict=True))
    told = [_row(image, one, names, trust) for one in placed]
    new = schemas.STACK_FRAMES.frame(told).astype({"address": "uint64"})
    parts = [frames, new]
    columns = {}
    for column in schemas.STACK_FRAMES.columns:
        values = [one[column.name] for one in parts]
        if column.dtype == "category":
            values = [one.astype("str") for one in values]
        columns[column.name] = pd.concat(values, ignore_index=True).astype(column.dtype)
    merged = pd.DataFrame(columns)
    order = {one.thread_id: place for place, one in enumerate(image.threads)}
    keys = (
        np.array([0] * len(frames) + [1] * len(new)),
        np.concatenate([frames["frame_index"].to_numpy(), [one.after for one in placed]]),
        merged["thread_id"].map(order).to_numpy(),
    )
    # A stable sort: the frames of a runtime keep their own order.
    merged = merged.iloc[np.lexsort(keys)].reset_index(drop=True)
    merged["frame_index"] = merged.groupby("thread_id", sort=False).cumcount().astype("int64")
    return merged


def _row(image: Image, placed: _Placed, names: dict[int, str], trust: str) -> tuple[object, ...]:
    thread, frame = placed.thread, placed.frame
    module = image.module_at(frame.address) if frame.address else None
    return (
        SOURCES[placed.kind],
        image.pid,
        thread.thread_id,
        thread.os_tid,
        names.get(thread.thread_id, thread.name),
        thread.state,
        thread.is_crashed,
        0,
        placed.kind,
        frame.function,
        frame.file,
        frame.line,
        frame.column,
        module.path if module else "",
        module.build_id if module else "",
        frame.address,
        frame.address - module.start if module else -1,
        "",
        None,
        "complete",
        trust if trust in ("matched", "unverified") else "none",
    )


def with_variables(core: CoreDump, told: pd.DataFrame) -> pd.DataFrame:
    """Return the variables of native frames with those of runtimes among them.

    Parameters
    ----------
    core : CoreDump
    told : DataFrame
        As in `schemas.LOCALS`, its frames numbered as in ``frames``.
    """
    new = variables(core)
    if new.empty:
        return told
    columns = {}
    for column in schemas.LOCALS.columns:
        values = [told[column.name], new[column.name]]
        if column.dtype == "category":
            values = [one.astype("str") for one in values]
        columns[column.name] = pd.concat(values, ignore_index=True).astype(column.dtype)
    every = pd.DataFrame(columns)
    order = {one.thread_id: place for place, one in enumerate(core.image.threads)}
    keys = (every["frame_index"].to_numpy(), every["thread_id"].map(order).to_numpy())
    return every.iloc[np.lexsort(keys)].reset_index(drop=True)


def variables(core: CoreDump) -> pd.DataFrame:
    """Return the variables of the frames that runtimes told, masked (`schemas.LOCALS`).

    Parameters
    ----------
    core : CoreDump
        The numbers of frames are those of its ``frames``.
    """
    python = core.runtimes.python
    if python is None:
        return schemas.LOCALS.empty()
    frames = core.frames["frames"]
    of_python = frames[frames["source"].astype(str) == SOURCES["python"]]
    stacks = {one.os_tid: one.frames for one in python.stacks}
    told: list[tuple[int, int, str, str, str]] = []
    for (thread, tid), rows in of_python.groupby(["thread_id", "os_tid"], sort=False):
        numbers = rows["frame_index"].tolist()
        for number, frame in zip(numbers, stacks.get(tid, ()), strict=False):
            told += [(thread, number, one.name, one.kind, one.value) for one in frame.variables]
    masked = mask_values(
        [(name, "object", value) for _, _, name, _, value in told], redact=core.options.redact
    )
    return schemas.LOCALS.frame(
        [
            (thread, number, name, kind, "", text, why)
            for (thread, number, name, kind, _), (text, why) in zip(told, masked, strict=True)
        ]
    )
