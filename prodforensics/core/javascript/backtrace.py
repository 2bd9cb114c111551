"""Backtraces of JavaScript: printed as Node.js prints a stack, and as a frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from prodforensics.core.javascript.call_sites import call_text, eval_origin, is_visible
from prodforensics.core.javascript.parameters import parameter_names
from prodforensics.core.javascript.stacks import COMPLETE, ScriptFrame, Stack, stack_of
from prodforensics.core.javascript.values import short
from prodforensics.core.masking import mask_value
from prodforensics.errors import BadOption
from prodforensics.schema import Column, Schema

if TYPE_CHECKING:
    from prodforensics.core.javascript import JavaScript
    from prodforensics.core.javascript.heap import Heap

__all__ = ["BACKTRACE", "Backtrace", "Call", "Trace", "backtrace", "traces"]

BACKTRACE = Schema(
    "backtrace",
    (
        Column("thread_id", "int64", "ordinal", "As in `threads`."),
        Column("os_tid", "int64", "", "As in `threads`."),
        Column("frame_index", "int64", "ordinal", "0 is the innermost of JavaScript."),
        Column("function", "str", "", "As Node.js writes it: Order.total, new Order."),
        Column("file", "str", "", "Script; empty for builtins and eval."),
        Column("line", "int64", "ordinal", "-1 where it is unknown."),
        Column("column", "int64", "ordinal", "-1 where it is unknown."),
        Column("tier", "category", "", "interpreted, baseline, maglev, turbofan, builtin."),
        Column("is_inlined", "bool", "", "The compiler folded it into the function around it."),
        Column("receiver", "str", "", "The value of this; masked where it may be secret."),
        Column("arguments", "str", "", "In short; masked where they may be secret."),
        Column("address", "uint64", "address", "Program counter; 0: C++ was called here."),
        Column("closure", "uint64", "address", "JSFunction, for `inspect`; 0: it does not exist."),
        Column("status", "category", "", "complete, or what is missing and why."),
    ),
    None,
    "Calls of JavaScript, the innermost first.",
)

_LONGEST_VALUE = 80


@dataclass(frozen=True)
class Call:
    """One line of a backtrace.

    Attributes
    ----------
    frame : ScriptFrame
    function : str
        As Node.js writes it; empty where it writes the place alone.
    file : str
        Empty for builtins and for the text of an eval.
    line, column : int
        -1 where they are unknown.
    origin : str
        For the text of an eval where it was called.
    receiver, arguments : str
        In short.
    """

    frame: ScriptFrame
    function: str
    file: str
    line: int
    column: int
    origin: str
    receiver: str
    arguments: str

    @property
    def place(self) -> str:
        """File, line and column as Node.js writes them."""
        where = self.file or "<anonymous>"
        if self.origin:
            where = f"{self.origin}, {where}"
        if self.line >= 0:
            where += f":{self.line}:{self.column}"
        return where

    def __str__(self) -> str:
        return f"{self.function} ({self.place})" if self.function else self.place


@dataclass(frozen=True)
class Trace:
    """The JavaScript of one thread.

    Attributes
    ----------
    stack : Stack
    calls : tuple of Call
    os_tid : int
    """

    stack: Stack
    calls: tuple[Call, ...]
    os_tid: int


@dataclass(frozen=True, repr=False)
class Backtrace:
    """The JavaScript of threads, printed as Node.js prints a stack.

    Attributes
    ----------
    traces : tuple of Trace
    problems : tuple of str
        What is missing, and why.
    """

    traces: tuple[Trace, ...]
    problems: tuple[str, ...] = field(default=())

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row a call (`BACKTRACE`)."""
        rows: list[dict[str, Any]] = [
            {
                "thread_id": trace.stack.thread_id,
                "os_tid": trace.os_tid,
                "frame_index": index,
                "function": call.function,
                "file": call.file,
                "line": call.line,
                "column": call.column,
                "tier": call.frame.tier,
                "is_inlined": call.frame.is_inlined,
                "receiver": call.receiver,
                "arguments": call.arguments,
                "address": np.uint64(call.frame.physical.pc),
                "closure": np.uint64(call.frame.function & ~3),
                "status": call.frame.status,
            }
            for trace in self.traces
            for index, call in enumerate(trace.calls)
        ]
        if not rows:
            return BACKTRACE.empty()
        return pd.DataFrame(rows).astype({one.name: one.dtype for one in BACKTRACE.columns})

    def __repr__(self) -> str:
        lines = []
        for trace in self.traces:
            if len(self.traces) > 1:
                lines.append(f"thread {trace.stack.thread_id} (LWP {trace.os_tid})")
            for call in trace.calls:
                note = "" if call.frame.status == COMPLETE else f"  [{call.frame.status}]"
                lines.append(f"    at {call}{note}")
        return "\n".join([*lines, *(f"note: {one}" for one in self.problems)]) or (
            "no thread was in JavaScript"
        )


def backtrace(javascript: JavaScript, thread: int | None = None) -> Backtrace:
    """Return the calls of JavaScript.

    Parameters
    ----------
    javascript : JavaScript
    thread : int, optional
        As in the frame `threads`; by default every thread that ran JavaScript.

    Raises
    ------
    BadOption
        There is no such thread, or the version of V8 is not known.
    """
    image = javascript.core.image
    known = {one.thread_id for one in image.threads}
    if thread is not None and thread not in known:
        raise BadOption(f"there is no thread {thread}", hint=f"1 to {len(known)}")
    found = traces(javascript, thread)
    problems = []
    if found and not javascript.code.has_symbols:
        problems.append(
            f"{javascript.constants.path} does not name V8's builtins: it was stripped of symbols"
        )
    for one in found:
        if one.stack.status != COMPLETE:
            problems.append(f"the stack of thread {one.stack.thread_id}: {one.stack.status}")
        if one.stack.how == "scan":
            problems.append(
                f"where thread {one.stack.thread_id} called C++ was found by a search of its stack"
            )
    return Backtrace(tuple(found), tuple(problems))


def traces(javascript: JavaScript, thread: int | None = None) -> list[Trace]:
    """Return the JavaScript of one thread, or of all that ran some."""
    image, heap, space = javascript.core.image, javascript.heap, javascript.code
    redact = javascript.core.options.redact
    found = []
    for one in image.threads:
        if thread not in (None, one.thread_id):
            continue
        stack = stack_of(space, one)
        if stack is not None:
            shown = [frame for frame in stack.frames if is_visible(heap, frame)]
            calls = tuple(_call(heap, frame, redact) for frame in shown)
            found.append(Trace(stack, calls, one.os_tid))
    return found


def _call(heap: Heap, frame: ScriptFrame, redact: bool) -> Call:
    file, line, column, origin = "", -1, -1, ""
    try:
        script = heap.script(frame.shared) if frame.shared else None
        if script is not None:
            file = script.name
            at = heap.position(script, frame.place.offset) if frame.place.offset >= 0 else None
            line, column = at or (-1, -1)
            origin = "" if file else eval_origin(heap, script.address)
    except LookupError:
        # The name of the function may be there where its script is not.
        file = file or "(unreadable)"
    receiver = "" if frame.receiver is None else _text(heap, frame.receiver, "", redact)
    arguments = _arguments(heap, frame, redact)
    return Call(frame, call_text(heap, frame), file, line, column, origin, receiver, arguments)


def _arguments(heap: Heap, frame: ScriptFrame, redact: bool) -> str:
    names = parameter_names(heap, frame.shared) if frame.shared else []
    texts = []
    for place, word in enumerate(frame.arguments):
        name = names[place] if place < len(names) else ""
        text = _text(heap, word, name, redact)
        texts.append(f"{name}: {text}" if name else text)
    return ", ".join(texts)


def _text(heap: Heap, word: int, name: str, redact: bool) -> str:
    try:
        if heap.is_type(word, "JSGlobalProxy"):
            return "globalThis"
        text = short(heap, word, _LONGEST_VALUE).text
    except LookupError:
        return "(unreadable)"
    return mask_value(name, "", text, redact=redact)[0]
