"""The stacks of all threads as frames: told by a debugger, else by registers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from prodforensics._reference import Later
from prodforensics.core import schemas
from prodforensics.core.debuggers.interface import Stacks
from prodforensics.core.debuggers.names import plain_file, plain_name
from prodforensics.core.masking import mask_values
from prodforensics.core.session import note, session
from prodforensics.core.unwinding import Places, judged
from prodforensics.errors import BadOption, MissingDependency, MissingTool, ToolFailed

if TYPE_CHECKING:
    from prodforensics.core.image import Image
    from prodforensics.core.model import CoreDump

__all__ = ["Walk", "frames", "locals_", "native_numbers", "walk"]

merging = Later("prodforensics.core.stack_merging")


@dataclass(frozen=True)
class Walk:
    """The stacks as one debugger told them.

    Parameters
    ----------
    debugger : str
        Its name; ``elf`` where none answered: then each thread has one frame, of its registers.
    stacks : Stacks
        In the order of `Image.threads`, each thread with one frame at least.
    problems : tuple of str
        Which debuggers failed, and why.
    with_variables : Stacks or None
        As the debugger told them together with their variables, where these were asked for first.
    """

    debugger: str
    stacks: Stacks
    problems: tuple[str, ...] = ()
    with_variables: Stacks | None = None


def walk(core: CoreDump, variables: bool = False) -> Walk:
    """Walk the stacks of a core: by gdb, else drgn, else lldb, else by registers alone.

    Parameters
    ----------
    core : CoreDump
    variables : bool
        Ask for the variables in the same walk.

    Raises
    ------
    MissingTool, MissingDependency
        The debugger that was chosen by name is not installed.
    """
    told, problems = _told(core, variables)
    for problem in problems:
        note(core, problem)
    stacks = _ordered(told or Stacks("elf"), core.image, problems)
    return Walk(stacks.debugger, stacks, tuple(problems), told if variables else None)


def _told(core: CoreDump, variables: bool) -> tuple[Stacks | None, list[str]]:
    held, problems, partial = session(core), [], None
    try:
        names = held.names()
    except MissingTool as error:
        return None, [str(error).replace("\n", "; ")]
    for name in names:
        try:
            stacks = held.debugger(name).stacks(variables)
        except (ToolFailed, BadOption) as error:
            held.drop(name)
            problems.append(f"{name} did not tell the stacks: {error.message}")
            continue
        if name == "drgn" and len(names) > names.index(name) + 1 and not _is_whole(stacks):
            partial = stacks
            continue
        return stacks, problems
    return partial, problems


def _is_whole(stacks: Stacks) -> bool:
    """Tell whether drgn walked all stacks to their ends, and lacks the classes of no function."""
    mangled = any("::" in text or text.startswith(("_Z", "_R")) for text in stacks.strings)
    return set(stacks.ends) <= {"complete"} and not mangled


def _ordered(told: Stacks, image: Image, problems: list[str]) -> Stacks:
    """Return the threads in the order of the notes; one that was not walked has its registers."""
    starts = np.cumsum([0, *told.depths]).tolist()
    place = {tid: i for i, tid in enumerate(told.tids)}
    ordered = Stacks(told.debugger, strings=told.strings, variables={})
    columns = ("address", "function", "file", "line", "column", "inline")
    why = "; ".join(problems) or f"{told.debugger} does not tell this thread"
    for thread in image.threads:
        at = place.get(thread.os_tid)
        ordered.tids.append(thread.os_tid)
        if at is None or not told.depths[at]:
            ordered.names.append("")
            ordered.depths.append(1)
            end = told.ends[at] if at is not None else ""
            ordered.ends.append(why if end in ("", "complete") else end)
            for name, value in zip(columns, (thread.pc, 0, 0, -1, -1, 0), strict=True):
                getattr(ordered, name).append(value)
            continue
        ordered.names.append(told.names[at])
        ordered.depths.append(told.depths[at])
        ordered.ends.append(told.ends[at])
        for name in columns:
            getattr(ordered, name).extend(getattr(told, name)[starts[at] : starts[at + 1]])
    return ordered


# -- frames -----------------------------------------------------------------------------------


def frames(core: CoreDump) -> pd.DataFrame:
    """Return every frame of every thread (`schemas.STACK_FRAMES`).

    Frames of runtimes (Python, Go, Java, JavaScript) stand among the native ones, and frames that
    wait tell for what.

    Parameters
    ----------
    core : CoreDump
    """
    return merging.merged(core, native_frames(core))


def native_frames(core: CoreDump) -> pd.DataFrame:
    """Return the frames that the debugger told, in the order of the threads."""
    image, told = core.image, core.walk.stacks
    if not told.address:
        return schemas.STACK_FRAMES.empty()
    by_gdb = core.walk.debugger == "gdb"
    places = Places(image, session(core).frame_pointer_code.parts if by_gdb else ())
    address = np.array(told.address, np.uint64)
    depths = np.array(told.depths, np.int64)
    module, trusted = places.modules(address)
    keep, depths, status = judged(places, told, address, module, depths)
    address, module, trusted = address[keep], module[keep], trusted[keep]
    function, file, line, column = _named(told, keep, trusted)
    thread = np.repeat(np.arange(len(depths)), depths)
    index = np.arange(len(address)) - np.repeat(np.cumsum(depths) - depths, depths)
    inline = np.array(told.inline, np.int8)[keep]
    handlers = [one for one, name in function[1].items() if name == "__restore_rt"]
    kinds = np.where(np.isin(function[0], handlers), 2, inline)
    of = image.threads
    trust = np.where(trusted < 0, 0, trusted)
    columns: dict[str, Any] = {
        "source": _category(np.zeros(len(address), np.int64), [core.walk.debugger]),
        "pid": np.full(len(address), image.pid, np.int64),
        "thread_id": np.array([one.thread_id for one in of], np.int64)[thread],
        "os_tid": np.array([one.os_tid for one in of], np.int64)[thread],
        "thread_name": _of_threads(
            [one.name or name for one, name in zip(of, told.names, strict=True)], thread
        ),
        "state": _of_threads([one.state for one in of], thread),
        "is_crashed": np.array([one.is_crashed for one in of], bool)[thread],
        "frame_index": index,
        "frame_kind": _category(kinds, ["native", "inline", "signal", "tail"]),
        "function": _category(*function),
        "file": _category(*file),
        "line": line,
        "column": column,
        "module": _category(module + 1, ["", *(one.path for one in image.modules)]),
        "build_id": _category(module + 1, ["", *(one.build_id for one in image.modules)]),
        "address": address,
        "module_offset": places.offsets(address, module),
        "waits_on": pd.array([""] * len(address), dtype="str"),
        "held_by": pd.array([None] * len(address), dtype="Int64"),
        "unwind_status": _category(*status),
        "symbol_trust": _category(trust, ["none", "matched", "unverified", "mismatched"]),
    }
    return pd.DataFrame(columns)


def _named(told: Stacks, keep: np.ndarray, trusted: np.ndarray) -> tuple[Any, Any, Any, Any]:
    """Return functions and files as (numbers, texts), and lines; none of an untrusted module."""
    untrusted = trusted == Places.MISMATCHED
    function = np.where(untrusted, 0, np.array(told.function, np.int64)[keep])
    file = np.where(untrusted, 0, np.array(told.file, np.int64)[keep])
    line = np.where(untrusted, -1, np.array(told.line, np.int64)[keep])
    column = np.where(untrusted, -1, np.array(told.column, np.int64)[keep])
    # Most of the strings are values of variables.
    functions = {one: plain_name(told.strings[one]) for one in np.unique(function).tolist()}
    files = {one: plain_file(told.strings[one]) for one in np.unique(file).tolist()}
    return (function, functions), (file, files), line, column


def _category(numbers: np.ndarray, texts: Mapping[int, str] | Sequence[str]) -> pd.Categorical:
    """Return texts by their numbers as a category of those that occur."""
    used, places = np.unique(np.asarray(numbers, np.int64), return_inverse=True)
    codes, unique = pd.factorize(np.array([texts[one] for one in used], dtype=object))
    return pd.Categorical.from_codes(codes[places], pd.Index(unique, dtype="str"))


def _of_threads(texts: list[str], thread: np.ndarray) -> pd.Categorical:
    return _category(thread, texts)


# -- variables --------------------------------------------------------------------------------


def locals_(core: CoreDump) -> pd.DataFrame:
    """Return arguments and local variables of every frame (`schemas.LOCALS`).

    Parameters
    ----------
    core : CoreDump

    Notes
    -----
    The innermost 200 frames of each thread have their variables.
    """
    told = _with_variables(core)
    if told is None or not told.variables.get("row"):
        return schemas.LOCALS.empty()
    of = {one.os_tid: one.thread_id for one in core.image.threads}
    depths = np.array(told.depths, np.int64)
    threads = np.repeat(np.array([of.get(tid, 0) for tid in told.tids], np.int64), depths)
    index = np.arange(len(threads)) - np.repeat(np.cumsum(depths) - depths, depths)
    rows = np.array(told.variables["row"], np.int64)
    thread, number = threads[rows], index[rows]
    order, number = _in_frames(core, thread, number)
    texts = told.strings
    parts = [np.array(told.variables[name], np.int64)[order] for name in ("name", "type", "value")]
    triples, places = np.unique(np.stack(parts), axis=1, return_inverse=True)
    masked = mask_values(
        ((texts[n], texts[t], texts[v]) for n, t, v in triples.T.tolist()),
        redact=core.options.redact,
    )
    places = places.reshape(-1)
    arguments = np.array(told.variables["argument"], np.int64)[order]
    names = np.array(texts, dtype=object)
    return pd.DataFrame(
        {
            "thread_id": thread[order],
            "frame_index": number,
            "name": pd.array(names[parts[0]], dtype="str"),
            "kind": _category(arguments, ["local", "argument"]),
            "type": _category(parts[1], texts),
            "value": pd.array(np.array([v for v, _ in masked], object)[places], dtype="str"),
            "masked": pd.array(np.array([w for _, w in masked], object)[places], dtype="str"),
        }
    )


def _with_variables(core: CoreDump) -> Stacks | None:
    """Return the stacks with variables: of one walk where none was made yet, else of a second."""
    if "walk" not in core.__dict__:
        core.__dict__["walk"] = walk(core, variables=True)
    held, walked = session(core), core.walk
    if walked.debugger == "elf" or walked.with_variables is not None:
        return walked.with_variables
    try:
        return held.debugger(walked.debugger).stacks(True)
    except (ToolFailed, BadOption, MissingDependency) as error:
        held.drop(walked.debugger)
        note(core, f"{walked.debugger} did not tell the variables: {error.message}")
        return None


def _in_frames(
    core: CoreDump, thread: np.ndarray, number: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which variables have a row in ``frames``, in its order, and their frame_index."""
    native = native_numbers(core)
    width = int(native["native"].max(initial=0)) + 1
    keys = native["thread_id"] * width + native["native"]
    order = np.argsort(keys, kind="stable")
    wanted = thread * width + number
    place = np.searchsorted(keys[order], wanted)
    place[place == len(keys)] = 0
    found = (keys[order][place] == wanted) & (number < width)
    rows = np.flatnonzero(found)
    position = order[place[rows]]
    sorting = np.argsort(position, kind="stable")
    return rows[sorting], native["frame_index"][position[sorting]]


def native_numbers(core: CoreDump) -> dict[str, np.ndarray]:
    """Return how the debugger numbers the native frames among those of ``frames``.

    Returns
    -------
    dict
        ``thread_id``, ``frame_index`` (as in ``frames``) and ``native`` (the debugger's number),
        int64 of one length.
    """
    every = core.frames["frames"]
    rows = every[every["source"] == core.walk.debugger]
    thread, address = rows["thread_id"].to_numpy(), rows["address"].to_numpy()
    told = core.walk.stacks
    starts = np.cumsum([0, *told.depths]).tolist()
    of = {one.thread_id: place for place, one in enumerate(core.image.threads)}
    native = np.full(len(rows), -1, np.int64)
    at, last = 0, -1
    # A runtime may stand in the place of native frames: the rest keep their order.
    for row, (one, where) in enumerate(zip(thread.tolist(), address.tolist(), strict=True)):
        place = of[one]
        if one != last:
            at, last = starts[place], one
        begin = at
        while at < starts[place + 1] and told.address[at] != where:
            at += 1
        if at < starts[place + 1]:
            native[row] = at - starts[place]
            at += 1
        else:
            at = begin
    kept = native >= 0
    return {
        "thread_id": thread[kept],
        "frame_index": rows["frame_index"].to_numpy()[kept],
        "native": native[kept],
    }
