"""Frames of JavaScript among the native ones of a debugger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from prodforensics.core import schemas
from prodforensics.core.javascript.backtrace import Call, Trace, traces
from prodforensics.core.javascript.stacks import COMPLETE

if TYPE_CHECKING:
    from prodforensics.core.javascript.code import CodeSpace
    from prodforensics.core.model import CoreDump

__all__ = ["merge"]

_OUTSIDE = "the frames of C++ that called JavaScript are not told: V8's code has no unwind tables"
_ENTRIES = ("EntryFrame", "ConstructEntryFrame")


def merge(core: CoreDump, frames: pd.DataFrame) -> pd.DataFrame:
    """Put the frames of JavaScript in the place of those that a debugger has for V8's code.

    A debugger sees the code that V8 makes, and its builtins, as addresses without names. Those
    frames are taken out; what they run is put there, functions that the compiler folded together
    one by one. Frames of C++ keep their order: between two runs of JavaScript, and around them.

    Parameters
    ----------
    core : CoreDump
    frames : DataFrame
        As in `schemas.STACK_FRAMES`, the threads in any order.

    Returns
    -------
    DataFrame
        The same columns; ``frame_index`` counts anew. Frames of JavaScript have the kind ``js``
        and the source ``javascript``.

    Raises
    ------
    BadOption
        The version of V8 is not known, or its program is not on this machine.
    """
    javascript = core.javascript
    found = {trace.stack.thread_id: trace for trace in traces(javascript)}
    if not any(trace.calls for trace in found.values()):
        return frames
    space = javascript.code
    pieces = []
    for thread, rows in frames.groupby("thread_id", sort=False, observed=True):
        trace = found.get(int(thread))
        if trace is None or not trace.calls:
            pieces.append(rows)
            continue
        pieces.append(_merged(core, space, trace, rows))
    return pd.concat(_plain(pieces), ignore_index=True).astype(
        {one.name: one.dtype for one in schemas.STACK_FRAMES.columns}
    )


def _plain(pieces: list[pd.DataFrame]) -> list[pd.DataFrame]:
    """Return the pieces with texts for categories: each has others."""
    texts = {c.name: "object" for c in schemas.STACK_FRAMES.columns if c.dtype == "category"}
    return [one.astype(texts) for one in pieces]


def _merged(core: CoreDump, space: CodeSpace, trace: Trace, rows: pd.DataFrame) -> pd.DataFrame:
    runs = _runs(trace)
    known = [{one.pc for one in run[0] if one.pc} for run in runs]
    addresses = [int(one) for one in rows["address"]]
    modules = [str(one) for one in rows["module"]]
    base = rows.iloc[0].to_dict()
    order: list[int | Call] = []
    run, inside = 0, False
    for place, (address, module) in enumerate(zip(addresses, modules, strict=True)):
        # A frame without a module is V8's where V8's have begun: a debugger that lost its way.
        of_v8 = _is_v8(space, address) or (inside and not module)
        if of_v8:
            later = next((at for at in range(run, len(runs)) if address in known[at]), run)
            while run < later:
                order += runs[run][1]
                run += 1
            inside = True
            continue
        if inside and run < len(runs):
            order += runs[run][1]
            run += 1
        inside = False
        order.append(place)
    for _, calls in runs[run:]:
        order += calls
    told = rows.to_dict("records")
    out = [
        {**(told[one] if isinstance(one, int) else _row(core, base, one)), "frame_index": index}
        for index, one in enumerate(order)
    ]
    if isinstance(order[-1], Call) and out[-1]["unwind_status"] == COMPLETE:
        # The debugger lost its way in V8's code; V8 knows its own frames and none of C++.
        ending = trace.stack.status
        out[-1]["unwind_status"] = ending if ending != COMPLETE else _OUTSIDE
    return pd.DataFrame(out, columns=list(rows.columns))


def _is_v8(space: CodeSpace, address: int) -> bool:
    return bool(address) and (bool(space.builtin_at(address)) or space.code_at(address) is not None)


def _runs(trace: Trace) -> list[tuple[list[Any], list[Call]]]:
    """Return runs of JavaScript, each from a call of C++ out to where C++ entered it."""
    runs: list[tuple[list[Any], list[Call]]] = [([], [])]
    place: dict[int, int] = {}
    for one in trace.stack.physical:
        runs[-1][0].append(one)
        place[one.fp] = len(runs) - 1
        if one.kind in _ENTRIES:
            runs.append(([], []))
    for call in trace.calls:
        runs[place[call.frame.physical.fp]][1].append(call)
    return [run for run in runs if run[0]]


def _row(core: CoreDump, base: dict[str, Any], call: Call) -> dict[str, Any]:
    address = call.frame.physical.pc
    module = core.image.module_at(address) if address else None
    return {
        **base,
        "source": "javascript",
        "frame_kind": "js",
        "function": call.function or "(anonymous)",
        "file": call.file or call.origin,
        "line": call.line,
        "column": call.column,
        "module": module.path if module else "",
        "build_id": module.build_id if module else "",
        "address": address,
        "module_offset": address - module.start if module else -1,
        "waits_on": "",
        "held_by": None,
        "unwind_status": call.frame.status,
        "symbol_trust": "matched" if module is None else module.matched,
    }
